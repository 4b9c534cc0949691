"""Edits on the built-in model come near the right answer, and nearer than every baseline."""

import numpy as np
import pytest

from nti_desktop.models.library.catalog import built_in
from nti_desktop.studio.variants import VARIANTS
from tests.figures.answers import Answer
from tests.figures.measuring import Measurement, sampling_settings
from tests.figures.running import Runner, Subject
from tests.figures.tables import mean_of, truth_summary, truth_table, values

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

SCENES = 8  # of each kind
MEAN = 0.7
POSITIVE = 0.93
WORST_KIND = 0.5
LEAST = 0.35
LEAST_POSITIVE = 0.85

SETTINGS = built_in().defaults
WAY = str(SETTINGS.method)


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Answer]]:
    """By kind: the default method, without and with a mask, and the baselines."""
    found = {}
    with Runner(Subject(built_in().files, "")) as runner:
        for kind in VARIANTS:
            seeds = runner.visible_seeds(kind, SCENES)
            ours = runner.run([Measurement("truth", kind, seed, SETTINGS) for seed in seeds])
            theirs = runner.run([Measurement("baselines", kind, seed, sampling_settings(SETTINGS)) for seed in seeds])
            found[kind] = [one | other for one, other in zip(ours, theirs, strict=True)]
    print("\n" + truth_table(truth_summary(found)))
    return found


def test_the_default_method_recovers_the_truth(answers: dict[str, list[Answer]]) -> None:
    recovered = [value for kind in answers.values() for value in values(kind, WAY)]
    assert len(recovered) == SCENES * len(VARIANTS)
    assert np.mean(recovered) >= MEAN
    assert np.mean([value > 0 for value in recovered]) >= POSITIVE


@pytest.mark.parametrize("kind", VARIANTS)
def test_no_kind_of_edit_is_left_behind(answers: dict[str, list[Answer]], kind: str) -> None:
    assert np.mean(values(answers[kind], WAY)) >= WORST_KIND


@pytest.mark.parametrize("kind", VARIANTS)
def test_every_kind_of_edit_goes_the_right_way(answers: dict[str, list[Answer]], kind: str) -> None:
    recovered = values(answers[kind], WAY)
    assert np.mean(recovered) >= LEAST
    assert np.mean([value > 0 for value in recovered]) >= LEAST_POSITIVE


@pytest.mark.parametrize("baseline", ["copy of the source", "sampling", "SDEdit"])
def test_the_default_method_is_better_than_the_baseline(answers: dict[str, list[Answer]], baseline: str) -> None:
    every = [answer for kind in answers.values() for answer in kind]
    ours, theirs = values(every, WAY), values(every, baseline)
    assert mean_of([one - other for one, other in zip(ours, theirs, strict=True)]).low > 0
    assert np.mean([value > 0 for value in ours]) > np.mean([value > 0 for value in theirs])
