"""Teaching a model a word: from the dialog to the engine, and the word to the models' list."""

from pathlib import Path

from PySide6.QtCore import QObject

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import Progress
from nti_desktop.core.units import duration
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.teaching import FEWEST, Lesson, check_lesson, measure_lesson, seconds_of
from nti_desktop.gui.controllers.model_library import ModelLibrary
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.models.teach_dialog import TeachDialog
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.jobs import Measured

_STOPPED = "Stopped; “Teach” goes on where it stood."


class Teaching(QObject):
    """One lesson at a time; nothing changes before its word is learned."""

    def __init__(self, engine: EngineThread, models: Background, library: ModelLibrary, page: ModelsPage) -> None:
        super().__init__(page)
        self._engine, self._models, self._library = engine, models, library
        self._model: tuple[Path, ModelEntry] | None = None  # as it is listed, and what it is
        self._measuring: Ticket | None = None
        self._asked: Lesson | None = None  # that is looked at before it is learned
        self._learning: Ticket | None = None
        self.dialog = dialog = TeachDialog(page)
        page.list.additions.teach_asked.connect(self.begin)
        dialog.photos_changed.connect(self._forecast)
        dialog.teach.clicked.connect(self.teach)
        dialog.stop.clicked.connect(self.stop)
        dialog.finished.connect(self.stop)
        engine.measured.connect(self._measured)
        engine.progressed.connect(self._progressed)
        engine.taught.connect(self._taught)
        engine.failed.connect(self._failed)

    @slot(Path, ModelEntry)
    def begin(self, model: Path, entry: ModelEntry) -> None:
        """Ask what a model is to be taught, unless it learns something just now."""
        if not self._at_work:
            self._model = (model, entry)
            self.dialog.show_idle("")
            self._forecast()
        assert self._model is not None
        self.dialog.begin(self._model[1].name)

    @property
    def _at_work(self) -> bool:
        return self._asked is not None or self._learning is not None

    @slot()
    def teach(self) -> None:
        """Look at what was asked for, then learn it."""
        if self._model is None or self._at_work:
            return
        dialog = self.dialog
        self._asked = lesson = Lesson(*self._model, dialog.name.text(), dialog.kind.text(), dialog.photos)
        dialog.show_progress(Progress("Looking at the photos", 0, 1))

        def checked(_word: str) -> None:
            if self._asked is lesson:
                self._asked, self._learning = None, self._engine.enqueue_idle(lesson)

        def failed(error: NtiError) -> None:
            if self._asked is lesson:
                self._asked = None
                dialog.show_idle(str(error), warning=True)

        self._models.submit(lambda: check_lesson(lesson), checked, failed, lane="teach")

    @slot()
    def stop(self) -> None:
        """Stop a lesson that is looked at, waits or runs; where it stands is kept."""
        for ticket in (self._measuring, self._learning):
            if ticket is not None:
                self._engine.withdraw(ticket)
        if self._asked is not None:
            self._asked = None
            self.dialog.show_idle(_STOPPED)
        elif self._learning is not None:
            self.dialog.show_stopping()

    @slot()
    def _forecast(self) -> None:
        """Say how long it will take, once there are photos enough."""
        photos = self.dialog.photos
        if self._model is None or len(photos) < FEWEST or self._at_work:
            return
        if self._measuring is not None:
            self._engine.withdraw(self._measuring)
        self._measuring = self._engine.enqueue_idle(measure_lesson(self._model[1], photos[0][0]))

    @slot(Ticket, Measured)
    def _measured(self, ticket: Ticket, measured: Measured) -> None:
        if ticket is self._measuring:
            self._measuring = None
            if not self._at_work:
                takes = duration(seconds_of(measured.speeds.rates))
                self.dialog.show_idle(f"Learning takes {takes} on {measured.device}.")

    @slot(Ticket, Progress)
    def _progressed(self, ticket: Ticket, progress: Progress) -> None:
        if ticket is self._learning and not ticket.cancel.cancelled:
            self.dialog.show_progress(progress)

    @slot(Ticket, str)
    def _taught(self, ticket: Ticket, sentence: str) -> None:
        if ticket is self._learning:
            self._learning = None
            self.dialog.show_idle(sentence)
            self._library.say_and_look(sentence)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        if ticket is self._measuring:
            self._measuring = None
            if not self._at_work and not isinstance(error, Cancelled):
                self.dialog.show_idle(str(error), warning=True)
        elif ticket is self._learning:
            self._learning = None
            stopped = isinstance(error, Cancelled)
            self.dialog.show_idle(_STOPPED if stopped else str(error), warning=not stopped)
