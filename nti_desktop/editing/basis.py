"""What an edit is made on: how its area is prepared, or will be, and what is usual on the model that draws it."""

from dataclasses import dataclass, replace

from nti_desktop.models.library.catalog import defaults_of
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.outlines import Outline
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for, settled


@dataclass(frozen=True)
class Basis:
    """settings: that the area is prepared with, or will be; defaults: of the model that draws the edit; explained: part
    of the photo that its description tells, None where that was not measured.
    """

    settings: InversionSettings
    defaults: EditDefaults
    explained: float | None = None

    def plain(self, prompt: str, within: tuple[Outline, ...] = ()) -> EditRecipe:
        """Make the plain edit of a sentence, or of an order: no weights, no mask but what is drawn."""
        return recipe_for(prompt, self.settings, self.defaults, self.explained, within)

    def settled(self, recipe: EditRecipe) -> EditRecipe:
        """Give a recipe the windows and the guidance that its change does best with, unless they were said by hand."""
        return settled(recipe, self.settings, self.defaults, self.explained)

    def automatic(self, recipe: EditRecipe) -> EditRecipe:
        """Give a recipe the windows and the guidance that its change does best with, whatever was said by hand."""
        return self.settled(replace(recipe, automatic=True))


def basis_of(inversion: InversionRecord) -> Basis:
    """Return what an edit of this inversion is made on; its model need not be there."""
    settings = inversion.settings.settings()
    defaults = defaults_of(inversion.model, settings.method.row.sees)
    return Basis(settings, defaults, inversion.figures.explained)
