"""Preparing a photo, from the plan to the window."""

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.preparation import Audience, Preparation, PreparationPlan
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import Inversion, Measured, Rendered


class Preparing(QObject):
    """Joins a `PreparationPlan` with the engine's thread, and tells the window what comes of it."""

    measured = Signal(Measured)
    prepared = Signal(Preparation)
    failed = Signal(NtiError)  # Cancelled too

    def __init__(self, engine: EngineThread, parent: QObject) -> None:
        super().__init__(parent)
        self.plan = PreparationPlan(engine, Audience(self.measured.emit, self.prepared.emit, self.failed.emit))
        engine.measured.connect(self._measured)
        engine.inverted.connect(self._inverted)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self.plan.rendered(ticket, rendered)

    @slot(Ticket, Measured)
    def _measured(self, ticket: Ticket, measured: Measured) -> None:
        self.plan.measured(ticket, measured)

    @slot(Ticket, Inversion, str)
    def _inverted(self, ticket: Ticket, inverted: Inversion, fingerprint: str) -> None:
        self.plan.inverted(ticket, inverted, fingerprint)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        self.plan.failed(ticket, error)
