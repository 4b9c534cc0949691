"""EXIF orientations: what brings a stored picture upright, and how two turns follow one another."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

P = TypeVar("P", bound=np.generic)

# EXIF 2.32, orientation: (whether rows and columns change places first, then rows reversed, then columns reversed).
_STEPS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
_BY_STEPS = {steps: orientation for orientation, steps in _STEPS.items()}
_BLOCK = 64  # pixels a side, copied at a time: rows that are read down then stay in the processor's cache


def turned(pixels: NDArray[P], orientation: int) -> NDArray[P]:
    """A picture stored under an EXIF orientation, 1 to 8, upright: (H, W, ...) to (H, W, ...) or (W, H, ...)."""
    swapped, rows, columns = _STEPS[orientation]
    if swapped:
        pixels = pixels.swapaxes(0, 1)
    seen = pixels[:: -1 if rows else 1, :: -1 if columns else 1]
    if orientation == 1:
        return np.ascontiguousarray(seen)
    upright = np.empty(seen.shape, seen.dtype)
    channels = list(np.ndindex(seen.shape[2:]))
    for y in range(0, seen.shape[0], _BLOCK):
        for x in range(0, seen.shape[1], _BLOCK):
            for channel in channels:
                block = (slice(y, y + _BLOCK), slice(x, x + _BLOCK), *channel)
                upright[block] = seen[block]
    return upright


def swaps_sides(orientation: int) -> bool:
    """Tell whether an EXIF orientation, 1 to 8, makes width and height change places."""
    return _STEPS[orientation][0]


def undone(orientation: int) -> int:
    """The orientation that turns back what this one did."""
    return {6: 8, 8: 6}.get(orientation, orientation)


def combined(first: int, then: int) -> int:
    """The one orientation that does what two do, one after the other."""
    swapped, rows, columns = _STEPS[first]
    swaps_again, rows_again, columns_again = _STEPS[then]
    if swaps_again:
        rows, columns = columns, rows
    return _BY_STEPS[swapped != swaps_again, rows != rows_again, columns != columns_again]


def turned_point(point: tuple[float, float], orientation: int) -> tuple[float, float]:
    """Find where a point (x, y) of a picture, in parts of its sides, lies once the picture is turned."""
    swapped, rows, columns = _STEPS[orientation]
    x, y = reversed(point) if swapped else point
    return 1 - x if columns else x, 1 - y if rows else y


def turned_area(area: tuple[int, int, int, int], size: tuple[int, int], orientation: int) -> tuple[int, int, int, int]:
    """Find where an area (x, y, width, height) of a picture of this (width, height) lies once the picture is turned."""
    swapped, rows, columns = _STEPS[orientation]
    x, y, width, height = area
    whole_width, whole_height = size
    if swapped:
        x, y, width, height, whole_width, whole_height = y, x, height, width, whole_height, whole_width
    return whole_width - x - width if columns else x, whole_height - y - height if rows else y, width, height
