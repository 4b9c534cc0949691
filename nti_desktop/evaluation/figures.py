"""How like two pictures are where nothing should change, by the formulas of PIE-Bench's published code.

Pictures are (H, W, 3) floats in [0, 1]; what may change is black in both before they are compared, and counts as equal,
as it does there (Ju et al. 2024).
"""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.core.units import decibels

Pixels = NDArray[np.floating]

WINDOW, DEVIATION = 11, 1.5  # of SSIM's Gaussian (Wang et al. 2004)
C1, C2 = 0.01**2, 0.03**2


def squared_error(picture: Pixels, photo: Pixels) -> float:
    """The mean squared error."""
    return float(np.square(picture.astype(np.float64) - photo).mean())


def psnr(picture: Pixels, photo: Pixels) -> float:
    """Peak signal to noise in dB."""
    return decibels(picture, photo)


def ssim(picture: Pixels, photo: Pixels) -> float:
    """Structural similarity, at most 1 (Wang et al. 2004, eq. 13), over all windows that lie within the picture.

    Raises ValueError for pictures smaller than a window.
    """
    if min(picture.shape[:2]) < WINDOW:
        raise ValueError(f"A picture of {picture.shape[1]} x {picture.shape[0]} pixels is too small for SSIM.")
    x, y = picture.astype(np.float64), photo.astype(np.float64)
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    likeness = ((2 * mean_x * mean_y + C1) * (2 * covariance + C2)) / (
        (mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2)
    )
    return float(likeness.mean())


def _blurred(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the Gaussian, where all of it lies within the picture."""
    place = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(place**2) / (2 * DEVIATION**2))
    weights /= weights.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(picture, WINDOW, axis=axis)
        picture = windows @ weights
    return picture
