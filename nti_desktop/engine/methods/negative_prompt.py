"""`negative_prompt`: the source's own conditional embedding in place of the null embedding (Miyake et al. 2023)."""

from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, source_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.recipe.settings import InversionSettings

source = source_of


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pivot of the photo's latents (1, C, h, w); nothing is optimised."""
    return pinned.prepare_with(model.embed(settings.prompt), model, latents, settings, report, cancel)


def render(task: Task) -> Edit:
    """One edit, guided away from the source prompt."""
    return denoise(task, task.model.embed(task.prepared.settings.prompt))
