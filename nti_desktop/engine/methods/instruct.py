"""`instruct`: an order instead of two sentences, on a model that sees the photo beside the noise (Brooks et al. 2022).

eps = eps(0, 0) + s_I (eps(I, 0) - eps(0, 0)) + s_T (eps(I, T) - eps(I, 0)), with I the photo's latents as the
autoencoder gives them, unscaled, and T the order (eq. 3). Three rows a step, from noise that the seed decides.
"""

from itertools import pairwise

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.ddim import levels_of, step_down
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.parameters import IMAGE_GUIDANCE
from nti_desktop.recipe.settings import InversionSettings

LEAST_VISITS = 8  # levels; a preview from noise that stands on fewer of them shows nothing


def prepare(
    _model: DiffusionModel, latents: Tensor, settings: InversionSettings, _report: Report, _cancel: CancelToken
) -> Prepared:
    """Nothing but the photo's latents (1, C, h, w), which an edit makes anew."""
    return Prepared(settings, {}, latents)


def source(_model: DiffusionModel, _prepared: Prepared) -> None:
    """No branch of the source runs beside the edit."""


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit, from the noise of the recipe's seed down."""
    model, recipe, settings = task.model, task.recipe, task.prepared.settings
    levels = levels_of(model.scheduler_config, settings.steps)
    photo = task.prepared.photo / model.vae.config.scaling_factor
    seen = torch.cat([photo, photo, torch.zeros_like(photo)])
    nothing = model.embed("")
    order = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    embeddings = stacked(stacked(order, nothing), nothing)
    by_text = settings.guidance_scale if recipe.guidance_scale is None else recipe.guidance_scale
    by_image = IMAGE_GUIDANCE.usual if recipe.image_guidance is None else recipe.image_guidance
    lot = torch.Generator().manual_seed(recipe.seed)
    z = torch.randn(photo.shape, generator=lot).to(model.device)
    visited = visited_levels(levels.steps, None if task.visits is None else max(task.visits, LEAST_VISITS))
    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        both, image, neither = model.predict(z.expand(3, -1, -1, -1), levels.timesteps[a], embeddings, seen).split(1)
        output = neither + by_image * (image - neither) + by_text * (both - image)
        z = step_down(output, z, levels, a, b)
    return Edit(z, None, None)
