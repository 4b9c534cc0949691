"""The one QThread that owns the engine service, and with it torch and the model: jobs in, progress and results out."""

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from PySide6.QtCore import QObject, QThread, Signal

from nti_desktop.core.errors import Cancelled, EngineError, NtiError
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.jobs import Inversion, InvertJob, Measured, MeasureJob, Rendered, RenderJob

log = logging.getLogger(__name__)
_numbers = itertools.count(1)
_STOPPED = "Stopped; nothing was changed."


@dataclass(frozen=True, eq=False)
class PrepareJob:
    """Invert with a model, which is read for its fingerprint before: only with that can the inversion be kept."""

    entry: ModelEntry
    invert: InvertJob


Job = MeasureJob | PrepareJob | RenderJob


class Service(Protocol):
    """What the thread needs of `nti_desktop.engine.service.EngineService`."""

    def choose_device(self, kind: str | None) -> None: ...
    def measure(self, job: MeasureJob, report: Report, cancel: CancelToken) -> Measured: ...
    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion: ...
    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered: ...


@dataclass(frozen=True, eq=False)
class Ticket:
    """One job on its way. queued: see EngineThread."""

    job: Job
    queued: bool = False
    cancel: CancelToken = field(default_factory=CancelToken)
    number: int = field(default_factory=lambda: next(_numbers))


class EngineThread(QThread):
    """Runs one job at a time: a render before a queued one before a measurement before an inversion before what waits
    for idle time.

    Of renders the latest wins: the first runs at once, those asked for while it runs are coalesced, the last is always
    run; a full render under way is stopped for it, a preview is left to finish. Queued jobs all run, in their
    order, and give way to nothing once they have begun. Signals are sent from the thread; their receivers live in the
    GUI's.
    """

    started_job = Signal(Ticket)
    progressed = Signal(Ticket, Progress)
    measured = Signal(Ticket, Measured)
    inverted = Signal(Ticket, Inversion, str)  # with the model's fingerprint
    rendered = Signal(Ticket, Rendered)
    failed = Signal(Ticket, NtiError)  # Cancelled too

    def __init__(self, make_service: Callable[[], Service], parent: QObject | None = None) -> None:
        """make_service: called once, on this thread; it may import what takes seconds."""
        super().__init__(parent)
        self.setObjectName("engine")
        self._make_service = make_service
        self._service: Service | None = None
        self._device: str | None = None
        self._changed = threading.Condition()
        self._render: Ticket | None = None
        self._queued: list[Ticket] = []
        self._idle: list[Ticket] = []
        self._measure: Ticket | None = None
        self._prepare: Ticket | None = None
        self._running: Ticket | None = None
        self._stopping = False

    # Called from the GUI thread

    def choose_device(self, kind: str | None) -> None:
        """What the next job runs on: a kind of jobs.Device, None for the best one."""
        with self._changed:
            self._device = kind

    def measure(self, job: MeasureJob) -> Ticket:
        """Queue a measurement; it replaces one that waits."""
        with self._changed:
            self._measure = ticket = Ticket(job)
            self._changed.notify()
        return ticket

    def prepare(self, job: PrepareJob) -> Ticket:
        """Queue an inversion; it replaces one that waits and stops one that runs, which are answered with Cancelled."""
        ticket = Ticket(job)
        with self._changed:
            replaced, self._prepare = self._prepare, ticket
            running = self._running
            if running and isinstance(running.job, PrepareJob) and not running.queued:
                running.cancel.cancel()
            self._changed.notify()
        if replaced is not None:
            self.failed.emit(replaced, Cancelled(_STOPPED))
        return ticket

    def render(self, job: RenderJob) -> Ticket:
        """Queue a render; it replaces one that waits and stops a full one under way."""
        with self._changed:
            self._render = ticket = Ticket(job)
            running = self._running
            if running and isinstance(running.job, RenderJob) and running.job.steps is None and not running.queued:
                running.cancel.cancel()
            self._changed.notify()
        return ticket

    def enqueue(self, job: RenderJob) -> Ticket:
        """Queue a render that nothing replaces."""
        ticket = Ticket(job, queued=True)
        with self._changed:
            self._queued.append(ticket)
            self._changed.notify()
        return ticket

    def enqueue_idle(self, job: PrepareJob | RenderJob) -> Ticket:
        """Queue a job that nothing replaces and that lets all that waits with it go first."""
        ticket = Ticket(job, queued=True)
        with self._changed:
            self._idle.append(ticket)
            self._changed.notify()
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        """Drop a render or a queued job that waits, stop it if it runs; it is answered with Cancelled, unless it
        was done before.
        """
        with self._changed:
            waited = ticket is self._render or ticket in self._queued or ticket in self._idle
            if ticket is self._render:
                self._render = None
            self._queued = [other for other in self._queued if other is not ticket]
            self._idle = [other for other in self._idle if other is not ticket]
            ticket.cancel.cancel()
        if waited:
            self.failed.emit(ticket, Cancelled(_STOPPED))

    def cancel_all(self) -> None:
        """Drop what waits and ask what runs to stop, but for what is queued; each is answered with Cancelled."""
        with self._changed:
            waiting = [ticket for ticket in (self._render, self._measure, self._prepare) if ticket]
            self._render = self._measure = self._prepare = None
            if self._running and not self._running.queued:
                self._running.cancel.cancel()
        for ticket in waiting:
            self.failed.emit(ticket, Cancelled(_STOPPED))

    def stop(self) -> None:
        """Cancel everything and let the thread end; `finished` tells when it has."""
        with self._changed:
            self._stopping = True
            left = [*self._queued, *self._idle, *([self._running] if self._running else [])]
            self._changed.notify()
        self.cancel_all()
        for ticket in left:
            self.withdraw(ticket)

    # Runs on the thread

    def run(self) -> None:
        while ticket := self._next():
            self.started_job.emit(ticket)
            try:
                self._work(ticket)
            except NtiError as error:
                self.failed.emit(ticket, error)
            except Exception:  # the thread must outlive any fault of a job; the log has the trace
                log.exception("A job failed: %r", type(ticket.job).__name__)
                self.failed.emit(
                    ticket, EngineError("Something unforeseen went wrong in the engine; the log file says more.")
                )
            with self._changed:
                self._running = None

    def _next(self) -> Ticket | None:
        with self._changed:
            while not self._stopping:
                first = self._queued[0] if self._queued else None
                idle = self._idle[0] if self._idle else None
                ticket = self._render or first or self._measure or self._prepare or idle
                if ticket:
                    if ticket is self._render:
                        self._render = None
                    elif ticket is first:
                        del self._queued[0]
                    elif ticket is self._measure:
                        self._measure = None
                    elif ticket is self._prepare:
                        self._prepare = None
                    else:
                        del self._idle[0]
                    self._running = ticket
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
                digest = fingerprint(entry, ticket.cancel)
                self.inverted.emit(ticket, self._service.invert(invert, report, ticket.cancel), digest)
            case RenderJob():
                self.rendered.emit(ticket, self._service.render(ticket.job, report, ticket.cancel))


def load_service() -> Service:
    """The real engine. Importing it takes seconds: for the engine thread only."""
    from nti_desktop.engine.service import EngineService

    return EngineService()
