"""The exports that were asked for: each is of the edit as it was then, and waits in a list until it can be written."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nti_desktop.composing import RenderedPart
from nti_desktop.errors import Cancelled, NtiError
from nti_desktop.gui.commissions import Commission, Commissions
from nti_desktop.gui.engine_thread import Ticket
from nti_desktop.gui.export_request import ExportRequest
from nti_desktop.gui.filing import Filing
from nti_desktop.gui.wanted import Wanted
from nti_desktop.photo.carrying import Provenance
from nti_desktop.photo.export import Exported
from nti_desktop.returning import Returned
from nti_desktop.session import Session


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


class Exports(QObject):
    """Nothing that is edited, left or deleted meanwhile changes what is written."""

    changed = Signal()  # which of them wait
    exported = Signal(ExportTask, Exported)
    returned = Signal(ExportTask, Returned)
    failed = Signal(ExportTask, NtiError)  # Cancelled too

    def __init__(self, filing: Filing, commissions: Commissions, parent: QObject) -> None:
        super().__init__(parent)
        self._filing, self._commissions = filing, commissions
        self._waiting: dict[ExportTask, Commission] = {}

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

        self._waiting[task] = commission = Commission(task.session, task.wanted, done, failed)
        self._commissions.order(commission)
        self.changed.emit()

    def rendered_by(self, ticket: Ticket) -> ExportTask | None:
        """The one that a job of the engine is done for."""
        commission = self._commissions.on_ticket(ticket)
        return next((task for task, own in self._waiting.items() if own is commission), None)

    def cancel(self, task: ExportTask) -> None:
        """Do without one that waits."""
        commission = self._waiting.pop(task, None)
        if commission is not None:
            self._commissions.cancel(commission)
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
            self._filing.return_to(task.session, parts, task.target, task.provenance, returned, failed)
        else:
            self._filing.export(task.session, parts, task.target, task.request, task.provenance, exported, failed)
