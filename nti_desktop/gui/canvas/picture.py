"""Pictures ready to paint: the full size and smaller copies, so that any zoom paints at screen cost."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from nti_desktop.gui.canvas.viewport import Viewport
from nti_desktop.photo.colour import to_profile
from nti_desktop.photo.raster import Raster

_SMALLEST = 700  # pixels of the longer side; below, Qt's own scaling is quick and good enough


@dataclass(frozen=True, eq=False)
class Picture:
    """levels: the picture at 1, 1/2, 1/4, ... of its size; screen: profile of the screen it is for, None for sRGB;
    source: what it was made of, for another screen.
    """

    levels: tuple[QImage, ...]
    screen: bytes | None
    source: Callable[[], Raster]

    @property
    def width(self) -> int:
        """Of the whole picture, in pixels."""
        return self.levels[0].width()

    @property
    def height(self) -> int:
        """Of the whole picture, in pixels."""
        return self.levels[0].height()

    def level_for(self, zoom: float) -> tuple[QImage, int]:
        """The smallest level that still has a pixel for each screen pixel, and its divisor."""
        index = 0
        while index + 1 < len(self.levels) and zoom * 2 ** (index + 1) <= 1.0:
            index += 1
        return self.levels[index], 2**index


def make_picture(raster: Raster, screen: bytes | None = None, source: Callable[[], Raster] | None = None) -> Picture:
    """In the colours of a screen, None for sRGB. source: what gives the raster again, so that it need not be kept.

    For the background thread: 24 megapixels take a second or two.
    """
    pixels = to_profile(raster, screen)
    levels = [_image(pixels)]
    smaller = Image.fromarray(pixels)
    while max(smaller.size) > _SMALLEST and min(smaller.size) > 1:
        smaller = smaller.reduce(2)
        levels.append(_image(np.asarray(smaller)))
    return Picture(tuple(levels), screen, source or (lambda: raster))


def _image(pixels: NDArray[np.uint8]) -> QImage:
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(
        QImage.Format.Format_RGB32
    )


def thumbnail(pixels: NDArray[np.uint8], side: int, ratio: float) -> QPixmap:
    """A small picture (h, w, 3) sRGB to put into a label. side: pixels of the window; ratio: the screen's to one."""
    fits, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    pixmap = QPixmap.fromImage(_image(pixels).scaled(round(side * ratio), round(side * ratio), fits, smooth))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def paint_picture(painter: QPainter, picture: Picture, viewport: Viewport, part: QRectF) -> None:
    """Paint as much of a picture of the photo as is seen in a part of the window."""
    photo, shown = viewport.photo_rect, viewport.seen.intersected(part)
    if shown.isEmpty():
        return
    level, _ = picture.level_for(photo.width() * viewport.ratio / picture.width)
    across, down = level.width() / photo.width(), level.height() / photo.height()
    x, y = (shown.x() - photo.x()) * across, (shown.y() - photo.y()) * down
    painter.drawImage(shown, level, QRectF(x, y, shown.width() * across, shown.height() * down))


def is_reddish(picture: Picture) -> bool:
    """Tell whether the picture is so red that a red overlay would hardly be seen over it."""
    average = QColor(picture.levels[-1].scaled(1, 1, mode=Qt.TransformationMode.SmoothTransformation).pixel(0, 0))
    return average.red() > 1.5 * (average.green() + average.blue()) / 2


def mask_overlay(coverage: NDArray[np.float32], colour: QColor, opacity: float = 0.55) -> QImage:
    """An overlay of one colour, as dense as `coverage` (h, w) in [0, 1], to lay over a picture."""
    alpha = np.clip(coverage, 0, 1) * opacity
    pixels = np.empty((*coverage.shape, 4), np.uint8)
    for channel, value in enumerate((colour.blue(), colour.green(), colour.red())):
        pixels[..., channel] = np.round(alpha * value)
    pixels[..., 3] = np.round(alpha * 255)
    height, width = coverage.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
