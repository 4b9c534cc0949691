"""From the mask a model made to how far each pixel of its frame follows the edit: softened inwards, never outwards."""

import numpy as np
from numpy.typing import NDArray

Sides = tuple[bool, bool, bool, bool]


def soften_inwards(mask: NDArray[np.float32], feather: int, open_sides: Sides) -> NDArray[np.float32]:
    """The mask, rising from 0 in its outermost pixels to its full value `feather` pixels further in.

    mask: (h, w) in [0, 1]; feather: in pixels, at least 1; open_sides: top, bottom, left, right, True where there is
    photo beyond the frame, so that the frame's own border is softened as well. Parts too thin for that rise faster and
    reach their full value in their middle. Nowhere is the result above the mask.
    """
    depth = _depth(mask > 0, feather + 1, open_sides)
    middle = window_maximum(depth, feather + 1)
    rise = np.minimum(feather, np.maximum(middle - 1, 0))
    ramp = np.divide(depth - 1, rise, out=np.ones_like(depth), where=rise > 0)
    softened: NDArray[np.float32] = mask * np.clip(ramp, 0, 1)
    return softened


def _depth(inside: NDArray[np.bool_], most: int, open_sides: Sides) -> NDArray[np.float32]:
    """Euclidean distance to the nearest pixel outside, at most `most`; (h, w). Beyond a side that is not open counts
    as inside.
    """
    top, bottom, left, right = (most if is_open else 0 for is_open in open_sides)
    padded = np.pad(inside, ((top, bottom), (left, right)))
    padded = np.pad(padded, ((most - top, most - bottom), (most - left, most - right)), constant_values=True)
    height, width = padded.shape
    columns = np.arange(width)
    before = np.maximum.accumulate(np.where(padded, -most, columns), axis=1)
    after = np.minimum.accumulate(np.where(padded, width + most, columns)[:, ::-1], axis=1)[:, ::-1]
    along = np.minimum(np.minimum(columns - before, after - columns), most).astype(np.float32) ** 2
    rows = height - 2 * most
    squared = along[most : most + rows].copy()
    for offset in range(1, most + 1):
        for start in (most - offset, most + offset):
            np.minimum(squared, along[start : start + rows] + offset**2, out=squared)
    distance: NDArray[np.float32] = np.minimum(np.sqrt(squared[:, most : width - most]), most)
    return distance


def window_maximum(plane: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Maximum over the square window that reaches `reach` pixels to every side; (h, w)."""
    for axis in (0, 1):
        plane = _windows(plane, reach, axis).max(axis=-1)
    return plane


def window_mean(plane: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Mean over the square window that reaches `reach` pixels to every side; (h, w)."""
    for axis in (0, 1):
        plane = _windows(plane, reach, axis).mean(axis=-1)
    return plane


def _windows(plane: NDArray[np.float32], reach: int, axis: int) -> NDArray[np.float32]:
    padded = np.pad(plane, [(reach, reach) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
