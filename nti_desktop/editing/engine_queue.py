"""What the engine is asked to do, one job at a time: which is next, and which gives way."""

import itertools
from dataclasses import dataclass, field

from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.teaching import Lesson
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.jobs import InvertJob, MeasureJob, RenderJob

_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class PrepareJob:
    """Invert with a model, which is read for its fingerprint before: only with that can the inversion be kept."""

    entry: ModelEntry
    invert: InvertJob


Job = MeasureJob | PrepareJob | RenderJob | Lesson


@dataclass(frozen=True, eq=False)
class Ticket:
    """One job on its way. queued: see EngineQueue."""

    job: Job
    queued: bool = False
    cancel: CancelToken = field(default_factory=CancelToken)
    number: int = field(default_factory=lambda: next(_numbers))


class EngineQueue:
    """A render before a queued job before a measurement before an inversion before what waits for idle time.

    Of renders the latest wins: those asked for while one runs are coalesced, the last is always run; a full render
    under way is cancelled for it, a preview is left to finish. Queued jobs all run, in their order, and give way to
    nothing once they have begun. Of measurements and inversions the latest wins, too.
    """

    def __init__(self) -> None:
        self.running: Ticket | None = None
        self._render: Ticket | None = None
        self._queued: list[Ticket] = []
        self._measure: Ticket | None = None
        self._prepare: Ticket | None = None
        self._idle: list[Ticket] = []

    def measure(self, job: MeasureJob) -> Ticket:
        """Add a measurement; it replaces one that waits, which is not answered."""
        self._measure = Ticket(job)
        return self._measure

    def prepare(self, job: PrepareJob) -> tuple[Ticket, Ticket | None]:
        """Add an inversion and cancel one that runs; also the one that waited, which is to be answered."""
        replaced, self._prepare = self._prepare, Ticket(job)
        running = self.running
        if running and isinstance(running.job, PrepareJob) and not running.queued:
            running.cancel.cancel()
        return self._prepare, replaced

    def render(self, job: RenderJob) -> Ticket:
        """Add a render; it replaces one that waits, which is not answered, and cancels a full one that runs."""
        self._render = Ticket(job)
        running = self.running
        if running and isinstance(running.job, RenderJob) and running.job.steps is None and not running.queued:
            running.cancel.cancel()
        return self._render

    def enqueue(self, job: RenderJob) -> Ticket:
        """Add a render that nothing replaces."""
        ticket = Ticket(job, queued=True)
        self._queued.append(ticket)
        return ticket

    def enqueue_idle(self, job: Job) -> Ticket:
        """Add a job that nothing replaces and that lets all that waits with it go first."""
        ticket = Ticket(job, queued=True)
        self._idle.append(ticket)
        return ticket

    def withdraw(self, ticket: Ticket) -> bool:
        """Drop a render or a queued job and cancel it; whether it waited, and so is to be answered."""
        waited = ticket is self._render or ticket in self._queued or ticket in self._idle
        if ticket is self._render:
            self._render = None
        self._queued = [other for other in self._queued if other is not ticket]
        self._idle = [other for other in self._idle if other is not ticket]
        ticket.cancel.cancel()
        return waited

    def cancel_all(self) -> list[Ticket]:
        """Drop what waits, which is to be answered, and cancel what runs; all but queued jobs."""
        waiting = [ticket for ticket in (self._render, self._measure, self._prepare) if ticket]
        self._render = self._measure = self._prepare = None
        if self.running and not self.running.queued:
            self.running.cancel.cancel()
        return waiting

    @property
    def left(self) -> list[Ticket]:
        """Queued jobs, and what runs."""
        return [*self._queued, *self._idle, *([self.running] if self.running else [])]

    def next(self) -> Ticket | None:
        """The job that runs from now on, None where none waits."""
        first = self._queued[0] if self._queued else None
        idle = self._idle[0] if self._idle else None
        ticket = self._render or first or self._measure or self._prepare or idle
        if ticket is None:
            return None
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
        self.running = ticket
        return ticket
