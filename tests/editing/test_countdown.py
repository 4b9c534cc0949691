"""How long a preparation is said to take still: it comes near the truth with the first steps, however wrong it was."""

from collections.abc import Iterator

import pytest

from nti_desktop.core.progress import Progress
from nti_desktop.editing.countdown import Countdown
from nti_desktop.recipe.costs import FOLLOWING, LEARNING, Expected

STEPS = 50
EXPECTED = (Expected(FOLLOWING, 50.0), Expected(LEARNING, 1200.0), Expected("", 20.0))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def told(countdown: Countdown, clock: Clock, took: tuple[float, float, float], first: float = 0.0) -> Iterator[float]:
    """After each step what is said to be left, over what is left. took: seconds of the phases and of what is around
    them; first: how much longer the very first step takes.
    """
    countdown.seconds_left(Progress("Loading the model", 0, 1))
    clock.now += 30
    end = clock.now + sum(took) + first
    for name, seconds in zip((FOLLOWING, LEARNING), took, strict=False):
        for step in range(STEPS + 1):
            if step:
                clock.now += seconds / STEPS
                if name is FOLLOWING and step == 1:
                    clock.now += first
            yield countdown.seconds_left(Progress(name, step, STEPS)) / (end - clock.now)


@pytest.mark.parametrize("slowness", [1 / 6, 1 / 2, 1.0, 2.0, 6.0])
def test_it_is_right_within_half_as_much_again_after_ten_steps(slowness: float) -> None:
    clock = Clock()
    ratios = list(told(Countdown(EXPECTED, clock), clock, (50 * slowness, 1200 * slowness, 20 * slowness)))
    assert ratios[0] == pytest.approx(1 / slowness)  # as it was forecast
    assert all(1 / 1.5 < ratio < 1.5 for ratio in ratios[10:])


@pytest.mark.parametrize("slowness", [1 / 6, 1 / 3, 3.0, 6.0])
def test_a_phase_that_is_slower_than_those_before_tells_so_by_itself(slowness: float) -> None:
    clock = Clock()
    ratios = list(told(Countdown(EXPECTED, clock), clock, (50, 1200 * slowness, 20)))
    learning = ratios[STEPS + 1 :]
    assert learning[0] == pytest.approx(1220 / (1200 * slowness + 20))
    assert all(1 / 1.5 < ratio < 1.5 for ratio in learning[10:40])


def test_a_first_step_that_warms_up_does_not_count() -> None:
    clock = Clock()
    ratios = list(told(Countdown(EXPECTED, clock), clock, (50, 1200, 20), first=20.0))
    assert all(1 / 1.5 < ratio < 1.5 for ratio in ratios)


def test_what_goes_before_the_phases_changes_nothing_and_their_reports_pass_on_with_the_time_of_all() -> None:
    clock, heard = Clock(), list[Progress]()
    report = Countdown(EXPECTED, clock).told(heard.append)
    report(Progress("Loading the model", 0, 1, 3.0))
    clock.now += 500
    report(Progress(FOLLOWING, 0, STEPS))
    assert heard == [Progress("Loading the model", 0, 1, 1270.0), Progress(FOLLOWING, 0, STEPS, 1270.0)]


def test_what_is_done_between_two_phases_waits_for_those_that_come() -> None:
    clock = Clock()
    countdown = Countdown(EXPECTED, clock)
    for step in range(STEPS + 1):
        clock.now += 2 if step else 0  # twice as slow as expected
        countdown.seconds_left(Progress(FOLLOWING, step, STEPS))
    left = countdown.seconds_left(Progress("Saving what was found", 0, 1))
    assert left == pytest.approx(2 * 1220, rel=0.1)
    assert countdown.seconds_left(Progress(LEARNING, 0, STEPS)) == pytest.approx(left)
    assert countdown.seconds_left(Progress("Saving what was found", 0, 1)) == pytest.approx(2 * 20, rel=0.1)


def test_steps_that_take_no_time_do_not_say_that_all_of_it_takes_none() -> None:
    countdown = Countdown(EXPECTED, Clock())
    for step in range(4):
        left = countdown.seconds_left(Progress(FOLLOWING, step, STEPS))
    assert left == pytest.approx(1220 + 50 * (1 - 3 / STEPS))
