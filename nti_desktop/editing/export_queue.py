"""The exports that were asked for: each is of the edit as it was then, and waits in a list until it can be written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.final_renders import FinalRender, FinalRenders
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.editing.returning import Returned
from nti_desktop.editing.session import Session
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance

Parts = tuple[RenderedPart, ...]
Failed = Callable[[NtiError], None]


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


class Writer(Protocol):
    """What writes pictures to the disk. target: as `check_target` found it free."""

    def export(self, task: ExportTask, parts: Parts, done: Callable[[Exported], None], failed: Failed) -> None: ...
    def return_to(self, task: ExportTask, parts: Parts, done: Callable[[Returned], None], failed: Failed) -> None: ...


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of exports. changed: others wait than before; failed: Cancelled too."""

    changed: Callable[[], None]
    exported: Callable[[ExportTask, Exported], None]
    returned: Callable[[ExportTask, Returned], None]
    failed: Callable[[ExportTask, NtiError], None]


class ExportQueue:
    """Nothing that is edited, left or deleted meanwhile changes what is written."""

    def __init__(self, writer: Writer, final_renders: FinalRenders, audience: Audience) -> None:
        self._writer, self._final_renders, self._audience = writer, final_renders, audience
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
            self._audience.changed()

        def failed(error: NtiError) -> None:
            del self._waiting[task]
            self._audience.failed(task, error)
            self._audience.changed()

        self._waiting[task] = final = FinalRender(task.session, task.wanted, done, failed)
        self._final_renders.enqueue(final)
        self._audience.changed()

    def rendered_by(self, ticket: Ticket) -> ExportTask | None:
        """The one that a job of the engine is done for."""
        final = self._final_renders.on_ticket(ticket)
        return next((task for task, own in self._waiting.items() if own is final), None)

    def cancel(self, task: ExportTask) -> None:
        """Do without one that waits."""
        final = self._waiting.pop(task, None)
        if final is not None:
            self._final_renders.cancel(final)
            self._audience.failed(
                task, Cancelled(f"“{task.target.name}” was not written, as its export was cancelled.")
            )
            self._audience.changed()

    def cancel_all(self) -> None:
        """Do without all that wait."""
        for task in self.waiting:
            self.cancel(task)

    def _write(self, task: ExportTask, parts: tuple[RenderedPart, ...]) -> None:
        def exported(result: Exported) -> None:
            self._audience.exported(task, result)

        def returned(result: Returned) -> None:
            self._audience.returned(task, result)

        def failed(error: NtiError) -> None:
            self._audience.failed(task, error)

        if task.request is None:
            self._writer.return_to(task, parts, returned, failed)
        else:
            self._writer.export(task, parts, exported, failed)
