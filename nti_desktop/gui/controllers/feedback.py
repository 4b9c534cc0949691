"""What is said about an edit that changed next to nothing, or nearly everything, or that another way makes better, and
what is offered.
"""

from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.editing import edits, feedback
from nti_desktop.editing.document import Document
from nti_desktop.editing.render_plan import Composed
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.methods import Method
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
        said: list[str] = []
        offers: list[Action] = []
        if nothing := feedback.no_effect(words, composed.rendered):
            said.append(nothing)
            if document.row.looks and (recipe.cross_until > 0 or recipe.self_until > 0):
                offers.append(Action("Loosen the structure", self.loosen))
        elif document.row.looks and (
            everything := feedback.too_much(words, composed.rendered, self._learned(document))
        ):
            said.append(everything)
            offers.append(Action("Use a mask", self.confine))
        orders = Method.INSTRUCT in self._editor.model.entry.ways and document.row.described
        if orders and (better := feedback.better_by_order(document.source, recipe)):
            said.append(better)
            offers.insert(0, Action("Make it an order", self.order))
        if said:
            self._editor.say(Message(" ".join(said), Tone.ADVICE, topic=Topic.EFFECT, actions=tuple(offers)))

    def loosen(self) -> None:
        """Let the photo's structure go earlier."""
        self._editor.edit("loosen", edits.loosened)

    def order(self) -> None:
        """Ask for the edit as an order, in a version of its own."""
        model = self._editor.model
        model.choose_way(Method.INSTRUCT, model.entry.defaults.steps_for(Method.INSTRUCT))
        self._editor.prepare()

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
