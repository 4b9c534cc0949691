"""Workers for what takes a moment: plain functions, one after the other, away from the GUI and the engine.

One decodes, composes, exports and saves; one looks at models, which may lie on slow drives; one downloads them.
"""

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QThread, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.gui.workers.threads import slot

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Task:
    key: str | None
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[NtiError], None]


@dataclass(frozen=True, eq=False)
class _Outcome:
    task: _Task
    result: Any = None
    error: NtiError | None = None


class Background(QThread):
    """Runs plain functions on its thread and hands what they return to a callback on the thread it lives in."""

    _finished_task = Signal(_Outcome)

    def __init__(self, parent: QObject | None = None, name: str = "background") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._latest: dict[str, _Task] = {}
        self._open = 0
        self._finished_task.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether a task waits, runs or has yet to be delivered."""
        return self._open > 0

    def submit(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[NtiError], None],
        latest_of: str | None = None,
    ) -> None:
        """Queue `work`. latest_of: of the waiting tasks with this key only the newest is run."""
        task = _Task(latest_of, work, done, failed)
        if latest_of is not None:
            self._latest[latest_of] = task
        self._open += 1
        self._tasks.put(task)

    def stop(self) -> None:
        """Let the thread end once everything that was submitted is done."""
        self._tasks.put(None)

    def run(self) -> None:
        while task := self._tasks.get():
            self._finished_task.emit(self._outcome(task))

    def _outcome(self, task: _Task) -> _Outcome:
        if task.key is not None and self._latest.get(task.key) is not task:
            return _Outcome(task, error=_SupersededError())
        try:
            return _Outcome(task, result=task.work())
        except NtiError as error:
            return _Outcome(task, error=error)
        except MemoryError:
            return _Outcome(task, error=NtiError("There is too little memory for this; close other programs first."))
        except Exception:  # the thread must outlive any fault of a task; the log has the trace
            log.exception("A background task failed")
            return _Outcome(task, error=NtiError("Something unforeseen went wrong; the log file says more."))

    @slot(_Outcome)
    def _deliver(self, outcome: _Outcome) -> None:
        self._open -= 1
        if isinstance(outcome.error, _SupersededError):
            return
        if outcome.error is not None:
            outcome.task.failed(outcome.error)
        else:
            outcome.task.done(outcome.result)


class _SupersededError(NtiError):
    """A newer task took this one's place."""
