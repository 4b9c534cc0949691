"""An order in place of two sentences: as published, three rows a step, the photo seen beside the noise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from nti_desktop.core.errors import Cancelled, EngineError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods import instruct
from nti_desktop.engine.methods.denoise import Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.ddim import levels_of, step_down
from nti_desktop.engine.sampling.places import changed
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.recipe.jobs import InvertJob, ModelFiles, RenderJob
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.recipe import EditRecipe, Lot
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import some_latents
from tests.instruct_models import make_orders_model

SETTINGS = InversionSettings("", Method.INSTRUCT, 4, 3.0)
ORDER = EditRecipe("make it blue", image_guidance=1.3, lot=Lot.SEED)  # as published
HELD = replace(ORDER, lot=Lot.HELD)


@pytest.fixture(scope="module")
def folder(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_orders_model(sd15_folder, tmp_path_factory.mktemp("orders") / "model")


@pytest.fixture(scope="module")
def model(folder: Path) -> DiffusionModel:
    return load_model(ModelFiles(folder), torch.device("cpu"))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)


def task(model: DiffusionModel, image: np.ndarray, recipe: EditRecipe, settings: InversionSettings = SETTINGS) -> Task:
    prepared = instruct.prepare(model, model.encode(image), settings, report_nothing, CancelToken())
    return Task(model, prepared, instruct.source(model, prepared), recipe)


@pytest.mark.slow
def test_an_edit_is_the_published_pipelines(
    folder: Path, model: DiffusionModel, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)  # its monitor would be left behind
    theirs = StableDiffusionInstructPix2PixPipeline(
        vae=AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False),
        scheduler=DDIMScheduler.from_pretrained(folder / "scheduler", clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    theirs.set_progress_bar_config(disable=True)
    noise = torch.randn((1, 4, 8, 12), generator=torch.Generator().manual_seed(0))
    pixels = torch.tensor(image).permute(2, 0, 1)[None].float() / 255
    expected = theirs(
        ORDER.prompt,
        image=pixels,
        num_inference_steps=PUBLISHED_STEPS,
        guidance_scale=3.0,
        image_guidance_scale=1.3,
        latents=noise,
        output_type="latent",
    ).images
    found = instruct.render(task(model, image, ORDER, replace(SETTINGS, steps=PUBLISHED_STEPS))).latents
    assert found.std() > 0.1
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_widened_model_is_the_one_it_was_whatever_it_sees(
    sd15_folder: Path, tmp_path: Path, image: np.ndarray
) -> None:
    base = load_model(ModelFiles(sd15_folder), torch.device("cpu"))
    wide = load_model(ModelFiles(make_orders_model(sd15_folder, tmp_path / "model", sees=0.0)), torch.device("cpu"))
    z = torch.randn((1, 4, 8, 12), generator=torch.Generator().manual_seed(1))
    expected = base.predict(z, 300, base.embed("a ball"))
    for seen in (None, wide.encode(image)):
        assert torch.allclose(wide.predict(z, 300, wide.embed("a ball"), seen), expected, atol=1e-5)


def test_without_further_guidance_an_edit_follows_order_and_photo_alone(
    model: DiffusionModel, image: np.ndarray
) -> None:
    recipe = replace(ORDER, guidance_scale=1.0, image_guidance=1.0)
    asked = task(model, image, recipe)
    seen = asked.prepared.photo / model.vae.config.scaling_factor
    z = torch.randn((1, 4, 8, 12), generator=torch.Generator().manual_seed(0))
    levels = levels_of(model.scheduler_config, SETTINGS.steps)
    for a in range(levels.steps):
        z = step_down(model.predict(z, levels.timesteps[a], model.embed(ORDER.prompt), seen), z, levels, a, a + 1)
    assert torch.allclose(instruct.render(asked).latents, z, atol=1e-4)


def test_a_seed_is_an_edit_and_a_step_takes_three_rows(model: DiffusionModel, image: np.ndarray) -> None:
    with counted_rows(model) as rows:
        first = instruct.render(task(model, image, ORDER)).latents
    assert rows.rows == 3 * SETTINGS.steps
    assert torch.equal(first, instruct.render(task(model, image, ORDER)).latents)
    assert not torch.allclose(first, instruct.render(task(model, image, replace(ORDER, seed=1))).latents, atol=1e-2)


@pytest.mark.slow
def test_holding_the_photo_is_what_is_usual(model: DiffusionModel, image: np.ndarray) -> None:
    usual = instruct.render(task(model, image, replace(ORDER, lot=None))).latents
    held = instruct.render(task(model, image, HELD)).latents
    assert torch.equal(usual, held)
    assert not torch.allclose(held, instruct.render(task(model, image, ORDER)).latents, atol=1e-2)
    assert not torch.allclose(held, instruct.render(task(model, image, replace(HELD, seed=1))).latents, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("image_guidance", [1.0, 1.7])
@pytest.mark.parametrize("visits", [None, 2])
def test_held_an_order_for_nothing_is_the_photo(
    model: DiffusionModel, image: np.ndarray, image_guidance: float, visits: int | None
) -> None:
    asked = task(model, image, replace(HELD, image_guidance=image_guidance, strength=0.0), replace(SETTINGS, steps=9))
    found = instruct.render(replace(asked, visits=visits)).latents
    assert torch.equal(found, asked.prepared.photo)
    whole = instruct.render(replace(asked, recipe=replace(asked.recipe, strength=1.0), visits=visits)).latents
    assert not torch.allclose(whole, asked.prepared.photo, atol=1e-2)


def test_held_a_step_is_the_orders_and_what_the_model_misses_of_the_photo(
    model: DiffusionModel, image: np.ndarray
) -> None:
    asked = task(model, image, replace(HELD, image_guidance=1.0, guidance_scale=2.5), replace(SETTINGS, steps=2))
    levels, photo = levels_of(model.scheduler_config, 2), asked.prepared.photo
    seen = photo / model.vae.config.scaling_factor
    noises = torch.randn((2, *photo.shape[1:]), generator=torch.Generator().manual_seed(0)).split(1)
    noisy = (
        alpha**0.5 * photo + (1 - alpha) ** 0.5 * noise for alpha, noise in zip(levels.alphas[:-1], noises, strict=True)
    )
    path = [*noisy, photo]

    def answer(z: torch.Tensor, a: int, said: str) -> torch.Tensor:
        return model.predict(z, levels.timesteps[a], model.embed(said), seen)

    z = path[0]
    for a in range(2):
        plain = answer(z, a, "")
        to = step_down(plain + 2.5 * (answer(z, a, ORDER.prompt) - plain), z, levels, a, a + 1)
        z = to + path[a + 1] - step_down(answer(path[a], a, ""), path[a], levels, a, a + 1)
    edit = instruct.render(asked)
    assert edit.mask is not None
    assert torch.allclose(edit.latents, torch.where(edit.mask, z, photo), atol=1e-3)


def test_what_an_order_hardly_changes_stays_the_photos_own_bit_for_bit() -> None:
    photo = some_latents()
    z = photo + 0.1
    z[..., 4:7, 5] += 0.2
    mask = changed(z, photo)
    expected = torch.zeros(16, 16, dtype=torch.bool)
    expected[3:8, 4:7] = True
    assert torch.equal(mask, expected)
    assert not changed(photo + 0.1, photo).any()
    assert changed(photo + 0.2, photo).all()


@pytest.mark.parametrize(("image_guidance", "later", "once"), [(1.0, 2, 2), (1.3, 3, 3)])
def test_held_the_photo_is_asked_about_once_and_the_photo_alone_only_where_it_counts(
    model: DiffusionModel, image: np.ndarray, image_guidance: float, later: int, once: int
) -> None:
    asked = task(model, image, replace(HELD, image_guidance=image_guidance))
    rows = []
    for order in ("make it blue", "make it red"):
        with counted_rows(model) as counted:
            instruct.render(replace(asked, recipe=replace(asked.recipe, prompt=order)))
        rows.append(counted.rows)
    assert rows == [(later + once) * SETTINGS.steps, later * SETTINGS.steps]


def test_held_the_photo_is_asked_about_again_where_the_model_computes_in_another_type(
    folder: Path, image: np.ndarray
) -> None:
    model = load_model(ModelFiles(folder), torch.device("cpu"), torch.float16)
    asked = task(model, image, replace(HELD, image_guidance=1.0))
    rows = []
    for _ in range(2):
        for _ in range(2):
            with counted_rows(model) as counted:
                instruct.render(asked)
            rows.append(counted.rows)
        model._widen()
    assert rows == [4 * SETTINGS.steps, 2 * SETTINGS.steps] * 2


def test_no_more_is_remembered_of_the_photo_than_is_said(
    model: DiffusionModel, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruct, "KNOWN", 5)
    asked = task(model, image, HELD)
    for seed in range(3):
        instruct.render(replace(asked, recipe=replace(HELD, seed=seed)))
    assert isinstance(asked.source, instruct.Unordered)
    assert len(asked.source._known) == 5


@pytest.mark.slow
def test_the_service_prepares_nothing_and_draws_the_photo_and_the_edit(folder: Path, image: np.ndarray) -> None:
    service, files = EngineService("cpu"), ModelFiles(folder)
    inverted = service.invert(InvertJob(files, image, SETTINGS))
    assert not inverted.arrays
    assert inverted.reconstruction is None
    assert inverted.figures.unet_rows == 0
    rendered = service.render(RenderJob(files, "one", SETTINGS, {}, ORDER, image=image))
    assert rendered.figures.unet_rows == 3 * SETTINGS.steps  # drawn anew
    assert rendered.image.shape == rendered.source.shape == image.shape
    assert rendered.mask is None
    assert len(rendered.word_maps) == 0
    held = service.render(RenderJob(files, "one", SETTINGS, {}, HELD, image=image))
    assert held.mask is not None
    assert held.mask.shape == image.shape[:2]
    assert held.coverage == pytest.approx(held.mask.mean(), abs=0.02)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        service.render(RenderJob(files, "one", SETTINGS, {}, replace(ORDER, seed=2), image=image), cancel=cancel)


def test_half_of_an_order_is_none_of_no_order_and_none_of_all(model: DiffusionModel, image: np.ndarray) -> None:
    whole = instruct.render(task(model, image, ORDER)).latents
    half = instruct.render(task(model, image, replace(ORDER, strength=0.5))).latents
    assert not torch.allclose(whole, half, atol=1e-3)


def test_a_model_of_two_sentences_refuses_orders(sd15_folder: Path, image: np.ndarray) -> None:
    with pytest.raises(EngineError, match="takes no orders"):
        EngineService("cpu").render(RenderJob(ModelFiles(sd15_folder), "one", SETTINGS, {}, ORDER, image=image))


def test_a_folder_is_found_to_take_orders_and_offers_nothing_else(tmp_path: Path) -> None:
    entry = find_model(str(make_orders_model(built_in().files.folder, tmp_path / "model")))
    assert entry.sees is Sees.PHOTO
    assert entry.methods == (Method.INSTRUCT,)
    assert entry.defaults.method is Method.INSTRUCT
    assert Method.INSTRUCT not in built_in().methods
