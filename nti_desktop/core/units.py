"""Decibels: how near two pictures are."""

import numpy as np
from numpy.typing import NDArray

EXACT = 150.0  # dB; where float32 ends


def decibels(picture: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """PSNR of two pictures in [0, 1]; at most EXACT."""
    error = float(np.square(picture.astype(np.float64) - reference).mean())
    return min(-10 * float(np.log10(max(error, 1e-15))), EXACT)


def in_decibels(psnr: float | None) -> str:
    """A PSNR as it is told to a person."""
    if psnr is None:
        return "not measured"
    return f"{EXACT:.0f} dB (exact)" if psnr >= EXACT else f"{psnr:.1f} dB"
