"""Before words can change a photo: how well the model draws it, how long preparing takes, and preparing itself."""

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.errors import NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.engine_thread import EngineThread, Ticket
from nti_desktop.gui.estimates import Estimates
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import Inverted, InvertJob, Judged, JudgeJob
from nti_desktop.models.catalog import ModelEntry
from nti_desktop.models.fingerprints import fingerprint
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.session import Session


class Preparing(QObject):
    """Judges the open photo with the chosen model, and inverts it."""

    judged = Signal(Judged)
    prepared = Signal(object, Inverted, Area)  # ModelEntry
    failed = Signal(NtiError)  # Cancelled too

    def __init__(self, engine: EngineThread, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._background = engine, background
        self._photo = 0
        self._judging: Ticket | None = None
        self._inverting: tuple[Ticket, ModelEntry, Area] | None = None
        self.estimates = Estimates()
        engine.judged.connect(self._judged)
        engine.inverted.connect(self._inverted)
        engine.failed.connect(self._failed)

    @property
    def judging(self) -> bool:
        """Whether the photo is being looked at."""
        return self._judging is not None

    @property
    def at_work(self) -> bool:
        """Whether the photo is being prepared."""
        return self._inverting is not None

    def judge(self, session: Session, entry: ModelEntry, area: Area, photo: int) -> None:
        """Measure this area of the photo with this model; estimates start anew."""
        self._photo = photo
        self.estimates = Estimates()
        self._inverting = None
        self._judging = self._engine.judge(session.judge_job(entry, area), photo)
        # Reading gigabytes of weights for their fingerprint must not stop the window later; it is remembered.
        self._background.submit(lambda: fingerprint(entry), self._fingerprinted, self._not_fingerprinted)

    def invert(self, session: Session, entry: ModelEntry, settings: InversionSettings, area: Area) -> None:
        self._inverting = self._engine.invert(session.invert_job(entry, settings, area), self._photo), entry, area

    def rendered(self, steps: int, seconds: float) -> None:
        """A full render was measured."""
        self.estimates = self.estimates.with_rendered(steps, seconds)

    def _fingerprinted(self, _fingerprint: str) -> None:
        """It is remembered where it is needed."""

    def _not_fingerprinted(self, error: NtiError) -> None:
        self.failed.emit(error)

    @Slot(Ticket, Judged)
    def _judged(self, ticket: Ticket, judged: Judged) -> None:
        at_home(self)
        if ticket is self._judging:
            self._judging = None
            self.estimates = self.estimates.with_judged(judged)
            self.judged.emit(judged)

    @Slot(Ticket, Inverted)
    def _inverted(self, ticket: Ticket, inverted: Inverted) -> None:
        at_home(self)
        if self._inverting and ticket is self._inverting[0]:
            _, entry, area = self._inverting
            self._inverting = None
            self.estimates = self.estimates.with_prepared(inverted.settings, inverted.figures)
            self.prepared.emit(entry, inverted, area)

    @Slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        at_home(self)
        mine = ticket is self._judging or (self._inverting is not None and ticket is self._inverting[0])
        if not mine:
            return
        if isinstance(ticket.job, InvertJob):
            self._inverting = None
        if isinstance(ticket.job, JudgeJob):
            self._judging = None
        self.failed.emit(error)
