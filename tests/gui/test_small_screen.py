"""A screen of 1024 by 640 pixels: whatever there is to show, the window stays within it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone
from nti_desktop.photo.frame import Area
from tests.gui.conftest import OpenWindow

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

SMALL = QSize(1024, 600)  # without what the desktop draws around a window


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, until: Callable[[Callable[[], bool]], None]) -> MainWindow:
    window = open_window()
    window.resize(SMALL)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def laid_out(window: MainWindow) -> QSize:
    """The window's size once all of it has found its place."""
    for _ in range(5):
        QApplication.processEvents()
    return window.size()


def after(widget: QWidget) -> QWidget:
    """Where Tab leads to from here."""
    found = widget.nextInFocusChain()
    while not (found.isVisible() and found.isEnabled() and found.focusPolicy() & Qt.FocusPolicy.TabFocus):
        found = found.nextInFocusChain()
    return found


def test_an_area_of_the_photo_does_not_make_the_window_wider(window: MainWindow) -> None:
    window.areas.choose(Area(0, 0, 200, 160))
    bar = window.editor_view.area_bar
    assert laid_out(window) == SMALL
    assert after(bar.add_button) is bar.leave_button
    assert after(bar.leave_button) is window.editor_view.prompts.description
    for widget in (*bar.buttons, bar.add_button, bar.leave_button, bar.detail):
        assert widget.isVisible()
        assert bar.rect().contains(widget.geometry())
        assert widget.width() >= widget.sizeHint().width()


def test_messages_do_not_make_the_window_larger_and_can_be_read(window: MainWindow) -> None:
    choices = tuple(Action(title, lambda: None) for title in ("Save as…", "Close without saving", "Try again"))
    text = "was not saved because its folder cannot be written; allow it, or move the photo."
    for name in (f"{'long' * 40}.jpg.nti", "PXL_20240301_123456789.PORTRAIT-01.COVER.jpg.nti", "a.jpg.nti"):
        window.editor.say(Message(f"“{name}” {text}", Tone.ERROR, actions=choices))
    assert laid_out(window) == SMALL
    for strip in window.editor_view.messages._strips:
        assert strip.height() >= strip.heightForWidth(strip.width())
    foot = window.editor_view.prompts.edit
    assert foot.mapTo(window, foot.rect().bottomLeft()).y() < SMALL.height()
    assert window.editor_view.view.height() >= 100
    for strip in window.editor_view.messages._strips[:]:
        strip._dismissed()
    assert laid_out(window) == SMALL
    assert window.editor_view.view.y() == 0, "nothing is left where they were"
