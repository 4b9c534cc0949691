"""Which models there are to choose from, and what is said when the chosen one cannot draw the photo."""

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from nti_desktop.editing import feedback
from nti_desktop.editing.changes import Change
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.editor.model_panel import ModelPanel
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry, built_in
from nti_desktop.recipe.jobs import Measured


class ModelChooser(QObject):
    """Keeps the panel's list of models: the chosen one at once, the others when they are known."""

    def __init__(
        self,
        editor: Editor,
        library: ModelLibrary,
        panel: ModelPanel,
        show_page: Callable[[], None],
        parent: QObject,
    ) -> None:
        """show_page: shows which models there are."""
        super().__init__(parent)
        self._editor, self._library, self._panel, self._show_page = editor, library, panel, show_page
        self._entries: tuple[ModelEntry, ...] = ()
        self._faults: tuple[str, ...] = ()  # that were said
        self._shown = ""  # id of the model whose way of preparing is shown
        editor.preparing.measured.connect(self._measured)
        editor.changed.connect(self._changed)
        library.changed.connect(self._library_changed)
        library.removed.connect(self._removed)
        panel.models.activated.connect(self._chosen)
        self._show()

    @slot(int)
    def _chosen(self, index: int) -> None:
        self._editor.model.choose(self._entries[index])

    @slot()
    def _library_changed(self) -> None:
        if not self._library.looking:
            self._show()
            self._say_faults()
            self._editor.model.models_have_changed()

    def _say_faults(self) -> None:
        """Once, why models that were there may be missing."""
        faults = self._library.contents.faults if self._library.contents else ()
        if faults == self._faults:
            return
        self._faults = faults
        self._editor.withdraw(Topic.MODELS_FOLDER)
        if faults:
            action = Action("Models…", self._show_page)
            self._editor.say(Message(faults[0], Tone.ERROR, topic=Topic.MODELS_FOLDER, actions=(action,)))

    @slot(Path)
    def _removed(self, path: Path) -> None:
        """Nobody works with a model that was taken away."""
        if os.path.realpath(path) == os.path.realpath(self._editor.model.entry.id):
            self._editor.model.choose(built_in())

    @slot(Change)
    def _changed(self, change: Change) -> None:
        if change & Change.MODEL:
            self._show()

    @slot()
    def _show(self) -> None:
        chosen, contents = self._editor.model.entry, self._library.contents
        entries = contents.usable if contents else ()
        if chosen.id not in {entry.id for entry in entries}:  # not known yet, or found where it is not listed
            entries = (*entries, chosen)
        if entries != self._entries or chosen.id != self._shown:
            self._entries = entries
            self._panel.show_models(entries, [entry.id for entry in entries].index(chosen.id))
        if chosen.id != self._shown:
            self._shown = chosen.id
            self._panel.show_preparing(chosen.defaults, chosen.ways, self._editor.model.way[0])

    @slot(Measured)
    def _measured(self, measured: Measured) -> None:
        if feedback.is_strange(self._editor.model.entry, measured):
            action = Action("Add a model…", self._show_page)
            self._editor.say(Message(feedback.STRANGE, Tone.ADVICE, topic=Topic.MODEL, actions=(action,)))
