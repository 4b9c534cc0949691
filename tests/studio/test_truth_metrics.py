"""The figures that say how near an edit comes to the truth, on arrays small enough to check by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.studio.truth import (
    Overlap,
    bootstrap_interval,
    mean_squared_error,
    nearest,
    overlap,
    psnr,
    psnr_outside,
    recovered,
    visible_difference,
)

GREY = np.full((9, 9, 3), 0.5)


def with_pixel(value: float, row: int = 4, column: int = 4, channel: int = 0) -> NDArray[np.float64]:
    picture = GREY.copy()
    picture[row, column, channel] = value
    return picture


def test_the_region_is_the_visible_pixel_and_two_more_to_every_side() -> None:
    expected = np.zeros((9, 9), bool)
    expected[2:7, 2:7] = True
    np.testing.assert_array_equal(visible_difference(with_pixel(0.6), GREY), expected)


def test_the_region_ends_at_the_border_and_does_not_wrap() -> None:
    expected = np.zeros((9, 9), bool)
    expected[:3, :3] = True
    np.testing.assert_array_equal(visible_difference(with_pixel(0.6, 0, 0), GREY), expected)


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("sign", [-1, 1])
def test_eight_levels_are_not_visible_and_nine_are(channel: int, sign: int) -> None:
    assert not visible_difference(with_pixel(0.5 + sign * 7.9 / 255, channel=channel), GREY).any()
    assert visible_difference(with_pixel(0.5 + sign * 8.1 / 255, channel=channel), GREY).any()


def test_bytes_do_not_wrap_around() -> None:
    black, white = np.zeros((3, 3, 3), np.float32), np.ones((3, 3, 3), np.float32)
    assert visible_difference(black, white).all()
    assert mean_squared_error(black, white, np.ones((3, 3), bool)) == 1


def test_the_truth_itself_recovers_everything_and_the_source_nothing() -> None:
    truth = with_pixel(0.9)
    assert recovered(truth, GREY, truth) == 1
    assert recovered(GREY, GREY, truth) == 0


def test_half_the_way_recovers_three_quarters_of_the_error() -> None:
    assert recovered(with_pixel(0.7), GREY, with_pixel(0.9)) == pytest.approx(0.75)


def test_the_wrong_way_recovers_less_than_nothing() -> None:
    assert recovered(with_pixel(0.1), GREY, with_pixel(0.9)) == pytest.approx(-3)


def test_what_happens_outside_the_region_does_not_count_as_recovered() -> None:
    edit = with_pixel(0.9)
    edit[0, 0] = 1
    assert recovered(edit, GREY, with_pixel(0.9)) == 1


def test_without_a_visible_difference_there_is_nothing_to_recover() -> None:
    with pytest.raises(ValueError, match="empty"):
        recovered(GREY, GREY, with_pixel(0.51))


def test_psnr_of_a_tenth_is_twenty_decibels() -> None:
    assert psnr(GREY, GREY + 0.1) == pytest.approx(20)
    assert psnr(GREY, GREY) == float("inf")


def test_psnr_in_a_region_sees_that_region_alone() -> None:
    region = np.zeros((9, 9), bool)
    region[0, 0] = True
    assert psnr(GREY, with_pixel(0.9), region) == float("inf")


def test_psnr_outside_ignores_the_region_and_sees_the_rest() -> None:
    edit = with_pixel(0.9)
    assert psnr_outside(edit, GREY, with_pixel(0.9)) == float("inf")
    edit[0, 0] += 0.1  # one pixel of the 56 outside the 25 of the region
    assert psnr_outside(edit, GREY, with_pixel(0.9)) == pytest.approx(20 + 10 * np.log10(56))


def test_overlap_of_a_quarter_with_a_half() -> None:
    mask, thing = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    mask[:2, :2] = True
    thing[:2] = True
    assert overlap(mask, thing) == Overlap(iou=0.5, coverage=0.5)
    assert overlap(thing, mask) == Overlap(iou=0.5, coverage=2)


def test_overlap_of_strangers_and_with_nothing() -> None:
    nothing, one = np.zeros((4, 4), bool), np.eye(4, dtype=bool)
    assert overlap(np.roll(one, 1, 0), one) == Overlap(iou=0, coverage=1)
    assert overlap(nothing, one) == Overlap(iou=0, coverage=0)
    with pytest.raises(ValueError, match="nowhere"):
        overlap(one, nothing)


def test_the_nearest_candidate_is_judged_within_the_region_alone() -> None:
    candidates = [with_pixel(0.1), with_pixel(0.6), with_pixel(0.9)]
    edit = with_pixel(0.7)
    edit[0, 0] = 0
    region = visible_difference(candidates[2], GREY)
    assert nearest(edit, candidates, region) == 1


def test_the_interval_holds_the_mean_narrows_with_more_values_and_repeats() -> None:
    values = np.random.default_rng(1).normal(0.6, 0.2, 400).tolist()
    low, high = bootstrap_interval(values)
    assert low < np.mean(values) < high
    assert (low, high) == bootstrap_interval(values)
    few_low, few_high = bootstrap_interval(values[:25])
    assert high - low < (few_high - few_low) / 2
    assert high - low == pytest.approx(2 * 1.96 * 0.2 / 20, rel=0.15)


def test_the_interval_of_one_value_is_that_value_and_of_none_an_error() -> None:
    assert bootstrap_interval([0.5]) == (0.5, 0.5)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])
