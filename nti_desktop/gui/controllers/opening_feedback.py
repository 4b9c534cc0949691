"""What is said of a photo that was opened: what is remarkable, where its project lies, what was lost of it."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from nti_desktop.editing.finding import said_of_elsewhere
from nti_desktop.editing.recovery import said_of_lost
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot


class OpeningFeedback(QObject):
    """Looks at every opened photo."""

    def __init__(self, editor: Editor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor
        editor.opened.connect(self._opened)

    @slot()
    def _opened(self) -> None:
        editor, session = self._editor, self._editor.session
        assert session is not None
        if session.notes:
            editor.say(Message(" ".join(session.notes), Tone.NOTE, topic=Topic.NOTE))
        if session.beside is not None:
            self._offer_to_move(session, session.beside)
        if session.lost is not None:
            bring_back = editor.bringing_back(session.photo.path)
            editor.say(Message(said_of_lost(session.lost), topic=Topic.OPEN, actions=(bring_back,)))

    def _offer_to_move(self, session: Session, beside: Path) -> None:
        renames = beside.parent == session.sidecar.parent
        title = "Rename it after the photo" if renames else "Move it beside the photo"
        move = Action(title, partial(self._move, session, beside))
        text = said_of_elsewhere(session.sidecar, session.photo.path)
        self._editor.say(Message(text, topic=Topic.ELSEWHERE, actions=(move,)))

    def _move(self, session: Session, beside: Path) -> None:
        self._editor.withdraw(Topic.ELSEWHERE)
        self._editor.file_tasks.save(SaveRequest(session, path=beside, moves=True))
