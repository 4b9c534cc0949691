"""`resample`: up to a noise level, then down again with the edit's sentence; nothing of the photo is held on the way.

From noise drawn by lot, z = sqrt(alpha) z_0 + sqrt(1 - alpha) n, it is SDEdit (Meng et al. 2021); from the photo's own
pivot at guidance 1 it is DDIB (Su et al. 2022), with guidance Direct Inversion (Elarabawy et al. 2022).
"""

from itertools import pairwise

import torch

from nti_desktop.core.progress import watched
from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Lot

prepare = pinned.prepare


def source(_model: DiffusionModel, _prepared: Prepared) -> None:
    """No branch of the source runs beside the edit."""


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit, from the level of the recipe's noise down."""
    model, recipe, prepared = task.model, task.recipe, task.prepared
    levels = levels_of(model.scheduler_config, prepared.settings.steps)
    row = Method.RESAMPLE.row
    start = levels.steps - row.levels_of_edit(levels.steps, recipe)
    if row.lot_of(recipe) is Lot.OWN:
        z = prepared.pivot[start : start + 1]
    else:
        lot = torch.Generator().manual_seed(recipe.seed)
        drawn = torch.randn(prepared.photo.shape, generator=lot).to(model.device)
        alpha = levels.alphas[start]
        z = alpha**0.5 * prepared.photo + (1 - alpha) ** 0.5 * drawn
    scale = task.guidance_scale
    edit = edit_embedding(model.embed, model.tokens, prepared.settings.prompt, recipe)
    embeddings = stacked(model.embed(""), edit)
    visited = [start + step for step in visited_levels(levels.steps - start, task.visits)]
    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        if scale == 1:
            output = model.predict(z, levels.timesteps[a], edit)
        else:
            both = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
            output = guided(both[:1], both[1:], scale)
        z = step_down(output, z, levels, a, b)
    return Edit(z, None, None)
