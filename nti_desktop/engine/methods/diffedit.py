"""`diffedit`: finds where the edit's answers differ from the source's, and draws there alone (Couairon et al. 2022).

At half of the noise, d = mean |e(z, edit) - e(z, source)| over several noises and the channels; its mask is where d,
clamped at three times its mean and divided by that, exceeds 1/2 (as in diffusers' pipeline). Guidance away from one
prompt for both would only scale d, so there is none. Then down from the photo's own path, guided; after each step what
is outside is the path's again: z = m z + (1 - m) z*_b.
"""

from itertools import pairwise

import torch
from torch import Tensor

from nti_desktop.core.progress import watched
from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.weighting import edit_embedding

STARTS = 0.8  # of the way up, where an edit begins
ASKED = 0.5  # of the way up, where the answers are compared
CLAMPED = 3.0  # times the mean difference
THRESHOLD = 0.5

prepare = pinned.prepare


def source(_model: DiffusionModel, _prepared: Prepared) -> None:
    """No branch of the source runs beside the edit."""


def difference_mask(differences: Tensor) -> Tensor:
    """Tell where mean differences (h, w) are large: (h, w) bool; nowhere where there are none."""
    most = CLAMPED * differences.mean()
    return (differences.clamp(max=most) / most.clamp(min=1e-12)) > THRESHOLD


def noises_of(steps: int) -> int:
    """Count the noises that answers are compared under: as many as there are steps that the edit leaves out, ten of
    fifty as published.
    """
    return max(1, steps - first_steps(steps))


def first_steps(steps: int) -> int:
    """Count the steps that an edit takes."""
    return max(1, int(STARTS * steps))


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit within the mask that the model's answers give."""
    model, recipe, prepared = task.model, task.recipe, task.prepared
    settings, pivot = prepared.settings, prepared.pivot
    levels = levels_of(model.scheduler_config, settings.steps)
    edit = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    both = stacked(model.embed(settings.prompt), edit)
    asked = round((1 - ASKED) * levels.steps)
    alpha, lot, differences = levels.alphas[asked], torch.Generator().manual_seed(0), []
    for _ in watched("Finding the place", range(noises_of(levels.steps)), task.report, task.cancel):
        drawn = torch.randn(prepared.photo.shape, generator=lot).to(model.device)
        z = alpha**0.5 * prepared.photo + (1 - alpha) ** 0.5 * drawn
        before, after = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[asked], both)
        differences.append((after - before).abs().mean(0))
    mask = difference_mask(torch.stack(differences).mean(0))
    scale = task.guidance_scale
    embeddings = stacked(model.embed(""), edit)
    start = levels.steps - first_steps(levels.steps)
    z = pivot[start : start + 1]
    visited = [start + step for step in visited_levels(levels.steps - start, task.visits)]
    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        answers = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
        z = step_down(guided(answers[:1], answers[1:], scale), z, levels, a, b)
        z = torch.where(mask, z, pivot[b : b + 1])
    return Edit(z, mask, None)
