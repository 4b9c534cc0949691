"""The commands for the edit itself: undo, prepare, render, another try, and stopping what is under way."""

from PySide6.QtCore import QObject

from nti_desktop.editing import edits
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.progress import ProgressWatch
from nti_desktop.gui.editor.editor_view import EditorView
from nti_desktop.gui.workers.threads import slot


class Editing(QObject):
    """What is being typed counts as typed, before a command looks at it."""

    def __init__(self, editor: Editor, editor_view: EditorView, progress: ProgressWatch, parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._editor_view, self._progress = editor, editor_view, progress

    @command("&Undo", Menu.EDIT, "Ctrl+Z")
    @slot()
    def undo(self) -> None:
        """Take back the last change of the edit or of the list of versions."""
        self._editor_view.prompts.edit.settle()
        self._editor.undo()

    @command("&Redo", Menu.EDIT, "Ctrl+Shift+Z", "Ctrl+Y")
    @slot()
    def redo(self) -> None:
        """Make the change again that was taken back."""
        self._editor.redo()

    @command("&Prepare photo", Menu.EDIT, "Ctrl+P", separated=True)
    @slot()
    def prepare(self) -> None:
        """Let the model learn this photo, so that words can change it."""
        self._editor_view.prepare()

    @command("&Render", Menu.EDIT, "Ctrl+Return")
    @slot()
    def render_edit(self) -> None:
        """Render the edit at full quality."""
        self._editor_view.prompts.edit.settle()
        self._editor.render()

    @command("Another &try", Menu.EDIT, "Ctrl+T")
    @slot()
    def another_try(self) -> None:
        """Draw the edit by another lot; undo brings this one back."""
        self._editor.edit("try", edits.with_next_seed)

    @command("&Cancel", Menu.EDIT, "Esc")
    @slot()
    def cancel(self) -> None:
        """Stop what is under way: drawing on the photo, else what the bottom line tells of."""
        if self._editor_view.view.drawing:
            self._editor_view.view.end_drawing()
            return
        self._progress.cancel()

    @command("Back to the &usual structure", Menu.EDIT, separated=True)
    @slot()
    def reset_structure(self) -> None:
        """Follow the photo as closely as is usual for what the edit changes."""
        self._editor.edit("reset", edits.with_usual_structure)
