"""Small copies of pictures, in sRGB, to be looked at."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.raster import Raster, to_eight_bits


def small_copy(picture: Raster, side: int) -> NDArray[np.uint8]:
    """(h, w, 3) sRGB, no side longer than `side` pixels; never larger than the picture."""
    image = Image.fromarray(to_eight_bits(picture.pixels))
    image.thumbnail((side, side), reducing_gap=2.0)
    return to_eight_bits(to_srgb(Raster(np.asarray(image), picture.profile)))


def reduced(picture: Raster, divisor: int) -> Raster:
    """An 8-bit copy in the same colours, smaller by a whole divisor; what is left over at the far sides is a pixel."""
    pixels = to_eight_bits(picture.pixels)
    return Raster(np.array(Image.fromarray(pixels).reduce(divisor)) if divisor > 1 else pixels, picture.profile)
