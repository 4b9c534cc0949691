"""The canvas: what it draws over the photo leaves the photo to be seen; comparing and zooming by mouse and keys."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from nti_desktop.gui.canvas.overlays import paint_caption
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import Picture, make_picture, mask_overlay
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster

Show = Callable[[PhotoView], None]
FRAME = 2  # pixels at the window's edge, where the focus is drawn


def picture(seed: int) -> Picture:
    """300 x 200 pixels in blocks of ten, every block another colour."""
    blocks = np.random.default_rng(seed).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    return make_picture(Raster(np.kron(blocks, np.ones((10, 10, 1), np.uint8))))


def compared(view: PhotoView) -> None:
    view.show_edit(picture(2), "Preview")
    view.show_split(True)


def peeked(view: PhotoView) -> None:
    view.show_edit(picture(2))
    view.peek(True)


def with_overlay(view: PhotoView) -> None:
    view.show_edit(picture(2), "Preview")
    view.show_overlay(mask_overlay(np.eye(4, dtype=np.float32), QColor("red")), QRectF(50, 40, 120, 80))


def with_everything(view: PhotoView) -> None:
    compared(view)
    view.show_overlay(mask_overlay(np.eye(4, dtype=np.float32), QColor("red")), QRectF(50, 40, 120, 80))
    view.show_area(Area(30, 30, 90, 60))


def about_to_draw(view: PhotoView) -> None:
    view.draw_area()


def drawing(view: PhotoView) -> None:
    view.draw_area()
    middle = view.viewport.photo_rect.center().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(view, middle + QPoint(90, 60))


def enlarged(view: PhotoView) -> None:
    compared(view)
    view.zoom_to(8.0)


SHOWN: dict[str, Show] = {
    "the photo": lambda view: None,
    "a badge": lambda view: view.show_edit(picture(2), "As last seen"),
    "a comparison": compared,
    "the photo as it was": peeked,
    "a mask": with_overlay,
    "an area": lambda view: view.show_area(Area(30, 30, 90, 60)),
    "an area about to be drawn": about_to_draw,
    "an area being drawn": drawing,
    "single pixels": enlarged,
    "everything at once": with_everything,
}


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[tuple[PhotoView, QWidget]]:
    """A canvas with a photo, and a button that can have the focus instead."""
    window, view, button = QWidget(), PhotoView(), QPushButton("Elsewhere")
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addWidget(view)
    column.addWidget(button)
    window.resize(640, 480)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    view.show_photo(picture(1))
    yield view, button
    window.close()


def pixels(view: PhotoView) -> NDArray[np.uint8]:
    """(H, W, 4) of the canvas as it is drawn now."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


@pytest.mark.parametrize("shown", SHOWN)
def test_the_focus_changes_nothing_within_its_frame(canvas: tuple[PhotoView, QWidget], shown: str) -> None:
    view, elsewhere = canvas
    SHOWN[shown](view)
    elsewhere.setFocus()
    assert not view.hasFocus()
    without = pixels(view)
    view.setFocus()
    assert view.hasFocus()
    focused = pixels(view)
    inside = (slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    assert np.array_equal(focused[inside], without[inside])
    assert not np.array_equal(focused, without)  # the frame itself is there


@pytest.mark.parametrize("shown", ["a badge", "a comparison", "an area", "everything at once"])
def test_what_is_drawn_over_the_photo_covers_little_of_it(canvas: tuple[PhotoView, QWidget], shown: str) -> None:
    view, _ = canvas
    view.show_edit(picture(1))
    view.setFocus()
    bare = pixels(view)
    SHOWN[shown](view)
    if view.after is not None:
        view.show_edit(picture(1), view.badge)  # the same picture, so that only what lies over it differs
    view.show_overlay(None)
    covered = (pixels(view) != bare).any(axis=-1)
    assert 0 < covered.mean() < 0.05


def test_the_split_is_dragged_and_moved_by_keys(qtbot: QtBot) -> None:
    view = PhotoView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    black, white = (make_picture(Raster(np.full((200, 300, 3), value, np.uint8))) for value in (0, 255))
    view.show_photo(black)
    view.show_edit(white)
    view.show_split(True)
    rect = view.viewport.photo_rect
    middle = QPoint(round(rect.center().x()), round(rect.center().y()))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(view, QPoint(round(rect.x() + rect.width() * 0.25), middle.y()))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton)
    assert view.split == pytest.approx(0.25, abs=0.01)
    shown = view.grab().toImage()
    ratio = shown.devicePixelRatio()

    def grey(fraction: float) -> int:
        return shown.pixelColor(
            round((rect.x() + rect.width() * fraction) * ratio), round((rect.bottom() - 20) * ratio)
        ).lightness()

    assert grey(0.1) == 0
    assert grey(0.9) == 255
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.split == pytest.approx(0.27, abs=0.01)
    view.peek(True)
    shown = view.grab().toImage()
    assert grey(0.9) == 0


def test_zooming_keeps_the_point_under_the_pointer(qtbot: QtBot) -> None:
    view = PhotoView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    view.show_photo(make_picture(Raster(np.zeros((2000, 3000, 3), np.uint8))))
    fitted = view.zoom()
    assert fitted < 1
    point = view.viewport.photo_rect.center() + QPoint(50, 30)
    before = view.viewport.to_photo(point)
    view.zoom_to(1.0, point)
    after = view.viewport.to_photo(point)
    assert (after - before).manhattanLength() < 1
    view.fit()
    assert view.zoom() == fitted


def test_a_picture_has_smaller_copies_and_a_film_is_as_dense_as_the_mask() -> None:
    picture = make_picture(Raster(np.zeros((1501, 3001, 3), np.uint8)))
    assert [(level.width(), level.height()) for level in picture.levels[:2]] == [(3001, 1501), (1501, 751)]
    assert picture.level_for(0.4)[1] == 2
    assert picture.level_for(2.0)[1] == 1
    laid = mask_overlay(np.array([[0.0, 1.0]], np.float32), QColor("red"), opacity=0.5)
    assert [laid.pixelColor(x, 0).alpha() for x in (0, 1)] == [0, 128]


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.usefixtures("qtbot")
def test_a_caption_longer_than_the_canvas_is_wide_goes_on_in_the_next_line(left: bool) -> None:
    image = QImage(220, 120, QImage.Format.Format_Grayscale8)
    image.fill(Qt.GlobalColor.white)
    with QPainter(image) as painter:
        paint_caption(painter, "Draw around a place; or move with the arrow keys", QRectF(image.rect()), left)
        line = QFontMetricsF(painter.font()).height()
    painted = np.frombuffer(image.constBits(), np.uint8).reshape(120, -1)[:, :220] < 255
    columns, rows = np.flatnonzero(painted.any(0)), np.flatnonzero(painted.any(1))
    assert columns[0] >= 7
    assert columns[-1] <= 220 - 8
    assert rows[-1] - rows[0] > 2 * line


def about_to_draw_an_area(qtbot: QtBot) -> tuple[PhotoView, list[Area]]:
    """A photo of 300 x 200 pixels, and the areas that are drawn on it."""
    view, drawn = PhotoView(), list[Area]()
    qtbot.addWidget(view)
    view.area_drawn.connect(drawn.append)
    view.resize(600, 400)
    view.show_photo(picture(1))
    view.show()
    view.draw_area()
    return view, drawn


def test_a_rectangle_is_drawn_by_the_keys_from_its_first_corner_on(qtbot: QtBot) -> None:
    view, drawn = about_to_draw_an_area(qtbot)
    key = Qt.Key
    QTest.keyClick(view, key.Key_Return)
    QTest.keyClick(view, key.Key_Left)
    QTest.keyClick(view, key.Key_Return)
    assert view.drawing, "nothing is drawn yet"
    for pressed in (key.Key_Space, *[key.Key_Right] * 8, *[key.Key_Up] * 30):
        QTest.keyClick(view, pressed)
    assert view.drawing
    assert drawn == []
    QTest.keyClick(view, key.Key_Return)
    assert not view.drawing
    (area,) = drawn
    assert (area.y, area.height) == (0, 100), "held at the border"
    assert area.x == pytest.approx(150 - 7.5, abs=1)
    assert area.width == pytest.approx(60, abs=2)


def test_another_button_of_the_mouse_ends_no_drag(qtbot: QtBot) -> None:
    view, drawn = about_to_draw_an_area(qtbot)
    corner, middle = QPoint(150, 120), QPoint(300, 200)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=corner)
    QTest.mouseMove(view, middle)
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=middle)
    assert (drawn, view.drawing) == ([], True)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle)
    assert len(drawn) == 1


def test_whoever_takes_the_mouse_after_the_keys_draws_with_that(qtbot: QtBot) -> None:
    view, drawn = about_to_draw_an_area(qtbot)
    for pressed in (Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(view, pressed)
    rect = view.viewport.photo_rect
    corners = [QPoint(round(rect.x() + part * rect.width()), round(rect.y() + part * rect.height())) for part in (0, 1)]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=corners[0] + QPoint(1, 1))
    QTest.mouseMove(view, corners[1] - QPoint(1, 1))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=corners[1] - QPoint(1, 1))
    (area,) = drawn
    assert min(area.width / 300, area.height / 200) > 0.97
