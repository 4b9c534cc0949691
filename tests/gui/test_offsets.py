"""Places in a text, as Python and as Qt count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from nti_desktop.gui.widgets.pause_edit import PauseEdit
from nti_desktop.gui.widgets.text_offsets import from_qt, to_qt


@given(st.text(alphabet="ae\u0301 🐈𝒶👨\u200d", max_size=20), st.data())
def test_a_place_comes_back_from_qt(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    assert to_qt(text, place) == len(text[:place].encode("utf-16-le")) // 2
    assert from_qt(text, to_qt(text, place)) == place


def test_a_place_inside_an_emoji_is_the_emojis() -> None:
    assert [from_qt("a🐈b", place) for place in range(6)] == [0, 1, 1, 2, 3, 3]


@pytest.mark.slow
def test_typing_behind_emoji_settles_at_the_end_of_a_word_only(qtbot: QtBot) -> None:
    line = PauseEdit()
    qtbot.addWidget(line)
    line.show()
    line.setText("🐈🐈 re ball")
    line.setCursorPosition(6)
    qtbot.keyClick(line, Qt.Key.Key_E)
    assert line.text() == "🐈🐈 ree ball"
    with qtbot.assertNotEmitted(line.settled, wait=900):
        line.setCursorPosition(5)
    with qtbot.waitSignal(line.settled, timeout=5000):
        line.setCursorPosition(8)


def test_a_text_from_elsewhere_leaves_the_cursor_at_its_character(qtbot: QtBot) -> None:
    line = PauseEdit()
    qtbot.addWidget(line)
    line.show()
    line.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    line.setText("a cat here")
    line.setCursorPosition(5)
    line.show_text("🐈🐈 a cat here")
    assert line.cursorPosition() == to_qt(line.text(), 5)
    line.show_text("🐈")
    assert line.cursorPosition() == 2  # behind the emoji, never inside it
