"""Before words can change a photo: how well the model draws it, how long preparing takes, and preparing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.errors import NtiError
from nti_desktop.gui.engine_thread import EngineThread, PrepareJob, Ticket
from nti_desktop.gui.estimates import Estimates
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.work import PreparedArea, Work
from nti_desktop.jobs import Inverted, InvertJob, Judged, Rendered, RenderJob
from nti_desktop.models.catalog import ModelEntry
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.settings import InversionSettings, Method


@dataclass(frozen=True, eq=False)
class Preparation:
    """What was asked for at once. work: the photo's; prepared: what has come of it, at least one area."""

    work: Work
    entry: ModelEntry
    prepared: tuple[PreparedArea, ...]


@dataclass(eq=False)
class _Undertaking:
    """Areas that are inverted one after another. waiting: those that are not begun."""

    work: Work
    entry: ModelEntry
    waiting: list[tuple[Area, InvertJob]]
    prepared: list[PreparedArea] = field(default_factory=list)


class Preparing(QObject):
    """Judges the open photo with the chosen model, and inverts it; what was inverted comes home, whatever is open."""

    judged = Signal(Judged)
    prepared = Signal(Preparation)
    failed = Signal(NtiError)  # Cancelled too

    def __init__(self, engine: EngineThread, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._work: Work | None = None
        self._judging: Ticket | None = None
        self._judged_with: ModelEntry | None = None  # what was or is being measured
        self._inverting: dict[Ticket, tuple[_Undertaking, Area]] = {}
        self.estimates = Estimates()
        engine.judged.connect(self._judged)
        engine.inverted.connect(self._inverted)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @property
    def judging(self) -> bool:
        """Whether the photo is being looked at."""
        return self._judging is not None

    @property
    def measured(self) -> bool:
        """Whether the open photo was looked at, or is."""
        return self._judged_with is not None

    @property
    def at_work(self) -> bool:
        """Whether the open photo is being prepared."""
        return any(undertaking.work is self._work for undertaking, _ in self._inverting.values())

    @property
    def busy(self) -> bool:
        """Whether any photo is; one that was left may yet be done before it has stopped."""
        return bool(self._inverting)

    def open(self, work: Work) -> None:
        """Another photo, of which nothing is known yet."""
        self._work, self._judging, self._judged_with = work, None, None
        self.estimates = Estimates()

    def judge(self, entry: ModelEntry) -> None:
        """Measure the area that is worked on with this model; estimates start anew."""
        work = self._work
        assert work is not None
        self.estimates, self._judged_with = Estimates(), entry
        try:
            self._judging = self._engine.judge(work.session.judge_job(entry, work.area))
        except NtiError as error:
            self.failed.emit(error)

    def invert(self, entry: ModelEntry, method: Method, steps: int, described: Mapping[Area, str]) -> None:
        """Prepare areas, at least one, as they are described; what comes of it comes home together."""
        work = self._work
        assert work is not None
        try:
            jobs = []
            for area, text in described.items():
                settings = InversionSettings(text.strip(), method, steps, entry.defaults.guidance_scale)
                jobs.append((area, work.session.invert_job(entry, settings, area)))
        except NtiError as error:
            self.failed.emit(error)
            return
        self._begin(_Undertaking(work, entry, jobs))

    def begin_no_more(self) -> None:
        """What is being inverted may come home; what waits for it is not begun."""
        for undertaking, _ in self._inverting.values():
            undertaking.waiting.clear()

    def _begin(self, undertaking: _Undertaking) -> None:
        area, job = undertaking.waiting.pop(0)
        self._inverting[self._engine.prepare(PrepareJob(undertaking.entry, job))] = undertaking, area

    def _bring_home(self, undertaking: _Undertaking) -> None:
        if undertaking.prepared:
            self.prepared.emit(Preparation(undertaking.work, undertaking.entry, tuple(undertaking.prepared)))

    @Slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        """Every render of what is worked on tells how long the next will take."""
        at_home(self)
        inversion = self._work.inversion if self._work else None
        if inversion and isinstance(ticket.job, RenderJob) and ticket.job.inversion_id == inversion.id:
            self.estimates = self.estimates.with_rendered(rendered.figures)

    @Slot(Ticket, Judged)
    def _judged(self, ticket: Ticket, judged: Judged) -> None:
        at_home(self)
        if ticket is self._judging:
            self._judging = None
            self.estimates = self.estimates.with_judged(judged)
            self.judged.emit(judged)

    @Slot(Ticket, Inverted, str)
    def _inverted(self, ticket: Ticket, inverted: Inverted, fingerprint: str) -> None:
        at_home(self)
        if ticket not in self._inverting:
            return  # somebody else's
        undertaking, area = self._inverting.pop(ticket)
        if undertaking.work is self._work and undertaking.entry == self._judged_with:
            self.estimates = self.estimates.with_prepared(inverted.settings, inverted.figures)
        undertaking.prepared.append(PreparedArea(area, fingerprint, inverted))
        if undertaking.waiting:
            self._begin(undertaking)
        else:
            self._bring_home(undertaking)

    @Slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        at_home(self)
        if ticket in self._inverting:
            undertaking, _ = self._inverting.pop(ticket)
            self._bring_home(undertaking)
        elif ticket is self._judging:
            self._judging = None
        else:
            return
        self.failed.emit(error)
