"""Which rectangle of a photo the model sees, and at what size."""

from dataclasses import dataclass, replace
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.orientation import P, swaps_sides, turned, turned_point, undone
from nti_desktop.photo.raster import Raster, to_eight_bits

_PLACE = 0.5  # of a word's strongest attention; what is above is its place
_ROOM = 2.0  # times the place's width and height: what models know is a thing with its surroundings


@dataclass(frozen=True)
class Area:
    """A rectangle in upright photo pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Frame:
    """x, y, width, height: a rectangle in upright photo pixels; model_width, model_height: the size the model sees;
    turn: the EXIF orientation that brings the rectangle to how the model sees it, for photos that were turned since.
    """

    x: int
    y: int
    width: int
    height: int
    model_width: int
    model_height: int
    turn: int = 1

    @property
    def area(self) -> Area:
        """The rectangle of the photo."""
        return Area(self.x, self.y, self.width, self.height)

    @property
    def detail(self) -> float:
        """The share of the rectangle's pixels that the model sees, at most 1."""
        return min(1.0, self.model_width * self.model_height / (self.width * self.height))

    def reduced(self, divisor: int) -> "Frame":
        """The same rectangle on a copy of the photo that is smaller by a whole divisor, see `shrinking.reduced`."""
        left, top = self.x // divisor, self.y // divisor
        right, bottom = -(-(self.x + self.width) // divisor), -(-(self.y + self.height) // divisor)
        return replace(self, x=left, y=top, width=right - left, height=bottom - top)

    def seen(self, x: float, y: float) -> tuple[float, float]:
        """Find where a point of the photo, in its pixels, lies in the frame as its model sees it, in parts of its
        sides.
        """
        return turned_point(((x - self.x) / self.width, (y - self.y) / self.height), self.turn)

    def lying(self, point: tuple[float, float]) -> tuple[float, float]:
        """Find where a point of the frame as its model sees it lies in the rectangle, in parts of its sides."""
        return turned_point(point, undone(self.turn))

    def in_photo(self, point: tuple[float, float]) -> tuple[float, float]:
        """Find the pixel of the photo that a point of the frame as its model sees it stands for; undoes `seen`."""
        x, y = self.lying(point)
        return self.x + x * self.width, self.y + y * self.height

    def upright(self, picture: NDArray[P]) -> NDArray[P]:
        """A picture as the model made it, (h, w, ...), the way it lies in the photo."""
        return turned(picture, undone(self.turn))


def frame_of(area: Area, native_size: int, multiple: int) -> Frame:
    """An area in its own aspect ratio, with about as many pixels as the model was trained on.

    native_size: side of the model's square, in pixels; multiple: what the sides must be multiples of. Of the sizes near
    that area the one that squeezes least. Where the short side cannot get shorter, the long one is held so that the
    area still fits.
    """
    short, long = sorted((area.width, area.height))
    aspect = long / short
    model_short, model_long = min(_sides(aspect, native_size, multiple), key=partial(_squeeze, aspect, native_size))
    upright = area.width < area.height
    sides = (model_short, model_long) if upright else (model_long, model_short)
    return Frame(area.x, area.y, area.width, area.height, *sides)


def whole_photo(width: int, height: int, native_size: int, multiple: int) -> Frame:
    """The frame of a whole photo of this size; see `frame_of`."""
    return frame_of(Area(0, 0, width, height), native_size, multiple)


def area_around(place: NDArray[np.float32], frame: Frame, photo: tuple[int, int], native_size: int) -> Area:
    """The area to work on when a thing is to get more of the model's resolution: its place with room around it, square
    as far as the photo goes, like the pictures that models learn from.

    place: (h, w) in [0, 1], where a frame's word looked, as it lies in the photo; photo: (width, height). Not smaller
    than what the model sees pixel by pixel, as far as the photo goes.
    """
    height, width = place.shape
    rows, columns = (np.flatnonzero((place >= _PLACE * place.max()).any(axis=axis)) for axis in (1, 0))
    across = (frame.x + end / width * frame.width for end in (columns[0], columns[-1] + 1))
    down = (frame.y + end / height * frame.height for end in (rows[0], rows[-1] + 1))
    (left, right), (top, bottom) = across, down
    side = min(*photo, _ROOM * max(right - left, bottom - top))
    x, wide = _span(left, right, max(side, native_size), photo[0])
    y, high = _span(top, bottom, max(side, native_size), photo[1])
    return Area(x, y, wide, high)


def _span(start: float, end: float, least: float, whole: int) -> tuple[int, int]:
    """Return where a side of an area begins and how long it is, around what lies from start to end of the photo's."""
    length = min(whole, round(max(_ROOM * (end - start), least)))
    return min(max(0, round((start + end - length) / 2)), whole - length), length


def frame_image(photo: Raster, frame: Frame) -> NDArray[np.uint8]:
    """Cut a frame out of a photo as the model sees it, in sRGB: (model_height, model_width, 3), Lanczos-resampled.

    Raises PhotoError when the frame does not lie within the photo.
    """
    small = Raster(shrunk_frame(photo, frame), photo.profile)
    return turned(to_eight_bits(to_srgb(small)), frame.turn)


def shrunk_frame(photo: Raster, frame: Frame) -> NDArray[np.uint8]:
    """The same in the photo's own colours and as it lies in the photo, (h, w, 3)."""
    check_frame(photo.size, frame)
    part = photo.pixels[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]
    width, height = frame.model_width, frame.model_height
    size = (height, width) if swaps_sides(frame.turn) else (width, height)
    return np.array(Image.fromarray(to_eight_bits(part)).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def check_frame(size: tuple[int, int], frame: Frame) -> None:
    """Raises PhotoError when the frame is empty or does not lie within a photo of this (width, height)."""
    width, height = size
    inside = 0 <= frame.x < frame.x + frame.width <= width and 0 <= frame.y < frame.y + frame.height <= height
    if not inside or frame.model_width < 1 or frame.model_height < 1:
        raise PhotoError(
            f"The area to edit does not lie within this photo of {width} × {height} pixels; choose another."
        )


def _sides(aspect: float, native_size: int, multiple: int) -> list[tuple[int, int]]:
    """The short and the long sides just below and above what the aspect ratio asks for."""
    shorts = _around(native_size / aspect**0.5, multiple)
    return [
        (short, long)
        for short in shorts
        for long in _around(native_size * min(aspect**0.5, native_size / shorts[0]), multiple)
        if short <= long
    ]


def _around(length: float, multiple: int) -> list[int]:
    """The multiples just below and above a length, not nothing."""
    below = max(1, int(length // multiple))
    return [below * multiple, max(below, -int(-length // multiple)) * multiple]


def _squeeze(aspect: float, native_size: int, sides: tuple[int, int]) -> tuple[float, float]:
    """Measure how far sides are from an aspect ratio, and from the area of the model's square; both are 0 or more."""
    short, long = sides
    return abs(log(long / short / aspect)), abs(log(long * short / native_size**2))
