"""How large a window opens: never beyond its screen, where its foot could not be reached."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from nti_desktop.gui import preferences

_FRAME = QSize(20, 60)  # pixels, what a desktop draws around a window
_LARGEST = QSize(1600, 1000)


def within_screen(window: QWidget, size: QSize) -> QSize:
    """The size, or as much of it as the window's screen has room for."""
    return size.boundedTo(window.screen().availableSize() - _FRAME)


def open_as_last_time(window: QWidget) -> None:
    """Give a window the place and size it had last time, else most of the screen."""
    window.resize(within_screen(window, _LARGEST))
    geometry = preferences.window_geometry()
    if geometry is not None:
        window.restoreGeometry(geometry)
