"""Preparing a photo, from the plan to the window."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.known_speeds import keep_speeds
from nti_desktop.editing.preparation import Audience, Preparation, PreparationPlan
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import Inversion, Measured, Rendered


class Preparing(QObject):
    """Joins a `PreparationPlan` with the engine's thread, and tells the window what comes of it."""

    measured = Signal(Measured)
    prepared = Signal(Preparation)
    failed = Signal(NtiError)  # Cancelled too

    def __init__(self, engine: EngineThread, models: Background, parent: QObject) -> None:
        """models: the worker that writes down how fast they are."""
        super().__init__(parent)
        self._models = models
        told = Audience(self.measured.emit, self.prepared.emit, self.failed.emit, self._timed)
        self.plan = PreparationPlan(engine, told)
        engine.measured.connect(self._measured)
        engine.inverted.connect(self._inverted)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    def _timed(self, fingerprint: str, estimates: Estimates) -> None:
        self._models.submit(partial(keep_speeds, fingerprint, estimates), _nothing, _nothing, lane="speeds")

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


def _nothing(_outcome: object) -> None:
    """Nobody waits for it."""
