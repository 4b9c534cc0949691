"""How a job says where it stands, and how it is asked to stop."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from nti_desktop.core.errors import Cancelled


class CancelToken:
    """Asks a running job to stop; jobs look before every UNet call."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def cancel(self) -> None:
        """Ask whoever holds the token to stop; from any thread."""
        self._asked.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raises Cancelled once `cancel` was called."""
        if self._asked.is_set():
            raise Cancelled("Stopped; nothing was changed.")


NEVER = CancelToken()  # for work that nobody stops


@dataclass(frozen=True)
class Progress:
    """Where a job stands. seconds_left is None until it can be told."""

    phase: str
    step: int
    total: int
    seconds_left: float | None = None


T = TypeVar("T")
Report = Callable[[Progress], None]


def report_nothing(progress: Progress) -> None:
    """For callers who do not watch."""


def watched(phase: str, items: Sequence[T], report: Report, cancel: CancelToken, done: int = 0) -> Iterator[T]:
    """Go through the steps of a job's phase: report each with the time left, look for a cancel before each.

    done: how many of them were taken before, and are left out.
    """
    start = time.monotonic()
    for step in range(done, len(items)):
        left = (time.monotonic() - start) / (step - done) * (len(items) - step) if step > done else None
        report(Progress(phase, step, len(items), left))
        cancel.check()
        yield items[step]
    report(Progress(phase, len(items), len(items), 0.0))
