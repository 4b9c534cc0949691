"""Cutting a thing out of a picture: what differs from all that is around it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from nti_desktop.recipe.image_prompt import Part

CELLS = 56  # along the longer side; what is told apart
FAR = 0.67  # how much the picture's height counts, in colours from black to white
SURELY = 0.6  # of Otsu's threshold: what is left out is missed more than what is too much
LEAST = 0.03  # that anything is unlike, where black and white are 1.7 apart
FEWEST = 40  # cells around, to know the surroundings by
_LEVELS = 64  # of a histogram


def cut_out(picture: NDArray[np.uint8], part: Part) -> NDArray[np.float32]:
    """Tell how much each pixel of a picture (H, W, 3) shows the thing that stands in a part of it: (H, W) from 0 to 1,
    0 outside the part, and 1 in all of it where there is too little around.

    A cell is as unlike its surroundings as its colour is unlike the nearest one outside the part, where rows that are
    far away count as less alike; what is unlike them is told from what is not by Otsu (1979).
    """
    size = (picture.shape[0], picture.shape[1])
    height, width = (max(1, round(side * CELLS / max(size))) for side in size)
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
    cells = np.asarray(small, np.float64) / 255
    down, across = np.mgrid[:height, :width] + 0.5
    left, top, right, bottom = (side * CELLS / max(size) for side in part)
    inside = (down > top - 0.5) & (down < bottom + 0.5) & (across > left - 0.5) & (across < right + 0.5)
    if np.count_nonzero(~inside) < FEWEST or not inside.any():
        return _in_pixels(inside, size)
    seen = np.concatenate([cells, FAR * down[..., None] / height], -1)
    unlike = _nearest(seen[inside], seen[~inside])
    thing = np.zeros((height, width), np.bool_)
    thing[inside] = unlike > max(SURELY * _threshold(unlike), LEAST)
    cleaned = Image.fromarray(thing.astype(np.uint8) * 255).filter(ImageFilter.MedianFilter(3))
    return _in_pixels(np.asarray(cleaned) > 127, size)


def _nearest(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure how far each point (N, K) is from the nearest of the others (M, K)."""
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1) - 2 * points @ others.T
    nearest: NDArray[np.float64] = np.sqrt(np.maximum(squares.min(1), 0))
    return nearest


def _threshold(values: NDArray[np.float64]) -> float:
    """Part two kinds of values where they differ most from each other and least among themselves."""
    counts, edges = np.histogram(values, _LEVELS)
    middles = (edges[1:] + edges[:-1]) / 2
    below = counts.cumsum()
    sums = (counts * middles).cumsum()
    both = below * (below[-1] - below)
    between = np.divide((sums[-1] * below / below[-1] - sums) ** 2, both, out=np.zeros(_LEVELS), where=both > 0)
    return float(middles[between.argmax()])


def _in_pixels(cells: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    small = Image.fromarray(cells.astype(np.uint8) * 255)
    levels = np.asarray(small.resize((size[1], size[0]), Image.Resampling.BILINEAR), np.float32)
    return levels / np.float32(255)
