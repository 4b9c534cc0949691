"""`null_text`: optimise the null embedding of every step so that guidance follows the pivot (Mokady et al. 2023)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nti_desktop.engine.ddim import guided, levels_of, step_down
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, source_of
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.engine.pivot import invert
from nti_desktop.errors import RecipeError
from nti_desktop.jobs import CancelToken, Report, watched
from nti_desktop.recipe.settings import InversionSettings, Schedule


@dataclass(frozen=True)
class Optimisation:
    """How long each step's embedding is optimised, and from what: the empty prompt's embedding or the source's own."""

    inner_steps: int
    from_conditional: bool


OPTIMISATIONS = {
    Schedule.REFERENCE: Optimisation(inner_steps=10, from_conditional=False),
    Schedule.QUICK: Optimisation(inner_steps=2, from_conditional=True),
}


def learning_rate(published_step: float) -> float:
    """Adam's rate at step i of 50 (the published code's 1e-2 (1 - i / 100))."""
    return 1e-2 * (1 - published_step / 100)


def good_enough(published_step: float) -> float:
    """The mean squared error below which step i of 50 is left (the published code's 1e-5 + 2e-5 i)."""
    return 1e-5 + 2e-5 * published_step


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pivot of the photo's latents (1, C, h, w), and the null embeddings that guide back along it.

    At each step: min over the null embedding of || z*_{t-1} - step(z_t, null) ||^2 (Mokady et al. 2023, eq. 3),
    starting from the embedding of the step before; the guided branch z_t is the unpinned reconstruction.
    """
    levels = levels_of(model.scheduler_config, settings.steps)
    plan = OPTIMISATIONS[settings.schedule]
    conditional = model.embed(settings.prompt)
    pivot = invert(model, latents, conditional, levels, report, cancel)
    null_embedding = conditional if plan.from_conditional else model.embed("")
    null_embeddings = []
    inner_steps = 0
    z = pivot[:1]
    for i in watched("Learning the photo", range(levels.steps), report, cancel):
        published_step = i * 50 / levels.steps
        t, target = levels.timesteps[i], pivot[i + 1 : i + 2]
        with torch.no_grad():
            answer = model.predict(z, t, conditional)
        null_embedding = null_embedding.detach().clone().requires_grad_()
        adam = torch.optim.Adam([null_embedding], lr=learning_rate(published_step))
        for _ in range(plan.inner_steps):
            cancel.check()
            output = guided(model.predict(z, t, null_embedding), answer, settings.guidance_scale)
            squares = (step_down(output, z, levels, i, i + 1) - target).square().sum()
            # The sum, not the mean, goes through the UNet: its gradients do not vanish in half precision.
            (gradient,) = torch.autograd.grad(squares, null_embedding)
            null_embedding.grad = gradient / target.numel()
            adam.step()
            inner_steps += 1
            if squares.item() / target.numel() < good_enough(published_step):
                break
        null_embedding = null_embedding.detach()
        null_embeddings.append(null_embedding)
        cancel.check()
        with torch.no_grad():
            both = model.predict(z.expand(2, -1, -1, -1), t, torch.cat([null_embedding, conditional]))
            z = step_down(guided(both[:1], both[1:], settings.guidance_scale), z, levels, i, i + 1)
    return Prepared(settings, pivot, torch.cat(null_embeddings), reconstruction=z, inner_steps=inner_steps)


source = source_of


def render(task: Task) -> Edit:
    """One edit with the optimised null embeddings; raises RecipeError for a guidance they were not made for."""
    made_for = task.prepared.settings.guidance_scale
    if task.recipe.guidance_scale not in (None, made_for):
        raise RecipeError(
            f"This photo was prepared for a guidance of {made_for:g}; prepare it again to edit with another."
        )
    assert task.prepared.null_embeddings is not None
    return denoise(task, task.prepared.null_embeddings)
