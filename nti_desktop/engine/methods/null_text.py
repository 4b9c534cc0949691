"""`null_text`: optimise the null embedding of every step so that guidance follows the pivot (Mokady et al. 2023)."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, source_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import Levels, guided, levels_of, longer_step, step_down
from nti_desktop.engine.sampling.pivot import invert
from nti_desktop.recipe.costs import LEARNING
from nti_desktop.recipe.kept_arrays import NULL_EMBEDDINGS, PIVOT
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.settings import InversionSettings, Schedule

INNER_STEPS = 10


def learning_rate(published_step: float) -> float:
    """Adam's rate at step i of 50 (the published code's 1e-2 (1 - i / 100))."""
    return 1e-2 * (1 - published_step / 100)


def good_enough(published_step: float) -> float:
    """The mean squared error below which step i of 50 is left (the published code's 1e-5 + 2e-5 i)."""
    return 1e-5 + 2e-5 * published_step


@dataclass(frozen=True, eq=False)
class _Step:
    """Step i from the guided branch's z (1, C, h, w), and where it should land. null: what completes null
    embeddings; answer: the conditional prediction.
    """

    model: DiffusionModel
    guidance_scale: float
    levels: Levels
    i: int
    z: Tensor
    target: Tensor
    null: Embedding
    answer: Tensor

    @property
    def published(self) -> float:
        """Its number on the published scale of 50 steps."""
        return self.levels.progress(self.i) * PUBLISHED_STEPS

    def predict(self, null_embedding: Tensor) -> Tensor:
        """The unconditional prediction for the first tokens of a null embedding."""
        return self.model.predict(self.z, self.levels.timesteps[self.i], completed(null_embedding, self.null))

    def landed(self, unconditional: Tensor) -> Tensor:
        """The guided step."""
        output = guided(unconditional, self.answer, self.guidance_scale)
        return step_down(output, self.z, self.levels, self.i, self.i + 1)

    def squares(self, landed: Tensor) -> Tensor:
        """|| z*_{t-1} - landed ||^2: the sum, not the mean, so that its gradients do not vanish in half precision."""
        return (landed - self.target).square().sum()

    def close(self, squares: Tensor) -> bool:
        """Tell whether the published schedule would leave it at that."""
        return squares.item() / self.target.numel() < good_enough(self.published)

    def adam(self, null_embedding: Tensor) -> tuple[Tensor, torch.optim.Adam]:
        """A fresh leaf with the same values, and its optimiser."""
        leaf = null_embedding.detach().clone().requires_grad_()
        return leaf, torch.optim.Adam([leaf], lr=learning_rate(self.published))

    def improve(self, squares: Tensor, leaf: Tensor, adam: torch.optim.Adam) -> None:
        """One inner step, on the mean; raises Overflow where the gradient does."""
        (gradient,) = torch.autograd.grad(squares, leaf)
        self.model.precision.check(gradient)
        leaf.grad = gradient / self.target.numel()
        adam.step()


def null_start(model: DiffusionModel, settings: InversionSettings) -> Embedding:
    """Return what the null embeddings of a schedule begin as: the empty prompt's, or the source's own in what former
    programs prepared by the quick schedule.

    The sentence as a whole (SDXL's pooled embedding) stays so: it is no word of the cross-attention that is optimised,
    it shifts every layer at once, and fixed it needs no storing.
    """
    return model.embed("" if settings.schedule is Schedule.REFERENCE else settings.prompt)


def completed(null_embedding: Tensor, null: Embedding) -> Embedding:
    """Null embeddings (B, tokens, width) whose last tokens, where they have none of their own, are those of `null`: the
    quick schedule of former programs kept the first 24.
    """
    rows = null.for_rows(len(null_embedding))
    return rows.with_tokens(torch.cat([null_embedding, rows.tokens[:, null_embedding.shape[1] :]], dim=1))


def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pivot of the photo's latents (1, C, h, w), and the null embeddings that guide back along it.

    At each step: min over the null embedding of || z*_{t-1} - step(z_t, null) ||^2 (Mokady et al. 2023, eq. 3); the
    guided branch z_t is the unpinned reconstruction. Raises RecipeError for the quick schedule of former programs.
    """
    if settings.schedule is not Schedule.REFERENCE:
        raise RecipeError("Null-text has no quick schedule any more; choose negative-prompt, which is what it found.")
    levels = levels_of(model.scheduler_config, settings.steps)
    conditional = model.embed(settings.prompt)
    pivot = invert(model, latents, conditional, levels, report, cancel)
    null = null_start(model, settings)
    null_embedding = null.tokens
    null_embeddings = []
    inner_steps = 0
    z = pivot[:1]

    def learn(i: int, z: Tensor, null_embedding: Tensor) -> tuple[Tensor, Tensor, int]:
        with model.prefix.kept():  # all that a step asks, it asks about the same latents
            with torch.no_grad():
                answer = model.predict(z, levels.timesteps[i], conditional)
            step = _Step(model, settings.guidance_scale, levels, i, z, pivot[i + 1 : i + 2], null, answer)
            return _as_published(step, null_embedding, cancel)

    for i in watched(LEARNING, range(levels.steps), report, cancel):
        null_embedding, z, inner = model.enduring(partial(learn, i, z, null_embedding))
        null_embeddings.append(null_embedding)
        inner_steps += inner
    arrays = {PIVOT.name: pivot, NULL_EMBEDDINGS.name: torch.cat(null_embeddings)}
    return Prepared(settings, arrays, latents, z, inner_steps)


def _as_published(step: _Step, null_embedding: Tensor, cancel: CancelToken) -> tuple[Tensor, Tensor, int]:
    """Optimise from the embedding of the step before. Returns the embedding, where it lands, and the inner steps."""
    leaf, adam = step.adam(null_embedding)
    inner_steps = 0
    while inner_steps < INNER_STEPS:
        cancel.check()
        squares = step.squares(step.landed(step.predict(leaf)))
        step.improve(squares, leaf, adam)
        inner_steps += 1
        if step.close(squares):
            break
    cancel.check()
    with torch.no_grad():
        return leaf.detach(), step.landed(step.predict(leaf)), inner_steps


source = source_of


def render(task: Task) -> Edit:
    """One edit with the optimised null embeddings; raises RecipeError for a guidance they were not made for."""
    task.check_guidance()
    settings, pivot = task.prepared.settings, task.prepared.pivot
    levels = levels_of(task.model.scheduler_config, settings.steps)

    def landing(z: Tensor, a: int, b: int, _guidance_scale: float) -> Tensor:
        if b == a + 1:
            return z
        # A preview strides over levels: the source's guided step, known to land on the pivot, would miss it so far.
        there = longer_step(pivot[a : a + 1], pivot[a + 1 : a + 2], levels, a, b)
        return pivot[b : b + 1] + (z - there)

    null_embeddings = task.prepared.arrays[NULL_EMBEDDINGS.name]
    return denoise(task, completed(null_embeddings, null_start(task.model, settings)), landing)
