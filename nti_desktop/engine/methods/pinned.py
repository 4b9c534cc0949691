"""`pinned`: the empty prompt as it is, the source pinned to its pivot (Ju et al. 2024, PnP Inversion)."""

from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, reconstruct, source_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.pivot import invert_exactly
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.settings import InversionSettings


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pivot of the photo's latents (1, C, h, w); nothing is optimised."""
    return prepare_with(model.embed(""), model, latents, settings, report, cancel)


def prepare_with(
    null_embedding: Embedding,
    model: DiffusionModel,
    latents: Tensor,
    settings: InversionSettings,
    report: Report,
    cancel: CancelToken,
) -> Prepared:
    """The pivot, and how well one null embedding for all steps reconstructs the photo."""
    levels = levels_of(model.scheduler_config, settings.steps)
    pivot = invert_exactly(model, latents, model.embed(settings.prompt), levels, report, cancel)
    reconstruction = reconstruct(model, pivot, settings, null_embedding, report, cancel)
    return Prepared(settings, {PIVOT.name: pivot}, latents, reconstruction)


source = source_of


def render(task: Task) -> Edit:
    """One edit, guided away from the empty prompt."""
    return denoise(task, task.model.embed(""))
