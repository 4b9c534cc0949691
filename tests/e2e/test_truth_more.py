"""Null-text against the right answer, and word masks against the things they name."""

import numpy as np
import pytest

from nti_desktop.recipe.settings import Method
from nti_desktop.studio.scenes import VARIANTS
from tests.truth import Judge, MaskResult, of, table, trials

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

SCENES = 4


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def null_text(judge: Judge) -> list[float]:
    """What null-text by the reference schedule recovers at the default settings."""
    found = [
        r
        for kind in VARIANTS
        for trial in trials(kind, SCENES)
        for r in judge.results(trial, (Method.NULL_TEXT,), baselines=False)
    ]
    print("\n" + table(found))
    return of(found, Method.NULL_TEXT)


def test_null_text_edits_come_nearer_to_the_truth_than_the_source(null_text: list[float]) -> None:
    assert np.mean(null_text) > 0.3
    assert np.mean([value > 0 for value in null_text]) >= 0.8


@pytest.mark.xfail(
    strict=True,
    reason="not reached: 0.42 on these 20 scenes; shape (0.14) and material (0.21) hold it back",
)
def test_null_text_by_the_reference_schedule_recovers_half_of_the_truth(null_text: list[float]) -> None:
    assert np.mean(null_text) >= 0.5


def test_the_word_mask_finds_its_thing_better_than_the_whole_frame_does(judge: Judge) -> None:
    """On the prototype weights word attention is diffuse; what the mask is worth is printed, not promised."""
    found: list[MaskResult] = [
        judge.mask(trial) for kind in ("colour", "shape", "material") for trial in trials(kind, SCENES)
    ]
    iou, coverage = np.mean([m.iou for m in found]), np.mean([m.coverage for m in found])
    print(f"\nword mask: IoU {iou:.2f}, coverage {coverage:.0%} of the frame, {len(found)} scenes")
    assert coverage < 0.9
    assert iou > 0.1
