"""Which models there are to choose from, and what is said when the chosen one cannot draw the photo."""

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from nti_desktop import advice
from nti_desktop.errors import ModelError
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message, Tone
from nti_desktop.gui.panels.model_page import ModelPage
from nti_desktop.gui.panels.model_panel import ModelPanel
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import Judged
from nti_desktop.models.catalog import ModelEntry, find_model, installed, models_folder


def known_models() -> list[ModelEntry]:
    """The installed ones, and the folders the user chose that are still there."""
    entries = list(installed())
    for folder in preferences.model_folders():
        try:
            entry = find_model(str(folder))
        except ModelError:
            continue
        if entry.id not in {other.id for other in entries}:
            entries.append(entry)
    return entries


class ModelChooser(QObject):
    """Keeps the panel's list of models and the page that says how to add one."""

    def __init__(self, desk: Desk, panel: ModelPanel, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._panel = desk, panel
        self.page = ModelPage(models_folder(), window)
        self.page.folder_chosen.connect(self.add_folder)
        self._entries = known_models()
        desk.preparing.judged.connect(self._judged)
        desk.opened.connect(self._opened)
        panel.model_chosen.connect(self._chosen)
        panel.add_asked.connect(self.show_page)
        self._show()

    @command("&Add a model…", Menu.HELP)
    @Slot()
    def show_page(self) -> None:
        """Show how to add a model for your own photos."""
        at_home(self)
        self.page.show()
        self.page.raise_()

    @Slot(Path)
    def add_folder(self, folder: Path) -> None:
        """Take a model folder and work with it."""
        at_home(self)
        try:
            entry = find_model(str(folder))
        except ModelError as error:
            self._desk.said.emit(Message(str(error), Tone.ERROR, topic="model folder"))
            return
        preferences.remember_model_folder(folder)
        self._desk.outdated.emit(("model folder",))
        self._entries = [e for e in self._entries if e.id != entry.id] + [entry]
        self._desk.choose_model(entry)
        self._show()

    @Slot()
    def _opened(self) -> None:
        """A photo that was prepared before goes on with the model it was prepared with, where that is known."""
        at_home(self)
        inversion = self._desk.work.inversion if self._desk.work else None
        entry = next((e for e in self._entries if inversion and e.id == inversion.model), None)
        if entry is not None and entry.id != self._desk.entry.id:
            self._desk.choose_model(entry)
            self._show()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        at_home(self)
        self._desk.choose_model(self._entries[index])
        self._show()

    def _show(self) -> None:
        ids = [entry.id for entry in self._entries]
        self._panel.show_models(self._entries, ids.index(self._desk.entry.id))
        self._panel.show_preparing(self._desk.entry.defaults)

    @Slot(Judged)
    def _judged(self, judged: Judged) -> None:
        at_home(self)
        if advice.is_strange(self._desk.entry, judged):
            action = Action("How to add one", self.show_page)
            self._desk.said.emit(Message(advice.STRANGE, Tone.ADVICE, topic="model", actions=(action,)))
