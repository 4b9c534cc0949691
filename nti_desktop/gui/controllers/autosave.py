"""Saves by itself, so that the sidecar holds the work when another program or another machine looks for it."""

from PySide6.QtCore import QObject, QTimer, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.editing.working_copy import Content
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.workers.threads import slot

AFTER = 10_000  # milliseconds without a change
A_MINUTE = 60_000
ON_CLOSING = 0
_CHOICE = "Save by &itself"
_SAID = {
    "save_soon": "Changes are saved in a few seconds",
    "save_after_a_minute": "Changes are saved within a minute",
    "save_on_closing": "Changes are saved on closing",
}


class Autosave(QObject):
    """Saves the open project a while after its last change, unless that is left to closing."""

    outlook_changed = Signal()

    def __init__(self, editor: Editor, after: int | None, parent: QObject) -> None:
        """after: milliseconds, ON_CLOSING not to; None for what was chosen last."""
        super().__init__(parent)
        self._editor = editor
        chosen = preferences.saves_after() if after is None else after
        self._after = AFTER if chosen is None else chosen
        self._timer = QTimer(self, singleShot=True, interval=self._after)
        self._seen: tuple[Session, Content] | None = None  # what the timer runs for
        self._told: tuple[Session, str] | None = None  # of the last save, where it failed: whose, and its fault
        self._timer.timeout.connect(self._save)
        editor.changed.connect(self._changed)
        editor.file_tasks.saved.connect(self._saved)

    @property
    def chosen(self) -> str:
        """Name of the command that stands for what is chosen."""
        return _command_of(self._after)

    @property
    def outlook(self) -> str:
        """When what is not saved of the open photo will be, in a sentence."""
        failed = self._told is not None and self._told[0] is self._editor.session
        return "Changes are not saved yet" if failed else _SAID[self.chosen]

    @command("After &ten seconds", Menu.FILE, choice=_CHOICE)
    @slot(bool)
    def save_soon(self, on: bool) -> None:
        """Save the project ten seconds after the last change, and on closing."""
        self._choose(on, AFTER)

    @command("After a &minute", Menu.FILE, choice=_CHOICE)
    @slot(bool)
    def save_after_a_minute(self, on: bool) -> None:
        """Save the project a minute after the last change, and on closing."""
        self._choose(on, A_MINUTE)

    @command("On &closing only", Menu.FILE, choice=_CHOICE)
    @slot(bool)
    def save_on_closing(self, on: bool) -> None:
        """Save the project only when it is closed, or by hand; a crash loses nothing all the same."""
        self._choose(on, ON_CLOSING)

    def _choose(self, on: bool, after: int) -> None:
        if on and _command_of(after) != self.chosen:
            self._after, self._seen = after, None
            self._timer.setInterval(after)
            preferences.remember_saves_after(after)
            self._changed()
            self.outlook_changed.emit()

    def stop(self) -> None:
        """Nothing more is saved until the next change."""
        self._timer.stop()

    def repeats(self, request: SaveRequest, error: NtiError) -> bool:
        """Tell whether nobody asked for a failed save, and the same was told of this photo last; remember the fault."""
        told, self._told = self._told, (request.session, str(error))
        self.outlook_changed.emit()
        return request.by_itself and told == self._told

    @slot()
    def _changed(self) -> None:
        session = self._editor.session
        if session is None or not session.working_copy.dirty or self._after == ON_CLOSING:
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


def _command_of(after: int) -> str:
    return {A_MINUTE: "save_after_a_minute", ON_CLOSING: "save_on_closing"}.get(after, "save_soon")
