"""Null-text against the right answer, and word masks against the things they name."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.methods import Method
from nti_desktop.studio.variants import VARIANTS
from tests.figures.measuring import Measurement
from tests.figures.running import Runner, Subject
from tests.figures.tables import mask_summary, mask_table, truth_summary, truth_table, values
from tests.figures.words import in_dense_fog

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

NULL_SCENES = 4  # of each kind
NULL_MEAN = 0.5
NULL_POSITIVE = 0.8
MASK_SCENES = 16
MASK_IOU = 0.65
MASK_COVERAGE = 1.5  # areas of the thing

FOG_SCENES = 8
FOG_RECOVERED = 0.65

SETTINGS = built_in().defaults


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(Subject(built_in().files, "")) as runner:
        yield runner


def test_null_text_recovers_the_truth(runner: Runner) -> None:
    settings = replace(SETTINGS, method=Method.NULL_TEXT)
    answers = {
        kind: runner.run(
            [Measurement("guidance", kind, seed, settings) for seed in runner.visible_seeds(kind, NULL_SCENES)]
        )
        for kind in VARIANTS
    }
    print("\n" + truth_table(truth_summary(answers)))
    recovered = [value for kind in answers.values() for value in values(kind, Method.NULL_TEXT)]
    assert np.mean(recovered) >= NULL_MEAN
    assert np.mean([value > 0 for value in recovered]) >= NULL_POSITIVE


def test_twice_the_word_is_twice_the_fog(runner: Runner) -> None:
    seeds = runner.visible_seeds("weather", FOG_SCENES, fits=in_dense_fog)
    denser = [answer["denser"] for answer in runner.run([Measurement("denser", "weather", s, SETTINGS) for s in seeds])]
    print(f"\n{denser}")
    assert np.mean([found["2"] for found in denser]) >= FOG_RECOVERED  # type: ignore[arg-type]


def test_the_word_mask_fits_its_thing(runner: Runner) -> None:
    seeds = runner.visible_seeds("colour", MASK_SCENES)
    summary = mask_summary(runner.run([Measurement("truth", "colour", seed, SETTINGS) for seed in seeds]))
    print("\n" + mask_table(summary))
    assert summary["all"].iou.mean >= MASK_IOU
    assert summary["all"].coverage.mean <= MASK_COVERAGE
