"""Edits on the built-in model come near the right answer, and nearer than every baseline."""

import numpy as np
import pytest

from nti_desktop.recipe.settings import Method
from nti_desktop.studio.scenes import VARIANTS
from tests.truth import Judge, MaskResult, Result, table, trials

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

SCENES = 16
NULL_TEXT_SCENES = 4


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def results(judge: Judge) -> list[Result]:
    method = judge.entry.defaults.method
    found = [r for kind in VARIANTS for trial in trials(kind, SCENES) for r in judge.results(trial, (method,))]
    print("\n" + table(found))
    return found


def of(results: list[Result], way: str) -> list[float]:
    return [r.recovered for r in results if r.way == way]


def test_the_default_method_recovers_the_truth(judge: Judge, results: list[Result]) -> None:
    values = of(results, judge.entry.defaults.method)
    assert len(values) == SCENES * len(VARIANTS)
    assert np.mean(values) >= 0.6
    assert np.mean([value > 0 for value in values]) >= 0.88


@pytest.mark.parametrize("baseline", ["copy of the source", "sampling", "SDEdit"])
def test_the_default_method_is_better_than_the_baseline(judge: Judge, results: list[Result], baseline: str) -> None:
    ours, theirs = of(results, judge.entry.defaults.method), of(results, baseline)
    assert len(ours) == len(theirs)
    assert np.mean(ours) > np.mean(theirs)
    assert np.mean([value > 0 for value in ours]) > np.mean([value > 0 for value in theirs])


def test_null_text_by_the_reference_schedule_recovers_half_of_the_truth(judge: Judge) -> None:
    found = [
        r
        for kind in VARIANTS
        for trial in trials(kind, NULL_TEXT_SCENES)
        for r in judge.results(trial, (Method.NULL_TEXT,), baselines=False)
    ]
    print("\n" + table(found))
    assert np.mean(of(found, Method.NULL_TEXT)) >= 0.5


def test_the_word_mask_finds_its_thing_better_than_the_whole_frame_does(judge: Judge) -> None:
    """On the prototype weights word attention is diffuse; what the mask is worth is printed, not promised."""
    found: list[MaskResult] = [
        judge.mask(trial) for kind in ("colour", "shape", "material") for trial in trials(kind, NULL_TEXT_SCENES)
    ]
    iou, coverage = np.mean([m.iou for m in found]), np.mean([m.coverage for m in found])
    print(f"\nword mask: IoU {iou:.2f}, coverage {coverage:.0%} of the frame, {len(found)} scenes")
    assert coverage < 0.9
    assert iou > 0.1
