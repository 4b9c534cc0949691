"""A colour that no word of the built-in model says, taught by four renders and put into scenes that it never saw."""

from pathlib import Path

import numpy as np
import pytest

from nti_desktop.engine import teaching
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import ModelFiles
from tests.figures.answers import Answer
from tests.figures.teaching import SCENES, WORD, Examiner, given, one_thing, teach

pytestmark = pytest.mark.slow

FEW = range(SCENES, SCENES + 6)


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    return built_in().files


def mean(answers: list[Answer], name: str) -> float:
    return float(np.mean([answer[WORD][name] or 0.0 for answer in answers]))


@pytest.fixture(scope="module")
def learned(files: ModelFiles, tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    """What edits by the word give once it is taught."""
    folder = tmp_path_factory.mktemp("learned")
    examiner = Examiner(given(files, teach(files, "colour", described=False), folder), "colour")
    return [examiner.answer(seed) for seed in FEW]


def test_a_colour_is_taught_by_four_photos_and_put_into_other_scenes(learned: list[Answer]) -> None:
    assert mean(learned, "verdict") >= 0.75
    assert mean(learned, "recovered") > 0.4


def test_the_same_word_says_nothing_before_it_is_learned(
    files: ModelFiles, learned: list[Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other colour than the photo's is somewhat nearer to the right one, whatever the word means."""
    monkeypatch.setattr(teaching, "STEPS", 0)
    examiner = Examiner(given(files, teach(files, "colour", described=False), tmp_path), "colour")
    answers = [examiner.answer(seed) for seed in FEW]
    assert mean(answers, "verdict") < 0.5
    assert mean(answers, "recovered") < mean(learned, "recovered") - 0.1


def test_edits_without_the_word_are_what_they_were_to_the_bit(
    files: ModelFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "STEPS", 2)
    scene, wish = one_thing(SCENES), "a photo of a yellow bowl on green grass at night"
    plain = Examiner(files, "colour").edited(scene, wish)
    knowing = Examiner(given(files, teach(files, "colour", described=True), tmp_path), "colour").edited(scene, wish)
    assert np.array_equal(plain, knowing)
