"""Undo and redo: the states an edit went through, all of them frozen."""

from dataclasses import dataclass, field, replace

from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.orientation import turned_point, undone
from nti_desktop.recipe.outlines import Outline
from nti_desktop.recipe.recipe import EditRecipe

_MERGED = 1.0  # seconds; changes of the same thing that follow faster are one change
_LONGEST = 500


@dataclass(frozen=True)
class EditState:
    """All that a version's picture depends on."""

    recipe: EditRecipe
    finish: Finish

    def lying(self, frame: Frame) -> "EditState":
        """The same with its marks where they lie in the photo, which was perhaps turned since the frame was made: who
        prepares it next sees it upright.
        """
        return self.turned(undone(frame.turn))

    def turned(self, orientation: int) -> "EditState":
        """The same with its marks where they lie once the photo is turned, by an EXIF orientation."""
        within = tuple(
            Outline(tuple(turned_point(point, orientation) for point in outline.points))
            for outline in self.recipe.within
        )
        return replace(self, recipe=replace(self.recipe, within=within))


@dataclass(frozen=True)
class History:
    """present, what was before it and what was undone. subject, time: what changed last, and when (seconds); gesture:
    number of the drag that it was changed by.
    """

    present: EditState
    past: tuple[EditState, ...] = ()
    future: tuple[EditState, ...] = ()
    subject: str = field(default="", compare=False)
    time: float = field(default=0.0, compare=False)
    gesture: int | None = field(default=None, compare=False)

    def changed(self, state: EditState, subject: str, time: float, gesture: int | None = None) -> "History":
        """The history after a change. Changes of the same subject are one within one drag, whatever its pauses; without
        a drag, as by the keyboard, where they follow fast.
        """
        if state == self.present:
            return self
        same = subject == self.subject and gesture == self.gesture and bool(self.past)
        merges = same and (gesture is not None or time - self.time < _MERGED)
        past = self.past if merges else (*self.past, self.present)[-_LONGEST:]
        return History(state, past, (), subject, time, gesture)

    def undone(self) -> "History":
        """The history with the last change taken back; the same where there is none."""
        if not self.past:
            return self
        return replace(
            self, present=self.past[-1], past=self.past[:-1], future=(self.present, *self.future), subject=""
        )

    def redone(self) -> "History":
        """The history with the last undone change made again; the same where there is none."""
        if not self.future:
            return self
        return replace(
            self, present=self.future[0], past=(*self.past, self.present), future=self.future[1:], subject=""
        )
