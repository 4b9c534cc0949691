"""Which models there are to choose from, and what is said when the chosen one cannot draw the photo."""

import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop import advice
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message, Tone
from nti_desktop.gui.panels.model_panel import ModelPanel
from nti_desktop.gui.shelf import Shelf
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import Judged
from nti_desktop.models.catalog import ModelEntry, built_in


class ModelChooser(QObject):
    """Keeps the panel's list of models: the chosen one at once, the others when they are known."""

    page_asked = Signal()

    def __init__(self, desk: Desk, shelf: Shelf, panel: ModelPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._shelf, self._panel = desk, shelf, panel
        self._entries: tuple[ModelEntry, ...] = ()
        self._faults: tuple[str, ...] = ()  # that were said
        self._shown = ""  # id of the model whose way of preparing is shown
        desk.preparing.judged.connect(self._judged)
        desk.changed.connect(self._show)
        shelf.changed.connect(self._shelf_changed)
        shelf.removed.connect(self._removed)
        panel.model_chosen.connect(self._chosen)
        panel.models_asked.connect(self._page_asked)
        self._show()

    @Slot()
    def _page_asked(self) -> None:
        at_home(self)
        self.page_asked.emit()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        at_home(self)
        self._desk.model.choose(self._entries[index])

    @Slot()
    def _shelf_changed(self) -> None:
        at_home(self)
        if not self._shelf.looking:
            self._show()
            self._say_faults()
            self._desk.model.models_have_changed()

    def _say_faults(self) -> None:
        """Once, why models that were there may be missing."""
        faults = self._shelf.contents.faults if self._shelf.contents else ()
        if faults == self._faults:
            return
        self._faults = faults
        self._desk.outdated.emit(("models folder",))
        if faults:
            action = Action("Models…", self._page_asked)
            self._desk.said.emit(Message(faults[0], Tone.ERROR, topic="models folder", actions=(action,)))

    @Slot(Path)
    def _removed(self, path: Path) -> None:
        """Nobody works with a model that was taken away."""
        at_home(self)
        if os.path.realpath(path) == os.path.realpath(self._desk.model.entry.id):
            self._desk.model.choose(built_in())

    @Slot()
    def _show(self) -> None:
        at_home(self)
        chosen, contents = self._desk.model.entry, self._shelf.contents
        entries = contents.usable if contents else ()
        if chosen.id not in {entry.id for entry in entries}:  # not known yet, or found where it is not listed
            entries = (*entries, chosen)
        if entries != self._entries or chosen.id != self._shown:
            self._entries = entries
            self._panel.show_models(entries, [entry.id for entry in entries].index(chosen.id))
        if chosen.id != self._shown:
            self._shown = chosen.id
            self._panel.show_preparing(chosen.defaults, self._desk.model.way[0])

    @Slot(Judged)
    def _judged(self, judged: Judged) -> None:
        at_home(self)
        if advice.is_strange(self._desk.model.entry, judged):
            action = Action("Add a model…", self._page_asked)
            self._desk.said.emit(Message(advice.STRANGE, Tone.ADVICE, topic="model", actions=(action,)))
