"""What the bottom line says: the job under way, else what the disk is doing, else how the work stands."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject

from nti_desktop.core.progress import Progress
from nti_desktop.core.units import duration
from nti_desktop.editing import feedback
from nti_desktop.editing.countdown import Countdown
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.export_queue import ExportTask
from nti_desktop.editing.teaching import Lesson
from nti_desktop.gui.controllers.autosave import Autosave
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.work_strip import WorkStrip
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import MeasureJob


class Undertaking(Protocol):
    """Several jobs that the engine does for one purpose, beside the open edit. title: what the line calls it."""

    @property
    def title(self) -> str: ...
    def ordered(self, ticket: Ticket) -> bool: ...
    def cancel(self) -> None: ...


class ProgressWatch(QObject):
    """Follows the engine's jobs."""

    def __init__(
        self,
        engine: EngineThread,
        editor: Editor,
        undertakings: Sequence[Undertaking],
        autosave: Autosave,
        strip: WorkStrip,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine, self._editor, self._undertakings = engine, editor, undertakings
        self._autosave, self._strip = autosave, strip
        self._running: Ticket | None = None
        self._countdown: Countdown | None = None  # of the running job, where it prepares
        self._last: tuple[Progress, str] | None = None  # of the running job
        engine.started_job.connect(self._started)
        engine.progressed.connect(self._progressed)
        engine.measured.connect(self._ended)
        engine.looked.connect(self._ended)
        engine.inverted.connect(self._ended)
        engine.rendered.connect(self._ended)
        engine.taught.connect(self._ended)
        engine.failed.connect(self._ended)
        editor.changed.connect(self.refresh)
        editor.file_tasks.doing_changed.connect(self.refresh)
        editor.file_tasks.open_failed.connect(self.refresh)
        editor.file_tasks.saved.connect(self.refresh)
        editor.file_tasks.save_failed.connect(self.refresh)
        editor.exports.changed.connect(self.refresh)
        autosave.outlook_changed.connect(self.refresh)
        strip.cancel_button.clicked.connect(self.cancel)

    @slot()
    def cancel(self) -> None:
        """Stop what the line tells of: a photo on its way in, else the export that is rendered or, where the engine
        does nothing, waits or is written, else the undertaking that is worked on, else what the engine does.
        """
        exports = self._editor.exports
        if self._editor.file_tasks.stop_opening():
            return
        export = self._exported_now()
        if export is not None:
            exports.queue.cancel(export)
        elif self._running is not None and (undertaking := self._ordered(self._running)) is not None:
            undertaking.cancel()
        elif self._running is not None and self._running.queued:  # of a lesson
            self._engine.withdraw(self._running)
        else:
            self._editor.cancel()
        if self._running is not None:
            self._strip.show_stopping()

    def _ordered(self, ticket: Ticket) -> Undertaking | None:
        """Find what a job of the engine is done for, if that is no single edit."""
        return next((each for each in self._undertakings if each.ordered(ticket)), None)

    def _exported_now(self) -> ExportTask | None:
        """The export that the running job is done for; with none running, the first that waits."""
        exports = self._editor.exports
        if self._running is not None:
            return exports.queue.rendered_by(self._running)
        return exports.queue.waiting[0] if exports.queue.waiting else None

    @slot()
    def refresh(self) -> None:
        """Say how things stand when no job runs; a photo on its way in comes first."""
        opening = self._editor.file_tasks.opening
        if opening is not None:
            self._strip.show_opening(opening.path.name, opening.share)
            return
        if self._running is not None:
            if self._last is not None:
                self._strip.show_progress(*self._last)
            return
        export = self._exported_now()
        if export is not None:
            phase = "Writing" if self._editor.exports.queue.is_written(export) else "Waiting for the engine"
            self._strip.show_progress(Progress(phase, 0, 1), export.title)
            return
        session = self._editor.session
        if self._editor.file_tasks.doing:
            text = self._editor.file_tasks.doing
        elif session is None:
            text = ""
        elif self._editor.pictures.by_hand and self._editor.pictures.can_render:
            takes = None if self._editor.pictures.stopped else self._editor.pictures.takes
            text = feedback.waits(None if takes is None else duration(takes))
        elif session.read_only:
            text = "Opened for looking only"
        elif session.working_copy.dirty:
            text = self._autosave.outlook
        elif session.project.versions:
            text = "Saved"
        else:
            text = ""
        self._strip.show_idle(text)

    @slot(Ticket)
    def _started(self, ticket: Ticket) -> None:
        self._running, self._last, self._countdown = ticket, None, None
        if isinstance(ticket.job, PrepareJob):  # whose phases to come count too
            settings = ticket.job.invert.settings
            phases = self._editor.preparing.plan.estimates.phases(settings.method, settings.steps)
            self._countdown = Countdown(phases) if phases else None

    @slot(Ticket, Progress)
    def _progressed(self, ticket: Ticket, progress: Progress) -> None:
        if ticket is not self._running or ticket.cancel.cancelled:
            return
        left = progress.seconds_left if self._countdown is None else self._countdown.seconds_left(progress)
        if (undertaking := self._ordered(ticket)) is not None:
            what = undertaking.title
        elif isinstance(ticket.job, Lesson):
            what = "Teaching a word"
        elif isinstance(ticket.job, PrepareJob):
            what = "Preparing"
        elif (export := self._editor.exports.queue.rendered_by(ticket)) is not None:
            what = export.title
        else:
            what = "Measuring" if isinstance(ticket.job, MeasureJob) else ""
        self._last = Progress(progress.phase, progress.step, progress.total, left), what
        if self._editor.file_tasks.opening is None:
            self._strip.show_progress(*self._last)

    @slot(Ticket, object)
    def _ended(self, ticket: Ticket, _answer: object) -> None:
        if self._running is None or ticket is self._running:
            self._running = None
            self.refresh()
