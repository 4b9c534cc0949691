"""How near an edit comes to the right answer, which the renderer can draw. Pictures are (H, W, 3) floats in [0, 1].

Throughout: `source` is the autoencoder's own picture of the photo, `truth` its own picture of the scene with one
attribute changed, `edit` what the editor made of the source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating]
Region = NDArray[np.bool_]

VISIBLE = 8 / 255  # a smaller difference of a channel does not count as seen


def visible_difference(truth: Pixels, source: Pixels, reach: int = 2) -> Region:
    """The region R (H, W): where any channel differs visibly, grown by `reach` pixels to every side and corner."""
    differs: Region = np.abs(np.asarray(truth, np.float64) - source).max(-1) > VISIBLE
    padded = np.pad(differs, reach)
    grown = np.zeros_like(differs)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            grown |= padded[down : down + differs.shape[0], right : right + differs.shape[1]]
    return grown


def mean_squared_error(one: Pixels, other: Pixels, region: Region) -> float:
    """Mean squared difference over the pixels of a region (H, W). Raises ValueError when the region is empty."""
    if not region.any():
        raise ValueError("The region is empty; there is nothing to compare.")
    return float(np.mean((np.asarray(one, np.float64)[region] - np.asarray(other, np.float64)[region]) ** 2))


def recovered(edit: Pixels, source: Pixels, truth: Pixels) -> float:
    """1 - MSE_R(edit, truth) / MSE_R(source, truth): 1 is the truth itself, 0 no better than the source, below 0 worse.

    Raises ValueError when truth and source do not differ visibly.
    """
    region = visible_difference(truth, source)
    return 1 - mean_squared_error(edit, truth, region) / mean_squared_error(source, truth, region)


def psnr(one: Pixels, other: Pixels, region: Region | None = None) -> float:
    """Peak signal to noise in dB, over a region (H, W) or everywhere; infinite for equal pictures."""
    everywhere = np.ones(np.shape(one)[:2], np.bool_)
    error = mean_squared_error(one, other, everywhere if region is None else region)
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


def psnr_outside(edit: Pixels, source: Pixels, truth: Pixels) -> float:
    """Measure how well what should stay has stayed: PSNR of edit and source in dB outside R.

    Raises ValueError when R is the whole picture.
    """
    return psnr(edit, source, ~visible_difference(truth, source))


@dataclass(frozen=True)
class Overlap:
    """A mask against an object. iou: intersection over union, 0 to 1; coverage: the mask's area, in areas of the
    object.
    """

    iou: float
    coverage: float


def overlap(mask: Region, thing: Region) -> Overlap:
    """Measure how well a word's mask (H, W) fits the thing (H, W) that it names. Raises ValueError without a thing."""
    area = np.count_nonzero(thing)
    if not area:
        raise ValueError("The thing is nowhere to be seen; there is nothing to fit.")
    return Overlap(np.count_nonzero(mask & thing) / np.count_nonzero(mask | thing), np.count_nonzero(mask) / area)


def nearest(edit: Pixels, candidates: Sequence[Pixels], region: Region) -> int:
    """The attribute's verdict by analysis through synthesis: which candidate is nearest to the edit within the region.

    candidates: the scene drawn with each value the attribute can take; the first wins a tie. Raises ValueError when
    there are none, or when the region is empty.
    """
    return int(np.argmin([mean_squared_error(edit, candidate, region) for candidate in candidates]))


def bootstrap_interval(values: Sequence[float], level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """The mean's interval by the percentile bootstrap, 10,000 resamples; the same values always give the same interval.

    For a paired comparison pass the differences. Raises ValueError without values.
    """
    sample = np.asarray(values, np.float64)
    if sample.size == 0:
        raise ValueError("There are no values to take a mean of.")
    means = np.random.default_rng(seed).choice(sample, (10_000, sample.size)).mean(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def projection(edit: Pixels, source: Pixels, truth: Pixels) -> float:
    """Measure how far an edit has gone from the source, 0, to the truth, 1, along the way between them in R.

    Raises ValueError when truth and source do not differ visibly.
    """
    region = visible_difference(truth, source)
    if not region.any():
        raise ValueError("The region is empty; there is no way to go.")
    way = (np.asarray(truth, np.float64) - source)[region]
    gone = (np.asarray(edit, np.float64) - source)[region]
    return float((gone * way).sum() / (way * way).sum())


def sharpness(edit: Pixels, truth: Pixels, region: Region) -> float:
    """The mean slope of an edit's brightness within a region (H, W), in those of the truth: below 1 it is softer.

    Raises ValueError when the region is empty.
    """
    if not region.any():
        raise ValueError("The region is empty; there is nothing to compare.")
    one, other = (_slope(picture)[region].mean() for picture in (edit, truth))
    return float(one / max(other, 1e-6))


def _slope(picture: Pixels) -> NDArray[np.float64]:
    down, right = np.gradient(np.asarray(picture, np.float64).mean(-1))
    slope: NDArray[np.float64] = np.hypot(down, right)
    return slope
