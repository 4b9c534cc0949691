"""The exports that were asked for: each is of the edit as it was then, and waits in a list until it can be written."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.editing.returning import Returned
from nti_desktop.editing.session import Session
from nti_desktop.gui.controllers.file_tasks import FileTasks
from nti_desktop.gui.controllers.final_renders import FinalRender, FinalRenders
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance


@dataclass(frozen=True, eq=False)
class ExportTask:
    """One picture to be written, with all that it is made of.

    wanted: None for the photo as it is; target: as `check_target` found it free; request: None to return to the file
    that a raw editor gave.
    """

    session: Session
    wanted: Wanted | None
    target: Path
    request: ExportRequest | None
    provenance: Provenance

    @property
    def title(self) -> str:
        """For people."""
        return f"{'Exporting' if self.request else 'Returning'} “{self.target.name}”"


class ExportQueue(QObject):
    """Nothing that is edited, left or deleted meanwhile changes what is written."""

    changed = Signal()  # which of them wait
    exported = Signal(ExportTask, Exported)
    returned = Signal(ExportTask, Returned)
    failed = Signal(ExportTask, NtiError)  # Cancelled too

    def __init__(self, file_tasks: FileTasks, final_renders: FinalRenders, parent: QObject) -> None:
        super().__init__(parent)
        self._file_tasks, self._final_renders = file_tasks, final_renders
        self._waiting: dict[ExportTask, FinalRender] = {}

    @property
    def waiting(self) -> tuple[ExportTask, ...]:
        """Those that have yet to be rendered, the first asked for first."""
        return tuple(self._waiting)

    def add(self, task: ExportTask) -> None:
        """Write this as soon as it is rendered."""
        if task.wanted is None:
            self._write(task, ())
            return

        def done(parts: tuple[RenderedPart, ...]) -> None:
            del self._waiting[task]
            self._write(task, parts)
            self.changed.emit()

        def failed(error: NtiError) -> None:
            del self._waiting[task]
            self.failed.emit(task, error)
            self.changed.emit()

        self._waiting[task] = final = FinalRender(task.session, task.wanted, done, failed)
        self._final_renders.enqueue(final)
        self.changed.emit()

    def rendered_by(self, ticket: Ticket) -> ExportTask | None:
        """The one that a job of the engine is done for."""
        final = self._final_renders.on_ticket(ticket)
        return next((task for task, own in self._waiting.items() if own is final), None)

    def cancel(self, task: ExportTask) -> None:
        """Do without one that waits."""
        final = self._waiting.pop(task, None)
        if final is not None:
            self._final_renders.cancel(final)
            self.failed.emit(task, Cancelled(f"“{task.target.name}” was not written, as its export was cancelled."))
            self.changed.emit()

    def cancel_all(self) -> None:
        """Do without all that wait."""
        for task in self.waiting:
            self.cancel(task)

    def _write(self, task: ExportTask, parts: tuple[RenderedPart, ...]) -> None:
        def exported(result: Exported) -> None:
            self.exported.emit(task, result)

        def returned(result: Returned) -> None:
            self.returned.emit(task, result)

        def failed(error: NtiError) -> None:
            self.failed.emit(task, error)

        if task.request is None:
            self._file_tasks.return_to(task.session, parts, task.target, task.provenance, returned, failed)
        else:
            self._file_tasks.export(task.session, parts, task.target, task.request, task.provenance, exported, failed)
