"""How much longer a preparation takes: as it was forecast at first, then as its own steps tell."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nti_desktop.core.progress import Progress, Report
from nti_desktop.recipe.costs import Expected

DOUBTED = 2  # steps of a phase that count as much as what was expected of it


class Countdown:
    """Follows one job from its first report on. expected: its phases in their order, then what no phase tells of."""

    def __init__(self, expected: Sequence[Expected], clock: Callable[[], float] = time.monotonic) -> None:
        self._expected, self._clock = expected, clock
        self._place: int | None = None  # of the phase under way
        self._began = 0.0
        self._before = self._slowness = 1.0  # how many times as long as expected it takes, until this phase and now

    def seconds_left(self, progress: Progress) -> float:
        """Tell how many seconds are left, told that the job stands there now.

        The first step of a phase does not count, as it warms up; the next ones are doubted, and the more of them there
        are, the more they count. What is still to come is expected to go like what is under way.
        """
        now = self._clock()
        place = next((n for n, each in enumerate(self._expected) if each.name == progress.phase), None)
        if place is not None and place != self._place:
            self._place, self._before = place, self._slowness
        if progress.step <= 1:
            self._began = now
        if place is None:  # something that is done before the phases or between them
            coming = self._expected[0 if self._place is None else self._place + 1 :]
            return self._slowness * sum(each.seconds for each in coming)
        phase, coming = self._expected[place], self._expected[place + 1 :]
        counted, spent = progress.step - 1, now - self._began
        if counted > 0 and spent > 0:
            expected = self._before * phase.seconds * counted / progress.total
            self._slowness = self._before * (spent / expected) ** (counted / (counted + DOUBTED))
        undone = 1 - progress.step / max(progress.total, 1)
        return self._slowness * (undone * phase.seconds + sum(each.seconds for each in coming))

    def told(self, report: Report) -> Report:
        """Report the same with the time that the whole job has left, not its phase."""
        return lambda progress: report(replace(progress, seconds_left=self.seconds_left(progress)))
