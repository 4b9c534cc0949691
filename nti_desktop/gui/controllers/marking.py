"""Places on the photo that are marked by hand, to which an edit is confined."""

from PySide6.QtCore import QObject, Signal

from nti_desktop.editing.changes import Change
from nti_desktop.editing.document import Document
from nti_desktop.editing.marking import marked
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.outlines import Point


class Marking(QObject):
    """Commands for what is marked on the photo."""

    drawing_asked = Signal()  # let a line be drawn on the photo

    def __init__(self, editor: Editor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor

    @command("&Mark a place", Menu.EDIT, "Ctrl+M", separated=True)
    @slot()
    def mark_place(self) -> None:
        """Draw around a place on the photo: the edit changes only what is marked."""
        self.drawing_asked.emit()

    @command("Take the mar&ks away", Menu.EDIT, "Ctrl+Shift+M")
    @slot()
    def clear_marks(self) -> None:
        """Let the edit change all of the photo again."""
        self._editor.attempt(lambda document: document.mark(()))

    @slot(tuple)
    def mark(self, line: tuple[Point, ...]) -> None:
        """Mark what lies within a line through points of the photo."""

        def change(document: Document) -> bool:
            return document.mark(marked(document, line))

        self._editor.attempt(change)
        self._editor.begin_by_itself()
        self._editor.tell(Change.EDIT)
