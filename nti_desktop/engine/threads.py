"""How many of the processor's threads compute: as many as there are cores that no other program takes.

Every operation waits for the slowest of its threads, while the others spin: with one thread more than there are free
cores everything takes several times as long.
"""

import time
from dataclasses import dataclass

import psutil
import torch

from nti_desktop.core.progress import Progress, Report

ALL = torch.get_num_threads()
OFTEN = 0.5  # seconds; what is measured over less says little
_BUSY = ("user", "system", "irq", "softirq", "steal")  # programs that are nice give way by themselves


@dataclass(frozen=True)
class Reading:
    """Seconds: on the clock, and spent by all cores together for all programs and for this one."""

    clock: float
    everybody: float
    own: float


def read() -> Reading:
    """The state of things now."""
    everybody, own = psutil.cpu_times(), psutil.Process().cpu_times()
    return Reading(time.monotonic(), sum(getattr(everybody, name, 0.0) for name in _BUSY), float(own.user + own.system))


def free_cores(before: Reading, after: Reading, cores: int) -> int:
    """Count the cores that other programs left to this one between two readings, at least one."""
    others = (after.everybody - before.everybody) - (after.own - before.own)
    return max(1, round(cores - max(0.0, others) / (after.clock - before.clock)))


class Threads:
    """Those of one engine; to be fitted in the thread that computes."""

    def __init__(self) -> None:
        self._before = read()

    def along(self, report: Report) -> Report:
        """Fit them now and whenever something is reported, which is before each step."""

        def told(progress: Progress) -> None:
            self.fit()
            report(progress)

        self.fit()
        return told

    def fit(self) -> None:
        """Follow what other programs took since the last time, if that was a while ago."""
        if time.monotonic() - self._before.clock < OFTEN:
            return
        now = read()
        torch.set_num_threads(min(ALL, free_cores(self._before, now, psutil.cpu_count() or ALL)))
        self._before = now
