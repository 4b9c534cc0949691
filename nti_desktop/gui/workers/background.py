"""Workers for what takes a moment: plain functions, away from the GUI and the engine.

One decodes, composes, exports and saves; one looks at models; one downloads them. What a function needs may lie on a
drive that no longer answers, so each runs on a thread that can be left behind.
"""

import contextlib
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from nti_desktop.core.aside import Aside
from nti_desktop.core.errors import NtiError, outside_fault
from nti_desktop.gui.workers.threads import slot

log = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE = 1500  # milliseconds that what still runs gets in the end


@dataclass(frozen=True, eq=False)
class _Task:
    lane: Hashable
    key: str | None
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[NtiError], None]


@dataclass(frozen=True, eq=False)
class _Outcome:
    task: _Task
    result: Any = None
    error: NtiError | None = None


class Background(QObject):
    """Runs plain functions on threads and hands what they return to a callback on the thread it lives in.

    Those of one lane run one after the other; one that hangs holds up its lane only.
    """

    finished = Signal()
    _ended = Signal(_Outcome)

    def __init__(self, parent: QObject | None = None, name: str = "background") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._lanes: dict[Hashable, list[_Task]] = {}  # the first of each runs
        self._stopping, self._finished = False, False
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE)
        self._patience.timeout.connect(self._leave_behind)
        self._ended.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether a task waits, runs or has yet to be delivered."""
        return bool(self._lanes)

    def submit(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[NtiError], None],
        latest_of: str | None = None,
        lane: Hashable = None,
    ) -> None:
        """Run `work` once those before it in its lane have ended. latest_of: of the waiting tasks with this key only
        the newest is run.
        """
        task = _Task(lane, latest_of, work, done, failed)
        if lane not in self._lanes:
            self._lanes[lane] = [task]
            self._start(task)
            return
        running, *waiting = self._lanes[lane]
        kept = [each for each in waiting if latest_of is None or each.key != latest_of]
        self._lanes[lane] = [running, *kept, task]

    def stop(self) -> None:
        """Let it end once everything that was submitted is done; what takes longer than PATIENCE is left behind."""
        self._stopping = True
        self._patience.start()
        self._finish()

    def isRunning(self) -> bool:
        """Tell whether it was not stopped, or something that was submitted still runs and is not left behind."""
        return not self._finished

    def isFinished(self) -> bool:
        """Tell whether it has ended."""
        return self._finished

    def _start(self, task: _Task) -> None:
        def run() -> None:
            outcome = _outcome(task)
            with contextlib.suppress(RuntimeError):  # left behind, and the window has gone since
                self._ended.emit(outcome)

        Aside(run, self.objectName()).start()

    @slot(_Outcome)
    def _deliver(self, outcome: _Outcome) -> None:
        task = outcome.task
        if self._finished:
            return
        waiting = self._lanes.pop(task.lane)[1:]
        if waiting:
            self._lanes[task.lane] = waiting
            self._start(waiting[0])
        if outcome.error is not None:
            task.failed(outcome.error)
        else:
            task.done(outcome.result)
        self._finish()

    @slot()
    def _leave_behind(self) -> None:
        for lane in self._lanes:
            log.warning("Left behind, as it does not end: %r", lane)
        self._lanes.clear()
        self._finish()

    def _finish(self) -> None:
        if self._stopping and not self._finished and not self._lanes:
            self._finished = True
            self._patience.stop()
            self.finished.emit()


def _outcome(task: _Task) -> _Outcome:
    try:
        return _Outcome(task, result=task.work())
    except NtiError as error:
        return _Outcome(task, error=error)
    except Exception as error:  # the thread must outlive any fault of a task; the log has the trace
        log.exception("A background task failed")
        said = outside_fault(error) or NtiError("Something unforeseen went wrong; the log file says more.")
        return _Outcome(task, error=said)
