"""What the canvas draws over the photo leaves the photo itself to be seen."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

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
