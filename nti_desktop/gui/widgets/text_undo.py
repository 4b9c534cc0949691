"""Who takes back a change while a text has the focus: the text what was typed into it, the window everything else."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QSpinBox


def asks_for_undo(event: QEvent) -> bool:
    """Tell whether the event is Qt's question, before it looks for a command, if a text wants the keys of undo."""
    return _asks_for(event, QKeySequence.StandardKey.Undo)


def asks_for_redo(event: QEvent) -> bool:
    """As `asks_for_undo`, for redo."""
    return _asks_for(event, QKeySequence.StandardKey.Redo)


def is_the_windows(event: QEvent, line: QLineEdit) -> bool:
    """Tell whether undo or redo is the window's to do: this event asks for its keys, and the line has nothing of its
    own to take back or restore.
    """
    return (asks_for_undo(event) and not line.isUndoAvailable()) or (
        asks_for_redo(event) and not line.isRedoAvailable()
    )


class NumberBox(QSpinBox):
    """A number that leaves undo and redo to the window once nothing that was typed is left to take back, and the wheel
    to the panel unless it has the focus.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # which the wheel does not give

    def event(self, event: QEvent) -> bool:
        if is_the_windows(event, self.lineEdit()):
            event.ignore()
            return False
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _asks_for(event: QEvent, keys: QKeySequence.StandardKey) -> bool:
    return isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.matches(keys)
