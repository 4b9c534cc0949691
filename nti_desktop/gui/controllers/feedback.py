"""What is said about an edit that changed next to nothing, or nearly everything, and what is offered."""

from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.editing import edits, feedback
from nti_desktop.editing.document import Document
from nti_desktop.editing.render_plan import Composed
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.recipe import WordRef


class EditFeedback(QObject):
    """Looks at every finished edit."""

    def __init__(self, editor: Editor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor
        editor.finished.connect(self._finished)

    @slot(Composed)
    def _finished(self, composed: Composed[Picture]) -> None:
        document = self._editor.document
        assert document is not None
        if composed.rendered is None:
            return
        recipe, words = composed.wanted.state.recipe, _changed_words(document)
        if nothing := feedback.no_effect(words, composed.rendered):
            held = document.row.looks and (recipe.cross_until > 0 or recipe.self_until > 0)
            self._say(nothing, Action("Loosen the structure", self.loosen) if held else None)
        elif not document.row.looks:
            return
        elif everything := feedback.too_much(words, composed.rendered, self._learned(document)):
            self._say(everything, Action("Use a mask", self.confine))

    def _say(self, text: str, action: Action | None) -> None:
        self._editor.say(Message(text, Tone.ADVICE, topic=Topic.EFFECT, actions=(action,) if action else ()))

    def loosen(self) -> None:
        """Let the photo's structure go earlier."""
        self._editor.edit("loosen", edits.loosened)

    def confine(self) -> None:
        """Confine the edit to where its change belongs."""
        document, defaults = self._editor.document, self._editor.model.entry.defaults
        assert document is not None
        place = feedback.place_of(_changed_words(document), self._learned(document))
        if place is not None:
            self._editor.edit("mask", partial(edits.with_mask, places=[place], keeps=(), defaults=defaults))

    def _learned(self, document: Document) -> frozenset[str] | None:
        """The words that the model of the edit learned, where it says."""
        entry = document.edit_model(self._editor.model.entry)
        return entry.words if entry is not None else None


def _changed_words(document: Document) -> tuple[WordRef, ...]:
    state = document.state
    return feedback.changed_words(document.source, state.recipe) if state else ()
