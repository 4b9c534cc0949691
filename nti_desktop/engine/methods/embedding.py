"""`embedding`: the photo's own words, an embedding e_opt near the description's that tells the model more of the photo.

min over e of || v - model(sqrt(alpha) z_0 + sqrt(1 - alpha) n, t, e) ||^2 with fresh noise and times, v what the model
was trained to predict (the first stage of Imagic, Kawar et al. 2022), from the description's embedding. Edits go on:
e = e_opt + strength (e(edit) - e(description)), inside `residual`, so that unchanged words return the photo exactly.
"""

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.methods import residual
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, reconstruct
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.learning import learn
from nti_desktop.engine.sampling.pivot import Source, invert_exactly
from nti_desktop.engine.sampling.weighting import carried, edit_embedding
from nti_desktop.recipe.costs import LEARNING
from nti_desktop.recipe.kept_arrays import EMBEDDED, PIVOT
from nti_desktop.recipe.rewording import source_places
from nti_desktop.recipe.settings import InversionSettings

STEPS = 60  # of the optimiser
LEARNING_RATE = 3e-2


def learned(model: DiffusionModel, latents: Tensor, start: Embedding, report: Report, cancel: CancelToken) -> Embedding:
    """The embedding that explains the photo's latents (1, C, h, w) best, found from `start`; its start token stays."""
    words = start.tokens[:, 1:].detach().clone().requires_grad_()

    def told() -> Embedding:
        return start.with_tokens(torch.cat([start.tokens[:, :1], words], dim=1))

    learn(model, latents, told, words, STEPS, LEARNING_RATE, LEARNING, report, cancel)
    return start.with_tokens(told().tokens.detach())


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The embedding of the photo's latents (1, C, h, w), and the pivot after it."""
    levels = levels_of(model.scheduler_config, settings.steps)
    own = learned(model, latents, model.embed(settings.prompt), report, cancel)
    pivot = invert_exactly(model, latents, own, levels, report, cancel)
    reconstruction = reconstruct(model, pivot, settings, model.embed(""), report, cancel, own)
    return Prepared(settings, {PIVOT.name: pivot, EMBEDDED.name: own.tokens[0]}, latents, reconstruction)


def _own(model: DiffusionModel, prepared: Prepared) -> Embedding:
    return model.embed(prepared.settings.prompt).with_tokens(prepared.arrays[EMBEDDED.name][None])


def source(model: DiffusionModel, prepared: Prepared) -> Source:
    """The source branch by the photo's own words, with its unconditional answers, which the residual needs."""
    levels = levels_of(model.scheduler_config, prepared.settings.steps)
    return Source(model, prepared.pivot, levels, _own(model, prepared), model.embed(""))


def render(task: Task) -> Edit:
    """One edit, from the photo's own words."""
    model, recipe, prompt = task.model, task.recipe, task.prepared.settings.prompt
    told, described = edit_embedding(model.embed, model.tokens, prompt, recipe), model.embed(prompt)
    learnt = described.with_tokens(_own(model, task.prepared).tokens - described.tokens)
    places = source_places(prompt, recipe.prompt)
    learnt = carried(learnt, model.tokens(prompt), model.tokens(recipe.prompt), places)
    return residual.render(task, told.with_tokens(told.tokens + learnt.tokens))
