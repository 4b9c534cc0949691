"""The Models page at work: it shows the models there are and those on their way, and passes on what is asked there."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import Cancelled, ModelError, NtiError
from nti_desktop.core.progress import Progress
from nti_desktop.editing.changes import Change
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.gui.workers.transfers import Fetched, Planned, Transfers
from nti_desktop.models.hub.offers import Offer, offers
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.checking import Verdict


class ModelsPageController(QObject):
    """Everything that can be done with models without a photo."""

    def __init__(self, editor: Editor, library: ModelLibrary, transfers: Transfers, window: QWidget) -> None:
        super().__init__(window)
        self._editor, self._library, self._transfers = editor, library, transfers
        self.page = page = ModelsPage(window)
        library.changed.connect(self._show)
        library.said.connect(page.messages.say)
        library.added.connect(self._added)
        editor.changed.connect(self._changed)
        transfers.changed.connect(self._show)
        transfers.moved.connect(self._moved)
        transfers.planned.connect(self._planned)
        transfers.fetched.connect(self._fetched)
        transfers.verified.connect(self._verified)
        transfers.failed.connect(self._failed)
        page.list.use_asked.connect(self.use)
        page.list.go_on_asked.connect(self._plan)
        page.list.verify_asked.connect(self._verify)
        page.list.remove_asked.connect(library.remove)
        page.list.drop_asked.connect(library.remove_broken_off)
        page.list.add_asked.connect(library.add)
        page.list.vae_asked.connect(library.pair)
        library.vae_wanted.connect(page.list.choose_vae)
        library.changed.connect(self._follow)
        page.list.additions.extend_asked.connect(library.extend)
        page.list.additions.reduce_asked.connect(library.reduce)
        page.downloads.plan_asked.connect(self._plan)
        page.downloads.terms.accepted.connect(transfers.fetch)
        page.strip.cancel.clicked.connect(transfers.cancel)
        page.store_chosen.connect(library.move_store)
        self._doing = ""
        self._new = ""  # path of a model that was just added, until it is listed
        self._show()

    @command("&Models…", Menu.FILE, separated=True)
    @slot()
    def show_page(self) -> None:
        """Show which models there are; add, download or remove one."""
        self._library.look()
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()

    @slot(ModelEntry)
    def use(self, entry: ModelEntry) -> None:
        """Work with this model."""
        if entry.id != self._editor.model.entry.id:
            self._editor.model.choose(entry)
        self._show()

    @slot()
    def _follow(self) -> None:
        """Go on with the model at hand as it is now, where it was given another autoencoder or additions."""
        contents, used = self._library.contents, self._editor.model.entry
        now = next((entry for entry in contents.usable if entry.id == used.id), None) if contents else None
        if now is not None and (now.files.paired, now.additions) != (used.files.paired, used.additions):
            self._editor.model.choose(now)

    @slot(Change)
    def _changed(self, change: Change) -> None:
        if change & Change.MODEL:
            self._show()

    @slot()
    def _show(self) -> None:
        library, transfers, page = self._library, self._transfers, self.page
        busy = bool(transfers.doing)
        page.list.show_contents(library.contents, library.looking, self._editor.model.entry.id, busy)
        if self._new and page.list.list.select(self._new):
            self._new = ""
        page.downloads.show_offered(self._offered, self._in_the_store, busy)
        page.show_store(library.contents)
        if transfers.doing != self._doing:
            self._doing = transfers.doing
            page.strip.show_doing(self._doing)

    @property
    def _offered(self) -> tuple[Offer, ...]:
        try:
            return offers()
        except ModelError as error:
            self.page.messages.say(Message(str(error), Tone.ERROR, topic=Topic.OFFERED))
            return ()

    @property
    def _in_the_store(self) -> frozenset[str]:
        """Ids of those that are offered."""
        contents = self._library.contents
        if contents is None:
            return frozenset()
        here = {model.path for model in contents.models}
        return frozenset(known.id for known in self._offered if contents.store / known.files[0].name in here)

    @slot(Path)
    def _added(self, path: Path) -> None:
        self._new = str(path)

    @slot(str)
    def _plan(self, wanted: str) -> None:
        self.page.messages.clear(((Topic.MODELS, ""), (Topic.TRANSFER, "")))
        self._transfers.plan(wanted)

    @slot(Path)
    def _verify(self, path: Path) -> None:
        self.page.messages.clear(((Topic.MODELS, ""), (Topic.TRANSFER, "")))
        self._transfers.verify(path)

    @slot(Progress)
    def _moved(self, progress: Progress) -> None:
        self.page.strip.show_progress(progress, self._transfers.name)

    @slot(Planned)
    def _planned(self, planned: Planned) -> None:
        """A download that was broken off goes on; for another the terms are to be accepted."""
        if planned.begun:
            self._transfers.fetch(planned)
        else:
            self.page.downloads.show_terms(planned)
            self.page.tabs.setCurrentWidget(self.page.downloads)

    @slot(Fetched)
    def _fetched(self, fetched: Fetched) -> None:
        self._library.look()
        if fetched.decoder is not None:
            self._say(f"“{fetched.name}” is here, verified byte for byte; it {fetched.decoder.about}.", Tone.NOTE)
            return
        self._new = str(fetched.path)
        if fetched.entry is None:
            self._say(fetched.fault or "", Tone.ERROR)
            return
        use = Action("Use it", partial(self.use, fetched.entry))
        self._say(f"“{fetched.name}” is here, verified byte for byte.", Tone.NOTE, use)

    @slot(Verdict)
    def _verified(self, verdict: Verdict) -> None:
        self._say(verdict.sentence, Tone.NOTE if verdict.well else Tone.ERROR)

    @slot(NtiError)
    def _failed(self, error: NtiError) -> None:
        self._library.look()  # a part may have arrived
        self._say(str(error), Tone.NOTE if isinstance(error, Cancelled) else Tone.ERROR)

    def _say(self, text: str, tone: Tone, *actions: Action) -> None:
        self.page.messages.say(Message(text, tone, topic=Topic.TRANSFER, actions=actions))
