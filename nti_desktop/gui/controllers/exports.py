"""The exports that were asked for, from the queue to the window."""

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.export_queue import Audience, ExportQueue, ExportTask
from nti_desktop.editing.final_renders import FinalRenders
from nti_desktop.editing.returning import Returned
from nti_desktop.gui.controllers.file_tasks import FileTasks
from nti_desktop.gui.controllers.rendering import Rendering
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.export.export import Exported
from nti_desktop.recipe.jobs import Rendered


class Exports(QObject):
    """Joins an `ExportQueue` with the threads that render and write, and tells the window what comes of it."""

    changed = Signal()  # which of them wait
    exported = Signal(ExportTask, Exported)
    returned = Signal(ExportTask, Returned)
    failed = Signal(ExportTask, NtiError)  # Cancelled too

    def __init__(
        self, engine: EngineThread, models: Background, rendering: Rendering, file_tasks: FileTasks, parent: QObject
    ) -> None:
        """models: the worker that reads models, which may take long; rendering: what it has rendered is used."""
        super().__init__(parent)
        audience = Audience(self.changed.emit, self.exported.emit, self.returned.emit, self.failed.emit)
        self._final_renders = FinalRenders(engine, models, rendering.plan.known)
        self.queue = ExportQueue(file_tasks, self._final_renders, audience)
        engine.rendered.connect(self._rendered)
        engine.failed.connect(self._failed)

    @slot(Ticket, Rendered)
    def _rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        self._final_renders.rendered(ticket, rendered)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        self._final_renders.failed(ticket, error)
