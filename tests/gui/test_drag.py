"""Dragging a slider in the window is one step of undo, however long it pauses."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from nti_desktop.editing import history
from nti_desktop.gui.main_window import MainWindow
from tests.gui.conftest import OpenWindow
from tests.gui.gated import GatedBench

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def window(
    service: GatedBench, open_window: OpenWindow, photo: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    """A window with a prepared photo, in which no two changes follow fast."""
    monkeypatch.setattr(history, "_MERGED", -1.0)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    assert window.editor_view.prompts.prepare_button.isEnabled()
    window.editor_view.prompts.prepare_button.click()
    until(lambda: window.editor.document is not None and window.editor.document.version is not None)
    return window


def drag(qtbot: QtBot, slider: QSlider, *places: int) -> None:
    """Press, move from place to place (pixels from the left), let go."""
    middle = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(places[0], middle))
    for place in places[1:]:
        qtbot.mouseMove(slider, QPoint(place, middle))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(places[-1], middle))


def test_a_drag_is_undone_at_once_and_two_are_undone_one_by_one(window: MainWindow, qtbot: QtBot) -> None:
    document, strength = window.editor.document, window.editor_view.words_panel.strength
    assert document is not None
    slider = strength.findChild(QSlider)
    assert slider is not None
    started, seen = strength.value, []
    handle = round(slider.width() * (slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum()))
    strength.moved.connect(lambda _key, value: seen.append(value))
    drag(qtbot, slider, handle, handle + 20, handle + 40, handle + 30)
    assert len(seen) > 2
    assert document.history is not None
    assert len(document.history.past) == 1
    after = strength.value
    handle += 30
    drag(qtbot, slider, handle, handle - 20, handle - 50)
    assert len(document.history.past) == 2
    window.editing.undo()
    assert strength.value == after
    window.editing.undo()
    assert strength.value == started
    assert not document.can_undo
