"""The exports that were asked for: each is of the edit as it was then, and waits in a list until it can be written."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken
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

    wanted: None for the photo as it is; target: from when it is looked at, as `check_target` found it free; request:
    None to return to the file that a raw editor gave.
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
    """What looks at folders and writes pictures, elsewhere, as their drives may not answer. A cancel is answered with
    Cancelled.
    """

    def look(
        self, task: ExportTask, cancel: CancelToken, done: Callable[[Path | None], None], failed: Failed
    ) -> None: ...

    def export(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Exported], None], failed: Failed
    ) -> None: ...

    def return_to(
        self, task: ExportTask, parts: Parts, cancel: CancelToken, done: Callable[[Returned], None], failed: Failed
    ) -> None: ...


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of exports. changed: others wait than before, or one is written by now; failed: Cancelled too."""

    changed: Callable[[], None]
    exported: Callable[[ExportTask, Exported], None]
    returned: Callable[[ExportTask, Returned], None]
    failed: Callable[[ExportTask, NtiError], None]


@dataclass(eq=False)
class _UnderWay:
    """rendering: from when its folder was looked at until it is rendered; writing: after that."""

    cancel: CancelToken = field(default_factory=CancelToken)
    rendering: FinalRender | None = None
    writing: bool = False


class ExportQueue:
    """Nothing that is edited, left or deleted meanwhile changes what is written."""

    def __init__(self, writer: Writer, final_renders: FinalRenders, audience: Audience) -> None:
        self._writer, self._final_renders, self._audience = writer, final_renders, audience
        self._waiting: dict[ExportTask, _UnderWay] = {}

    @property
    def waiting(self) -> tuple[ExportTask, ...]:
        """Those that are wanted and not done yet, the first asked for first."""
        return tuple(task for task, at in self._waiting.items() if not at.cancel.cancelled)

    def is_written(self, task: ExportTask) -> bool:
        """Tell whether it is rendered, and being written."""
        return task in self._waiting and self._waiting[task].writing

    def add(self, task: ExportTask) -> None:
        """Write this as soon as it is rendered, unless there is nowhere to write it to."""
        under_way = self._waiting[task] = _UnderWay()

        def checked(free: Path | None) -> None:
            if task not in self._waiting:
                return
            if free is None:  # a file is there that is to be left as it is
                del self._waiting[task]
                self._audience.exported(task, Exported(None))
                self._audience.changed()
                return
            found = task if free == task.target else replace(task, target=free)
            self._waiting = {found if each is task else each: at for each, at in self._waiting.items()}
            self._render(found, under_way)

        self._writer.look(task, under_way.cancel, checked, partial(self._failed, task))
        self._audience.changed()

    def rendered_by(self, ticket: Ticket) -> ExportTask | None:
        """The one that a job of the engine is done for."""
        final = self._final_renders.on_ticket(ticket)
        return next((task for task, at in self._waiting.items() if final and at.rendering is final), None)

    def cancel(self, task: ExportTask) -> None:
        """Do without one that waits; one that is being written is stopped, unless it is there by then."""
        under_way = self._waiting.get(task)
        if under_way is None:
            return
        under_way.cancel.cancel()
        if under_way.rendering is not None:
            self._final_renders.cancel(under_way.rendering)
        if not under_way.writing:
            self._failed(task, Cancelled(""))

    def cancel_all(self) -> None:
        """Do without all that wait."""
        for task in self.waiting:
            self.cancel(task)

    def _render(self, task: ExportTask, under_way: _UnderWay) -> None:
        if task.wanted is None:
            self._write(task, under_way, ())
            return

        def done(parts: tuple[RenderedPart, ...]) -> None:
            under_way.rendering = None
            self._write(task, under_way, parts)

        under_way.rendering = FinalRender(task.session, task.wanted, done, partial(self._failed, task))
        self._final_renders.enqueue(under_way.rendering)
        self._audience.changed()

    def _write(self, task: ExportTask, under_way: _UnderWay, parts: tuple[RenderedPart, ...]) -> None:
        def exported(result: Exported) -> None:
            del self._waiting[task]
            self._audience.exported(task, result)
            self._audience.changed()

        def returned(result: Returned) -> None:
            del self._waiting[task]
            self._audience.returned(task, result)
            self._audience.changed()

        under_way.writing = True
        if task.request is None:
            self._writer.return_to(task, parts, under_way.cancel, returned, partial(self._failed, task))
        else:
            self._writer.export(task, parts, under_way.cancel, exported, partial(self._failed, task))
        self._audience.changed()

    def _failed(self, task: ExportTask, error: NtiError) -> None:
        if self._waiting.pop(task, None) is None:
            return  # said already
        if isinstance(error, Cancelled):
            error = Cancelled(f"“{task.target.name}” was not written, as its export was cancelled.")
        self._audience.failed(task, error)
        self._audience.changed()
