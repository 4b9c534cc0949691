"""The engine for a task in the background that needs its answer to go on; whatever the window asks for goes first."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.jobs import Inversion, InvertJob, Rendered, RenderJob


@dataclass(frozen=True, eq=False)
class _Asked:
    ticket: Ticket
    report: Report
    answer: "Future[Any]" = field(default_factory=Future)


class WaitingEngine(QObject):
    """Prepares with one model, and renders. Lives in the window's thread, and is asked in another; `report` is called
    in the window's.
    """

    def __init__(self, engine: EngineThread, entry: ModelEntry, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._entry = engine, entry
        self._cancel = CancelToken()
        self._asking = threading.Lock()
        self._asked: dict[int, _Asked] = {}  # by the number of its ticket
        engine.progressed.connect(self._progressed)
        engine.inverted.connect(self._answered)
        engine.rendered.connect(self._answered)
        engine.failed.connect(self._failed)

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion:
        """See EngineService."""
        inverted: Inversion = self._ask(PrepareJob(self._entry, job), report)
        return inverted

    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
        """See EngineService."""
        rendered: Rendered = self._ask(job, report)
        return rendered

    @property
    def cancel(self) -> CancelToken:
        """That `stop` cancels."""
        return self._cancel

    def stop(self) -> None:
        """Answer what is asked for with Cancelled, now and from now on."""
        self._cancel.cancel()
        with self._asking:
            tickets = [asked.ticket for asked in self._asked.values()]
        for ticket in tickets:
            self._engine.withdraw(ticket)

    def _ask(self, job: PrepareJob | RenderJob, report: Report) -> Any:
        with self._asking:  # so that no answer comes before it is known whose it is
            self._cancel.check()
            ticket = self._engine.enqueue_idle(job)
            asked = self._asked[ticket.number] = _Asked(ticket, report)
        return asked.answer.result()

    def _take(self, ticket: Ticket) -> _Asked | None:
        with self._asking:
            return self._asked.pop(ticket.number, None)

    @slot(Ticket, Progress)
    def _progressed(self, ticket: Ticket, progress: Progress) -> None:
        with self._asking:
            asked = self._asked.get(ticket.number)
        if asked is not None:
            asked.report(progress)

    @slot(Ticket, object)
    def _answered(self, ticket: Ticket, answer: object) -> None:
        if asked := self._take(ticket):
            asked.answer.set_result(answer)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        if asked := self._take(ticket):
            asked.answer.set_exception(error)
