"""Return in dialogs: it closes none that is written in, and presses the button that has the focus."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from nti_desktop.gui.controllers import pasting, story
from nti_desktop.gui.controllers.comparing import WORDING
from nti_desktop.gui.editor.comparison_dialog import ComparisonDialog, Way
from nti_desktop.gui.editor.series_dialog import Entry, SeriesDialog, Wording
from nti_desktop.gui.models.teach_dialog import TeachDialog


def shown(qtbot: QtBot, dialog: QDialog) -> None:
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()


@pytest.mark.parametrize("wording", [pasting.WORDING, story.WORDING])
def test_return_leads_from_one_line_of_a_series_to_the_next(qtbot: QtBot, wording: Wording) -> None:
    dialog = SeriesDialog(wording)
    dialog.ask([Entry("1"), Entry("2")])
    shown(qtbot, dialog)
    for line in (*dialog.lines, dialog.lines[-1]):
        assert line.edit.hasFocus()
        qtbot.keyClick(line.edit, Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_return_presses_nothing_while_a_word_to_teach_is_written(qtbot: QtBot) -> None:
    dialog = TeachDialog()
    dialog.choose.clicked.disconnect()  # which opens a dialog of the system
    pressed: list[bool] = []
    dialog.choose.clicked.connect(pressed.append)
    dialog.begin("Studio")
    shown(qtbot, dialog)
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert not pressed
    assert dialog.isVisible()


def test_return_uses_the_way_whose_button_has_the_focus(qtbot: QtBot) -> None:
    dialog = ComparisonDialog(WORDING)
    dialog.ask("a cup", "a blue cup", [Way("one", "One"), Way("two", "Two")])
    shown(qtbot, dialog)
    button = dialog.cells["two"].use_button
    button.setEnabled(True)
    button.setFocus()
    with qtbot.waitSignal(dialog.use_asked) as used:
        qtbot.keyClick(button, Qt.Key.Key_Return)
    assert used.args == ["two"]
    assert dialog.isVisible()
