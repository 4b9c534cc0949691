"""With a model that takes orders the window asks for an order, and for nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.catalog import BUILT_IN, ORDERS_ID, built_in, find_model
from nti_desktop.models.library.samples import Sample
from nti_desktop.recipe.methods import Method
from tests.gui.conftest import OpenWindow
from tests.instruct_models import make_orders_model

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_orders_model(built_in().files.folder, tmp_path_factory.mktemp("orders") / "model")


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, model: Path, until: Until) -> MainWindow:
    """A window with a photo and a model that takes orders."""
    window = open_window()
    window.editor.model.choose(find_model(str(model)))
    window.editor.model.choose_way(Method.INSTRUCT, 4)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def order(window: MainWindow, text: str, qtbot: QtBot) -> None:
    """Type it, and wait for the pause after it."""
    line = window.editor_view.prompts.edit
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    line.settle()


def test_an_order_needs_no_description_and_no_preparing_and_the_photo_follows(
    window: MainWindow, until: Until, qtbot: QtBot
) -> None:
    prompts = window.editor_view.prompts
    assert not prompts.description.isVisible()
    assert not prompts.prepare_button.isVisible()
    assert prompts.edit.isVisible()
    assert "order" in prompts.edit.placeholderText().casefold()
    order(window, "make it blue", qtbot)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    document = window.editor.document
    assert document is not None
    assert document.inversion is not None
    assert document.inversion.settings.method is Method.INSTRUCT
    assert document.version is not None
    assert document.version.recipe.prompt == "make it blue"
    assert window.editor_view.mask_panel.places.isHidden()
    first = window.editor.pictures.after
    order(window, "remove the ball", qtbot)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not first)
    assert len(document.session.project.inversions) == 1
    window.editor.undo()
    assert prompts.edit.text() == "make it blue"


def test_undo_leaves_the_first_order_as_it_stands(window: MainWindow, until: Until, qtbot: QtBot) -> None:
    order(window, "make it blue", qtbot)
    until(lambda: window.editor.document is not None and window.editor.document.version is not None)
    assert not window.actions_by_name["undo"].isEnabled()
    line = window.editor_view.prompts.edit
    qtbot.keyClick(line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    line.settle()
    assert line.text() == "make it blue"
    assert window.editor_view.messages.messages == ()


def test_on_a_sample_orders_are_there_to_try_and_sentences_where_they_are_wanted(
    window: MainWindow, sample: Sample, until: Until
) -> None:
    def offered() -> list[str]:
        return [chip.objectName() for chip in window.editor_view.prompts.findChildren(QPushButton) if chip.isVisible()]

    assert set(sample.orders) <= set(offered())
    assert not set(sample.edits) & set(offered())
    window.editor.model.choose(built_in())
    until(lambda: set(sample.edits) <= set(offered()))
    assert not set(sample.orders) & set(offered())


@pytest.mark.slow
def test_the_panel_has_the_sliders_of_orders_and_likeness_makes_another_picture(
    window: MainWindow, until: Until, qtbot: QtBot
) -> None:
    order(window, "make it blue", qtbot)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    panel = window.editor_view.structure_panel
    assert panel.advanced.isHidden()
    assert panel.follow.isHidden()
    assert panel.sliders["cross_until"].isHidden()
    assert not panel.sliders["image_guidance"].isHidden()
    first = window.editor.pictures.after
    panel.sliders["image_guidance"].slide_to(2.0)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not first)
    document = window.editor.document
    assert document is not None
    assert document.state is not None
    assert document.state.recipe.image_guidance == 2.0


@pytest.mark.slow
def test_another_try_is_another_picture_and_undone_is_the_one_before(
    window: MainWindow, until: Until, qtbot: QtBot
) -> None:
    order(window, "make it blue", qtbot)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    document, again = window.editor.document, window.actions_by_name["another_try"]
    assert document is not None
    assert again.isEnabled()
    again.trigger()
    assert document.state is not None
    assert document.state.recipe.seed == 1
    window.editor.undo()
    assert document.state.recipe.seed == 0


@pytest.mark.slow
def test_a_photo_that_was_prepared_goes_on_by_an_order_and_back(
    prepared: MainWindow, model: Path, until: Until, qtbot: QtBot, sample_edit: str
) -> None:
    document = prepared.editor.document
    assert document is not None
    description = document.description
    prepared.editor.say_in_words(sample_edit)
    until(lambda: prepared.editor.pictures.final)
    prepared.editor.model.choose(find_model(str(model)))
    assert prepared.editor_view.prompts.description.isVisible()  # of the version that is shown
    prepared.editor_view.prompts.prepare_button.click()
    until(lambda: len(document.session.project.versions) == 2)
    assert not document.row.described
    assert document.edit_text == sample_edit
    assert not prepared.editor_view.prompts.description.isVisible()
    until(lambda: prepared.editor.pictures.final)
    document.go_to(document.session.project.versions[0].id)
    assert (document.row.described, document.description) == (True, description)


def test_a_sentence_that_was_written_is_no_order_and_comes_back_with_the_model(
    open_window: OpenWindow, photo: Path, model: Path, sample: Sample, until: Until
) -> None:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    editor, prompts = window.editor, window.editor_view.prompts
    editor.describe(sample.caption)
    assert prompts.edit.text() == sample.caption
    editor.model.choose(find_model(str(model)))
    assert prompts.edit.text() == ""
    editor.model.choose(built_in())
    assert (prompts.description.text(), prompts.edit.text()) == (sample.caption, sample.caption)


def test_a_photo_that_was_begun_by_an_order_can_be_described_and_goes_on_in_words(
    window: MainWindow, sample: Sample, until: Until, qtbot: QtBot
) -> None:
    document, prompts = window.editor.document, window.editor_view.prompts
    assert document is not None
    document.description = ""  # as of a photo that is no sample
    order(window, "make it blue", qtbot)
    until(lambda: document.version is not None)
    window.editor.model.choose(built_in())
    assert prompts.description.isVisible()
    assert prompts.estimate.text().startswith("Describe the photo in one sentence")
    assert prompts.prepare_button.text() == "Prepare photo"
    prompts.description.setFocus()
    qtbot.keyClicks(prompts.description, sample.caption)
    assert prompts.estimate.text().startswith("Needed once before words can change the photo.")
    assert prompts.edit.text() == "make it blue"
    window.editor.model.choose_way(Method.RESIDUAL, 2)
    prompts.prepare_button.click()
    until(lambda: len(document.session.project.versions) == 2)
    assert (document.description, document.edit_text) == (sample.caption, sample.caption)


@pytest.mark.slow
def test_a_way_that_another_built_in_model_knows_is_chosen_like_any_other(
    open_window: OpenWindow, photo: Path, until: Until, qtbot: QtBot
) -> None:
    orders = built_in(ORDERS_ID)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    model, panel, prompts = window.editor.model, window.editor_view.model_panel, window.editor_view.prompts
    until(lambda: panel.models.count() == len(BUILT_IN))

    def choose_way(method: Method) -> None:
        panel.ways.setCurrentIndex(panel.ways.findText(method.row.title))
        panel.ways.activated.emit(panel.ways.currentIndex())

    choose_way(Method.INSTRUCT)
    assert (model.entry, model.way) == (orders, (Method.INSTRUCT, orders.defaults.steps))
    assert (panel.models.currentText(), panel.preparing()) == (orders.name, model.way)
    assert not prompts.description.isVisible()
    order(window, "put it on its side", qtbot)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    choose_way(Method.PINNED)
    assert (model.entry.id, model.way[0]) == ("studio", Method.PINNED)
    assert panel.preparing() == model.way
    choose_way(Method.RESIDUAL)
    assert (model.entry.id, model.way[0]) == ("studio", Method.RESIDUAL)
