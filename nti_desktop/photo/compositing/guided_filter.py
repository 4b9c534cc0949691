"""The guided filter: what a plane of the model's size becomes when it follows the edges of a picture beside it.

He, Sun and Tang 2013, "Guided image filtering"; He and Sun 2015, "Fast guided filter": the coefficients belong to the
model's size, are enlarged, and meet the photo itself. Pictures here are planes first, (3, h, w).
"""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.photo.compositing.box_filter import window_mean

Planes = NDArray[np.float32]

# Where the six different entries of a symmetric matrix of channels stand in it, see `np.triu_indices`.
_SYMMETRIC = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])


def guided_coefficients(
    target: Planes, guide: Planes, reach: int, regularization: float | NDArray[np.float32], black: float = 0.0
) -> tuple[Planes, Planes]:
    """`slope` (n, 3, h, w) and `offset` (n, h, w) of target ≈ slope · guide + offset around every pixel.

    target: (n, h, w); guide: (3, h, w) in [0, 1]; reach: of the windows, in pixels; regularization: epsilon, the
    variance of the guide that is too little to follow, everywhere or at each pixel (h, w); black: so large a part of
    every window, 0 to 1, is taken to be black in the guide and 0 in the target. Eq. 19 and 20 of He, Sun and Tang, each
    averaged over the windows that hold the pixel (eq. 21).
    """
    mean, mean_guide = window_mean(target, reach), window_mean(guide, reach)
    kept = 1 - black
    one, other = np.triu_indices(3)
    pairs = window_mean(guide[one] * guide[other], reach) - kept * mean_guide[one] * mean_guide[other]
    variance = pairs[_SYMMETRIC]
    inverse = _inverse(variance + regularization * np.eye(3, dtype=np.float32)[..., None, None])
    slope = np.empty((len(target), *guide.shape), np.float32)
    for number, plane in enumerate(target):
        covariance = window_mean(plane * guide, reach) - kept * mean[number] * mean_guide
        np.einsum("ihw,ijhw->jhw", covariance, inverse, out=slope[number])
    offset = mean - np.einsum("nihw,ihw->nhw", slope, mean_guide)
    return window_mean(slope, reach), window_mean(offset, reach)


def followed(slope: Planes, offset: Planes, guide: Planes) -> Planes:
    """slope · guide + offset: (n, h, w) of (n, 3, h, w), (n, h, w) and a guide (3, h, w)."""
    target: Planes = np.einsum("nihw,ihw->nhw", slope, guide) + offset
    return target


def _inverse(matrices: Planes) -> Planes:
    """Of symmetric positive definite matrices, (3, 3, h, w)."""
    one, two, three = matrices
    adjugate = np.stack([np.cross(*pair, axis=0) for pair in ((two, three), (three, one), (one, two))])
    inverse: Planes = adjugate / (one * adjugate[0]).sum(axis=0)
    return inverse
