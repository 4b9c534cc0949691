"""Pictures that are asked for: frozen requests that carry all they are of, and the renders they are made from."""

import itertools
from dataclasses import dataclass, field

from nti_desktop.editing.history import EditState
from nti_desktop.editing.session import Session
from nti_desktop.recipe.jobs import RenderJob
from nti_desktop.recipe.recipe import EditRecipe

_numbers = itertools.count(1)

Beside = tuple[tuple[str, EditState], ...]  # edits of other areas: inversion, edit


@dataclass(frozen=True)
class Edit:
    """One area's edit, at so many steps; equal ones render to equal pictures. steps: None for the final picture."""

    inversion: str
    recipe: EditRecipe
    steps: int | None

    @classmethod
    def of(cls, job: RenderJob) -> "Edit":
        """Tell the edit that a job renders."""
        return cls(job.inversion_id, job.recipe, job.steps)


@dataclass(frozen=True)
class Wanted:
    """One picture that was asked for. steps: of a preview; None for the final picture, which takes all; beside: edits
    of other areas, always final; number: a newer wish has a larger one, the same in another quality the same.
    """

    version: str
    inversion: str
    state: EditState
    steps: int | None = None
    beside: Beside = ()
    number: int = field(default_factory=lambda: next(_numbers), compare=False)

    @property
    def final(self) -> bool:
        """Whether it takes all steps."""
        return self.steps is None

    def shows(self, version: str, state: EditState | None, beside: Beside) -> bool:
        """Tell whether this is the picture of a version as it stands."""
        return (self.version, self.state, self.beside) == (version, state, beside)

    def may_follow(self, shown: "Wanted") -> bool:
        """Tell whether this may take the place of the picture `shown`: when that is of an older wish, or of the same
        one in no better quality. A preview never replaces the final picture of the same edit.
        """
        if not self.final and shown.final and shown.shows(self.version, self.state, self.beside):
            return False
        return (self.number, self.final) >= (shown.number, shown.final)

    def edits(self, session: Session) -> list[tuple[Edit, EditState]]:
        """List the edits to render for it, the area that is worked on last."""
        edits = [(Edit(inversion, state.recipe, None), state) for inversion, state in self.beside]
        if not session.is_the_photo(self.state.recipe, self.inversion):
            edits.append((Edit(self.inversion, self.state.recipe, self.steps), self.state))
        return edits


def newest_number() -> int:
    """A number newer than those of all wishes so far."""
    return next(_numbers)
