"""A short inversion and an edit on a processor, at Stable Diffusion 1.5's size with random weights: seconds and memory
beside the forecast. `python -m tests.benchmarks.full_size [SIDE] [STEPS] [INNER_STEPS]`; takes 6 GB and minutes. Where
its peaks matter, set MALLOC_MMAP_THRESHOLD_=1048576: what one part frees is then not at hand for the next.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar
from unittest.mock import patch

import numpy as np
import torch

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.memory.forecast import Forecaster, Work, drawing, editing, learning
from nti_desktop.engine.memory.precision import Precision
from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.methods.denoise import Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Schedule
from tests.benchmarks import sd15
from tests.benchmarks.contestants import PUBLISHED_GUIDANCE
from tests.benchmarks.costs import fix_conditions
from tests.benchmarks.memory import high_water, peak_of

PROMPT, EDIT = "a photo of a dog", "a photo of a cat"
NARROW = 64  # channels where the published model has 320

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """What one part of the work took. peak, forecast: bytes beyond the loaded model; peak None where not told."""

    seconds: float
    rows: int
    peak: int | None
    forecast: int


@dataclass(frozen=True)
class Trial:
    """parts: by name; weights: bytes of the model; process: most that was resident, None where not told."""

    parts: dict[str, Part]
    weights: int
    process: int | None


def full_size_model(narrow: bool = False) -> DiffusionModel:
    """In float32 on the processor. narrow: in full depth with a fifth of the channels."""
    widths = (NARROW, 2 * NARROW, 4 * NARROW, 4 * NARROW)
    with (
        patch.object(sd15, "WIDTHS", widths if narrow else sd15.WIDTHS),
        patch.object(sd15, "VAE_WIDTHS", (32, 64, 128, 128) if narrow else sd15.VAE_WIDTHS),
    ):
        parts = sd15.make_parts()
    return DiffusionModel(
        unet=parts["unet"],
        vae=parts["vae"],
        text=PromptReader((parts["tokenizer"],), (parts["text_encoder"],)),
        scheduler_config=dict(parts["scheduler"].config),
        device=torch.device("cpu"),
        precision=Precision(torch.float32),
    )


def tried(model: DiffusionModel, side: int, steps: int, inner_steps: int, saving: Saving = Saving.NONE) -> Trial:
    """Draw a picture of this side in pixels, invert it by null-text as published, with so many inner steps at each
    timestep, and edit it.
    """
    size = (side // model.scale, side // model.scale)
    forecaster = Forecaster(model)
    model.savings.climb_to(saving)
    settings = InversionSettings(PROMPT, Method.NULL_TEXT, steps, PUBLISHED_GUIDANCE, Schedule.REFERENCE)
    method = METHODS[settings.method]
    parts: dict[str, Part] = {}

    def measured(name: str, work: Work, beside: int, do: Callable[[], T]) -> T:
        forecast = forecaster.peak(work, saving, size) - model.weight_bytes + beside
        answers: list[T] = []
        start = time.perf_counter()
        with counted_rows(model) as rows:
            peak = peak_of(lambda: answers.append(do()))
        parts[name] = Part(time.perf_counter() - start, rows.rows, peak, forecast)
        return answers[0]

    image = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    latents = measured("autoencoder", drawing, 0, lambda: (model.encode(image), model.decode(torch.zeros(1, 4, *size))))
    with (
        patch("nti_desktop.engine.methods.null_text.INNER_STEPS", inner_steps),
        patch("nti_desktop.engine.methods.null_text.good_enough", lambda _: 0.0),
    ):
        photo = measured(
            "null-text",
            learning,
            0,
            lambda: method.prepare(model, latents[0], settings, report_nothing, CancelToken()),
        )
    recipe = EditRecipe(EDIT)
    recorded = steps * forecaster.recorded(size, EditDefaults.self_limit)
    measured(
        "edit",
        editing,
        recorded,
        lambda: method.render(Task(model, photo, method.source(model, photo), recipe)),
    )
    return Trial(parts, model.weight_bytes, high_water())


def main(side: str = "512", steps: str = "2", inner_steps: str = "2", kind: str = "full", saving: str = "NONE") -> None:
    """Print what was tried, a line each, and then as JSON."""
    fix_conditions()
    torch.set_num_threads(2)
    found = tried(full_size_model(kind == "narrow"), int(side), int(steps), int(inner_steps), Saving[saving])
    for name, part in found.parts.items():
        ratio = (
            "" if part.peak is None else f", measured {part.peak / 1e9:.2f} GB, {part.peak / part.forecast:.2f} of it"
        )
        print(f"{name}: {part.seconds:.1f} s, {part.rows} rows; forecast {part.forecast / 1e9:.2f} GB{ratio}")
    print(json.dumps(asdict(found)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
