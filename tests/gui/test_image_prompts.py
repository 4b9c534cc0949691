"""What is marked is drawn after another picture, of which a part is chosen."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.editing.image_prompts import pixels_of
from nti_desktop.gui.canvas.picture import make_picture
from nti_desktop.gui.editor.picture_dialog import PictureDialog
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.models.library.extending import extend
from nti_desktop.models.library.places import read_places, write_places
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.image_prompt import ImagePrompt
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import IMAGE_PROMPT
from tests.gui.conftest import OpenWindow
from tests.gui.test_filling import draw_around, say
from tests.image_adapters import write_image_adapter
from tests.inpaint_models import make_inpainting_model

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inpainting_model(built_in().files.folder, tmp_path_factory.mktemp("inpainting") / "model")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A picture that is red on the left and blue on the right."""
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[:, :150, 0] = pixels[:, 150:, 2] = 255
    Image.fromarray(pixels).save(tmp_path / "other.png")
    return tmp_path / "other.png"


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, model: Path, until: Until) -> MainWindow:
    """A window with a photo that is marked, and a model for inpainting that reads no pictures."""
    write_places(read_places().with_added(model))
    window = open_window()
    window.editor.model.choose(find_model(str(model)))
    window.editor.model.choose_way(Method.INPAINT, 4)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    panel = window.editor_view.mask_panel
    buttons = (panel.picture_button, panel.without_picture, panel.unmark_button)
    assert not any(button.isEnabled() for button in buttons)
    draw_around(window)
    until(lambda: window.editor.pictures.final and window.editor.pictures.after is not None)
    assert [button.isEnabled() for button in buttons] == [True, False, True]
    return window


def shown(window: MainWindow) -> ImagePrompt | None:
    document = window.editor.document
    assert document is not None
    assert document.state is not None
    return document.state.recipe.image_prompt


def test_a_part_of_a_picture_is_chosen_drawn_after_undone_and_taken_away(
    window: MainWindow, model: Path, other: Path, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, panel, dialog = window.editor, window.editor_view.mask_panel, window.image_prompts.dialog
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    removed = editor.pictures.after
    window.actions_by_name["draw_after_picture"].trigger()
    (said,) = [each for each in window.editor_view.messages.messages if each.topic is Topic.LOOK]
    assert "reads no pictures; give it an IP-Adapter" in said.text
    extend(model, write_image_adapter(tmp_path / "adapter", model / "unet"))
    editor.model.choose(find_model(str(model)))
    panel.picture_button.click()
    until(dialog.isVisible)
    view = dialog.view
    rect = view.viewport.photo_rect
    first, second = (
        QPointF(rect.x() + x * rect.width(), rect.y() + y * rect.height()) for x, y in ((0.6, 0.2), (0.9, 0.7))
    )
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first.toPoint())
    QTest.mouseMove(view, second.toPoint())
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=second.toPoint())
    assert not view.drawing
    assert dialog.use.hasFocus()
    QTest.keyClick(dialog.use, Qt.Key.Key_Space)
    until(lambda: shown(window) is not None)
    prompt = shown(window)
    assert prompt is not None
    assert pixels_of(prompt)[..., 2].mean() > 240, "the blue part"
    until(lambda: editor.pictures.final and editor.pictures.after is not removed)
    assert panel.picture.isVisibleTo(panel)
    assert not panel.picture.pixmap().isNull()
    slider = window.editor_view.structure_panel.sliders[IMAGE_PROMPT.field]
    assert slider.isEnabled()
    slider.moved.emit(IMAGE_PROMPT, 0.4)
    document = editor.document
    assert document is not None
    assert document.state is not None
    assert document.state.recipe.image_prompt_weight == 0.4
    panel.without_picture.click()
    assert shown(window) is None
    assert panel.picture.isHidden()
    editor.undo()
    assert shown(window) == prompt
    assert not [each for each in window.editor_view.messages.messages if "went wrong" in each.text]


def test_without_a_drag_the_middle_is_taken_and_cancel_takes_nothing(
    window: MainWindow, model: Path, other: Path, until: Until, tmp_path: Path
) -> None:
    dialog = window.image_prompts.dialog
    extend(model, write_image_adapter(tmp_path / "adapter", model / "unet"))
    window.editor.model.choose(find_model(str(model)))
    window.image_prompts.take(other)
    until(dialog.isVisible)
    dialog.reject()
    assert shown(window) is None
    taken: list[Area] = []
    dialog.chosen.connect(taken.append)
    window.image_prompts.take(other)
    until(dialog.isVisible)
    dialog.use.click()
    until(lambda: shown(window) is not None)
    assert taken == [Area(50, 0, 200, 200)]


def test_a_part_of_a_picture_is_chosen_by_the_keyboard_alone(qtbot: QtBot) -> None:
    dialog, taken = PictureDialog(), list[Area]()
    qtbot.addWidget(dialog)
    dialog.chosen.connect(taken.append)
    dialog.ask(make_picture(Raster(np.zeros((200, 300, 3), np.uint8))), (300, 200))
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(dialog.another, Qt.Key.Key_Space)
    assert dialog.view.hasFocus()
    key = Qt.Key
    for pressed in (key.Key_Space, *[key.Key_Right] * 12, *[key.Key_Down] * 8, key.Key_Return):
        QTest.keyClick(dialog.view, pressed)
    assert dialog.isVisible(), "Return took the rectangle"
    assert dialog.use.hasFocus()
    QTest.keyClick(dialog.use, key.Key_Space)
    (area,) = taken
    assert (area.width, area.height) == (90, 60)
    assert (area.x, area.y) == (150, 100)


def test_what_is_no_picture_is_one_sentence_and_another_photo_forgets_the_question(
    window: MainWindow, model: Path, other: Path, until: Until, tmp_path: Path
) -> None:
    dialog = window.image_prompts.dialog
    extend(model, write_image_adapter(tmp_path / "adapter", model / "unet"))
    window.editor.model.choose(find_model(str(model)))
    (tmp_path / "text.jpg").write_text("no picture")
    window.image_prompts.take(tmp_path / "text.jpg")
    until(lambda: any("text.jpg" in each.text for each in window.editor_view.messages.messages))
    window.image_prompts.take(other)
    until(dialog.isVisible)
    window.opening.open_path(other)
    until(lambda: window.editor.session is not None and window.editor.session.photo.path == other)
    assert not dialog.isVisible()


def test_on_the_built_in_model_a_thing_is_laid_into_what_is_marked(
    prepared: MainWindow, other: Path, until: Until, qtbot: QtBot
) -> None:
    editor, panel, dialog = prepared.editor, prepared.editor_view.mask_panel, prepared.image_prompts.dialog
    assert panel.picture_button.isVisibleTo(panel)
    assert not panel.picture_button.isEnabled(), "nothing is marked"
    say(prepared, "a photo of a red ball on grey stone", qtbot)
    until(lambda: editor.pictures.final)
    draw_around(prepared)
    until(lambda: editor.pictures.final and panel.picture_button.isEnabled())
    by_words = editor.pictures.after
    prepared.image_prompts.take(other)
    until(dialog.isVisible)
    dialog.view.area_drawn.emit(Area(180, 40, 100, 100))
    dialog.use.click()
    messages = prepared.editor_view.messages
    until(lambda: any("Nothing stands out in the picture" in each.text for each in messages.messages))
    pixels = np.full((200, 300, 3), 120, np.uint8)
    pixels[60:140, 190:270] = (200, 30, 30)
    Image.fromarray(pixels).save(other)
    prepared.image_prompts.take(other)
    until(dialog.isVisible)
    dialog.view.area_drawn.emit(Area(180, 50, 100, 100))
    dialog.use.click()
    prompt = shown(prepared)
    assert prompt is not None
    assert prompt.adapter == ""
    assert prompt.part is not None
    until(lambda: editor.pictures.final and editor.pictures.after is not by_words)
    assert panel.picture.isVisibleTo(panel)
    assert not prepared.editor_view.structure_panel.sliders[IMAGE_PROMPT.field].isVisibleTo(prepared)
    panel.without_picture.click()
    until(lambda: editor.pictures.final)
    assert shown(prepared) is None
    assert not messages.messages
