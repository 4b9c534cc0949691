"""`imagic`: the photo's own words, and a model that was tuned on that photo with them fixed (Kawar et al. 2022).

First e_opt as in `embedding`, from the source's sentence (Forgedit, Zhang et al. 2023), so that one preparation serves
all edits; then, by the same loss, low-rank additions to the attention, which know the photo when they are told e_opt.
Edits go on as those of `embedding` do, inside `residual`, so that unchanged words return the photo exactly, and with
the photo's attention held as long as any other's, which did better on the built-in model than leaving it free.
"""

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.methods import embedding
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, reconstruct
from nti_desktop.engine.model import low_rank
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.learning import learn
from nti_desktop.engine.sampling.pivot import invert_exactly
from nti_desktop.recipe.costs import TUNING
from nti_desktop.recipe.kept_arrays import EMBEDDED, PIVOT, TUNED
from nti_desktop.recipe.settings import InversionSettings

STEPS = 60  # of the optimiser, for the additions
LEARNING_RATE = 1e-3


def tuned(model: DiffusionModel, latents: Tensor, own: Embedding, report: Report, cancel: CancelToken) -> Tensor:
    """The additions (see low_rank) that draw the photo's latents (1, C, h, w) best when the model is told `own`."""
    numbers = low_rank.nothing(model.unet, model.device).requires_grad_()
    with low_rank.added(model.unet, numbers):
        learn(model, latents, lambda: own, numbers, STEPS, LEARNING_RATE, TUNING, report, cancel)
    return numbers.detach()


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The embedding of the photo's latents (1, C, h, w), the additions, and the pivot after both."""
    levels = levels_of(model.scheduler_config, settings.steps)
    own = embedding.learned(model, latents, model.embed(settings.prompt), report, cancel)
    numbers = tuned(model, latents, own, report, cancel)
    with low_rank.added(model.unet, numbers), torch.no_grad():
        pivot = invert_exactly(model, latents, own, levels, report, cancel)
        reconstruction = reconstruct(model, pivot, settings, model.embed(""), report, cancel, own)
    arrays = {PIVOT.name: pivot, EMBEDDED.name: own.tokens[0], TUNED.name: numbers}
    return Prepared(settings, arrays, latents, reconstruction)


source = embedding.source


def render(task: Task) -> Edit:
    """One edit by the tuned model, from the photo's own words."""
    with low_rank.added(task.model.unet, task.prepared.arrays[TUNED.name]):
        return embedding.render(task)
