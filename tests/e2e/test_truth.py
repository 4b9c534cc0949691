"""Edits on the built-in model come near the right answer, and nearer than every baseline."""

import numpy as np
import pytest

from nti_desktop.studio.scenes import VARIANTS
from tests.truth import Judge, Result, of, table, trials

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

SCENES = 16


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def results(judge: Judge) -> list[Result]:
    method = judge.entry.defaults.method
    found = [r for kind in VARIANTS for trial in trials(kind, SCENES) for r in judge.results(trial, (method,))]
    print("\n" + table(found))
    return found


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
