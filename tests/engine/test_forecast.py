"""What a job is predicted to take of memory, against what it does take, and what follows from it."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from nti_desktop.engine.memory import meta_model
from nti_desktop.engine.memory.forecast import (
    Forecaster,
    Work,
    drawing,
    editing,
    guiding,
    learning,
    ordering,
    work_of_edit,
)
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import InvertJob, MeasureJob, ModelFiles
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.test_service import IMAGE
from tests.engine.trials import PROTOTYPE, SOURCE, some_latents
from tests.instruct_models import make_orders_model

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
SIZE = (16, 16)
GIGABYTE = 10**9


def test_what_lives_at_once_is_counted_to_the_byte() -> None:
    def work() -> None:
        first = torch.empty(1000, device=meta_model.META)
        second = first + 1
        view = second[10:]
        del first, second
        third = view * 2  # 4,000 and 3,960 bytes are there now
        del view, third
        torch.empty(1500, device=meta_model.META)

    assert meta_model.peak_bytes(work, (), fused=True) == 8000
    weight = torch.empty(5000, device=meta_model.META)
    assert meta_model.peak_bytes(lambda: weight.t() + 1, (weight,), fused=True) == 20_000  # a weight is no news


@pytest.mark.parametrize("work", [learning, guiding, ordering, editing])
@pytest.mark.parametrize("saving", [Saving.NONE, Saving.CHECKPOINTS, Saving.SLICES])
def test_on_the_meta_device_there_lives_as_much_as_in_a_real_timestep(
    sd15_folder: Path, monkeypatch: pytest.MonkeyPatch, work: Work, saving: Saving
) -> None:
    model = load_model(ModelFiles(sd15_folder), CPU)
    predicted = Forecaster(model)._counted(work, saving, SIZE)
    model.savings.climb_to(saving)
    monkeypatch.setattr(meta_model, "_SHAPES", {})  # real operations
    embedding: Embedding = model.embed(SOURCE)
    weights = [weight for part in (model.unet, model.vae) for weight in part.parameters()]
    measured = meta_model.peak_bytes(partial(work, model, some_latents(*SIZE), embedding), weights, fused=False)
    assert measured == pytest.approx(predicted, rel=0.05)


def test_an_edit_is_forecast_by_its_method(sd15_folder: Path, tmp_path: Path) -> None:
    works = {method: work_of_edit(method) for method in Method}
    assert works[Method.NULL_TEXT] is works[Method.IMAGIC] is editing
    assert works[Method.EDICT] is works[Method.RESAMPLE] is works[Method.DIFFEDIT] is guiding
    assert works[Method.INSTRUCT] is ordering
    model = load_model(ModelFiles(make_orders_model(sd15_folder, tmp_path / "orders")), CPU)
    forecaster = Forecaster(model)
    assert forecaster.forecast(SIZE, 50, 1.0).editing.size == forecaster.peak(ordering, Saving.NONE, SIZE)
    assert forecaster._counted(guiding, Saving.NONE, SIZE) < forecaster._counted(ordering, Saving.NONE, SIZE)


def test_the_autoencoder_is_predicted_too(sd15: DiffusionModel) -> None:
    small, large = (Forecaster(sd15)._counted(drawing, Saving.NONE, (side, side)) for side in (8, 16))
    assert 3 < large / small < 5


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> DiffusionModel:
    """A model whose autoencoder takes nothing."""
    monkeypatch.setattr("nti_desktop.engine.memory.forecast.drawing", lambda *_: None)
    return load_model(ModelFiles(PROTOTYPE), CPU)


def with_room(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    for reader in ("forecast", "savings"):
        monkeypatch.setattr(f"nti_desktop.engine.memory.{reader}.free_memory", lambda device: free)


def test_the_ladder_is_climbed_as_far_as_needed_and_no_farther(
    narrow: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (64, 64)
    forecaster = Forecaster(narrow)
    plain, checkpoints = (
        forecaster.peak(learning, saving, size) - narrow.weight_bytes for saving in (Saving.NONE, Saving.CHECKPOINTS)
    )
    assert checkpoints < plain / 2
    for free, saving, fits in (
        (100 * plain, Saving.NONE, True),
        (plain, Saving.CHECKPOINTS, True),  # some of what is free is left to others
        (0, Saving.SLICES, False),
    ):
        with_room(monkeypatch, free)
        need = forecaster.need(learning, size)
        assert (need.saving, need.fits) == (saving, fits)
        assert need.size == forecaster.peak(learning, saving, size)
    with_room(monkeypatch, plain)
    assert forecaster.need(guiding, size).saving is Saving.NONE


def test_a_card_smaller_than_the_weights_lets_them_visit(
    narrow: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Forecaster(narrow)
    monkeypatch.setattr(type(narrow.savings), "rungs", tuple(Saving))
    size = (8, 8)
    visiting = card.peak(learning, Saving.OFFLOAD, size)
    assert visiting < narrow.weight_bytes
    monkeypatch.setattr(type(narrow.savings), "room", visiting)
    need = card.need(learning, size)
    assert (need.saving, need.fits) == (Saving.OFFLOAD, True)


def test_a_job_begins_where_the_forecast_says(monkeypatch: pytest.MonkeyPatch) -> None:
    service = EngineService("cpu")
    job = InvertJob(built_in().files, IMAGE, InversionSettings("a ball", Method.PINNED, 2, 2.0))
    with_room(monkeypatch, 100 * GIGABYTE)
    forecast = service.measure(MeasureJob(job.model, IMAGE)).forecast
    assert forecast is not None
    assert forecast.learning.fits
    assert forecast.preparing.fits
    assert forecast.editing.size > forecast.preparing.size
    assert forecast.of(Method.NULL_TEXT) is forecast.learning
    service.invert(job)
    assert service._model is not None
    assert service._model.savings.saving is Saving.NONE
    with_room(monkeypatch, 0)
    service.invert(job)  # which is tried all the same
    assert service._model.savings.saving is Saving.SLICES


@pytest.mark.timeout(900)
def test_the_forecast_is_near_what_a_process_takes() -> None:
    """A narrow model of full depth at 256x256: 1.2 to 1.3 of the forecast was measured; at 512x512 1.05 to 1.1."""
    found: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.full_size", "256", "2", "1", "narrow"],
            env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "1048576"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
    )
    for name in ("autoencoder", "null-text"):
        part = found["parts"][name]
        assert part["peak"] is None or 0.9 < part["peak"] / part["forecast"] < 1.4, name
