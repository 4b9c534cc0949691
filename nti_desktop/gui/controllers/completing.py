"""Completing a description: the model tells what it leaves out, and that is said in it and in the edit."""

from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.look import completing_job, said_of_completing
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.controllers.look_reader import LookReader
from nti_desktop.gui.editor.prompt_bar import PromptBar
from nti_desktop.gui.widgets.message_bar import Action, Message, Topic
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.look import Look


class Completing(QObject):
    """The answer is dropped where something else is described by then."""

    def __init__(self, editor: Editor, engine: EngineThread, prompts: PromptBar, parent: QObject) -> None:
        """prompts: where description and edit are typed."""
        super().__init__(parent)
        self._editor, self._prompts = editor, prompts
        self.reader = LookReader(editor, engine, self)
        prompts.complete_asked.connect(self.complete_description)

    @command("Complete the &description", Menu.EDIT, "Ctrl+Shift+P")
    @slot()
    def complete_description(self) -> None:
        """Let the model say what the description leaves out."""
        document = self._editor.document
        if document is None:
            return
        self._settle()
        self._editor.withdraw(Topic.LOOK)
        version, area, said = document.version_id, document.area, document.description
        try:
            job = completing_job(document.session, self._editor.model.entry, said, area)
        except NtiError as error:
            self.reader.say_failed(error)
            return
        self.reader.ask(job, partial(self._complete, version, area, said))

    @property
    def _described(self) -> tuple[str, Area, str] | None:
        """The version that is open, by its id, its area and the description of that."""
        document = self._editor.document
        return None if document is None else (document.version_id, document.area, document.description)

    def _settle(self) -> None:
        self._prompts.description.settle()
        self._prompts.edit.settle()

    def _complete(self, version: str, area: Area, description: str, look: Look) -> None:
        """Say it in both sentences, where the version, by its id, and the area are described as they were."""
        self._settle()
        document = self._editor.document
        if document is None or self._described != (version, area, description):
            return
        edit = document.edit_text
        self._editor.complete(look)
        take_back = partial(self._take_back, self._described, description, edit)
        actions = (Action("Take it back", take_back),) if document.description != description else ()
        said = said_of_completing(description.strip(), document.description)
        self._editor.say(Message(said, topic=Topic.LOOK, actions=actions))

    def _take_back(self, completed: tuple[str, Area, str] | None, description: str, edit: str) -> None:
        """Let both sentences be what they were, where what was completed is still open and described so."""
        if self._described != completed:
            return
        self._editor.describe(description)
        if self._editor.document is not None and self._editor.document.edit_text != edit:
            self._editor.say_in_words(edit)
