"""The one QThread that owns the engine service, and with it torch and the model: jobs in, progress and results out."""

import linecache
import logging
import threading
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QThread, Signal

from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import Cancelled, EngineError, NtiError, outside_fault
from nti_desktop.core.garbage import kept_for_good
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.editing.engine_queue import EngineQueue, Job, PrepareJob, Ticket
from nti_desktop.editing.teaching import Lesson, keep_lesson, teach_job
from nti_desktop.engine.libraries import load_libraries
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.jobs import Inversion, InvertJob, Measured, MeasureJob, Rendered, RenderJob
from nti_desktop.recipe.teaching import Taught, TeachJob

log = logging.getLogger(__name__)


class Service(Protocol):
    """What the thread needs of `nti_desktop.engine.service.EngineService`."""

    def choose_device(self, kind: str | None) -> None: ...
    def measure(self, job: MeasureJob, report: Report, cancel: CancelToken) -> Measured: ...
    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion: ...
    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered: ...
    def teach(self, job: TeachJob, report: Report, cancel: CancelToken) -> Taught: ...


class EngineThread(QThread):
    """Runs one job at a time, see `EngineQueue`. Signals are sent from the thread; receivers live in the GUI's."""

    started_job = Signal(Ticket)
    progressed = Signal(Ticket, Progress)
    measured = Signal(Ticket, Measured)
    inverted = Signal(Ticket, Inversion, str)  # with the model's fingerprint
    rendered = Signal(Ticket, Rendered)
    taught = Signal(Ticket, str)  # with a sentence that says how to use the word
    failed = Signal(Ticket, NtiError)  # Cancelled too

    def __init__(self, make_service: Callable[[], Service], parent: QObject | None = None) -> None:
        """make_service: called once, on this thread; it may import what takes seconds."""
        super().__init__(parent)
        self.setObjectName("engine")
        self._make_service = make_service
        self._service: Service | None = None
        self._device: str | None = None
        self._changed = threading.Condition()
        self._queue = EngineQueue()
        self._stopping = False

    # Called from the GUI thread

    def choose_device(self, kind: str | None) -> None:
        """Let the next job run on a kind of jobs.Device, None for the best one."""
        with self._changed:
            self._device = kind

    def measure(self, job: MeasureJob) -> Ticket:
        """Queue a measurement; it replaces one that waits."""
        with self._changed:
            self._changed.notify()
            return self._queue.measure(job)

    def prepare(self, job: PrepareJob) -> Ticket:
        """Queue an inversion; it replaces one that waits and stops one that runs, which are answered with Cancelled."""
        with self._changed:
            ticket, replaced = self._queue.prepare(job)
            self._changed.notify()
        if replaced is not None:
            self._answer_cancelled(replaced)
        return ticket

    def render(self, job: RenderJob) -> Ticket:
        """Queue a render; it replaces one that waits and stops a full one under way."""
        with self._changed:
            self._changed.notify()
            return self._queue.render(job)

    def enqueue(self, job: RenderJob) -> Ticket:
        """Queue a render that nothing replaces."""
        with self._changed:
            self._changed.notify()
            return self._queue.enqueue(job)

    def enqueue_idle(self, job: Job) -> Ticket:
        """Queue a job that nothing replaces and that lets all that waits with it go first."""
        with self._changed:
            self._changed.notify()
            return self._queue.enqueue_idle(job)

    def withdraw(self, ticket: Ticket) -> None:
        """Drop a render or a queued job that waits, stop it if it runs; it is answered with Cancelled, unless it
        was done before.
        """
        with self._changed:
            waited = self._queue.withdraw(ticket)
        if waited:
            self._answer_cancelled(ticket)

    def cancel_all(self) -> None:
        """Drop what waits and ask what runs to stop, but for queued jobs; each is answered with Cancelled."""
        with self._changed:
            waiting = self._queue.cancel_all()
        for ticket in waiting:
            self._answer_cancelled(ticket)

    def stop(self) -> None:
        """Cancel everything and let the thread end; `finished` tells when it has."""
        with self._changed:
            self._stopping = True
            left = self._queue.left
            self._changed.notify()
        self.cancel_all()
        for ticket in left:
            self.withdraw(ticket)

    def _answer_cancelled(self, ticket: Ticket) -> None:
        self.failed.emit(ticket, Cancelled("Stopped; nothing was changed."))

    # Runs on the thread

    def run(self) -> None:
        while ticket := self._next():
            self.started_job.emit(ticket)
            try:
                self._work(ticket)
            except NtiError as error:
                self.failed.emit(ticket, error)
            except Exception as error:  # the thread must outlive any fault of a job; the log has the trace
                log.exception("A job failed: %r", type(ticket.job).__name__)
                unforeseen = EngineError("Something unforeseen went wrong in the engine; the log file says more.")
                self.failed.emit(ticket, outside_fault(error) or unforeseen)
            with self._changed:
                self._queue.running = None

    def _next(self) -> Ticket | None:
        with self._changed:
            while not self._stopping:
                if ticket := self._queue.next():
                    return ticket
                self._changed.wait()
        return None

    def _work(self, ticket: Ticket) -> None:
        def report(progress: Progress) -> None:
            self.progressed.emit(ticket, progress)

        if self._service is None:
            report(Progress("Starting the engine", 0, 1))
            self._service = self._make_service()
        ticket.cancel.check()
        self._service.choose_device(self._device)
        match ticket.job:
            case MeasureJob():
                self.measured.emit(ticket, self._service.measure(ticket.job, report, ticket.cancel))
            case PrepareJob(entry, invert):
                report(Progress("Reading the model", 0, 1))
                digest = run_aside(lambda: fingerprint(entry, ticket.cancel), ticket.cancel)
                self.inverted.emit(ticket, self._service.invert(invert, report, ticket.cancel), digest)
            case RenderJob(arrays=arrays):
                run_aside(lambda: len(arrays), ticket.cancel)  # they may lie on a drive that does not answer
                self.rendered.emit(ticket, self._service.render(ticket.job, report, ticket.cancel))
            case Lesson() as lesson:
                report(Progress("Reading the photos and the model", 0, 1))
                job = run_aside(lambda: teach_job(lesson, ticket.cancel), ticket.cancel)
                taught = self._service.teach(job, report, ticket.cancel)
                self.taught.emit(ticket, keep_lesson(lesson, job, taught))


def load_service() -> Service:
    """The real engine. Importing it takes seconds: for the engine thread only."""
    with kept_for_good():
        load_libraries()
        from nti_desktop.engine.service import EngineService

        for name in list(linecache.cache):  # where PySide has left the source of all that was imported, 50 MB
            linecache.cache.pop(name, None)  # one by one, as nobody else runs meanwhile
    return EngineService()
