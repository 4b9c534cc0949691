"""How large a window opens: never beyond its screen, where its foot could not be reached."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

_FRAME = QSize(20, 60)  # pixels, what a desktop draws around a window


def within_screen(window: QWidget, size: QSize) -> QSize:
    """The size, or as much of it as the window's screen has room for."""
    return size.boundedTo(window.screen().availableSize() - _FRAME)
