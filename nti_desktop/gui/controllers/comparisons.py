"""Comparisons of the ways to make an edit, from the plan to the window."""

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import Progress
from nti_desktop.editing.comparison import Tried
from nti_desktop.editing.comparison_plan import Audience, ComparisonPlan
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.gui.canvas.picture import Picture, make_picture
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import Inversion, Rendered
from nti_desktop.recipe.settings import InversionSettings


class Comparisons(QObject):
    """Joins a `ComparisonPlan` with the engine's thread, and tells the window what comes of it."""

    began = Signal(InversionSettings)
    moved = Signal(InversionSettings, Progress)
    tried = Signal(Tried)
    failed = Signal(InversionSettings, NtiError)  # Cancelled too

    def __init__(self, engine: EngineThread, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        audience = Audience(self.began.emit, self.moved.emit, self.tried.emit, self.failed.emit)
        self.plan: ComparisonPlan[Picture] = ComparisonPlan(engine, background, make_picture, audience)
        engine.progressed.connect(self._progressed)
        engine.inverted.connect(self._inverted)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @slot(Ticket, Progress)
    def _progressed(self, ticket: Ticket, progress: Progress) -> None:
        self.plan.progressed(ticket, progress)

    @slot(Ticket, Inversion, str)
    def _inverted(self, ticket: Ticket, inverted: Inversion, fingerprint: str) -> None:
        self.plan.inverted(ticket, inverted, fingerprint)

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self.plan.rendered(ticket, rendered)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        self.plan.failed(ticket, error)
