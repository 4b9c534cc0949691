"""Saves by itself, so that a program that is killed takes no more than the last seconds of work with it."""

from PySide6.QtCore import QObject, QTimer

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.editing.working_copy import Content
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.workers.threads import slot

AFTER = 10_000  # milliseconds without a change


class Autosave(QObject):
    """Saves the open project a while after its last change."""

    def __init__(self, editor: Editor, after: int, parent: QObject) -> None:
        """after: milliseconds."""
        super().__init__(parent)
        self._editor = editor
        self._timer = QTimer(self, singleShot=True, interval=after)
        self._seen: tuple[Session, Content] | None = None  # what the timer runs for
        self._told: tuple[Session, str] | None = None  # of the last save, where it failed: whose, and its fault
        self._timer.timeout.connect(self._save)
        editor.changed.connect(self._changed)
        editor.file_tasks.saved.connect(self._saved)

    def stop(self) -> None:
        """Nothing more is saved until the next change."""
        self._timer.stop()

    def repeats(self, request: SaveRequest, error: NtiError) -> bool:
        """Tell whether nobody asked for a failed save, and the same was told of this photo last; remember the fault."""
        told, self._told = self._told, (request.session, str(error))
        return request.by_itself and told == self._told

    @slot()
    def _changed(self) -> None:
        session = self._editor.session
        if session is None or not session.working_copy.dirty:
            self._timer.stop()
            return
        now = session, session.working_copy.content
        if now != self._seen:
            self._seen = now
            self._timer.start()

    @slot()
    def _save(self) -> None:
        if self._editor.file_tasks.saving:
            self._timer.start()
            return
        self._editor.save(by_itself=True)

    @slot(Session)
    def _saved(self, session: Session) -> None:
        if self._seen is not None and self._seen[0] is session:
            self._seen = None
        if self._told is not None and self._told[0] is session:
            self._told = None
