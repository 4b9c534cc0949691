"""Writes down within moments what is not saved yet, and brings it back after the program has ended unasked."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.document import Document
from nti_desktop.editing.journalling import Journalling, as_saved, going_on, unsaved_of
from nti_desktop.editing.session import Session
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.file_tasks import OpenedPhoto
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot

AFTER = 1_000  # milliseconds from a change until it is written at the latest

_BACK = "What was not saved when the program ended is here again."


class JournalController(QObject):
    """Notes the open document's state after each change; once it is saved, nothing is left."""

    def __init__(self, editor: Editor, worker: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor
        self._journalling = Journalling(worker, self._failed)
        self._document: Document | None = None
        self._discards: dict[Session, Callable[[], None]] = {}  # of photos that were left before they were saved
        self._timer = QTimer(self, singleShot=True, interval=AFTER)
        self._timer.timeout.connect(self.note)
        editor.changed.connect(self._changed)
        editor.opened.connect(self._opened)
        editor.preparing.prepared.connect(self.note)
        editor.file_tasks.saved.connect(self._saved)

    @property
    def written(self) -> bool:
        """Whether all that was noted lies on the disk."""
        return self._journalling.written

    def tell(self, path: Path, open_path: Callable[[Path], None]) -> None:
        """Say that another photo than the one that is being opened has work that was not saved. path: it, or its
        project.
        """
        text = f"“{path.name}” was open when the program ended; what was not saved of it is kept."
        action = Action("Open it", partial(open_path, path))
        self._editor.say(Message(text, Tone.NOTE, topic=Topic.JOURNAL, actions=(action,)))

    @slot()
    def note(self) -> None:
        """Write down how everything stands, now."""
        self._timer.stop()
        if self._document is not None:
            self._journalling.note(unsaved_of(self._document))

    def end(self) -> None:
        """The program is closed: what is not saved by now, as words that nothing was prepared with, stays written."""
        self._timer.stop()
        if self._document is not None:
            session = self._document.session
            self._journalling.note(unsaved_of(self._document, ended=True))
            discard = self._journalling.leave()
            if session.working_copy.dirty:
                self._discards[session] = discard
        self._document = None

    @slot(Session)
    def _saved(self, session: Session) -> None:
        if self._document is not None and session is self._document.session:
            self._editor.withdraw(Topic.BROUGHT_BACK)  # what was brought back is saved; undo takes it back
            self.note()
        elif session in self._discards and not session.working_copy.dirty:
            self._discards.pop(session)()

    @slot()
    def _opened(self) -> None:
        left, session = self._editor.taken_up, self._editor.session
        if left is not None or session is None or self._document is None or not going_on(self._document, session):
            self.end()
        self._document = self._editor.document
        if left is not None:
            self._journalling.go_on_from(left)
            if not left.ended:
                discard = Action("Discard it", self._discard)
                self._editor.say(Message(_BACK, Tone.NOTE, topic=Topic.BROUGHT_BACK, actions=(discard,)))
        self.note()

    def _discard(self) -> None:
        """Go back to what was saved."""
        document, photo = self._document, self._editor.pictures.before
        if document is None or photo is None:
            return
        self._journalling.discard()
        self._document = None
        session, desk = as_saved(document.session)
        self._editor.show(OpenedPhoto(session, desk, None, photo, {}))

    @slot()
    def _changed(self) -> None:
        if self._document is not None and not self._timer.isActive():
            self._timer.start()

    def _failed(self, error: NtiError) -> None:
        self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.JOURNAL))
