"""From the mask a model made to how far each pixel of its frame follows the edit.

It is fitted to edges, where it has too few pixels to know them, and softened inwards; never does it reach outwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nti_desktop.photo.compositing.box_filter import window_maximum
from nti_desktop.photo.compositing.guided_filter import Planes, followed, guided_coefficients

Sides = tuple[bool, bool, bool, bool]

_REACH = 1 / 32  # of the frame's shorter side: how far off the model's mask may be
_SMOOTH = 1e-3  # variance of a picture, in [0, 1] squared, that is no edge
_FITTED_ENDS = (0.1, 0.9)  # what of a fitted mask is outside and inside: the filter hardly ever says 0 or 1


@dataclass(frozen=True, eq=False)
class FittedMask:
    """A mask that knows the edges of the photo and of the edit.

    slope, offset: (3, h, w) and (h, w), of the photo's own colours, see `guided_coefficients`; of_edit: (h, w), what
    the edit's edges make of the mask, for things that are not in the photo; ramp: (h, w) in [0, 1], 0 outside.
    """

    slope: Planes
    offset: NDArray[np.float32]
    of_edit: NDArray[np.float32]
    ramp: NDArray[np.float32]


def fit_mask(mask: NDArray[np.float32], edit: Planes, source: Planes, ramp: NDArray[np.float32]) -> FittedMask:
    """Fit a mask (h, w) in [0, 1] to two pictures, (3, h, w) in [0, 1]. ramp: (h, w), as `soften_inwards` makes it."""
    reach = max(1, round(_REACH * min(mask.shape)))
    slope, offset = guided_coefficients(mask[None], source, reach, _SMOOTH)
    of_edit = followed(*guided_coefficients(mask[None], edit, reach, _SMOOTH), edit)
    return FittedMask(slope[0], offset[0], of_edit[0], ramp)


def fit_nothing(ramp: NDArray[np.float32]) -> FittedMask:
    """The whole frame without a mask."""
    everywhere = np.ones_like(ramp)
    return FittedMask(np.zeros((3, *ramp.shape), np.float32), everywhere, everywhere, ramp)


def strength_of(
    of_photo: NDArray[np.float32], of_edit: NDArray[np.float32], ramp: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Compute how far each pixel follows the edit, in [0, 1]: as far as the photo's edges or the edit's say, whichever
    is more, times `ramp`; all (h, w).
    """
    start, end = _FITTED_ENDS
    strength = np.maximum(of_photo, of_edit)
    strength -= start
    strength /= end - start
    np.clip(strength, 0, 1, out=strength)
    strength *= ramp
    return strength


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
