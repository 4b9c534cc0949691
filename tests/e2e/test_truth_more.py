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


def test_null_text_by_the_reference_schedule_recovers_half_of_the_truth(judge: Judge) -> None:
    found = [
        r
        for kind in VARIANTS
        for trial in trials(kind, SCENES)
        for r in judge.results(trial, (Method.NULL_TEXT,), baselines=False)
    ]
    print("\n" + table(found))
    assert np.mean(of(found, Method.NULL_TEXT)) >= 0.5


def test_the_word_mask_finds_its_thing_better_than_the_whole_frame_does(judge: Judge) -> None:
    """On the prototype weights word attention is diffuse; what the mask is worth is printed, not promised."""
    found: list[MaskResult] = [
        judge.mask(trial) for kind in ("colour", "shape", "material") for trial in trials(kind, SCENES)
    ]
    iou, coverage = np.mean([m.iou for m in found]), np.mean([m.coverage for m in found])
    print(f"\nword mask: IoU {iou:.2f}, coverage {coverage:.0%} of the frame, {len(found)} scenes")
    assert coverage < 0.9
    assert iou > 0.1
