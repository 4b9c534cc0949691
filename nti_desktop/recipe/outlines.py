"""Where the photo may change, drawn by hand: closed outlines in a frame, whatever size a model sees it at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nti_desktop.core.errors import RecipeError

Point = tuple[float, float]  # to the right and down, parts of the frame's sides

MOST_POINTS = 500  # of one outline
MOST_OUTLINES = 50


@dataclass(frozen=True)
class Outline:
    """A closed line through points of a frame as its model sees it, 3 to MOST_POINTS of them; the last is joined to the
    first. Raises RecipeError for any other number, and for points that are not in the frame.
    """

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.points) <= MOST_POINTS:
            raise RecipeError(
                f"An outline of {len(self.points)} points is not possible; draw it through 3 to {MOST_POINTS} points."
            )
        if not all(0 <= side <= 1 for point in self.points for side in point):  # also true for NaN
            raise RecipeError("An outline leaves the part of the photo that is worked on; draw it within.")


def check_outlines(outlines: Sequence[Outline]) -> None:
    """Raises RecipeError when there are too many."""
    if len(outlines) > MOST_OUTLINES:
        raise RecipeError(f"At most {MOST_OUTLINES} outlines are possible; draw fewer, larger ones.")


def rectangle(left: float, top: float, right: float, bottom: float) -> Outline:
    """The outline of a rectangle, sides in parts of the frame's."""
    return Outline(((left, top), (right, top), (right, bottom), (left, bottom)))


def inside(outlines: Sequence[Outline], height: int, width: int) -> NDArray[np.bool_]:
    """Find what lies within any of some outlines: (height, width), True where the middle of a pixel does. What a line
    goes around twice is within, too.
    """
    found = np.zeros((height, width), np.bool_)
    middles = (np.arange(height) + 0.5) / height
    for points in (outline.points for outline in outlines):
        turns = np.zeros((height, width + 1), np.int16)  # of the line around what lies to the right of each column
        for (x, y), (to_x, to_y) in zip(points, (*points[1:], points[0]), strict=True):
            crossed = (y <= middles) != (to_y <= middles)
            if crossed.any():
                at = x + (middles[crossed] - y) / (to_y - y) * (to_x - x)
                turns[crossed, np.ceil(at * width - 0.5).astype(int)] += 1 if y < to_y else -1
        found |= turns.cumsum(1)[:, :width] != 0
    return found
