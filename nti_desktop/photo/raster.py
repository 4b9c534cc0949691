"""Pixels with the colours they are in: what a photo is made of, and what an export writes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.uint16]

_AT_A_TIME = 1 << 20  # values: what is wider for a moment stays small


@dataclass(frozen=True, eq=False)
class Raster:
    """pixels: (H, W, 3), uint8 or uint16 over its whole range; profile: ICC profile of its colours, None for sRGB."""

    pixels: Pixels
    profile: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        height, width = self.pixels.shape[:2]
        return width, height

    @property
    def white(self) -> int:
        """The largest value a channel can have: 255 or 65535."""
        return int(np.iinfo(self.pixels.dtype).max)


@dataclass(frozen=True)
class Development:
    """What turned a sensor's data into pixels; equal developments of one file give equal pixels.

    library: names and versions; settings: (name, value) pairs in alphabetical order.
    """

    library: str
    settings: tuple[tuple[str, str], ...]


def to_eight_bits(pixels: Pixels) -> NDArray[np.uint8]:
    """Every value's nearest of 256; (..., 3)."""
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, np.uint8)
    eight = np.empty(pixels.shape, np.uint8)
    values, nearest = np.ascontiguousarray(pixels).reshape(-1), eight.reshape(-1)
    for start in range(0, values.size, _AT_A_TIME):
        # (v + 128) * 255 / 65535, whole numbers only: v / 257, rounded
        few = values[start : start + _AT_A_TIME].astype(np.uint32)
        few += 128
        few //= 257
        nearest[start : start + _AT_A_TIME] = few
    return eight


def to_sixteen_bits(pixels: Pixels) -> NDArray[np.uint16]:
    """8 bits spread over the whole range, 0 to 65535; (..., 3)."""
    if pixels.dtype == np.uint16:
        return np.ascontiguousarray(pixels, np.uint16)
    return pixels.astype(np.uint16) * np.uint16(257)
