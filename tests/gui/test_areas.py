"""Working on a part of the photo: drawn or put around a word, with its own sentences, beside an edit of the whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import Sample
from nti_desktop.photo.frame import Area
from nti_desktop.photo.photo import open_photo
from nti_desktop.project.sidecar import read_sidecar
from tests.gui.conftest import OpenWindow, export_to

Until = Callable[[Callable[[], bool]], None]


def drag(window: MainWindow, area: Area) -> None:
    """Draw an area on the photo with the mouse."""
    view = window.editor_view.view
    rect = view.viewport.photo_rect
    scale = rect.width() / view._before.width  # type: ignore[union-attr]
    corners = [
        QPointF(rect.x() + x * scale, rect.y() + y * scale).toPoint()
        for x, y in ((area.x, area.y), (area.x + area.width, area.y + area.height))
    ]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=corners[0])
    QTest.mouseMove(view, corners[1])
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=corners[1])


def swap_a_word(window: MainWindow, until: Until, text: str) -> None:
    window.editor_view.prompts.edit.replace_text(text)
    window.editor.say_in_words(text)
    until(lambda: window.editor.pictures.final)


@pytest.mark.slow
def test_an_area_is_edited_beside_the_whole_photo(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample, photo: Path, tmp_path: Path
) -> None:
    place, editor = prepared.editor_view, prepared.editor
    document = editor.document
    assert document is not None
    until(lambda: "detail" in place.area_bar.detail.text())
    assert "1/16 of this photo" in place.area_bar.detail.text()
    swap_a_word(prepared, until, sample.edits[0])
    whole_edit = editor.pictures.after.levels[0]  # type: ignore[union-attr]

    prepared.actions_by_name["draw_area"].trigger()
    assert place.view.drawing
    drag(prepared, Area(0, 0, 200, 160))
    assert not place.view.drawing
    assert document.area != document.whole
    assert abs(document.area.width - 200) <= 2
    assert document.area.x == document.area.y == 0
    assert place.prompts.description.text() == ""
    assert "of this area" in place.area_bar.detail.text()
    assert [button.text() for button in place.area_bar.buttons] == ["Whole photo", "Area 1"]

    place.prompts.description.replace_text("a photo of a wall")
    editor.describe("a photo of a wall")
    place.prompts.prepare_button.click()
    until(lambda: document.up_to_date and document.area != document.whole)
    assert len(document.session.project.frames) == 2
    swap_a_word(prepared, until, "a photo of a red wall")
    both = editor.pictures.after.levels[0]  # type: ignore[union-attr]
    assert both.copy(0, 0, 180, 140) != whole_edit.copy(0, 0, 180, 140)
    assert both.copy(210, 170, 300, 300) == whole_edit.copy(210, 170, 300, 300)

    place.area_bar.buttons[0].click()  # back to the whole photo; its edit is as it was left
    assert document.area == document.whole
    assert place.prompts.edit.text() == sample.edits[0]
    until(lambda: editor.pictures.final)
    assert editor.pictures.after.levels[0] == both  # type: ignore[union-attr]

    target = tmp_path / "both.png"
    export_to(prepared, target)
    until(target.exists)
    exported, original = open_photo(target).pixels, open_photo(photo).pixels
    assert not np.array_equal(exported, original)
    assert np.asarray(Image.open(target)).shape == original.shape

    prepared.leaving.save()
    until(lambda: not document.session.working_copy.dirty)
    (version,) = [v for v in read_sidecar(document.session.sidecar).project.versions if v.id == document.version_id]
    assert len(version.parts) == 2

    place.area_bar.buttons[1].click()
    place.area_bar.leave_button.click()  # and its edit is gone from this version
    until(lambda: editor.pictures.final)
    assert document.areas == (document.whole,)
    assert editor.pictures.after.levels[0] == whole_edit  # type: ignore[union-attr]

    prepared.editing.undo()
    until(lambda: editor.pictures.final)
    assert document.version is not None
    assert document.version.look == version.look
    assert document.area != document.whole
    assert place.prompts.edit.text() == "a photo of a red wall"
    assert editor.pictures.after.levels[0] == both  # type: ignore[union-attr]
    prepared.editing.redo()
    until(lambda: editor.pictures.final)
    assert document.areas == (document.whole,)
    assert editor.pictures.after.levels[0] == whole_edit  # type: ignore[union-attr]


def test_an_area_is_put_around_a_word(prepared: MainWindow, until: Until, sample: Sample) -> None:
    editor, bar = prepared.editor, prepared.editor_view.area_bar
    swap_a_word(prepared, until, sample.edits[0])
    bar._fill_menu()
    texts = [action.text() for action in bar.menu.actions() if action.text()]
    assert texts[0] == "Draw it on the photo"
    thing = next(action for action in bar.menu.actions() if "cube" in action.text())
    thing.trigger()
    assert editor.document is not None
    assert editor.document.area != editor.document.whole


def test_cancel_ends_drawing_without_an_area(prepared: MainWindow) -> None:
    view = prepared.editor_view.view
    prepared.actions_by_name["draw_area"].trigger()
    assert view.drawing
    prepared.actions_by_name["cancel"].trigger()
    assert not view.drawing
    assert prepared.editor.document is not None
    assert prepared.editor.document.area == prepared.editor.document.whole


def test_an_area_that_is_not_prepared_is_left_without_a_trace(prepared: MainWindow, sample: Sample) -> None:
    editor, bar = prepared.editor, prepared.editor_view.area_bar
    assert editor.document is not None
    before = editor.document.session.project
    prepared.areas.choose(Area(10, 10, 200, 200))
    assert bar.leave_button.isVisibleTo(bar)
    bar.leave_button.click()
    assert editor.document.area == editor.document.whole
    assert editor.document.description == sample.caption
    assert editor.document.session.project == before


@pytest.mark.usefixtures("service")
def test_what_is_being_typed_stays_with_its_area(prepared: MainWindow, qtbot: QtBot, sample_edit: str) -> None:
    line, document, area = prepared.editor_view.prompts.edit, prepared.editor.document, Area(10, 10, 200, 200)
    assert document is not None
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, sample_edit)
    prepared.areas.choose(area)
    prepared.actions_by_name["work_on_whole"].trigger()
    assert document.edit_text == line.text() == sample_edit


@pytest.mark.usefixtures("service")
def test_an_area_that_cannot_be_taken_out_stays_and_that_is_said(prepared: MainWindow, until: Until) -> None:
    editor, bar, area = prepared.editor, prepared.editor_view.area_bar, Area(10, 10, 200, 200)
    document = editor.document
    assert document is not None
    prepared.areas.choose(area)
    editor.describe("a wall")
    editor.prepare()
    until(lambda: document.edited_areas == (area, document.whole))
    assert bar.leave_button.isVisible()
    document.session.working_copy.read_only = "A newer program wrote it."
    bar.leave_button.click()
    assert document.edited_areas == (area, document.whole)
    assert document.area == area
    assert any(message.text == "A newer program wrote it." for message in prepared.editor_view.messages.messages)
    assert not bar.leave_button.isVisible()


def test_another_area_waits_until_the_photo_is_prepared(prepared: MainWindow, until: Until) -> None:
    editor = prepared.editor
    assert editor.document is not None
    editor.prepare()
    assert editor.preparing.plan.at_work
    prepared.areas.choose(Area(10, 10, 200, 200))
    assert editor.document.area == editor.document.whole
    assert any("being prepared" in message.text for message in prepared.editor_view.messages.messages)
    until(lambda: not editor.preparing.plan.at_work)
    prepared.areas.choose(Area(10, 10, 200, 200))
    assert editor.document.area == Area(10, 10, 200, 200)


@pytest.mark.slow
def test_a_large_photo_is_composed_for_the_screen_until_someone_looks_closer(
    open_window: OpenWindow, until: Until, sample: Sample, tmp_path: Path
) -> None:
    photo = tmp_path / "large.png"
    Image.open(sample.path).resize((4100, 4100)).save(photo, compress_level=1)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    window.editor_view.model_panel.steps.setValue(4)
    window.editor_view.prompts.description.replace_text(sample.caption)
    window.editor.describe(sample.caption)
    window.editor.prepare()
    until(lambda: window.editor.document is not None and window.editor.document.version is not None)
    window.editor_view.prompts.edit.replace_text(sample.edits[0])
    window.editor.say_in_words(sample.edits[0])
    until(lambda: window.editor.pictures.final)
    small = window.editor.pictures.after
    assert small is not None
    assert small.width == 2050
    assert not window.editor_view.view.lacks_detail

    window.editor_view.view.zoom_to(1.0)
    until(lambda: window.editor.pictures.after is not None and window.editor.pictures.after.width == 4100)
    assert not window.editor_view.view.lacks_detail
    assert window.editor.pictures.final
    target = tmp_path / "large edited.jpg"
    window.editor_view.view.fit()
    export_to(window, target)
    until(target.exists)
    assert open_photo(target).raster.size == (4100, 4100)
