"""Who takes part: the published algorithms as they stand in yardstick.py, and the program's engine."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.units import decibels
from nti_desktop.engine.memory.device import find_device
from nti_desktop.engine.memory.precision import network_dtype
from nti_desktop.engine.service import EngineService
from nti_desktop.engine.threads import ALL
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe import jobs
from nti_desktop.recipe.jobs import InvertJob, MeasureJob, ModelFiles, RenderJob
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.recipe import EditRecipe, with_weight
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.recipe.words import split_words
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.variants import VARIANTS
from tests.benchmarks import yardstick
from tests.benchmarks.costs import Contestant, Outcome
from tests.benchmarks.yardstick import Inversion, Pipeline
from tests.figures.trials import can_be_seen, seeds, trial

PUBLISHED_GUIDANCE = 7.5

# Of both contests
PUBLISHED = "published"
# Inversions
FROZEN = "published, weights frozen"
REFERENCE = "null-text, reference schedule"
NEGATIVE_PROMPT = "negative prompt"
PREPARATION = "preparation"
# Edits
PLAIN = "plain edit"
EXACT = "edit of fifty levels"
FIRST = "first edit"
LATER = "later edit"
PREVIEW = "preview"
NULL_TEXT_EDIT = "null-text edit"

_APART = 100  # added to a turn's number: what makes ready asks for another edit than what is timed


@dataclass(frozen=True, eq=False)
class Photo:
    """What is edited. image: (H, W, 3) uint8 at the model's size; prompts: of the photo and of the edit."""

    name: str
    image: NDArray[np.uint8]
    prompts: tuple[str, str]


def held_out_photos(count: int, size: int) -> list[Photo]:
    """Scenes that training never saw, of a different kind of edit each. size: of their sides in pixels."""
    kinds = list(VARIANTS)
    found = []
    for number in range(count):
        kind, place = kinds[number % len(kinds)], number // len(kinds)
        visible = (t for t in (trial(kind, seed) for seed in seeds(kind)) if can_be_seen(t))
        asked = next(islice(visible, place, None))
        image = Image.fromarray(training_picture(asked.scene).image)
        found.append(Photo(f"{kind} {asked.seed}", np.asarray(image.resize((size, size))), asked.captions))
    return found


@dataclass(frozen=True, eq=False)
class Arena:
    """One model, loaded for both sides. published_steps: of the yardstick and of the plain edit."""

    files: ModelFiles
    defaults: EditDefaults
    pipeline: Pipeline
    service: EngineService
    published_steps: int


def load_arena(entry: ModelEntry, steps: int | None = None, dtype: torch.dtype | None = torch.float32) -> Arena:
    """steps: of everybody, instead of the published and the default ones; dtype: the engine computes in it, as the
    yardstick does, so that no ratio is one of precisions; None for what it chooses.
    """
    defaults = entry.defaults
    if steps is not None:
        defaults = replace(defaults, steps=steps, preview_steps=min(steps, defaults.preview_steps))
    service = EngineService()
    dtype_of = network_dtype if dtype is None else (lambda _device: dtype)
    with patch("nti_desktop.engine.model.loading.network_dtype", dtype_of):
        service.measure(MeasureJob(entry.files, np.zeros((entry.native_size, entry.native_size, 3), np.uint8)))
    pipeline = yardstick.load_pipeline(entry.files.folder, find_device())
    return Arena(entry.files, defaults, pipeline, service, steps or PUBLISHED_STEPS)


def inversions(arena: Arena, photo: Photo, guidance_scale: float) -> list[Contestant]:
    """Null-text inversion as published and the engine's, negative prompt, and last the model's default method."""
    defaults = arena.defaults
    negative = InversionSettings(photo.prompts[0], Method.NEGATIVE_PROMPT, defaults.steps, guidance_scale)
    reference = replace(negative, method=Method.NULL_TEXT, steps=arena.published_steps)
    engine = {
        REFERENCE: reference,
        NEGATIVE_PROMPT: negative,
        PREPARATION: replace(negative, method=defaults.method),
    }
    published = partial(_invert_as_published, arena, photo, guidance_scale)
    return [
        Contestant(PUBLISHED, published, partial(_set_weights, arena, True)),
        Contestant(FROZEN, published, partial(_set_weights, arena, False)),
        *(Contestant(name, partial(_invert, arena, photo, settings)) for name, settings in engine.items()),
    ]


def _set_weights(arena: Arena, learn: bool, _turn: int) -> None:
    arena.pipeline.unet.requires_grad_(learn).zero_grad(set_to_none=True)


def _invert_as_published(arena: Arena, photo: Photo, guidance_scale: float, _turn: int) -> Outcome:
    torch.set_num_threads(ALL)
    pipeline = arena.pipeline
    latents = pipeline.encode(photo.image)
    inversion = _inversion_of(arena, photo, guidance_scale)
    again, own = (pipeline.decode(z) for z in (inversion.reconstruction, latents))
    return Outcome(again, decibels(again, own), inversion.inner_steps)


def _inversion_of(arena: Arena, photo: Photo, guidance_scale: float) -> Inversion:
    latents = arena.pipeline.encode(photo.image)
    return yardstick.null_text_inversion(
        arena.pipeline, latents, photo.prompts[0], arena.published_steps, guidance_scale
    )


def _invert(arena: Arena, photo: Photo, settings: InversionSettings, _turn: int) -> Outcome:
    found = arena.service.invert(InvertJob(arena.files, photo.image, settings))
    return Outcome(found.reconstruction, found.figures.reconstruction_psnr, found.figures.inner_steps)


def edits(arena: Arena, photo: Photo) -> list[Contestant]:
    """Edits of inversions that are made here, outside the contest."""
    defaults = arena.defaults
    _set_weights(arena, False, 0)
    published = _inversion_of(arena, photo, defaults.guidance_scale)
    usual = _inverted(arena, photo, defaults.method, defaults.steps)
    plain = _inverted(arena, photo, defaults.method, arena.published_steps)
    null_text = _inverted(arena, photo, Method.NULL_TEXT, defaults.steps)

    def later(name: str, inverted: jobs.Inversion, steps: int | None = None) -> Contestant:
        """An edit that follows another one of the same inversion."""
        run = partial(_render, arena, photo, inverted, steps, name)
        return Contestant(name, run, lambda turn: run(turn + _APART))

    return [
        Contestant(PUBLISHED, partial(_edit_as_published, arena, photo, published)),
        later(PLAIN, plain, arena.published_steps),
        later(EXACT, plain),
        later(LATER, usual),
        Contestant(FIRST, lambda turn: _render(arena, photo, usual, None, f"{FIRST} {turn}", turn)),
        later(PREVIEW, usual, defaults.preview_steps),
        later(NULL_TEXT_EDIT, null_text),
    ]


def _inverted(arena: Arena, photo: Photo, method: Method, steps: int) -> jobs.Inversion:
    settings = InversionSettings(photo.prompts[0], method, steps, arena.defaults.guidance_scale)
    return arena.service.invert(InvertJob(arena.files, photo.image, settings))


def _edit_as_published(arena: Arena, photo: Photo, inversion: Inversion, _turn: int) -> Outcome:
    torch.set_num_threads(ALL)
    pipeline, defaults, steps = arena.pipeline, arena.defaults, arena.published_steps
    windows = (int(defaults.cross_until * steps), int(defaults.self_until * steps))
    change = yardstick.attention_edit(pipeline, photo.prompts, *windows, steps)
    both = yardstick.prompt_to_prompt(pipeline, inversion, photo.prompts, defaults.guidance_scale, change)
    _source, edit = (pipeline.decode(z) for z in both.split(1))
    return Outcome(edit)


def _render(arena: Arena, photo: Photo, inverted: jobs.Inversion, steps: int | None, name: str, turn: int) -> Outcome:
    job = RenderJob(
        model=arena.files,
        inversion_id=f"{photo.name}: {name}",
        settings=inverted.settings,
        arrays=inverted.arrays,
        recipe=_recipe(arena.defaults, inverted, photo.prompts[1], turn),
        steps=steps,
    )
    return Outcome(arena.service.render(job).image)


def _recipe(defaults: EditDefaults, inverted: jobs.Inversion, prompt: str, turn: int) -> EditRecipe:
    """The plain edit at turn 0; at others its last word counts a little more, so that nobody is asked twice."""
    recipe = recipe_for(prompt, inverted.settings, defaults, inverted.figures.explained)
    word = split_words(prompt)[-1]
    return with_weight(recipe, word.position, 1 + turn / 1000) if turn else recipe
