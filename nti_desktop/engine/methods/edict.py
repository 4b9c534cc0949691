"""`edict`: two coupled latents, each moved with the noise that the other predicts, so that a step can be undone exactly
(Wallace et al. 2023, EDICT).

Down from level a to b, with x_b = A x_a + B eps: x <- A x + B eps(y), y <- A y + B eps(x), every other step y first;
then x <- p x + (1 - p) y, y <- p y + (1 - p) x. Up undoes that, line by line. The pair is kept in double precision on
the processor: what the two differ by grows by p^-2 with each step up.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.engine.sampling.ddim import Levels, clean_and_noise, guided, levels_of
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.costs import CHECKING, FOLLOWING
from nti_desktop.recipe.kept_arrays import PAIR
from nti_desktop.recipe.settings import InversionSettings

MIXING = 0.93  # p, as published
STRENGTH = 0.8  # of the levels, as published: the noisiest are left out

Noise = Callable[[Tensor, int], Tensor]  # (1, C, h, w) at a level -> what is noise in it, both in double precision


def first_level(steps: int) -> int:
    """The level that edits start from."""
    return steps - max(1, int(STRENGTH * steps))


def down(pair: tuple[Tensor, Tensor], noise: Noise, levels: Levels, start: int) -> tuple[Tensor, Tensor]:
    """The coupled latents from the level `start` to the clean end."""
    x, y = pair
    for a in range(start, levels.steps):
        scale, share = _move(levels, a)
        if (a - start) % 2 == 0:
            x = scale * x + share * noise(y, a)
            y = scale * y + share * noise(x, a)
        else:
            y = scale * y + share * noise(x, a)
            x = scale * x + share * noise(y, a)
        x = MIXING * x + (1 - MIXING) * y
        y = MIXING * y + (1 - MIXING) * x
    return x, y


def up(pair: tuple[Tensor, Tensor], noise: Noise, levels: Levels, start: int) -> tuple[Tensor, Tensor]:
    """Find the pair that `down` brings to this one, exactly: its steps from the last to the first, each undone."""
    x, y = pair
    for a in range(levels.steps - 1, start - 1, -1):
        scale, share = _move(levels, a)
        y = (y - (1 - MIXING) * x) / MIXING
        x = (x - (1 - MIXING) * y) / MIXING
        if (a - start) % 2 == 0:
            y = (y - share * noise(x, a)) / scale
            x = (x - share * noise(y, a)) / scale
        else:
            x = (x - share * noise(y, a)) / scale
            y = (y - share * noise(x, a)) / scale
    return x, y


def _move(levels: Levels, a: int) -> tuple[float, float]:
    """A and B of the step from level a to the next (Song et al. 2021, eq. 12)."""
    alpha, after = levels.alphas[a], levels.alphas[a + 1]
    scale = (after / alpha) ** 0.5
    return scale, (1 - after) ** 0.5 - scale * (1 - alpha) ** 0.5


def noise_of(model: DiffusionModel, embedding: Embedding, guidance_scale: float, levels: Levels) -> Noise:
    """The guided prediction of the model, whatever it was trained to predict, of what it itself was given."""
    both = stacked(model.embed(""), embedding)

    def noise(latents: Tensor, level: int) -> Tensor:
        given = latents.to(model.device, torch.float32)
        answers = model.predict(given.expand(2, -1, -1, -1), levels.timesteps[level], both)
        output = guided(answers[:1], answers[1:], guidance_scale)
        alpha = levels.alphas[level]
        return clean_and_noise(output, given, alpha, alpha, levels.prediction)[1].cpu().double()

    return noise


def _watching(noise: Noise, levels: Levels, start: int, doing: str, report: Report, cancel: CancelToken) -> Noise:
    """The same, telling of every second call, which is one step, and heeding a cancel."""
    calls = iter(watched(doing, range(2 * (levels.steps - start)), report, cancel))

    def watching(latents: Tensor, level: int) -> Tensor:
        next(calls, None)
        return noise(latents, level)

    return watching


@torch.no_grad()
def prepare(
    model: DiffusionModel, latents: Tensor, settings: InversionSettings, report: Report, cancel: CancelToken
) -> Prepared:
    """The pair that the photo's latents (1, C, h, w) come from, after the source's sentence."""
    levels = levels_of(model.scheduler_config, settings.steps)
    start, photo = first_level(settings.steps), latents.cpu().double()
    noise = noise_of(model, model.embed(settings.prompt), settings.guidance_scale, levels)
    following = _watching(noise, levels, start, FOLLOWING, report, cancel)
    pair = up((photo, photo), following, levels, start)
    checking = _watching(noise, levels, start, CHECKING, report, cancel)
    reconstruction, _ = down(pair, checking, levels, start)
    return Prepared(settings, {PAIR.name: torch.cat(pair)}, latents, reconstruction.to(model.device, torch.float32))


def source(_model: DiffusionModel, _prepared: Prepared) -> None:
    """No branch of the source runs beside the edit."""


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit: the pair drawn down after its sentence. Raises RecipeError for another guidance than the pair's."""
    task.check_guidance()
    model, recipe, prepared = task.model, task.recipe, task.prepared
    settings = prepared.settings
    levels, start = levels_of(model.scheduler_config, settings.steps), first_level(settings.steps)
    edit = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    noise = noise_of(model, edit, settings.guidance_scale, levels)
    editing = _watching(noise, levels, start, "Editing", task.report, task.cancel)
    x, y = prepared.arrays[PAIR.name].split(1)
    z, _ = down((x, y), editing, levels, start)
    return Edit(z.to(model.device, torch.float32), None, None)
