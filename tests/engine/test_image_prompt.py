"""A picture beside the words, as an IP-Adapter lets a model read it: as published."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from nti_desktop.core.errors import EngineError, ModelError
from nti_desktop.engine.methods import inpaint
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.model.image_encoder import load_image_encoder
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EngineService
from nti_desktop.models.formats.additions import read_addition
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.image_prompt import SIDE
from nti_desktop.recipe.jobs import Addition, ModelFiles, RenderJob
from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.outlines import inside, rectangle
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.image_adapters import Kind, write_image_adapter, write_image_encoder
from tests.inpaint_models import make_inpainting_model, published_pipeline
from tests.wild.files import write_original

SETTINGS = InversionSettings("", Method.INPAINT, 4, 3.0)
FILL = EditRecipe("a blue ball", within=(rectangle(0.2, 0.2, 0.9, 0.8),))
SHOWN = replace(FILL, prompt="")


@pytest.fixture(scope="module")
def folder(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inpainting_model(sd15_folder, tmp_path_factory.mktemp("inpainting") / "model")


@pytest.fixture(scope="module", params=list(Kind))
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Addition:
    file = write_image_adapter(tmp_path_factory.mktemp("adapter"), folder / "unet", request.param)
    return Addition(file, image_encoder=read_addition(file).image_encoder)


@pytest.fixture(scope="module")
def model(folder: Path, adapter: Addition) -> DiffusionModel:
    return load_model(ModelFiles(folder, additions=(adapter,)), torch.device("cpu"))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def drawn(
    model: DiffusionModel,
    image: np.ndarray,
    picture: np.ndarray | None,
    recipe: EditRecipe = FILL,
    settings: InversionSettings = SETTINGS,
) -> torch.Tensor:
    prepared = Prepared(settings, {}, model.encode(image), image=image)
    return inpaint.render(Task(model, prepared, None, recipe, image_prompt=picture)).latents


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "weight"), [(FILL, 1.0), (SHOWN, 0.6)], ids=["with words", "alone"])
def test_an_edit_is_the_published_pipelines(
    folder: Path,
    model: DiffusionModel,
    adapter: Addition,
    image: np.ndarray,
    picture: np.ndarray,
    recipe: EditRecipe,
    weight: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = published_pipeline(folder, monkeypatch)
    theirs.load_ip_adapter(str(adapter.file.parent), "", adapter.file.name, low_cpu_mem_usage=False)
    theirs.set_ip_adapter_scale(weight)
    expected = theirs(
        recipe.prompt,
        image=torch.tensor(image).permute(2, 0, 1)[None].float() / 255,
        mask_image=torch.tensor(inside(recipe.within, 64, 96)).float()[None, None],
        ip_adapter_image=Image.fromarray(picture),
        height=64,
        width=96,
        num_inference_steps=PUBLISHED_STEPS,
        guidance_scale=3.0,
        latents=torch.randn((1, 4, 8, 12), generator=torch.Generator().manual_seed(0)),
        output_type="latent",
    ).images
    with_it = replace(recipe, image_prompt_weight=weight)
    found = drawn(model, image, picture, with_it, replace(SETTINGS, steps=PUBLISHED_STEPS))
    assert torch.allclose(found, expected, atol=1e-4)
    without = drawn(model, image, None, recipe, replace(SETTINGS, steps=PUBLISHED_STEPS))
    assert not torch.allclose(found, without, atol=0.05)


@pytest.mark.slow
def test_another_picture_is_another_edit_and_none_weighs_nothing(
    model: DiffusionModel, image: np.ndarray, picture: np.ndarray
) -> None:
    once = drawn(model, image, picture)
    assert torch.equal(drawn(model, image, picture), once)
    assert not torch.allclose(drawn(model, image, 255 - picture), once, atol=1e-2)
    plain = drawn(model, image, None)
    assert torch.equal(drawn(model, image, picture, replace(FILL, image_prompt_weight=0.0)), plain)
    assert torch.equal(drawn(model, image, None), plain)  # nothing of it is left behind


def test_a_picture_takes_two_rows_a_step_with_words_or_without(
    model: DiffusionModel, image: np.ndarray, picture: np.ndarray
) -> None:
    for recipe in (FILL, SHOWN):
        with counted_rows(model) as counted:
            drawn(model, image, picture, recipe)
        assert counted.rows == 2 * SETTINGS.steps


def test_heads_one_by_one_see_the_same(model: DiffusionModel, image: np.ndarray, picture: np.ndarray) -> None:
    whole = drawn(model, image, picture)
    model.attention.sliced = True
    try:
        assert torch.allclose(drawn(model, image, picture), whole, atol=1e-4)
    finally:
        model.attention.sliced = False


def test_the_service_draws_after_it_and_leaves_the_rest_of_the_photo(
    folder: Path, adapter: Addition, image: np.ndarray, picture: np.ndarray
) -> None:
    service, files = EngineService("cpu"), ModelFiles(folder, additions=(adapter,))
    job = RenderJob(files, "one", SETTINGS, {}, SHOWN, image=image, image_prompt=picture)
    rendered = service.render(job)
    marked = inside(SHOWN.within, 64, 96)
    assert rendered.changed > 0
    assert np.array_equal(rendered.image[~marked], rendered.source[~marked])
    assert np.array_equal(service.render(job).image, rendered.image)


def test_a_model_without_an_adapter_says_so(folder: Path, image: np.ndarray, picture: np.ndarray) -> None:
    plain = load_model(ModelFiles(folder), torch.device("cpu"))
    with pytest.raises(EngineError, match="reads no pictures; give it an IP-Adapter"):
        drawn(plain, image, picture)


@pytest.mark.slow
def test_an_adapter_of_another_model_or_a_damaged_encoder_is_refused(
    folder: Path, tmp_path: Path, image: np.ndarray, picture: np.ndarray
) -> None:
    file = write_image_adapter(tmp_path, folder / "unet")
    weights = load_file(file)
    save_file({n: w[:-1] if n.endswith("3.to_k_ip.weight") else w for n, w in weights.items()}, tmp_path / "other.sft")
    encoder = tmp_path / "image_encoder"
    other = load_model(
        ModelFiles(folder, additions=(Addition(tmp_path / "other.sft", image_encoder=encoder),)), torch.device("cpu")
    )
    with pytest.raises(ModelError, match="does not fit this model's layers"):
        drawn(other, image, picture)
    plus = write_image_adapter(tmp_path / "plus", folder / "unet", Kind.PLUS)
    whole = load_file(plus)
    save_file({n: w for n, w in whole.items() if "layers.2" not in n}, plus)
    damaged = Addition(plus, image_encoder=tmp_path / "plus" / "image_encoder")
    with pytest.raises(ModelError, match="is a damaged IP-Adapter"):
        drawn(load_model(ModelFiles(folder, additions=(damaged,)), torch.device("cpu")), image, picture)
    kept = load_file(encoder / "model.safetensors")
    save_file({n: w for n, w in kept.items() if "layers.1" not in n}, encoder / "model.safetensors", {"format": "pt"})
    fitting = load_model(ModelFiles(folder, additions=(Addition(file, image_encoder=encoder),)), torch.device("cpu"))
    with pytest.raises(ModelError, match=r"image encoder in .* is damaged or incomplete"):
        drawn(fitting, image, picture)


def test_an_adapter_whose_drive_is_not_plugged_in_is_not_called_damaged(
    folder: Path, tmp_path: Path, image: np.ndarray, picture: np.ndarray
) -> None:
    file = write_image_adapter(tmp_path / "drive", folder / "unet")
    given = Addition(file, image_encoder=file.parent / "image_encoder")
    model = load_model(ModelFiles(folder, additions=(given,)), torch.device("cpu"))
    file.parent.rename(tmp_path / "unplugged")
    with pytest.raises(ModelError, match=r"drive/.*” is not there; plug in its drive"):
        drawn(model, image, picture)
    with pytest.raises(ModelError, match=r"drive/image_encoder” is not there; plug in its drive"):
        load_image_encoder(file.parent / "image_encoder")


@pytest.mark.parametrize(("setting", "other"), [("hidden_size", 48), ("num_attention_heads", 5), ("hidden_act", "x")])
def test_an_encoder_with_anothers_configuration_is_refused(tmp_path: Path, setting: str, other: object) -> None:
    config = write_image_encoder(tmp_path / "encoder") / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), setting: other}))
    with pytest.raises(ModelError, match="encoder” is damaged or incomplete; get it again"):
        load_image_encoder(tmp_path / "encoder")


def test_an_encoder_in_one_file_is_the_one_in_its_folder(adapter: Addition, tmp_path: Path) -> None:
    assert adapter.image_encoder is not None
    folder, single = adapter.image_encoder, tmp_path / "encoder.safetensors"
    weights = load_file(folder / "model.safetensors")
    save_file({name: weight.half() for name, weight in weights.items()}, single)
    one, other = load_image_encoder(folder), load_image_encoder(single)
    pixels = torch.randn((1, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(one(pixels).image_embeds, other(pixels).image_embeds, atol=2e-2)
    assert other.dtype == torch.float32
    assert other.config.image_size == one.config.image_size
    for name in ("visual_projection.weight", "vision_model.encoder.layers.1.mlp.fc2.bias"):
        save_file({n: weight for n, weight in weights.items() if n != name}, single)
        with pytest.raises(ModelError, match=r"encoder\.safetensors” is damaged or incomplete; get it again"):
            load_image_encoder(single)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(Kind))
def test_a_picture_beside_the_words_of_sdxl_is_the_published_unets(
    kind: Kind, tmp_path: Path, picture: np.ndarray
) -> None:
    files = find_model(str(write_original(tmp_path / "xl.safetensors", "sdxl", in_channels=9))).files
    load_model(files, torch.device("cpu")).unet.save_pretrained(tmp_path / "unet")
    file = write_image_adapter(tmp_path / "adapter", tmp_path / "unet", kind)
    found = read_addition(file)
    assert found.image_encoder is not None
    ours = load_model(
        replace(files, additions=(Addition(file, image_encoder=found.image_encoder),)), torch.device("cpu")
    )
    theirs = UNet2DConditionModel.from_pretrained(tmp_path / "unet", low_cpu_mem_usage=False)
    parts: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, weight in load_file(file).items():
        part, _, rest = name.partition(".")
        parts[part][rest] = weight
    theirs._load_ip_adapter_weights([parts], low_cpu_mem_usage=False)
    encoder = CLIPVisionModelWithProjection.from_pretrained(found.image_encoder)
    pixels = CLIPImageProcessor()(Image.fromarray(picture), return_tensors="pt").pixel_values
    lot = torch.Generator().manual_seed(0)
    z, seen = (torch.randn((2, channels, 8, 8), generator=lot) for channels in (4, 5))
    with torch.no_grad():
        if kind is Kind.PLAIN:
            whole = encoder(pixels).image_embeds
            embeds = torch.stack([torch.zeros_like(whole), whole])
        else:
            both = torch.cat([torch.zeros_like(pixels), pixels])
            embeds = encoder(both, output_hidden_states=True).hidden_states[-2][:, None]
        embedding = stacked(ours.embed(""), ours.embed("a ball"))
        assert embedding.pooled is not None
        added = ours._added(z, embedding.pooled)
        assert added is not None
        expected = theirs(
            torch.cat([z, seen], 1), 500, embedding.tokens, added_cond_kwargs=added | {"image_embeds": [embeds]}
        ).sample
        with ours.attention.showing(ours.read_picture(picture), 1.0):
            answered = ours.predict(z, 500, embedding, seen)
        assert torch.allclose(answered, expected, atol=1e-4)
        assert not torch.allclose(ours.predict(z, 500, embedding, seen), expected, atol=1e-2)
