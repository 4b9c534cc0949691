"""The guided way down from z*_T that all methods share; they differ in the null embedding and in how a step lands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import CancelToken, Report, report_nothing, watched
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.engine.sampling.attention import AttentionEdit, SourceStep, Substitution, attention_edit
from nti_desktop.engine.sampling.blend import WordMaps, blend_mask, map_grid
from nti_desktop.engine.sampling.ddim import Levels, guided, levels_of, step_down
from nti_desktop.engine.sampling.pivot import Source
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.costs import CHECKING
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.recipe import Blend, EditRecipe
from nti_desktop.recipe.settings import InversionSettings


@dataclass(frozen=True, eq=False)
class Prepared:
    """An inversion, ready to be edited.

    arrays: float32, what the method keeps; photo: latents (1, C, h, w), the end of the pivot where there is one;
    reconstruction: the same, unpinned, known while preparing; inner_steps: of the optimisation; image: (H, W, 3) uint8
    sRGB, the photo itself, for edits of a method that keeps no pivot.
    """

    settings: InversionSettings
    arrays: Mapping[str, Tensor]
    photo: Tensor
    reconstruction: Tensor | None = None
    inner_steps: int | None = None
    image: NDArray[np.uint8] | None = None

    @property
    def pivot(self) -> Tensor:
        """(steps + 1, C, h, w), z*_T to z*_0."""
        return self.arrays[PIVOT.name]


@dataclass(frozen=True, eq=False)
class Edit:
    """A rendered edit. latents: (1, C, h, w) float32; mask: (h, w) bool or None; word_maps: what both prompts' tokens
    looked at, None where that was not recorded.
    """

    latents: Tensor
    mask: Tensor | None
    word_maps: WordMaps | None

    def faded(self, photo: Tensor, strength: float) -> "Edit":
        """So much of it, the rest the photo's latents (1, C, h, w)."""
        return replace(self, latents=photo + strength * (self.latents - photo))

    def led_from(self, photo: Tensor, unchanged: Tensor, strength: float) -> "Edit":
        """The edit of this strength without as much of what draws beside the photo by unchanged words: none of it is
        seen at no strength, where it is the photo's latents (1, C, h, w), and all of it in the whole edit.
        """
        led = self.latents - (1 - strength) * (unchanged - photo)
        return replace(self, latents=led if self.mask is None else torch.where(self.mask, led, self.latents))


@dataclass(frozen=True, eq=False)
class Task:
    """One render of an inversion. source: see the method's `source`; recipe: its words written as a model should read
    them, see `as_written`; visits: see visited_levels; image_prompt: see RenderJob; report, cancel: see
    nti_desktop.recipe.jobs.
    """

    model: DiffusionModel
    prepared: Prepared
    source: object
    recipe: EditRecipe
    visits: int | None = None
    image_prompt: NDArray[np.uint8] | None = None
    report: Report = report_nothing
    cancel: CancelToken = field(default_factory=CancelToken)

    @property
    def guidance_scale(self) -> float:
        """As the recipe says, else as the photo was prepared."""
        asked = self.recipe.guidance_scale
        return self.prepared.settings.guidance_scale if asked is None else asked

    def check_guidance(self) -> None:
        """Raises RecipeError for another guidance than the photo was prepared for."""
        prepared = self.prepared.settings.guidance_scale
        if self.guidance_scale != prepared:
            raise RecipeError(
                f"This photo was prepared for a guidance of {prepared:g}; prepare it again to edit with another."
            )


# What a method makes of the guided step from level a to b: (latents at b, a, b, guidance scale) -> latents at b.
Landing = Callable[[Tensor, int, int, float], Tensor]


def visited_levels(steps: int, visits: int | None) -> list[int]:
    """The levels a render stands on: all of them, or `visits` + 1 of them spread evenly from 0 to `steps`."""
    visits = min(visits or steps, steps)
    return [round(i * steps / visits) for i in range(visits + 1)]


@torch.no_grad()
def denoise(
    task: Task,
    null_embeddings: Embedding,
    landing: Landing | None = None,
    attention: AttentionEdit | None = None,
    conditional: Embedding | None = None,
) -> Edit:
    """Render a task's recipe from z*_T down, with the source pinned to its pivot.

    null_embeddings: of steps rows, or of one; landing: where a step really ends;
    attention: instead of the one that the recipe's alignment asks for; conditional: instead of the edit's embedding.
    """
    model, source, recipe = task.model, task.source, task.recipe
    assert isinstance(source, Source)
    settings, pivot = task.prepared.settings, task.prepared.pivot
    levels = levels_of(model.scheduler_config, settings.steps)
    source_tokens, edit_tokens = model.tokens(settings.prompt), model.tokens(recipe.prompt)
    attention = attention or attention_edit(source_tokens, edit_tokens, recipe)
    attention = attention.to(model.device)
    scale = task.guidance_scale
    alone = scale == 1 and landing is None  # what lands on a path is asked like its source, so that equals are equal
    if conditional is None:
        conditional = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    null_embeddings = null_embeddings.for_rows(levels.steps)
    latent_size = (pivot.shape[-2], pivot.shape[-1])
    maps: WordMaps | None = None
    mask: Tensor | None = None

    def answered(z: Tensor, a: int) -> tuple[SourceStep, Substitution, Tensor]:
        there = source.at(a, recipe.self_limit)
        control = Substitution(attention, there, levels.progress(a + 1), pivot[0, 0].numel(), model.attention.attend)
        told = conditional if alone else stacked(null_embeddings[a : a + 1], conditional)
        with model.attention.set_to(control):
            return there, control, model.predict_once(z.expand(len(told), -1, -1, -1), levels.timesteps[a], told)

    visited = visited_levels(levels.steps, task.visits)
    source.record(visited[:-1], recipe.self_limit, task.report, task.cancel)
    z = pivot[:1]
    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        there, control, answers = model.enduring(partial(answered, z, a))
        z = step_down(answers if alone else guided(answers[:1], answers[1:], scale), z, levels, a, b)
        if landing is not None:
            z = landing(z, a, b, scale)

        if maps is None:
            blend_positions = recipe.blend.positions if recipe.blend else Blend.positions
            grid = map_grid(latent_size, (p.shape[-2] for p in there.cross.values()), blend_positions)
            maps = WordMaps.empty(grid, len(edit_tokens.ids), model.device)
        maps.add(there.cross, control.own)
        if recipe.blend is not None:
            mask = blend_mask(maps, recipe.blend, source_tokens, edit_tokens, latent_size)
            if levels.progress(a) >= recipe.blend.start - 1e-9:
                z = torch.where(mask, z, pivot[b : b + 1])
    assert maps is not None  # there are at least two levels
    return Edit(z, mask, maps)


@torch.no_grad()
def reconstruct(
    model: DiffusionModel,
    pivot: Tensor,
    settings: InversionSettings,
    null_embedding: Embedding,
    report: Report,
    cancel: CancelToken,
    conditional: Embedding | None = None,
) -> Tensor:
    """The unpinned reconstruction, (1, C, h, w): the guided branch alone from z*_T with one null embedding.

    conditional: instead of the description's embedding.

    No attention is controlled and no level of the pivot but the first is looked at.
    """
    levels = levels_of(model.scheduler_config, settings.steps)
    embeddings = stacked(null_embedding, model.embed(settings.prompt) if conditional is None else conditional)
    z = pivot[:1]
    for a in watched(CHECKING, range(levels.steps), report, cancel):
        both = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
        z = step_down(guided(both[:1], both[1:], settings.guidance_scale), z, levels, a, a + 1)
    return z


def source_of(model: DiffusionModel, prepared: Prepared, unconditional: Embedding | None = None) -> Source:
    """The source branch of an inversion; unconditional: see Source."""
    levels: Levels = levels_of(model.scheduler_config, prepared.settings.steps)
    return Source(model, prepared.pivot, levels, model.embed(prepared.settings.prompt), unconditional)
