"""Taking the look of another photo: choose it, let the model tell its look, and say that in the edit's sentence."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.look import look_job, said_of_look
from nti_desktop.gui import preferences
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.look_reader import LookReader
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.photo_files import PHOTOS
from nti_desktop.gui.widgets.message_bar import Message, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look, with_look


@dataclass(frozen=True, eq=False)
class _Asked:
    """The photo whose look is asked for, and where it is to go: the version, by its id, and the area."""

    other: Path
    version: str
    area: Area


class TakingLook(QObject):
    """The look comes into the sentence as words, which can be changed, weighted and undone like all others; nothing
    else is kept of the other photo.
    """

    def __init__(
        self, editor: Editor, engine: EngineThread, background: Background, line: PromptLine, window: QWidget
    ) -> None:
        """line: where the edit is typed."""
        super().__init__(window)
        self._editor, self._background, self._line = editor, background, line
        self._window = window
        self.reader = LookReader(editor, engine, self)
        self._asked: _Asked | None = None
        editor.opened.connect(self._forget)

    @command("Take the &look of…", Menu.EDIT, "Ctrl+L")
    @slot()
    def take_look(self) -> None:
        """Give this photo the light, the weather and the film of another one, in words."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Take the look of a photo", preferences.last_folder(), PHOTOS
        )
        if name:
            self.take(Path(name))

    def take(self, other: Path) -> None:
        """Take the look of this photo."""
        document = self._editor.document
        if document is None:
            return
        self._line.settle()
        entry = document.edit_model(self._editor.model.entry) or self._editor.model.entry
        self._asked = asked = _Asked(other, document.version_id, document.area)
        self.reader.forget()
        self._background.submit(
            partial(look_job, document.session.photo, other, entry),
            partial(self._read, asked),
            partial(self._failed, asked),
            lane=("look of", other.parent),
        )

    def _read(self, asked: _Asked, job: LookJob) -> None:
        if asked is self._asked:
            self._asked = None
            self.reader.ask(job, partial(self._take, asked))

    def _failed(self, asked: _Asked, error: NtiError) -> None:
        if asked is self._asked:
            self._asked = None
            self.reader.say_failed(error)

    @slot()
    def _forget(self) -> None:
        """Another photo is open by now, which keeps its own look."""
        self._asked = None

    def _take(self, asked: _Asked, look: Look) -> None:
        document = self._editor.document
        if document is not None and (asked.version, asked.area) == (document.version_id, document.area):
            self._line.settle()
            self._editor.say_in_words(with_look(document.edit_text, look))
            self._editor.say(Message(said_of_look(asked.other, look), topic=Topic.LOOK))
