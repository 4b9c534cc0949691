"""Asking the engine how a photo looks, one question at a time."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look

Answered = Callable[[Look], None]


class LookReader(QObject):
    """An answer is dropped where another question was asked by then, or another photo opened; a failure is said."""

    def __init__(self, editor: Editor, engine: EngineThread, parent: QObject) -> None:
        super().__init__(parent)
        self._editor, self._engine = editor, engine
        self._asked: tuple[Ticket, Answered] | None = None
        editor.opened.connect(self.forget)
        engine.looked.connect(self._looked)
        engine.failed.connect(self._failed)

    @property
    def waits(self) -> bool:
        """Whether an answer is to come."""
        return self._asked is not None

    def ask(self, job: LookJob, answered: Answered) -> None:
        """Ask; what was asked before is not wanted any more."""
        self._asked = self._engine.read_look(job), answered

    @slot()
    def forget(self) -> None:
        """Want no answer."""
        self._asked = None

    def say_failed(self, error: NtiError) -> None:
        """Tell why there is no answer, unless it was cancelled."""
        if not isinstance(error, Cancelled):
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.LOOK))

    @slot(Ticket, Look)
    def _looked(self, ticket: Ticket, look: Look) -> None:
        if self._asked is not None and ticket is self._asked[0]:
            (_, answered), self._asked = self._asked, None
            answered(look)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        if self._asked is not None and ticket is self._asked[0]:
            self._asked = None
            self.say_failed(error)
