"""Completing a description: the model tells what it leaves out, and that is said in it and in the edit."""

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.look import completing_job, said_of_completing
from nti_desktop.gui.commands import Menu, command
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.prompt_bar import PromptBar
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.look import Look


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is to be completed: the version, by its id, the area, and what was said of it."""

    ticket: Ticket
    version: str
    area: Area
    description: str


class Completing(QObject):
    """The answer is dropped where something else is described by then."""

    def __init__(self, editor: Editor, engine: EngineThread, prompts: PromptBar, parent: QObject) -> None:
        """prompts: where description and edit are typed."""
        super().__init__(parent)
        self._editor, self._engine, self._prompts = editor, engine, prompts
        self._asked: _Asked | None = None
        editor.opened.connect(self._forget)
        engine.looked.connect(self._looked)
        engine.failed.connect(self._failed)
        prompts.complete_asked.connect(self.complete_description)

    @command("Complete the &description", Menu.EDIT, "Ctrl+Shift+P")
    @slot()
    def complete_description(self) -> None:
        """Let the model say what the description leaves out."""
        document = self._editor.document
        if document is None:
            return
        self._prompts.description.settle()
        self._prompts.edit.settle()
        self._editor.withdraw(Topic.LOOK)
        said = document.description
        try:
            job = completing_job(document.session, self._editor.model.entry, said, document.area)
        except NtiError as error:
            self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.LOOK))
            return
        self._asked = _Asked(self._engine.read_look(job), document.version_id, document.area, said)

    @slot()
    def _forget(self) -> None:
        """Another photo is open by now."""
        self._asked = None

    @slot(Ticket, Look)
    def _looked(self, ticket: Ticket, look: Look) -> None:
        asked, document = self._asked, self._editor.document
        if asked is None or document is None or ticket is not asked.ticket:
            return
        self._asked = None
        self._prompts.description.settle()
        self._prompts.edit.settle()
        now = document.version_id, document.area, document.description
        if (asked.version, asked.area, asked.description) == now:
            before = asked.description, document.edit_text
            self._editor.complete(look)
            changed = document.description != before[0]
            actions = (Action("Take it back", partial(self._take_back, *before)),) if changed else ()
            said = said_of_completing(asked.description.strip(), document.description)
            self._editor.say(Message(said, topic=Topic.LOOK, actions=actions))

    def _take_back(self, description: str, edit: str) -> None:
        """Let both sentences be what they were."""
        self._editor.describe(description)
        if self._editor.document is not None and self._editor.document.edit_text != edit:
            self._editor.say_in_words(edit)

    @slot(Ticket, NtiError)
    def _failed(self, ticket: Ticket, error: NtiError) -> None:
        if self._asked is not None and ticket is self._asked.ticket:
            self._asked = None
            if not isinstance(error, Cancelled):
                self._editor.say(Message(str(error), Tone.ERROR, topic=Topic.LOOK))
