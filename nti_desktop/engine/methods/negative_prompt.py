"""`negative_prompt`: the source's own conditional embedding in place of the null embedding (Miyake et al. 2023)."""

from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Prepared, denoise, source_of
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.engine.pivot import Source
from nti_desktop.jobs import CancelToken, Report
from nti_desktop.recipe.recipe import EditRecipe

prepare = pinned.prepare
source = source_of


def render(
    model: DiffusionModel,
    prepared: Prepared,
    source: Source,
    recipe: EditRecipe,
    visits: int | None,
    report: Report,
    cancel: CancelToken,
) -> Edit:
    """One edit, guided away from the source prompt."""
    null_embedding = model.embed(prepared.settings.prompt)
    return denoise(model, prepared, source, recipe, null_embedding, visits, report, cancel)
