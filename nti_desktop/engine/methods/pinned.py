"""`pinned`: the empty prompt as it is, the source pinned to its pivot (Ju et al. 2024, PnP Inversion)."""

from torch import Tensor

from nti_desktop.engine.ddim import levels_of
from nti_desktop.engine.methods.denoise import Edit, Prepared, denoise, source_of
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.engine.pivot import Source, invert
from nti_desktop.jobs import CancelToken, Report
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pivot of the photo's latents (1, C, h, w); nothing is optimised."""
    levels = levels_of(model.scheduler_config, settings.steps)
    return Prepared(settings, invert(model, latents, model.embed(settings.prompt), levels, report, cancel))


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
    """One edit, guided away from the empty prompt."""
    return denoise(model, prepared, source, recipe, model.embed(""), visits, report, cancel)
