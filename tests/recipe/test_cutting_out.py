"""A thing is told from what is around it, by colours alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.recipe.cutting_out import cut_out
from nti_desktop.recipe.image_prompt import SIDE, Part

DOWN, ACROSS = np.mgrid[:SIDE, :SIDE]
PART: Part = (60, 70, 140, 150)


def disc() -> NDArray[np.bool_]:
    """Within PART, touching its sides."""
    disc: NDArray[np.bool_] = (DOWN - 110) ** 2 + (ACROSS - 100) ** 2 < 40**2
    return disc


def pictured(thing: NDArray[np.bool_], seed: int = 0) -> NDArray[np.uint8]:
    """A red thing before a bright sky and a dark ground, whose grain is its own too."""
    around = np.where(DOWN[..., None] < 120, (200, 210, 230), (60, 90, 40))
    picture = np.where(thing[..., None], (190, 40, 30), around) + np.random.default_rng(seed).normal(
        0, 6, (SIDE, SIDE, 3)
    )
    return picture.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(3))
def test_a_thing_is_found_before_a_horizon_and_nothing_outside_its_part(seed: int) -> None:
    thing = disc()
    found = cut_out(pictured(thing, seed), PART)
    assert found.shape == (SIDE, SIDE)
    assert (found.min(), found.max()) == (0, 1)
    seen = found > 0.5
    assert np.count_nonzero(seen & thing) / np.count_nonzero(seen | thing) > 0.9
    outside = (DOWN < 64) | (DOWN >= 156) | (ACROSS < 54) | (ACROSS >= 146)
    assert not found[outside].any()


def test_a_hole_in_a_thing_shows_what_is_behind_it() -> None:
    hole = (DOWN - 110) ** 2 + (ACROSS - 100) ** 2 < 18**2
    found = cut_out(pictured(disc() & ~hole), PART)
    assert found[hole].mean() < 0.2
    assert found[disc() & ~hole].mean() > 0.85


def test_where_nothing_is_around_all_of_the_part_is_the_thing() -> None:
    assert (cut_out(pictured(disc()), (0, 0, SIDE, SIDE)) == 1).all()


@pytest.mark.parametrize(("height", "width"), [(1024, 768), (128, 128), (40, 500), (3, 3)])
def test_pictures_of_any_size_are_read_at_a_small_one(height: int, width: int) -> None:
    picture = np.full((height, width, 3), 120, np.uint8)
    part: Part = (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
    picture[part[1] : part[3], part[0] : part[2]] = (200, 30, 30)
    found = cut_out(picture, part)
    assert found.shape == (height, width)
    if min(height, width) > 100:
        middle = found[part[1] + height // 20 : part[3] - height // 20, part[0] + width // 20 : part[2] - width // 20]
        assert middle.min() == 1
        assert found.mean() == pytest.approx(1 / 9, abs=0.02)


def test_an_even_picture_has_no_thing() -> None:
    assert not cut_out(np.full((SIDE, SIDE, 3), 90, np.uint8), PART).any()
