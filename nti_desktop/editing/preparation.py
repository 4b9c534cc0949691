"""Before words can change a photo: how well the model draws it, how long preparing takes, and preparing itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_jobs import invert_job, measure_job
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.open_edit import StartingPoint
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Inversion, InvertJob, Measured, MeasureJob, Rendered, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings


@dataclass(frozen=True, eq=False)
class Preparation:
    """Areas that were asked for at once. document: the photo's; start: how it stood then; prepared: what has come of
    it, at least one area.
    """

    document: Document
    start: StartingPoint
    entry: ModelEntry
    prepared: tuple[AreaInversion, ...]


@dataclass(eq=False)
class _Undertaking:
    """Areas that are inverted one after another. start: see Preparation; waiting: those that are not begun."""

    document: Document
    start: StartingPoint
    entry: ModelEntry
    waiting: list[tuple[Area, InvertJob]]
    prepared: list[AreaInversion] = field(default_factory=list)


class PreparingEngine(Protocol):
    """What measures and inverts; see EngineQueue."""

    def measure(self, job: MeasureJob) -> Ticket: ...
    def prepare(self, job: PrepareJob) -> Ticket: ...


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of it. failed: Cancelled too; timed: how long things take with the model of this fingerprint."""

    measured: Callable[[Measured], None]
    prepared: Callable[[Preparation], None]
    failed: Callable[[NtiError], None]
    timed: Callable[[str, Estimates], None]


class PreparationPlan:
    """Measures the open photo with the chosen model, and inverts it; what was inverted comes home, whatever is open.

    estimates: how long things take here, as far as it is known.
    """

    def __init__(self, engine: PreparingEngine, audience: Audience) -> None:
        self._engine, self._audience = engine, audience
        self._document: Document | None = None
        self._measuring: Ticket | None = None
        self._measured_with: ModelEntry | None = None  # what was or is being measured
        self._inverting: dict[Ticket, tuple[_Undertaking, Area]] = {}
        self.estimates = Estimates()

    @property
    def measuring(self) -> bool:
        """Whether the photo is being looked at."""
        return self._measuring is not None

    @property
    def looked_at(self) -> bool:
        """Whether the open photo was looked at, or is."""
        return self._measured_with is not None

    @property
    def at_work(self) -> bool:
        """Whether the open photo is being prepared."""
        return any(undertaking.document is self._document for undertaking, _ in self._inverting.values())

    @property
    def possible(self) -> bool:
        """Whether the open photo can be prepared now."""
        return self._document is not None and self._document.can_be_prepared and not self.at_work

    @property
    def busy(self) -> bool:
        """Whether any photo is; one that was left may yet be done before it has stopped."""
        return bool(self._inverting)

    def open(self, document: Document) -> None:
        """Another photo, of which nothing is known yet."""
        self._document, self._measuring, self._measured_with = document, None, None
        self.estimates = Estimates()

    def measure(self, entry: ModelEntry) -> None:
        """Measure the area that is worked on with this model; estimates start anew."""
        document = self._document
        assert document is not None
        self.estimates, self._measured_with = Estimates(), entry
        try:
            self._measuring = self._engine.measure(measure_job(document.session, entry, document.area))
        except NtiError as error:
            self._audience.failed(error)

    def invert(self, entry: ModelEntry, method: Method, steps: int, described: Mapping[Area, str]) -> None:
        """Prepare areas, at least one, as they are described; what comes of it comes home together."""
        document = self._document
        assert document is not None
        try:
            jobs = []
            for area, text in described.items():
                prompt = text.strip() if method.row.described else ""
                settings = InversionSettings(prompt, method, steps, entry.defaults.guidance_of(method))
                jobs.append((area, invert_job(document.session, entry, settings, area)))
        except NtiError as error:
            self._audience.failed(error)
            return
        self._begin(_Undertaking(document, document.starting_point, entry, jobs))

    def begin_no_more(self) -> None:
        """Begin nothing more; what is being inverted may come home."""
        for undertaking, _ in self._inverting.values():
            undertaking.waiting.clear()

    def _begin(self, undertaking: _Undertaking) -> None:
        area, job = undertaking.waiting.pop(0)
        self._inverting[self._engine.prepare(PrepareJob(undertaking.entry, job))] = undertaking, area

    def _bring_home(self, undertaking: _Undertaking) -> None:
        document, start, prepared = undertaking.document, undertaking.start, tuple(undertaking.prepared)
        if prepared:
            self._audience.prepared(Preparation(document, start, undertaking.entry, prepared))

    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """Every render of what is worked on tells how long the next will take."""
        inversion = self._document.inversion if self._document else None
        if inversion and isinstance(ticket.job, RenderJob) and ticket.job.inversion_id == inversion.id:
            self.estimates = self.estimates.with_rendered(rendered.figures)

    def measured(self, ticket: Ticket, measured: Measured) -> None:
        """The engine has measured a photo, perhaps this one."""
        if ticket is self._measuring:
            self._measuring = None
            self.estimates = self.estimates.with_measured(measured)
            self._audience.measured(measured)

    def inverted(self, ticket: Ticket, inverted: Inversion, fingerprint: str) -> None:
        """The engine has inverted an area; the next one is begun. fingerprint: of the model."""
        if ticket not in self._inverting:
            return  # somebody else's
        undertaking, area = self._inverting.pop(ticket)
        if undertaking.document is self._document and undertaking.entry == self._measured_with:
            self.estimates = self.estimates.with_prepared(inverted.settings, inverted.figures)
            self._audience.timed(fingerprint, self.estimates)
        undertaking.prepared.append(AreaInversion(area, fingerprint, inverted))
        if undertaking.waiting:
            self._begin(undertaking)
        else:
            self._bring_home(undertaking)

    def failed(self, ticket: Ticket, error: NtiError) -> None:
        """The engine gave up a job, or was told to; what was prepared before comes home."""
        if ticket in self._inverting:
            undertaking, _ = self._inverting.pop(ticket)
            self._bring_home(undertaking)
        elif ticket is self._measuring:
            self._measuring = None
        else:
            return
        self._audience.failed(error)
