"""Saving the open photo's project, and leaving it, for another photo or for good, once that is done."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.leaving import Close, Destination, Leaving, OpenNext, patience
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.autosave import Autosave
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.journal import JournalController
from nti_desktop.gui.controllers.saving_as import SavingAs
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.thread_group import ThreadGroup
from nti_desktop.gui.workers.threads import slot


class LeavingController(QObject):
    """Saves before the next photo is opened and before the window closes; it is the place that `Leaving` leaves."""

    def __init__(
        self,
        editor: Editor,
        saving_as: SavingAs,
        autosave: Autosave,
        journal: JournalController,
        threads: ThreadGroup,
        stops: Sequence[Callable[[], object]],
        line: PromptLine,
        window: QWidget,
    ) -> None:
        """stops: how what is under way ends, when the window closes; line: where the edit is typed."""
        super().__init__(window)
        self._editor, self._saving_as, self._autosave, self._journal = editor, saving_as, autosave, journal
        self._threads, self._stops, self._line, self._window = threads, tuple(stops), line, window
        self._plan = Leaving(self)
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._save_hangs)
        editor.file_tasks.saved.connect(self._saved)
        editor.file_tasks.save_failed.connect(self._save_failed)
        editor.exports.changed.connect(self._exports_changed)
        editor.preparing.prepared.connect(self._preparing_ended)
        editor.preparing.failed.connect(self._preparing_ended)

    @property
    def closing(self) -> bool:
        """Whether the window is about to close, or has."""
        return self._plan.closing

    @property
    def unsaved(self) -> bool:
        """Whether the open photo's project has something to save."""
        session = self._editor.session
        return session is not None and session.working_copy.dirty

    @property
    def saving(self) -> bool:
        """Whether a project is being written."""
        return self._editor.file_tasks.saving

    @property
    def busy(self) -> bool:
        """Whether a photo is being prepared."""
        return self._editor.preparing.plan.busy

    @command("&Save", Menu.FILE, "Ctrl+S")
    @slot()
    def save(self) -> None:
        """Save the project beside the photo; the photo itself is never touched."""
        self._line.settle()
        session = self._editor.session
        if session is not None and session.read_only:
            self._editor.say(Message(session.read_only, Tone.ERROR, topic=Topic.SAVE))
        self._editor.save()

    def go(self, destination: Destination) -> None:
        """Open another photo, or end."""
        match destination:
            case OpenNext(path, brings_back):
                self._editor.file_tasks.open(path, brings_back)
            case Close():
                self._autosave.stop()
                self._journal.end()
                self._threads.stop()

    def leave(self, destination: Destination) -> None:
        """Go there when what is open is saved, or cannot be within reason."""
        session = self._editor.session
        size = session.working_copy.size if session else 0
        self._patience.start(round(1000 * patience(destination, size)))
        self._plan.ask(destination)

    @slot()
    def _save_hangs(self) -> None:
        """Whoever waits to leave need not wait for a drive that does not answer: as long as the program runs, what is
        written to it still is, and what is not saved in the end is in the journal.
        """
        if not self.saving:
            return
        if self._plan.destination != Close() or self._journal.written:
            self._plan.go()
            return
        self._stay()
        text = "Not everything is saved yet, as the drive does not answer; wait until it does, or close without."
        self._editor.say(Message(text, Tone.ERROR, topic=Topic.SAVE, actions=(self._close_anyway,)))

    @slot(Session)
    def _saved(self, session: Session) -> None:
        self._editor.withdraw(Topic.SAVE, of=str(session.sidecar))
        self._plan.go_on()

    @slot(SaveRequest, NtiError)
    def _save_failed(self, request: SaveRequest, error: NtiError) -> None:
        session, repeated = request.session, self._autosave.repeats(request, error)
        elsewhere = Action("Save as…", partial(self._saving_as.ask, session))
        actions = [elsewhere, Action("Try again", partial(self._save_again, session))]
        if session is self._editor.session and isinstance(self._plan.destination, OpenNext):
            actions = [elsewhere, Action("Open without saving", self._plan.go)]
        elif self.closing:
            self._stay()
            actions = [elsewhere, self._close_anyway, Action("Try again", self.close)]
        elif repeated:
            actions = []
        if actions:
            about = str(session.sidecar)
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.SAVE, of=about, actions=tuple(actions)))

    def _save_again(self, session: Session) -> None:
        """Save the photo that is open, or one that was left."""
        if session is self._editor.session:
            self.save()
        else:
            self._editor.file_tasks.save(SaveRequest(session))

    @slot()
    def _preparing_ended(self) -> None:
        """Go on closing, as what was prepared before it could be stopped is saved, too."""
        if self.closing:
            self._plan.go_on()

    @slot()
    def _exports_changed(self) -> None:
        """Nobody need wait any more where all that was to be written is."""
        if not self._editor.exports.queue.waiting:
            self._editor.withdraw(Topic.CLOSING)

    def close(self, soon: bool = False) -> None:
        """Hide the window, stop what is under way, save, and let the threads end. soon: see Close."""
        if self.closing:
            return
        if waiting := self._editor.exports.queue.waiting:
            text = f"{waiting[0].title} is not done yet; wait for it, or close without it."
            anyway = Action("Close without exporting", self.close_without_exporting)
            self._editor.say(Message(text, topic=Topic.CLOSING, actions=(anyway,)))
            return
        self._plan.stay()
        preferences.remember_window_geometry(self._window.saveGeometry())
        self._line.settle()
        self._window.hide()
        self._journal.note()
        for stop in self._stops:
            stop()
        self.leave(Close(soon))

    def close_without_exporting(self, soon: bool = False) -> None:
        """Close, and do without exports that are not done."""
        self._editor.exports.queue.cancel_all()
        self.close(soon)

    @property
    def _close_anyway(self) -> Action:
        return Action("Close without saving", self._close_without_saving)

    def _close_without_saving(self) -> None:
        self._window.hide()
        self._plan.go(Close())

    def _stay(self) -> None:
        """It could not be saved: nobody goes anywhere."""
        self._plan.stay()
        self._window.show()
