"""Cutting a thing out of a picture: what differs from all that is around it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from nti_desktop.recipe.image_prompt import Part

CELL = 4  # pixels; the side of what is told apart
FAR = 0.67  # how much the picture's height counts, in colours from black to white
SURELY = 0.6  # of Otsu's threshold: what is left out is missed more than what is too much
LEAST = 0.03  # that anything is unlike, where black and white are 1.7 apart
FEWEST = 40  # cells around, to know the surroundings by
_LEVELS = 64  # of a histogram


def cut_out(picture: NDArray[np.uint8], part: Part) -> NDArray[np.float32]:
    """Tell how much each pixel of a picture (H, W, 3), sides multiples of CELL, shows the thing that stands in a part
    of it: (H, W) from 0 to 1, 0 outside the part, and 1 in all of it where there is too little around.

    A cell is as unlike its surroundings as its colour is unlike the nearest one outside the part, where rows that are
    far away count as less alike; what is unlike them is told from what is not by Otsu (1979).
    """
    height, width = (side // CELL for side in picture.shape[:2])
    cells = picture.reshape(height, CELL, width, CELL, 3).mean((1, 3)) / 255
    down, across = np.mgrid[:height, :width] + 0.5
    left, top, right, bottom = (side / CELL for side in part)
    inside = (down > top - 0.5) & (down < bottom + 0.5) & (across > left - 0.5) & (across < right + 0.5)
    if np.count_nonzero(~inside) < FEWEST or not inside.any():
        return _in_pixels(inside)
    seen = np.concatenate([cells, FAR * down[..., None] / height], -1)
    unlike = _nearest(seen[inside], seen[~inside])
    thing = np.zeros((height, width), np.bool_)
    thing[inside] = unlike > max(SURELY * _threshold(unlike), LEAST)
    cleaned = Image.fromarray(thing.astype(np.uint8) * 255).filter(ImageFilter.MedianFilter(3))
    return _in_pixels(np.asarray(cleaned) > 127)


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


def _in_pixels(cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    height, width = cells.shape
    small = Image.fromarray(cells.astype(np.uint8) * 255)
    return np.asarray(small.resize((width * CELL, height * CELL), Image.Resampling.BILINEAR), np.float32) / np.float32(
        255
    )
