"""An area of the photo that was inverted, and the edit that is made of it then."""

from dataclasses import dataclass, replace

from nti_desktop.editing.adaptation import adapted
from nti_desktop.editing.basis import Basis, basis_of
from nti_desktop.editing.history import EditState
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.jobs import Inversion


@dataclass(frozen=True, eq=False)
class AreaInversion:
    """fingerprint: of the model; state: the edit to be made of it, None for the one that its area has when this is
    kept.
    """

    area: Area
    fingerprint: str
    inverted: Inversion
    state: EditState | None = None

    def edit(self, entry: ModelEntry, asked: EditState | None, before: InversionRecord | None) -> EditState:
        """Make the edit of the area that asks for the same as the one it has.

        entry: the model that it was inverted with; asked: the edit that it has, None for unchanged words; before: the
        inversion that its edit stands on, None where it has none.
        """
        if self.state is not None:
            return self.state
        basis = Basis(self.inverted.settings, entry.defaults, self.inverted.figures.explained)
        if asked is None:
            return EditState(basis.plain(basis.settings.prompt), Finish())
        usual = None if before is None or before.model == entry.id else basis_of(before).defaults
        return replace(asked, recipe=adapted(asked.recipe, basis, usual))
