"""Room that does not grow beyond some height."""

from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from nti_desktop.gui.editor.prompt_bar import PromptBar


def test_a_long_difference_is_scrolled_and_leaves_the_photo_its_room(qtbot: QtBot) -> None:
    window, bar = QWidget(), PromptBar()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addWidget(QWidget(), 1)
    column.addWidget(bar)
    window.resize(800, 400)
    window.show()
    source = " ".join(f"a red ball number {number} on sand" for number in range(40))
    bar.show_source(source)
    bar.show_edit(source.replace("red", "blue", 1))
    qtbot.waitUntil(lambda: bar.diff.isVisible() and bar.diff.height() > bar.diff.rows_height(6))
    room = bar.diff.visibleRegion().boundingRect()
    assert bar.diff.rows_height(2) < room.height() <= bar.diff.rows_height(3)
    assert bar.minimumSizeHint().height() < 300
    bar.show_edit("a blue ball")
    bar.show_source("a red ball")
    qtbot.waitUntil(lambda: bar.diff.height() == bar.diff.rows_height(1))
