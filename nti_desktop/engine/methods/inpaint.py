"""`inpaint`: draws into what is marked, on a model that sees the mask and the photo around it (Rombach et al. 2022).

out(z, m, (1 - m) I), with m the mask at the latents' size and the photo's latents encoded with the marked part grey,
scaled, beside the noise; guided from the empty prompt (Ho & Salimans 2022), from noise that the seed decides. Where
nothing is said the unguided answer to the empty prompt is drawn: the surroundings, which removes what is there, as
the paper's own inpainting without words (sec. 4.5). A picture can be said beside the words or in their place, see
`engine.model.image_prompt`.
"""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import watched
from nti_desktop.engine.methods import instruct
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.outlines import inside
from nti_desktop.recipe.parameters import IMAGE_PROMPT
from nti_desktop.recipe.recipe import EditRecipe

GREY = 127.5  # of the marked part, which the autoencoder reads as 0

prepare = instruct.prepare


def source(_model: DiffusionModel, _prepared: Prepared) -> None:
    """No branch of the source runs beside the edit."""


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit, from noise down. Raises RecipeError where nothing is marked, or less than a latent."""
    model, recipe, settings = task.model, task.recipe, task.prepared.settings
    levels = levels_of(model.scheduler_config, settings.steps)
    seen = surroundings(model, task.prepared, recipe)
    lot = torch.Generator().manual_seed(recipe.seed)
    z = torch.randn(task.prepared.photo.shape, generator=lot).to(model.device)
    scale = task.guidance_scale
    edit = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    shown = None if task.image_prompt is None else model.read_picture(task.image_prompt)
    weight = IMAGE_PROMPT.usual if recipe.image_prompt_weight is None else recipe.image_prompt_weight
    alone = scale == 1 or not (recipe.prompt.strip() or shown)
    embeddings = edit if alone else stacked(model.embed(""), edit)
    rows = 1 if alone else 2
    seen = seen.expand(rows, -1, -1, -1)
    visited = visited_levels(levels.steps, None if task.visits is None else max(task.visits, instruct.LEAST_VISITS))
    with model.attention.showing(shown, weight):
        for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
            answers = model.predict(z.expand(rows, -1, -1, -1), levels.timesteps[a], embeddings, seen)
            z = step_down(answers if alone else guided(answers[:1], answers[1:], scale), z, levels, a, b)
    return Edit(z, None, None)


def surroundings(model: DiffusionModel, prepared: Prepared, recipe: EditRecipe) -> Tensor:
    """Return what the UNet sees of the photo, (1, 1 + C, h, w): the mask, then the latents of the photo around it.

    Raises RecipeError where nothing is marked, or too little to be seen at the latents' size.
    """
    image = prepared.image
    assert image is not None  # nothing is kept of the photo but itself
    marked = inside(recipe.within, *image.shape[:2])
    around = np.where(marked[..., None], np.float32(GREY), image)
    pixels = torch.tensor(marked, dtype=torch.float32)[None, None]
    mask = F.interpolate(pixels, prepared.photo.shape[-2:])  # the nearest pixel, as published
    if not mask.any():
        raise RecipeError("Too little of the photo is marked for this model to see; mark more of it.")
    return torch.cat([mask.to(model.device), model.encode(around)], 1)
