"""Places that are marked by hand: what lies within a line, and which lines are possible."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.outlines import MOST_OUTLINES, MOST_POINTS, Outline, inside, rectangle
from nti_desktop.recipe.recipe import EditRecipe, asks_for_nothing


def test_a_rectangle_holds_the_pixels_whose_middle_is_in_it_at_any_size() -> None:
    found = inside((rectangle(0.25, 0.5, 0.75, 1.0),), 4, 8)
    expected = np.zeros((4, 8), np.bool_)
    expected[2:, 2:6] = True
    assert np.array_equal(found, expected)
    assert np.array_equal(inside((rectangle(0.25, 0.5, 0.75, 1.0),), 40, 80), expected.repeat(10, 0).repeat(10, 1))


def test_the_whole_frame_and_nothing_at_all_can_be_marked() -> None:
    assert inside((rectangle(0, 0, 1, 1),), 6, 9).all()
    assert not inside((), 6, 9).any()


def test_a_triangle_covers_about_half_of_the_box_around_it() -> None:
    share = inside((Outline(((0, 0), (1, 0), (0, 1))),), 200, 300).mean()
    assert share == pytest.approx(0.5, abs=0.01)


def test_several_places_are_marked_at_once() -> None:
    left, right = rectangle(0, 0, 0.25, 1), rectangle(0.5, 0, 1, 1)
    assert np.array_equal(inside((left, right), 5, 8), inside((left,), 5, 8) | inside((right,), 5, 8))


def test_a_line_that_crosses_itself_marks_what_it_goes_around_however_often() -> None:
    once = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
    assert np.array_equal(inside((Outline(once * 2),), 30, 40), inside((Outline(once),), 30, 40))
    assert np.array_equal(inside((Outline(once[::-1]),), 30, 40), inside((Outline(once),), 30, 40))


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((0, 0), (1, 1)),
        ((0.5, 0.5),) * (MOST_POINTS + 1),
        ((0, 0), (1, 0), (1.01, 1)),
        ((0, 0), (1, 0), (math.nan, 1)),
        ((0, 0), (-0.1, 0), (1, 1)),
    ],
)
def test_a_line_that_marks_nothing_or_leaves_the_frame_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(RecipeError):
        Outline(points)


def test_there_are_only_so_many_places() -> None:
    with pytest.raises(RecipeError, match="fewer"):
        EditRecipe("a ball", within=(rectangle(0, 0, 1, 1),) * (MOST_OUTLINES + 1))


def test_nothing_can_be_said_where_a_place_is_marked_which_asks_for_something() -> None:
    removed = EditRecipe("", within=(rectangle(0, 0, 0.5, 0.5),))
    assert not asks_for_nothing(removed, "")
    assert asks_for_nothing(replace(removed, within=()), "")
    assert asks_for_nothing(EditRecipe("a ball", within=removed.within), "a ball")
