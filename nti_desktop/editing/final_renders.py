"""Final pictures that are wanted whatever is edited meanwhile: what is rendered is taken, the rest is queued."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.lookup import find_made_with
from nti_desktop.recipe.jobs import Rendered, RenderJob


@dataclass(frozen=True, eq=False)
class FinalRender:
    """One picture for somebody. session: of the photo, which need not be open any more; wanted: a final picture;
    done: gets the edits of all its areas; failed: gets what went wrong. Neither is called after a cancel.
    """

    session: Session
    wanted: Wanted
    done: Callable[[tuple[RenderedPart, ...]], None]
    failed: Callable[[NtiError], None]


class FinalEngine(Protocol):
    """What renders; see EngineQueue."""

    def enqueue(self, job: RenderJob) -> Ticket: ...
    def withdraw(self, ticket: Ticket) -> None: ...


@dataclass(eq=False)
class _UnderWay:
    """rendered: what is there; tickets: what is on its way."""

    final: FinalRender
    rendered: dict[Edit, Rendered]
    tickets: dict[Edit, Ticket] = field(default_factory=dict)
    cancel: CancelToken = field(default_factory=CancelToken)

    @property
    def missing(self) -> list[Edit]:
        wanted = self.final.wanted.edits(self.final.session)
        return [edit for edit, _ in wanted if edit not in self.rendered]


class FinalRenders:
    """Several may be under way; each gets what it was asked for, from whomever it comes."""

    def __init__(
        self, engine: FinalEngine, models: Worker, known: Callable[[Iterable[Edit]], Mapping[Edit, Rendered]]
    ) -> None:
        """models: reads models, which may take long; known: what is rendered already of some edits."""
        self._engine, self._models, self._known = engine, models, known
        self._all: list[_UnderWay] = []

    def enqueue(self, final: FinalRender) -> None:
        """Make a picture's edits; where all are there, they are handed over at once."""
        edits = [edit for edit, _ in final.wanted.edits(final.session)]
        under_way = _UnderWay(final, dict(self._known(edits)))
        self._all.append(under_way)
        self._find_models(under_way)

    def cancel(self, final: FinalRender) -> None:
        """It is not wanted any more."""
        for under_way in self._all:
            if under_way.final is final:
                self._drop(under_way)
                break

    def on_ticket(self, ticket: Ticket) -> FinalRender | None:
        """Whom a job of the engine is done for."""
        return next((each.final for each in self._all if ticket in each.tickets.values()), None)

    def _find_models(self, under_way: _UnderWay) -> None:
        session = under_way.final.session
        records = [session.project.inversion(edit.inversion) for edit in under_way.missing]
        unknown = {r.model_fingerprint: (r, session.could_be_of(r)) for r in records if not session.known_model(r)}
        if not unknown:
            self._render(under_way)
            return

        def task() -> dict[str, ModelEntry]:
            return {
                fingerprint: find_made_with(record.model, fingerprint, could_be, under_way.cancel, record.made_with)
                for fingerprint, (record, could_be) in unknown.items()
            }

        def done(found: dict[str, ModelEntry]) -> None:
            for fingerprint, entry in found.items():
                session.meet_model(fingerprint, entry)
            if under_way in self._all:
                self._render(under_way)

        def failed(error: NtiError) -> None:
            self._fail(under_way, error)

        self._models.submit(task, done, failed, lane=under_way)

    def _render(self, under_way: _UnderWay) -> None:
        session = under_way.final.session
        try:
            jobs = {edit: render_job(session, edit.recipe, edit.inversion) for edit in under_way.missing}
        except NtiError as error:
            self._fail(under_way, error)
            return
        under_way.tickets = {edit: self._engine.enqueue(job) for edit, job in jobs.items()}
        self._hand_over(under_way)

    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """Whoever asked for it: what it is of says whose it is."""
        if not isinstance(ticket.job, RenderJob):
            return
        edit = Edit.of(ticket.job)
        for under_way in [each for each in self._all if edit in each.missing]:
            under_way.rendered[edit] = rendered
            own = under_way.tickets.pop(edit, None)
            if own is not None and own is not ticket:
                self._engine.withdraw(own)  # somebody else's came first
            self._hand_over(under_way)

    def _hand_over(self, under_way: _UnderWay) -> None:
        if under_way.missing:
            return
        self._all.remove(under_way)
        final = under_way.final
        edits = final.wanted.edits(final.session)
        final.done(tuple(RenderedPart(under_way.rendered[edit], state.finish, edit.inversion) for edit, state in edits))

    def failed(self, ticket: Ticket, error: NtiError) -> None:
        """The engine gave up a job, or was told to."""
        for under_way in [each for each in self._all if ticket in each.tickets.values()]:
            self._fail(under_way, error)

    def _fail(self, under_way: _UnderWay, error: NtiError) -> None:
        if under_way in self._all:
            self._drop(under_way)
            under_way.final.failed(error)

    def _drop(self, under_way: _UnderWay) -> None:
        self._all.remove(under_way)
        under_way.cancel.cancel()
        for ticket in under_way.tickets.values():
            self._engine.withdraw(ticket)
