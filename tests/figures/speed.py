"""How long things take on this machine, with nothing else running beside."""

import os
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nti_desktop.engine.memory.device import in_words
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.recipe.jobs import Figures, InvertJob, ModelFiles, RenderJob
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.studio.render import training_picture
from tests.figures.trials import seeds, trial

TIMED = 20
WARMING = 3


@dataclass(frozen=True)
class Cost:
    """Seconds and UNet rows, counted by a hook on the UNet."""

    seconds: float
    rows: int


@dataclass(frozen=True)
class Speed:
    """row_ms: milliseconds of one UNet row, by number of threads; preparation, first_edit, later_edit: with `threads`;
    load: the machine's load average before, which should be near 0.
    """

    device: str
    row_ms: dict[int, float]
    threads: int
    preparation: Cost
    first_edit: Cost
    later_edit: Cost
    load: float


def measure_speed(folder: Path, settings: EditDefaults, threads: tuple[int, ...] = (1, 2)) -> Speed:
    """Time one row, and one photo's preparation and two edits with as many threads as there are free cores."""
    load = os.getloadavg()[0]
    before = torch.get_num_threads()
    try:
        model = load_model(ModelFiles(folder))
        rows = {}
        for count in threads:
            torch.set_num_threads(count)
            rows[count] = row_milliseconds(model)
        device, costs = in_words(model.device).name, _edit_costs(ModelFiles(folder), settings)
        return Speed(device, rows, torch.get_num_threads(), *costs, load)
    finally:
        torch.set_num_threads(before)


@torch.no_grad()
def row_milliseconds(model: DiffusionModel) -> float:
    """The median of calls with one row, at the size of the training pictures."""
    latents = model.encode(training_picture(trial("colour", next(seeds("colour"))).scene).image)
    embedding = model.embed("")
    spent = []
    with counted_rows(model) as counter:
        for _ in range(WARMING + TIMED):
            start = time.perf_counter()
            model.predict(latents, 500, embedding).cpu()  # which waits for the device
            spent.append((time.perf_counter() - start) * 1000)
    assert counter.rows == WARMING + TIMED
    return statistics.median(spent[WARMING:])


def _edit_costs(files: ModelFiles, settings: EditDefaults) -> tuple[Cost, Cost, Cost]:
    asked = trial("colour", next(seeds("colour")))
    source, edit = asked.captions
    image = training_picture(asked.scene).image
    inversion_settings = InversionSettings(source, settings.method, settings.steps, settings.guidance_scale)
    service = EngineService()
    service.invert(InvertJob(files, image, replace(inversion_settings, steps=2)))  # loads the model
    inverted = service.invert(InvertJob(files, image, inversion_settings))
    first, later = (
        service.render(
            RenderJob(
                files,
                "timed",
                inversion_settings,
                inverted.arrays,
                recipe_for(edited, inversion_settings, settings),
            )
        )
        for edited in (edit, source)
    )
    return _cost(inverted.figures), _cost(first.figures), _cost(later.figures)


def _cost(figures: Figures) -> Cost:
    return Cost(figures.seconds, figures.unet_rows)
