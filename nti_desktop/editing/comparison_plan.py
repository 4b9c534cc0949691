"""One edit made by every method: each is prepared and rendered aside, when the engine has nothing else to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import Progress
from nti_desktop.core.units import decibels
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.basis import Basis
from nti_desktop.editing.comparison import Comparison, P, Tried
from nti_desktop.editing.composition import raster_of
from nti_desktop.editing.engine_jobs import invert_job, render_job
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.history import EditState
from nti_desktop.editing.render_plan import Worker
from nti_desktop.editing.session import Session
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Figures, Inversion, Rendered, RenderJob
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings


@dataclass(frozen=True, eq=False)
class _Preparation:
    """One way's, in a session aside. inversion: its id there; the rest as in Tried."""

    inversion: str
    prepared: AreaInversion | None
    figures: Figures
    state: EditState


@dataclass(eq=False)
class _UnderWay:
    """aside: where things are tried; way: the one that is tried, ticket: what the engine does for it; waiting: those
    that are not begun; preparation, alone: what is there of this way, alone with unchanged words.
    """

    comparison: Comparison
    aside: Session
    way: InversionSettings
    waiting: list[InversionSettings]
    ticket: Ticket | None = None
    preparation: _Preparation | None = None
    alone: Rendered | None = None


class IdleEngine(Protocol):
    """What works on it when there is nothing else to do; see EngineQueue."""

    def enqueue_idle(self, job: PrepareJob | RenderJob) -> Ticket: ...
    def withdraw(self, ticket: Ticket) -> None: ...


@dataclass(frozen=True, eq=False)
class Audience(Generic[P]):
    """Who hears of it. failed: Cancelled too."""

    began: Callable[[InversionSettings], None]
    moved: Callable[[InversionSettings, Progress], None]
    tried: Callable[[Tried[P]], None]
    failed: Callable[[InversionSettings, NtiError], None]


class ComparisonPlan(Generic[P]):
    """One comparison at a time. Each way is answered, with its picture or with why there is none."""

    title = "Comparing ways"

    def __init__(
        self,
        engine: IdleEngine,
        worker: Worker,
        draw: Callable[[Raster, bytes | None], P],
        audience: Audience[P],
    ) -> None:
        """draw: a picture for a screen, see Comparison; on the worker's side."""
        self._engine, self._worker, self._draw, self._audience = engine, worker, draw, audience
        self._now: _UnderWay | None = None

    @property
    def at_work(self) -> bool:
        """Whether there are ways that are not answered yet."""
        return self._now is not None

    def ordered(self, ticket: Ticket) -> bool:
        """Tell whether a job of the engine is done for the comparison under way."""
        return self._now is not None and ticket is self._now.ticket

    def begin(self, comparison: Comparison) -> None:
        """Try every way; the comparison before is cancelled."""
        self.cancel()
        way, *waiting = comparison.ways
        self._now = _UnderWay(comparison, comparison.document.session.aside(), way, waiting)
        self._try()

    def cancel(self) -> None:
        """Stop trying; what was tried stays."""
        now, self._now = self._now, None
        if now is None:
            return
        if now.ticket is not None:
            self._engine.withdraw(now.ticket)
        for way in (now.way, *now.waiting):
            self._audience.failed(way, Cancelled("Not tried, as the comparison was stopped."))

    def _try(self) -> None:
        now = self._now
        assert now is not None
        comparison, way, own = now.comparison, now.way, now.comparison.own
        self._audience.began(way)
        try:
            if own is not None and comparison.is_own(way):
                figures = Figures(**own.figures.model_dump())
                now.preparation = _Preparation(own.id, None, figures, comparison.state)
                self._render_alone(now)
            else:
                job = invert_job(now.aside, comparison.entry, way, comparison.start.area)
                now.ticket = self._engine.enqueue_idle(PrepareJob(comparison.entry, job))
        except NtiError as error:
            self._fail(error)

    def _go_on(self) -> None:
        """To the next way, if there is one."""
        now = self._now
        assert now is not None
        if not now.waiting:
            self._now = None
            return
        way, *waiting = now.waiting
        self._now = replace(now, way=way, waiting=waiting, ticket=None, preparation=None, alone=None)
        self._try()

    def _fail(self, error: NtiError) -> None:
        assert self._now is not None
        self._audience.failed(self._now.way, error)
        if self._now is not None:  # whoever was told may have cancelled
            self._go_on()

    def progressed(self, ticket: Ticket, progress: Progress) -> None:
        """The engine gets on with a job, perhaps this one."""
        if self._now is not None and ticket is self._now.ticket:
            self._audience.moved(self._now.way, progress)

    def inverted(self, ticket: Ticket, inverted: Inversion, fingerprint: str) -> None:
        """The engine has inverted an area, perhaps for this."""
        now = self._now
        if now is None or ticket is not now.ticket:
            return
        comparison = now.comparison
        state = comparison.edit(now.way, inverted.figures.explained)
        try:
            record = now.aside.keep_inversion(comparison.entry, fingerprint, inverted, comparison.start.area)
            prepared = AreaInversion(comparison.start.area, fingerprint, inverted, state)
            now.preparation = _Preparation(record.id, prepared, inverted.figures, state)
            self._render_alone(now)
        except NtiError as error:
            self._fail(error)

    def _render_alone(self, now: _UnderWay) -> None:
        """With unchanged words, which also records what edits of this preparation need."""
        assert now.preparation is not None
        basis = Basis(now.way, now.comparison.entry.defaults, now.preparation.figures.explained)
        self._render(now, basis.plain(now.way.prompt))

    def _render(self, now: _UnderWay, recipe: EditRecipe) -> None:
        assert now.preparation is not None
        job = render_job(now.aside, recipe, now.preparation.inversion)
        now.ticket = self._engine.enqueue_idle(job)

    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """The engine has rendered an edit, perhaps for this."""
        now = self._now
        if now is None or ticket is not now.ticket:
            return
        assert now.preparation is not None
        if now.alone is not None:
            self._show(now, now.preparation, now.alone, rendered)
            return
        now.alone = rendered
        try:
            self._render(now, now.preparation.state.recipe)
        except NtiError as error:
            self._fail(error)

    def _show(self, now: _UnderWay, preparation: _Preparation, alone: Rendered, edited: Rendered) -> None:
        now.ticket = None
        frame, screen = now.aside.frame(preparation.inversion), now.comparison.screen

        def task() -> tuple[P, float]:
            picture = self._draw(raster_of(frame.upright(edited.image)), screen)
            return picture, decibels(alone.image, alone.source)

        def done(made: tuple[P, float]) -> None:
            if self._now is now:
                picture, likeness = made
                figures = preparation.figures, edited.figures
                self._audience.tried(Tried(now.comparison, now.way, picture, preparation.prepared, *figures, likeness))
                if self._now is now:
                    self._go_on()

        def failed(error: NtiError) -> None:
            if self._now is now:
                self._fail(error)

        self._worker.submit(task, done, failed)

    def failed(self, ticket: Ticket, error: NtiError) -> None:
        """The engine gave up a job, or was told to."""
        if self._now is not None and ticket is self._now.ticket:
            self._fail(error)
