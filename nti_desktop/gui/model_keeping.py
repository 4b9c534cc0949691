"""The Models page at work: it shows what is on the shelf and what is on its way, and passes on what is asked there."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nti_desktop.errors import Cancelled, ModelError, NtiError
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message, Tone
from nti_desktop.gui.panels.models_page import ModelsPage
from nti_desktop.gui.shelf import Shelf
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.transfers import Fetched, Planned, Transfers
from nti_desktop.jobs import Progress
from nti_desktop.models.catalog import ModelEntry
from nti_desktop.models.checking import Verdict
from nti_desktop.models.known import Known, known_models


class ModelKeeping(QObject):
    """Everything that can be done with models without a photo."""

    def __init__(self, desk: Desk, shelf: Shelf, transfers: Transfers, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._shelf, self._transfers = desk, shelf, transfers
        self.page = page = ModelsPage(window)
        shelf.changed.connect(self._show)
        shelf.said.connect(page.messages.say)
        shelf.added.connect(self._added)
        desk.changed.connect(self._show)
        transfers.changed.connect(self._show)
        transfers.moved.connect(self._moved)
        transfers.planned.connect(self._planned)
        transfers.fetched.connect(self._fetched)
        transfers.verified.connect(self._verified)
        transfers.failed.connect(self._failed)
        page.list.use_asked.connect(self.use)
        page.list.go_on_asked.connect(self._plan)
        page.list.verify_asked.connect(self._verify)
        page.list.remove_asked.connect(shelf.remove)
        page.list.drop_asked.connect(shelf.remove_broken_off)
        page.list.add_asked.connect(shelf.add)
        page.downloads.plan_asked.connect(self._plan)
        page.downloads.fetch_asked.connect(transfers.fetch)
        page.strip.cancel_asked.connect(transfers.cancel)
        page.store_chosen.connect(shelf.move_store)
        self._doing = ""
        self._new = ""  # path of a model that was just added, until it is listed
        self._show()

    @command("&Models…", Menu.FILE, separated=True)
    @Slot()
    def show_page(self) -> None:
        """Show which models there are; add, download or remove one."""
        at_home(self)
        self._shelf.look()
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()

    @Slot(ModelEntry)
    def use(self, entry: ModelEntry) -> None:
        """Work with this model."""
        at_home(self)
        if entry.id != self._desk.model.entry.id:
            self._desk.model.choose(entry)
        self._show()

    @Slot()
    def _show(self) -> None:
        at_home(self)
        shelf, transfers, page = self._shelf, self._transfers, self.page
        busy = bool(transfers.doing)
        page.list.show_contents(shelf.contents, shelf.looking, self._desk.model.entry.id, busy)
        if self._new and page.list.list.select(self._new):
            self._new = ""
        page.downloads.show_offered(self._offered, self._in_the_store, busy)
        page.show_store(shelf.contents)
        if transfers.doing != self._doing:
            self._doing = transfers.doing
            page.strip.show_doing(self._doing)

    @property
    def _offered(self) -> tuple[Known, ...]:
        try:
            return known_models()
        except ModelError as error:
            self.page.messages.say(Message(str(error), Tone.ERROR, topic="offered"))
            return ()

    @property
    def _in_the_store(self) -> frozenset[str]:
        """Ids of those that are offered."""
        contents = self._shelf.contents
        if contents is None:
            return frozenset()
        here = {model.path for model in contents.models}
        return frozenset(known.id for known in self._offered if contents.store / known.files[0].name in here)

    @Slot(Path)
    def _added(self, path: Path) -> None:
        at_home(self)
        self._new = str(path)

    @Slot(str)
    def _plan(self, wanted: str) -> None:
        at_home(self)
        self.page.messages.clear(("models", "transfer"))
        self._transfers.plan(wanted)

    @Slot(Path)
    def _verify(self, path: Path) -> None:
        at_home(self)
        self.page.messages.clear(("models", "transfer"))
        self._transfers.verify(path)

    @Slot(Progress)
    def _moved(self, progress: Progress) -> None:
        at_home(self)
        self.page.strip.show_progress(progress, self._transfers.name)

    @Slot(Planned)
    def _planned(self, planned: Planned) -> None:
        """A download that was broken off goes on; for another the terms are to be accepted."""
        at_home(self)
        if planned.begun:
            self._transfers.fetch(planned)
        else:
            self.page.downloads.show_terms(planned)
            self.page.tabs.setCurrentWidget(self.page.downloads)

    @Slot(Fetched)
    def _fetched(self, fetched: Fetched) -> None:
        at_home(self)
        self._shelf.look()
        if fetched.decoder is not None:
            self._say(f"“{fetched.name}” is here, verified byte for byte; it {fetched.decoder.about}.", Tone.NOTE)
            return
        self._new = str(fetched.path)
        if fetched.entry is None:
            self._say(fetched.fault or "", Tone.ERROR)
            return
        use = Action("Use it", partial(self.use, fetched.entry))
        self._say(f"“{fetched.name}” is here, verified byte for byte.", Tone.NOTE, use)

    @Slot(Verdict)
    def _verified(self, verdict: Verdict) -> None:
        at_home(self)
        self._say(verdict.sentence, Tone.NOTE if verdict.well else Tone.ERROR)

    @Slot(NtiError)
    def _failed(self, error: NtiError) -> None:
        at_home(self)
        self._shelf.look()  # a part may have arrived
        self._say(str(error), Tone.NOTE if isinstance(error, Cancelled) else Tone.ERROR)

    def _say(self, text: str, tone: Tone, *actions: Action) -> None:
        self.page.messages.say(Message(text, tone, topic="transfer", actions=actions))
