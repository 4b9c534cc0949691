"""Which edits ask for another layout."""

from itertools import islice

import pytest

from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.layout import asks_for_layout
from nti_desktop.studio.orders import SHARES
from tests.figures.trials import WORLDS, seeds, trial

CUBE = "a photo of a red cube beside a dog on grey stone"
WORLD = WORLDS["every change"]
LAYOUT = {"place", "count", "added"}


@pytest.mark.parametrize(
    "edit",
    [
        CUBE.replace("on grey", "on the left on grey"),
        CUBE.replace("a red cube", "three red cubes"),
        CUBE.replace("a red cube", "A RED CUBE IN THE MIDDLE"),
    ],
)
def test_another_place_or_number_is_another_layout(edit: str) -> None:
    assert asks_for_layout(CUBE, edit)
    assert asks_for_layout(edit, CUBE)


@pytest.mark.parametrize(
    "edit",
    [
        CUBE,
        CUBE.replace("red", "blue"),
        CUBE.replace("dog", "cat"),
        CUBE.replace("grey stone", "green grass"),
        CUBE.replace("a photo", "a watercolour painting"),
        f"{CUBE} in fog at night",
        f"{CUBE} lit from the left",
        CUBE.replace("cube", "cube lying on its side"),
        CUBE.replace("red", "small red"),
    ],
)
def test_another_look_is_not(edit: str) -> None:
    assert not asks_for_layout(CUBE, edit)
    assert not asks_for_layout(edit, CUBE)


def test_a_thing_that_is_added_is_another_layout_and_one_that_is_taken_away_is_not() -> None:
    more = CUBE.replace("a dog", "a dog and a cat")
    assert asks_for_layout(CUBE, more)
    assert not asks_for_layout(more, CUBE)


@pytest.mark.parametrize("kind", list(SHARES))
def test_every_change_of_the_studio_world_is_told(kind: str) -> None:
    for seed in islice(seeds(kind, 900_000, WORLD), 20):
        assert asks_for_layout(*trial(kind, seed, WORLD).captions) == (kind in LAYOUT)


def test_no_edit_that_a_sample_suggests_asks_for_another_layout() -> None:
    for sample in samples():
        assert not [edit for edit in sample.edits if asks_for_layout(sample.caption, edit)]
