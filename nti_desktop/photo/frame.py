"""Which rectangle of a photo the model sees, and at what size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.errors import PhotoError
from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.raster import Raster, to_eight_bits


@dataclass(frozen=True)
class Frame:
    """x, y, width, height: a rectangle in upright photo pixels; model_width, model_height: the size the model sees."""

    x: int
    y: int
    width: int
    height: int
    model_width: int
    model_height: int


def whole_photo(width: int, height: int, native_size: int, multiple: int) -> Frame:
    """The whole photo, in its own aspect ratio, at about the area the model was trained on.

    width, height: of the photo; native_size: side of the model's square, in pixels; multiple: what the sides must be
    multiples of. Where the short side cannot get shorter, the long one is held so that the area still fits.
    """
    short, long = sorted((width, height))
    model_short = _nearest_multiple(native_size * (short / long) ** 0.5, multiple)
    model_long = _nearest_multiple(min(native_size * (long / short) ** 0.5, native_size**2 / model_short), multiple)
    if width < height:
        return Frame(0, 0, width, height, model_short, model_long)
    return Frame(0, 0, width, height, model_long, model_short)


def frame_image(photo: Raster, frame: Frame) -> NDArray[np.uint8]:
    """What the model sees of a photo, in sRGB: (model_height, model_width, 3), Lanczos-resampled.

    Raises PhotoError when the frame does not lie within the photo.
    """
    check_frame(photo.size, frame)
    part = photo.pixels[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]
    size = (frame.model_width, frame.model_height)
    image = Image.fromarray(to_eight_bits(part)).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return to_eight_bits(to_srgb(Raster(np.array(image), photo.profile)))


def check_frame(size: tuple[int, int], frame: Frame) -> None:
    """Raises PhotoError when the frame is empty or does not lie within a photo of this (width, height)."""
    width, height = size
    inside = 0 <= frame.x < frame.x + frame.width <= width and 0 <= frame.y < frame.y + frame.height <= height
    if not inside or frame.model_width < 1 or frame.model_height < 1:
        raise PhotoError("The edited part does not lie within this photo; prepare the photo again.")


def _nearest_multiple(length: float, multiple: int) -> int:
    return max(multiple, round(length / multiple) * multiple)
