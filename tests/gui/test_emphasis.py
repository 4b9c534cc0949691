"""Emphasis typed into the lines sets the sliders, and its marks vanish from the sentence."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from nti_desktop.editing import feedback
from nti_desktop.editing.document import Document
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Message
from nti_desktop.models.library.samples import Sample

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]


def type_into(qtbot: QtBot, line: PromptLine, text: str) -> None:
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_End)
    line.settle()


def work_of(window: MainWindow) -> Document:
    document = window.editor.document
    assert document is not None
    return document


def weights_of(window: MainWindow) -> dict[str, float]:
    state = work_of(window).state
    assert state is not None
    return {control.text: control.weight for control in state.recipe.weighted}


def test_typed_emphasis_sets_the_sliders_and_is_one_step_of_undo(
    prepared: MainWindow, qtbot: QtBot, sample: Sample
) -> None:
    edit, said = prepared.editor_view.prompts.edit, list[Message]()
    prepared.editor.said.connect(said.append)
    plain = sample.edits[0]
    marked = plain.replace("yellow", "(yellow:5)").replace("stone", "stone++")
    type_into(qtbot, edit, marked)
    assert (edit.text(), work_of(prepared).edit_text) == (plain, plain)
    assert weights_of(prepared) == {"yellow": 5.0, "stone": 1.21}
    assert [m.text for m in said] == ["Typed emphasis was read as weights: “yellow” at 5, “stone” at 1.21."]
    panel = prepared.editor_view.words_panel
    numbers = {row.title: row.number for row in panel.sliders}
    assert (numbers["yellow"], numbers["stone"], numbers["a"]) == ("5.0", "1.21", "1.0")

    type_into(qtbot, edit, f"{plain} here")  # weights travel on, and nothing is said again
    assert weights_of(prepared) == {"yellow": 5.0, "stone": 1.21}
    assert len(said) == 1
    prepared.editor.undo()
    prepared.editor.undo()
    assert (edit.text(), weights_of(prepared)) == (sample.caption, {})


def test_marks_that_change_nothing_vanish_too(prepared: MainWindow, qtbot: QtBot, sample: Sample) -> None:
    edit = prepared.editor_view.prompts.edit
    type_into(qtbot, edit, sample.caption.replace("stone", "(stone:1)"))
    assert edit.text() == sample.caption
    assert weights_of(prepared) == {}


def test_brackets_of_the_description_stay_in_the_edit(prepared: MainWindow, qtbot: QtBot) -> None:
    prompts = prepared.editor_view.prompts
    type_into(qtbot, prompts.description, r"a cube \(old\)")
    assert prompts.description.text() == prompts.edit.text() == "a cube (old)"
    type_into(qtbot, prompts.description, "a red cube (old)")
    assert prompts.description.text() == "a red cube (old)"
    type_into(qtbot, prompts.edit, "a yellow cube (old)")
    assert prompts.edit.text() == "a yellow cube (old)"
    assert weights_of(prepared) == {}


def test_a_weight_in_the_description_is_taken_out_and_said(prepared: MainWindow, qtbot: QtBot) -> None:
    prompts, said = prepared.editor_view.prompts, list[Message]()
    prepared.editor.said.connect(said.append)
    prompts.description.setFocus()
    prompts.description.selectAll()
    qtbot.keyClicks(prompts.description, "a (red:1.3) ball")
    qtbot.waitUntil(lambda: prompts.description.text() == "a red ball", timeout=5000)  # after a pause
    assert prompts.edit.text() == "a red ball"
    assert (work_of(prepared).description, weights_of(prepared)) == ("a red ball", {})
    assert [m.text for m in said] == [feedback.NO_WEIGHTS]
