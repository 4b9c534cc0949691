"""On a graphics card, models of the published sizes with random weights: preparing by every method, edits, previews;
rows, seconds, peaks beside the forecast, at every rung of the savings. `python -m tests.benchmarks.cards OUT.json
[MODEL [STEPS]]`; a line each, and JSON. Costs of the real size, pictures of none.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from nti_desktop.core.errors import EngineError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.memory.forecast import Forecaster, Work, drawing, editing, work_of
from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Schedule
from tests.benchmarks.contestants import PUBLISHED_GUIDANCE
from tests.benchmarks.sd15 import ESTIMATED, published

PROMPT, EDIT, NEXT = "a photo of a dog", "a photo of a cat", "a photo of a fox"
PREVIEW_LEVELS = 6
TIMED_ROWS = 10


@dataclass(frozen=True)
class Part:
    """What one part of the work took. saving: the rung; peak, forecast: bytes beyond the weights; failed: why."""

    name: str
    saving: str
    seconds: float
    rows: int
    peak: int
    forecast: int
    failed: str | None = None


def measured(model: DiffusionModel, side: int, steps: int) -> Iterator[Part]:
    """Each part of the work on a picture of this side, at each rung of the savings, from the first one on."""
    size = (side // model.scale, side // model.scale)
    forecaster = Forecaster(model)
    image = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    latents = model.encode(image)
    recorded = steps * forecaster.recorded(size, EditDefaults.self_limit)

    def part(name: str, saving: Saving, work: Work, beside: int, do: Callable[[], object]) -> Part:
        weights = model.savings.resident(saving)
        forecast = forecaster.peak(work, saving, size) - weights + beside
        torch.cuda.empty_cache()
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before, start, failed = torch.cuda.memory_allocated(), time.perf_counter(), None
        with counted_rows(model) as rows:
            try:
                do()
            except (EngineError, RuntimeError) as error:
                failed = f"{type(error).__name__}: {error}"[:300]
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
        return Part(name, saving.name, seconds, rows.rows, torch.cuda.max_memory_allocated() - before, forecast, failed)

    for saving in Saving:
        model.savings.climb_to(saving)
        yield part("encode and decode", saving, drawing, 0, lambda: (model.encode(image), model.decode(latents)))
        all_methods = [method for method in Method if not method.row.fills]  # which wants a model of its own
        for method in all_methods if saving is Saving.NONE else (Method.NULL_TEXT, Method.PINNED):
            settings = InversionSettings(PROMPT, method, steps, PUBLISHED_GUIDANCE, Schedule.REFERENCE)
            prepared: list[Prepared] = []
            prepare = partial(METHODS[method].prepare, model, latents, settings, report_nothing, CancelToken())
            with patch("nti_desktop.engine.methods.null_text.good_enough", lambda _: 0.0):  # all ten inner steps
                yield part(f"prepare, {method}", saving, work_of(method), 0, partial(_put, prepare, prepared))
            if not prepared:
                continue
            source = METHODS[method].source(model, prepared[0])
            for name, prompt, visits in (
                ("first edit", EDIT, None),
                ("later edit", NEXT, None),
                ("preview", NEXT, PREVIEW_LEVELS),
            ):
                task = Task(model, prepared[0], source, EditRecipe(prompt), visits)
                render = partial(METHODS[method].render, task)
                yield part(f"{name}, {method}", saving, editing, recorded if name == "first edit" else 0, render)


def _put(work: Callable[[], Prepared], into: list[Prepared]) -> None:
    into.append(work())


@torch.no_grad()
def graphed(model: DiffusionModel, side: int) -> tuple[float, float]:
    """Milliseconds of two rows as the program asks for them, and replayed as a CUDA graph."""
    size = (side // model.scale, side // model.scale)
    latents = torch.randn(2, model.unet.config.in_channels, *size, device=model.device)
    embedding = model.embed(PROMPT).for_rows(2)
    plain = _milliseconds(lambda: model.predict(latents, 500, embedding))
    timestep = torch.tensor(500, device=model.device)
    x, tokens = latents.to(model.precision.dtype), embedding.tokens.to(model.precision.dtype)
    added = model._added(latents, embedding.pooled)

    def row() -> Any:
        return model.unet(x, timestep, encoder_hidden_states=tokens, added_cond_kwargs=added).sample

    side_stream = torch.cuda.Stream()
    with torch.cuda.stream(side_stream):
        for _ in range(3):
            row()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        row()
    return plain, _milliseconds(graph.replay)


def _milliseconds(work: Callable[[], object]) -> float:
    """The median of some calls, each waited for."""
    found = []
    for _ in range(TIMED_ROWS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        found.append(1000 * (time.perf_counter() - start))
    return sorted(found)[len(found) // 2]


def main(out: str, name: str = "", steps: str = "10") -> None:
    """Measure every published size, or the one of this name; what is measured is written at once."""
    device = torch.device("cuda")
    found: dict[str, Any] = {"card": torch.cuda.get_device_name(device), "torch": torch.__version__, "models": {}}
    for known, side in ESTIMATED.items():
        if name not in ("", known):
            continue
        torch.manual_seed(0)
        model = published(known, device)
        here: dict[str, Any] = {"side": side, "steps": int(steps), "weights": model.weight_bytes, "parts": []}
        found["models"][known] = here
        try:
            here["row_ms"], here["row_ms_graphed"] = graphed(model, side)
        except RuntimeError as error:
            here["graphs_failed"] = str(error)[:300]
        print(known, {key: value for key, value in here.items() if key != "parts"}, flush=True)
        for part in measured(model, side, int(steps)):
            here["parts"].append(asdict(part))
            Path(out).write_text(json.dumps(found, indent=1), "utf-8")
            print(
                f"{known} {part.saving:12} {part.name:28} {part.seconds:7.2f} s {part.rows:5} rows, "
                f"{part.peak / 1e9:6.2f} GB of {part.forecast / 1e9:6.2f} {part.failed or ''}",
                flush=True,
            )
        del model
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main(*sys.argv[1:])
