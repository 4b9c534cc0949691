"""With a model for inpainting one marks a place on the photo, and says what is to stand there, or nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.recipe.methods import Method
from tests.gui.conftest import OpenWindow
from tests.inpaint_models import make_inpainting_model

Until = Callable[[Callable[[], bool]], None]
LINE = ((0.2, 0.2), (0.7, 0.2), (0.7, 0.8), (0.2, 0.8))  # parts of the photo's sides


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inpainting_model(built_in().files.folder, tmp_path_factory.mktemp("inpainting") / "model")


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, model: Path, until: Until) -> MainWindow:
    """A window with a photo and a model for inpainting."""
    window = open_window()
    window.editor.model.choose(find_model(str(model)))
    window.editor.model.choose_way(Method.INPAINT, 4)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def draw_around(window: MainWindow, line: Sequence[tuple[float, float]] = LINE) -> None:
    """With the mouse."""
    window.actions_by_name["mark_place"].trigger()
    view = window.editor_view.view
    rect = view.viewport.photo_rect
    places = [QPointF(rect.x() + x * rect.width(), rect.y() + y * rect.height()).toPoint() for x, y in line]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(view, place)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=places[-1])


def say(window: MainWindow, text: str, qtbot: QtBot) -> None:
    """Type it, and wait for the pause after it."""
    line = window.editor_view.prompts.edit
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    line.settle()


def test_what_is_marked_is_removed_then_replaced_and_each_is_undone(
    window: MainWindow, until: Until, qtbot: QtBot
) -> None:
    prompts, panel, editor = window.editor_view.prompts, window.editor_view.mask_panel, window.editor
    document = editor.document
    assert document is not None
    assert not prompts.description.isVisible()
    assert not prompts.prepare_button.isVisible()
    assert "marked place" in prompts.edit.placeholderText()
    assert "mark a place" in prompts.estimate.text()
    assert panel.isEnabled()
    assert panel.places.isHidden()
    draw_around(window)
    assert not window.editor_view.view.drawing
    until(lambda: editor.pictures.final and editor.pictures.after is not None)
    assert document.inversion is not None
    assert document.inversion.settings.method is Method.INPAINT
    assert document.state is not None
    (outline,) = document.state.recipe.within
    assert np.allclose(outline.points, LINE, atol=0.02)
    assert document.state.recipe.prompt == ""
    assert "20" in panel.coverage.text() or "30" in panel.coverage.text()
    removed = editor.pictures.after
    say(window, "a blue ball", qtbot)
    until(lambda: editor.pictures.final and editor.pictures.after is not removed)
    assert len(document.session.project.inversions) == 1
    editor.undo()
    assert prompts.edit.text() == ""
    window.actions_by_name["clear_marks"].trigger()
    until(lambda: editor.pictures.after is None)
    assert not window.editor_view.messages.messages
    editor.undo()
    assert document.state.recipe.within == (outline,)


@pytest.mark.slow
def test_a_sentence_waits_for_a_place_which_can_be_marked_by_the_keyboard(
    window: MainWindow, until: Until, qtbot: QtBot
) -> None:
    document, view = window.editor.document, window.editor_view.view
    assert document is not None
    say(window, "a blue ball", qtbot)
    assert document.inversion is None
    window.actions_by_name["mark_place"].trigger()
    key = Qt.Key
    for pressed in (key.Key_Space, *[key.Key_Right] * 8, key.Key_Space, *[key.Key_Down] * 8, key.Key_Space):
        QTest.keyClick(view, pressed)
    assert view.drawing
    QTest.keyClick(view, key.Key_Return)
    assert not view.drawing
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    assert document.state is not None
    (outline,) = document.state.recipe.within
    assert outline.points[0] == pytest.approx((0.5, 0.5), abs=0.01)
    assert outline.points[1][0] > 0.6
    assert outline.points[2][1] > 0.6


def test_a_line_is_given_up_with_escape_and_a_click_marks_nothing(window: MainWindow) -> None:
    view, document = window.editor_view.view, window.editor.document
    assert document is not None
    draw_around(window, ((0.5, 0.5), (0.5, 0.5)))
    assert view.drawing
    assert document.state is None
    window.actions_by_name["cancel"].trigger()
    assert not view.drawing
    assert document.state is None


@pytest.mark.slow
def test_another_lot_is_another_try_and_several_are_shown_side_by_side(window: MainWindow, until: Until) -> None:
    draw_around(window)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    document = window.editor.document
    assert document is not None
    assert window.actions_by_name["show_tries"].isEnabled()
    window.actions_by_name["another_try"].trigger()
    assert document.state is not None
    assert document.state.recipe.seed == 1


@pytest.mark.slow
def test_an_edit_by_words_is_confined_to_what_is_marked(prepared: MainWindow, until: Until, sample_edit: str) -> None:
    prepared.editor.say_in_words(sample_edit)
    until(lambda: prepared.editor.pictures.final)
    draw_around(prepared)
    until(lambda: prepared.editor.pictures.final and prepared.editor.rendering.plan.last is not None)
    last = prepared.editor.rendering.plan.last
    assert last is not None
    assert last.rendered is not None
    assert last.rendered.mask is not None
    assert last.rendered.coverage == pytest.approx(0.3, abs=0.03)
    assert not prepared.editor_view.mask_panel.places.isHidden()
    prepared.editor.undo()
    until(lambda: prepared.editor.pictures.final)
    document = prepared.editor.document
    assert document is not None
    assert document.state is not None
    assert not document.state.recipe.within
