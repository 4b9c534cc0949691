"""Drawing into what is marked: as published, on a model that sees the mask and the photo around it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nti_desktop.core.errors import Cancelled, EngineError, RecipeError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods import inpaint
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.recipe.jobs import InvertJob, MeasureJob, ModelFiles, RenderJob
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.outlines import Outline, inside, rectangle
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import InversionSettings
from tests.inpaint_models import make_inpainting_model, published_pipeline
from tests.wild.files import write_original

SETTINGS = InversionSettings("", Method.INPAINT, 4, 3.0)
PLACE = Outline(((0.2, 0.2), (0.9, 0.3), (0.6, 0.9)))
FILL = EditRecipe("a blue ball", within=(PLACE,))
REMOVE = replace(FILL, prompt="")


@pytest.fixture(scope="module")
def folder(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inpainting_model(sd15_folder, tmp_path_factory.mktemp("inpainting") / "model")


@pytest.fixture(scope="module")
def model(folder: Path) -> DiffusionModel:
    return load_model(ModelFiles(folder), torch.device("cpu"))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)


def task(model: DiffusionModel, image: np.ndarray, recipe: EditRecipe, settings: InversionSettings = SETTINGS) -> Task:
    return Task(model, Prepared(settings, {}, model.encode(image), image=image), None, recipe)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [FILL, REMOVE], ids=["said", "removed"])
def test_an_edit_is_the_published_pipelines(
    folder: Path, model: DiffusionModel, image: np.ndarray, recipe: EditRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = published_pipeline(folder, monkeypatch)
    expected = theirs(
        recipe.prompt,
        image=torch.tensor(image).permute(2, 0, 1)[None].float() / 255,
        mask_image=torch.tensor(inside(recipe.within, 64, 96)).float()[None, None],
        height=64,
        width=96,
        num_inference_steps=PUBLISHED_STEPS,
        guidance_scale=3.0,
        latents=torch.randn((1, 4, 8, 12), generator=torch.Generator().manual_seed(0)),
        output_type="latent",
    ).images
    found = inpaint.render(task(model, image, recipe, replace(SETTINGS, steps=PUBLISHED_STEPS))).latents
    assert found.std() > 0.1
    assert torch.allclose(found, expected, atol=1e-4)


def test_the_model_sees_the_mask_and_the_photo_around_it_and_nothing_of_what_is_marked(
    model: DiffusionModel, image: np.ndarray
) -> None:
    half = EditRecipe("", within=(rectangle(0, 0, 0.5, 1),))
    seen = inpaint.surroundings(model, task(model, image, half).prepared, half)
    assert seen.shape == (1, 5, 8, 12)
    assert torch.equal(seen[0, 0].bool(), torch.arange(12).expand(8, -1) < 6)
    other = image.copy()
    other[:, :48] = 255 - other[:, :48]
    assert torch.equal(inpaint.surroundings(model, task(model, other, half).prepared, half), seen)
    other[:, 48:] = 255 - other[:, 48:]
    assert not torch.allclose(inpaint.surroundings(model, task(model, other, half).prepared, half), seen, atol=1e-2)


def test_a_seed_is_an_edit_and_removing_takes_one_row_a_step(model: DiffusionModel, image: np.ndarray) -> None:
    drawn = {}
    for name, recipe, rows in (("said", FILL, 2), ("again", FILL, 2), ("removed", REMOVE, 1)):
        with counted_rows(model) as counted:
            drawn[name] = inpaint.render(task(model, image, recipe)).latents
        assert counted.rows == rows * SETTINGS.steps
        assert counted.rows == Method.INPAINT.row.calls_of_edit(recipe, SETTINGS.steps).rows
    assert torch.equal(drawn["said"], drawn["again"])
    assert not torch.allclose(drawn["said"], drawn["removed"], atol=1e-3)
    other = inpaint.render(task(model, image, replace(FILL, seed=1))).latents
    assert not torch.allclose(drawn["said"], other, atol=1e-2)


def test_marks_that_the_model_cannot_see_are_refused(model: DiffusionModel, image: np.ndarray) -> None:
    speck = replace(FILL, within=(rectangle(0.53, 0.53, 0.55, 0.56),))
    for recipe in (speck, replace(FILL, within=())):
        with pytest.raises(RecipeError, match="mark more"):
            inpaint.render(task(model, image, recipe))


def test_the_service_prepares_nothing_and_leaves_all_but_what_is_marked(folder: Path, image: np.ndarray) -> None:
    service, files = EngineService("cpu"), ModelFiles(folder)
    inverted = service.invert(InvertJob(files, image, SETTINGS))
    assert not inverted.arrays
    assert inverted.figures.unet_rows == 0
    rendered = service.render(RenderJob(files, "one", SETTINGS, {}, FILL, image=image))
    marked = inside(FILL.within, 64, 96)
    assert rendered.mask is not None
    assert np.array_equal(rendered.mask > 0, marked)
    assert np.array_equal(rendered.image[~marked], rendered.source[~marked])
    assert rendered.changed > 0
    assert rendered.coverage == pytest.approx(marked.mean())
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        service.render(RenderJob(files, "one", SETTINGS, {}, replace(FILL, seed=2), image=image), cancel=cancel)


@pytest.mark.slow
def test_a_model_for_inpainting_is_measured_and_forecast(folder: Path, image: np.ndarray) -> None:
    measured = EngineService("cpu").measure(MeasureJob(ModelFiles(folder), image, 4), report_nothing)
    assert measured.forecast is not None
    assert measured.forecast.editing == measured.forecast.preparing
    assert measured.speeds.rates.double > 0


def test_another_model_refuses_to_fill_in(sd15_folder: Path, image: np.ndarray) -> None:
    with pytest.raises(EngineError, match="not made for inpainting"):
        EngineService("cpu").render(RenderJob(ModelFiles(sd15_folder), "one", SETTINGS, {}, FILL, image=image))


def test_a_folder_is_found_to_fill_in_and_offers_nothing_else(tmp_path: Path) -> None:
    entry = find_model(str(make_inpainting_model(built_in().files.folder, tmp_path / "model")))
    assert entry.sees is Sees.SURROUNDINGS
    assert entry.methods == (Method.INPAINT,)
    assert entry.defaults.method is Method.INPAINT
    assert Method.INPAINT not in built_in().methods


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sd15", "sd21", "sdxl"])
def test_a_single_file_for_inpainting_sees_what_it_is_given(kind: str, tmp_path: Path) -> None:
    entry = find_model(str(write_original(tmp_path / "m.safetensors", kind, dtype=torch.float16, in_channels=9)))
    assert entry.sees is Sees.SURROUNDINGS
    assert not entry.prediction_guessed
    model = load_model(entry.files, torch.device("cpu"))
    assert model.sees is Sees.SURROUNDINGS
    assert model.scheduler_config.get("prediction_type", "epsilon") == "epsilon"
    z = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        blind, seeing = (
            model.predict(z, 300, model.embed("a ball"), seen) for seen in (None, torch.cat([z[:, :1], z], 1))
        )
    assert not torch.allclose(blind, seeing, atol=1e-3)
