"""Decibels, which tell how near two pictures are, and times as a person is told them."""

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


def unpinned(psnr: float | None) -> str:
    """Add how near guidance alone led back to the photo, where it was asked to; nothing for ways without."""
    return "" if psnr is None else f"; guidance alone, unpinned: {in_decibels(psnr)}"


def duration(seconds: float) -> str:
    """In words a person would use: “about 4 s”, “about 3 min”, “about 1 h 20 min”."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 90:
        return f"about {seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"
