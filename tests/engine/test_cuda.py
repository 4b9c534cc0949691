"""The engine on a graphics card: what it answers there is what the processor answers, whatever is saved or missing."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nti_desktop.core.errors import OutOfMemory
from nti_desktop.core.units import decibels
from nti_desktop.engine.memory.precision import Overflow
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.recipe.jobs import InvertJob, ModelFiles, RenderJob
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.test_precision import overdrive
from tests.engine.trials import EDIT, PROTOTYPE, SENTENCES, SOURCE, prepared, rendered, some_latents

pytestmark = pytest.mark.gpu

CARD = torch.device("cuda")
STEPS = 4


@pytest.fixture(autouse=True)
def _all_of_the_card() -> Iterator[None]:
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def loaded(dtype: torch.dtype | None = None) -> DiffusionModel:
    return load_model(ModelFiles(PROTOTYPE), CARD, dtype)


def edited(model: DiffusionModel, method: Method) -> NDArray[np.float32]:
    known = prepared(model, method, some_latents().to(model.device), STEPS)
    return model.decode(rendered(model, known, EditRecipe(EDIT)).latents)


def test_one_row_is_the_processors(prototype: DiffusionModel) -> None:
    latents = some_latents(16, 16)
    expected = prototype.predict(latents, 500, prototype.embed(SOURCE))
    for dtype, tolerance in ((torch.float32, 1e-2), (torch.float16, 2e-2)):
        model = loaded(dtype)
        found = model.predict(latents.to(CARD), 500, model.embed(SOURCE)).cpu()
        assert float((found - expected).norm() / expected.norm()) < tolerance


@pytest.mark.parametrize("method", SENTENCES)
def test_an_edit_is_the_processors(prototype: DiffusionModel, method: Method) -> None:
    assert decibels(edited(loaded(), method), edited(prototype, method)) > 30


@pytest.mark.parametrize("saving", list(Saving))
def test_savings_change_no_answer(saving: Saving) -> None:
    model, plain = loaded(), loaded()
    model.savings.climb_to(saving)
    for method in (Method.NULL_TEXT, Method.PINNED):
        assert decibels(edited(model, method), edited(plain, method)) > 35


def test_a_full_card_is_saved_on_and_then_said() -> None:
    """A real limit: what does not fit climbs the ladder, or says so in words, and the next job works."""
    service = EngineService("cuda")
    image = np.random.default_rng(0).integers(0, 255, (1024, 1024, 3)).astype(np.uint8)
    job = InvertJob(ModelFiles(PROTOTYPE), image, InversionSettings(SOURCE, Method.NULL_TEXT, STEPS))
    in_use = torch.cuda.memory_allocated()
    total = torch.cuda.get_device_properties(CARD).total_memory
    outcomes = []
    for megabytes in (200, 400, 800, 1600):
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction((in_use + megabytes * 2**20) / total)
        try:
            service.invert(job)
            outcomes.append("done")
        except OutOfMemory as error:
            outcomes.append(str(error))
    assert "done" in outcomes
    assert all(outcome == "done" or "not enough memory" in outcome for outcome in outcomes), outcomes
    torch.cuda.set_per_process_memory_fraction(1.0)
    assert (service.invert(job).figures.reconstruction_psnr or 0) > 10


def test_half_precision_that_overflows_goes_on_in_bfloat16() -> None:
    model = loaded(torch.float16)
    overdrive(model)
    latents = some_latents(16, 16).to(CARD)
    with torch.no_grad():
        assert model.predict(latents, 500, model.embed(SOURCE)).isfinite().all()
    assert model.precision.dtype == torch.bfloat16
    again = loaded(torch.float16)
    overdrive(again)
    with pytest.raises(Overflow), torch.enable_grad():
        again.predict(latents, 500, again.embed(SOURCE))


def test_the_device_changes_between_jobs() -> None:
    service = EngineService("cuda")
    image = np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    settings = InversionSettings(SOURCE, Method.PINNED, STEPS)
    pictures = []
    for kind in ("cuda", "cpu", "cuda"):
        service.choose_device(kind)
        inverted = service.invert(InvertJob(ModelFiles(PROTOTYPE), image, settings))
        recipe = EditRecipe(EDIT)
        job = RenderJob(ModelFiles(PROTOTYPE), "one", settings, inverted.arrays, recipe)
        pictures.append(service.render(job).image)
    assert decibels(pictures[0], pictures[2]) > 40
    assert decibels(pictures[0], pictures[1]) > 30
