"""What is said about an edit that changed next to nothing, or nearly everything, and what is offered."""

from functools import partial

from PySide6.QtCore import QObject, Slot

from nti_desktop import advice
from nti_desktop.gui import edits
from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message, Tone
from nti_desktop.gui.rendering import Composed
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.work import Work


class Advising(QObject):
    """Looks at every finished edit."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        desk.finished.connect(self._finished)

    @Slot(Composed)
    def _finished(self, composed: Composed) -> None:
        at_home(self)
        work = self._desk.work
        assert work is not None
        if composed.rendered is None:
            return
        recipe, words = composed.wanted.state.recipe, work.changed_words
        if nothing := advice.no_effect(words, composed.rendered):
            held = recipe.cross_until > 0 or recipe.self_until > 0
            self._say(nothing, Action("Loosen the structure", self.loosen) if held else None)
        elif everything := advice.too_much(words, composed.rendered, self._learned(work)):
            self._say(everything, Action("Use a mask", self.confine))

    def _say(self, text: str, action: Action | None) -> None:
        self._desk.said.emit(Message(text, Tone.ADVICE, topic="effect", actions=(action,) if action else ()))

    def loosen(self) -> None:
        """Let the photo's structure go earlier."""
        self._desk.edit("loosen", edits.loosened)

    def confine(self) -> None:
        """Confine the edit to where its change belongs."""
        work, defaults = self._desk.work, self._desk.model.entry.defaults
        assert work is not None
        place = advice.place_of(work.changed_words, self._learned(work))
        if place is not None:
            self._desk.edit("mask", partial(edits.with_mask, places=[place], keeps=(), defaults=defaults))

    def _learned(self, work: Work) -> frozenset[str] | None:
        """The words that the model of the edit learned, where it says."""
        entry = work.edit_model(self._desk.model.entry)
        return entry.words if entry is not None else None
