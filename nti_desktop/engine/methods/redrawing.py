"""What an edit has changed is drawn once more from a little noise: new things come out crisp, and old ones go.

An edit beside the photo's path is a mean of what the path's noise leaves open, and a rest of the old thing lies in it.
So the edit itself is noised and drawn anew where it differs from the photo (SDEdit, Meng et al. 2021, arXiv 2108.01073,
confined as in blended diffusion, Avrahami et al. 2022): z_b = m down(z_a) + (1 - m) (sqrt(a_b) e + sqrt(1 - a_b) n), e
being the edit, n the noise and m where it changed.
"""

from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from nti_desktop.core.progress import watched
from nti_desktop.engine.methods.denoise import Edit, Task
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.places import changed
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.methods import REDRAWN_LEVELS

SEED = 0  # of the noise
STEPS = 50  # of the schedule that the levels are taken from


@torch.no_grad()
def redrawn(task: Task, edit: Edit) -> Edit:
    """Draw anew what an edit has changed, from the recipe's noise down; the rest of it stays."""
    model, recipe, before = task.model, task.recipe, edit.latents
    levels = levels_of(model.scheduler_config, STEPS)
    noises = [(1 - alpha) ** 0.5 for alpha in levels.alphas[:-1]]
    start = next((step for step, noise in enumerate(noises) if noise <= recipe.redrawn), STEPS)
    visited = sorted({round(start + (STEPS - start) * n / REDRAWN_LEVELS) for n in range(REDRAWN_LEVELS + 1)})
    place = changed(before, task.prepared.photo)
    if edit.mask is not None:
        place &= edit.mask
    if not place.any():
        return edit
    noise = torch.randn(before.shape, generator=torch.Generator().manual_seed(SEED)).to(before)
    scale = task.guidance_scale
    conditional = edit_embedding(model.embed, model.tokens, task.prepared.settings.prompt, recipe)
    embeddings = stacked(model.embed(""), conditional)

    def noised(level: int) -> Tensor:
        alpha = levels.alphas[level]
        return before if level == STEPS else alpha**0.5 * before + (1 - alpha) ** 0.5 * noise

    z = noised(start)
    for a, b in watched("Drawing anew", list(pairwise(visited)), task.report, task.cancel):
        both = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
        z = torch.where(place, step_down(guided(both[:1], both[1:], scale), z, levels, a, b), noised(b))
    return replace(edit, latents=z)
