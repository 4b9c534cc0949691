"""A series under way: one picture after the other in the background, and the sheet of what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import Progress, Report
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.series import Told
from nti_desktop.editing.series_sheet import series_sheet
from nti_desktop.gui import preferences
from nti_desktop.gui.editor.series_dialog import SeriesDialog
from nti_desktop.gui.widgets.work_strip import in_words
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.waiting_engine import WaitingEngine
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict, check_target

ALL_DONE = "All is done."

T = TypeVar("T")
Make = Callable[[WaitingEngine, Report], Iterator[T]]


@dataclass(frozen=True, eq=False)
class _Now(Generic[T]):
    engine: WaitingEngine
    pictures: Iterator[T]


class SeriesRun(QObject, Generic[T]):
    """One series at a time, told of in its dialog."""

    def __init__(
        self,
        dialog: SeriesDialog,
        engine: EngineThread,
        background: Background,
        show: Callable[[T], None],
        conclusion: Callable[[], str] = lambda: ALL_DONE,
    ) -> None:
        """show: gets what comes of each step, in the window's thread; an NtiError that it raises ends the series;
        conclusion: what is said after the last step.
        """
        super().__init__(dialog)
        self._dialog, self._engine, self._background, self._show = dialog, engine, background, show
        self._conclusion = conclusion
        self._now: _Now[T] | None = None

    @property
    def at_work(self) -> bool:
        """Whether there is more to come."""
        return self._now is not None

    @property
    def title(self) -> str:
        """What it is called."""
        return self._dialog.windowTitle()

    def ordered(self, ticket: Ticket) -> bool:
        """Tell whether a job of the engine is done for it."""
        return self._now is not None and self._now.engine.ordered(ticket)

    def begin(self, entry: ModelEntry, make: Make[T]) -> None:
        """Take the steps of a series. entry: the model that prepares; make: begins it, see `tell_series`."""
        engine = WaitingEngine(self._engine, entry, self)
        self._now = _Now(engine, make(engine, self._report))
        self._dialog.show_at_work(True)
        self._go_on(self._now)

    def cancel(self) -> None:
        """Make no more; what is made stays."""
        now, self._now = self._now, None
        if now is not None:
            now.engine.stop()
            self._end("Stopped; what was made is kept, and beginning again goes on there.")

    def _go_on(self, now: _Now[T]) -> None:
        def done(made: T | None) -> None:
            if self._now is not now:
                now.engine.deleteLater()
            elif made is None:
                self._now = None
                now.engine.deleteLater()
                self._end(self._conclusion())
            else:
                try:
                    self._show(made)
                except NtiError as error:
                    failed(error)
                else:
                    self._go_on(now)

        def failed(error: NtiError) -> None:
            now.engine.deleteLater()
            if self._now is now:
                self._now = None
                self._end(str(error))

        self._background.submit(lambda: next(now.pictures, None), done, failed, lane=now)

    def _report(self, progress: Progress) -> None:
        if self._now is not None:
            self._dialog.show_progress(progress, in_words(progress))

    def _end(self, sentence: str) -> None:
        self._dialog.show_at_work(False)
        self._dialog.state.setText(sentence)

    def save_sheet(self, told: Callable[[], list[Told]], edits: int, photos: Sequence[Path]) -> None:
        """Ask where the sheet goes, and write it. told: what it shows, made in the background; photos: at least one,
        none of which it may replace.
        """
        suggested = str(Path(preferences.last_folder()) / f"{photos[0].stem} series.jpg")
        name, _ = QFileDialog.getSaveFileName(self._dialog, "Save the sheet as", suggested, "Pictures (*.jpg *.png)")
        if not name:
            return
        target = Path(name) if Path(name).suffix else Path(f"{name}.jpg")

        def write() -> Path | None:
            for photo in photos:
                check_target(target, original=photo, conflict=Conflict.OVERWRITE)
            picture = series_sheet(told(), edits)
            if picture is None:
                return None
            without = ExportSettings(metadata=False)
            return export_picture(
                picture, target, original=photos[0], conflict=Conflict.OVERWRITE, settings=without
            ).path

        def done(written: Path | None) -> None:
            self._dialog.state.setText("There is nothing to show yet." if written is None else f"Written to {written}")

        self._background.submit(write, done, lambda error: self._dialog.state.setText(str(error)), lane=str(target))
