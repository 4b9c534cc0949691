"""YCbCr in a TIFF that is no JPEG, which decoders hand out as it stands (TIFF 6.0, sections 20 and 21)."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.raster import Pixels

_COMPRESSION, _PHOTOMETRIC, _COEFFICIENTS, _SUBSAMPLING, _REFERENCE = 259, 262, 529, 530, 532
_YCBCR = 6
_DECODED_AS_RGB = (6, 7)  # both forms of JPEG
_BT601 = (0.299, 0.587, 0.114)
_ROWS = 256  # at a time, as what is wider for a moment takes memory


@dataclass(frozen=True)
class YCbCr:
    """luma: shares of red, green and blue in the brightness; reference: black and white of Y, then of Cb and Cr, in
    levels of the file, None for the whole range; subsampled: whether one colour stands for several pixels.
    """

    luma: tuple[float, ...]
    reference: tuple[float, ...] | None
    subsampled: bool


def read_ycbcr(file: BinaryIO) -> YCbCr | None:
    """Tell how a TIFF's YCbCr is to be read; None for one in other colours or in JPEG, which decoders make RGB of."""
    head = tiff.read_layout(file)
    first = tiff.read_directory(file, *head) if head else None
    if head is None or first is None:
        return None
    layout, _ = head

    def integers(tag: int) -> tuple[int, ...]:
        return tiff.integers_of(file, layout, first.find(tag))

    def shares(tag: int, count: int) -> tuple[float, ...] | None:
        entry = first.find(tag)
        if entry is None or entry.type != tiff.RATIONAL or entry.count != count:
            return None
        parts = struct.unpack(f"{layout.order}{2 * count}L", tiff.value_of(file, entry, entry.size))
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        return tuple(over / under for over, under in pairs) if all(under for _, under in pairs) else None

    if integers(_PHOTOMETRIC) != (_YCBCR,) or integers(_COMPRESSION)[:1] in [(kind,) for kind in _DECODED_AS_RGB]:
        return None
    luma, reference = shares(_COEFFICIENTS, 3), shares(_REFERENCE, 6)
    subsampled = (integers(_SUBSAMPLING) or (2, 2)) != (1, 1)
    return YCbCr(luma if luma and luma[1] else _BT601, reference, subsampled)


def rgb_of(pixels: Pixels, coded: YCbCr) -> Pixels:
    """The same picture in RGB at the same depth: (H, W, 3) to (H, W, 3)."""
    white = int(np.iinfo(pixels.dtype).max)
    middle = white // 2 + 1
    black_y, white_y, *colours = coded.reference or (0, white, middle, white, middle, white)
    red, green, blue = coded.luma
    rgb = np.empty_like(pixels)
    for top in range(0, len(pixels), _ROWS):
        y, cb, cr = np.moveaxis(pixels[top : top + _ROWS].astype(np.float32), -1, 0)
        y = (y - black_y) * (white / ((white_y - black_y) or white))
        cb = (cb - colours[0]) * ((middle - 1) / ((colours[1] - colours[0]) or 1))
        cr = (cr - colours[2]) * ((middle - 1) / ((colours[3] - colours[2]) or 1))
        r, b = y + (2 - 2 * red) * cr, y + (2 - 2 * blue) * cb
        mixed = np.stack([r, (y - red * r - blue * b) / green, b], axis=-1)
        rgb[top : top + _ROWS] = np.rint(np.clip(mixed, 0, white)).astype(pixels.dtype)
    return rgb
