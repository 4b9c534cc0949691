"""The reference passes compute what diffusers and transformers compute from the tensors as they convert them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors import safe_open
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from tests.wild.autoencoder import decode, encode_mean
from tests.wild.configurations import CLIP_L, OPEN_CLIP_BIGG, OPEN_CLIP_H, UNETS, VAE_0_6
from tests.wild.files import read_original, write_original, write_original_vae
from tests.wild.folders import write_folder
from tests.wild.structure import STRUCTURES, UNET, VAE
from tests.wild.text import clip_last, open_clip
from tests.wild.unet import unet_output, vector_condition

transformers.logging.disable_progress_bar()  # it would leave its thread behind

Original = tuple[str, dict[str, Tensor]]
IDS = torch.tensor([[49406, 320, 1125, 539, 320, 2368, 49407] + [0] * 70, [49406, 1929] + [49407] * 75])


@pytest.fixture(scope="module", params=list(STRUCTURES))
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Original:
    """A kind, and the tensors of a file of it."""
    path = write_original(tmp_path_factory.mktemp("original") / "model.safetensors", request.param)
    return request.param, read_original(path)


@pytest.fixture(scope="module", params=list(UNETS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a kind, which is its name."""
    return write_folder(tmp_path_factory.mktemp("folder") / request.param, request.param)


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def assert_same(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape
    assert found.std() > 0.1, "says nothing"
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


def test_unet(original: Original) -> None:
    kind, tensors = original
    structure = STRUCTURES[kind]
    unet = UNet2DConditionModel.from_config(UNETS[kind]).eval()
    unet.load_state_dict(convert_ldm_unet_checkpoint(dict(tensors), config=unet.config), strict=True)
    size = 32 if kind == "sdxl" else 16
    latents, t, context = noise(2, 4, size, size), torch.tensor([741, 3]), noise(2, 77, structure.context_width)
    y, added = None, None
    if structure.vector_width:
        pooled, sizes = noise(2, 64), torch.tensor([[1024, 768, 0, 64, 512, 640], [512, 512, 0, 0, 512, 512]])
        y, added = vector_condition(pooled, sizes), {"text_embeds": pooled, "time_ids": sizes}
    expected = unet(latents, t, encoder_hidden_states=context, added_cond_kwargs=added).sample
    assert_same(unet_output(tensors, kind, latents, t, context, y), expected)


def test_autoencoder(original: Original) -> None:
    _kind, tensors = original
    vae = AutoencoderKL.from_config(VAE_0_6).eval()
    vae.load_state_dict(convert_ldm_vae_checkpoint(dict(tensors), config=vae.config), strict=True)
    image, latents = noise(2, 3, 72, 48), noise(2, 4, 7, 9)
    assert_same(encode_mean(tensors, image), vae.encode(image).latent_dist.mode())
    assert_same(decode(tensors, latents), vae.decode(latents).sample)


@pytest.mark.parametrize("original", ["sd15", "sdxl"], indirect=True)
def test_clip(original: Original) -> None:
    kind, tensors = original
    encoder = CLIPTextModel(CLIPTextConfig(**CLIP_L)).eval()
    load_text(encoder, convert_ldm_clip_checkpoint(dict(tensors)))
    expected = encoder(IDS, output_hidden_states=True)
    last, penultimate = clip_last(tensors, STRUCTURES[kind].clip, IDS)
    assert_same(last, expected.last_hidden_state)
    assert_same(penultimate, expected.hidden_states[-2])


@pytest.mark.parametrize("original", ["sd21"], indirect=True)
def test_open_clip_of_sd2(original: Original) -> None:
    kind, tensors = original
    prefix = STRUCTURES[kind].open_clip
    encoder = CLIPTextModel(CLIPTextConfig(**OPEN_CLIP_H)).eval()
    load_text(encoder, convert_open_clip_checkpoint(encoder, dict(tensors), prefix=prefix))
    _, normed, _ = open_clip(tensors, prefix, IDS)
    assert_same(normed, encoder(IDS).last_hidden_state)


@pytest.mark.parametrize("original", ["sdxl"], indirect=True)
def test_open_clip_of_sdxl(original: Original) -> None:
    kind, tensors = original
    prefix = STRUCTURES[kind].open_clip
    encoder = CLIPTextModelWithProjection(CLIPTextConfig(**OPEN_CLIP_BIGG)).float().eval()
    encoder.load_state_dict(convert_open_clip_checkpoint(encoder, dict(tensors), prefix=prefix), strict=True)
    expected = encoder(IDS, output_hidden_states=True)
    penultimate, _, pooled = open_clip(tensors, prefix, IDS)
    assert_same(penultimate, expected.hidden_states[-2])
    assert_same(pooled, expected.text_embeds)


def load_text(encoder: CLIPTextModel, state: dict[str, Tensor]) -> None:
    """Load names of transformers 4: `text_model.`, and up to 4.30 the positions, a buffer."""
    state = {name.removeprefix("text_model."): tensor for name, tensor in state.items()}
    state.pop("embeddings.position_ids", None)
    encoder.load_state_dict(state, strict=True)


def test_there_are_as_many_tensors_as_in_the_published_files(original: Original) -> None:
    kind, tensors = original
    parts = [sum(name.startswith(prefix) for name in tensors) for prefix in (UNET, VAE)]
    assert parts == [1680 if kind == "sdxl" else 686, 248]


def test_what_makes_a_file_peculiar_is_in_it(tmp_path: Path) -> None:
    path = write_original(
        tmp_path / "model.safetensors",
        "sd15",
        dtype=torch.float16,
        in_channels=9,
        without="vae",
        ema=True,
        short_clip_names=True,
        metadata={"modelspec.title": "Wild"},
        extra={"v_pred": torch.zeros(0)},
    )
    with safe_open(path, "pt") as file:
        names = set(file.keys())
        assert file.metadata() == {"modelspec.title": "Wild"}
        assert file.get_slice(f"{UNET}input_blocks.0.0.weight").get_shape() == [32, 9, 3, 3]
        assert file.get_slice(f"{UNET}out.2.weight").get_dtype() == "F16"
        assert file.get_slice("betas").get_dtype() == "F32"
    assert {"v_pred", "model_ema.diffusion_modelinput_blocks00weight", "model_ema.num_updates"} <= names
    assert "cond_stage_model.transformer.embeddings.position_ids" in names
    assert not any(name.startswith(VAE) for name in names)
    assert path.stat().st_size < 60e6


def test_an_autoencoder_alone_is_that_of_the_whole_file(tmp_path: Path) -> None:
    alone = read_original(write_original_vae(tmp_path / "vae.safetensors"))
    whole = read_original(write_original(tmp_path / "model.safetensors", "sd15", without="unet"))
    assert {VAE + name for name in alone} == {name for name in whole if name.startswith(VAE)}
    assert all(torch.equal(tensor, whole[VAE + name]) for name, tensor in alone.items())


@pytest.mark.slow
def test_a_folder_has_every_weight_that_its_configurations_want(folder: Path) -> None:
    parts: dict[str, Any] = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextModel}
    if (folder / "text_encoder_2").exists():
        parts["text_encoder_2"] = CLIPTextModelWithProjection
    for name, part in parts.items():
        options = {} if "text" in name else {"low_cpu_mem_usage": False}
        loaded, info = part.from_pretrained(
            folder / name, output_loading_info=True, local_files_only=True, use_safetensors=True, **options
        )
        assert not info["missing_keys"]
        assert {key for key in info["unexpected_keys"] if not key.endswith("position_ids")} == set()
        parts[name] = loaded.eval()
    added = {"text_embeds": noise(1, 64), "time_ids": noise(1, 6)} if "text_encoder_2" in parts else None
    context = noise(1, 77, parts["unet"].config.cross_attention_dim)
    output = parts["unet"](noise(1, 4, 16, 16), 7, encoder_hidden_states=context, added_cond_kwargs=added).sample
    assert output.std() > 0.1


def test_the_autoencoders_old_names_hold_the_same_weights(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / str(old), "tiny-sd", deprecated_vae=old) for old in (True, False)]
    with safe_open(folders[0] / "vae" / "diffusion_pytorch_model.safetensors", "pt") as file:
        assert file.get_slice("decoder.mid_block.attentions.0.proj_attn.weight").get_shape() == [128, 128]
    old, new = (
        AutoencoderKL.from_pretrained(folder / "vae", local_files_only=True, low_cpu_mem_usage=False)
        for folder in folders
    )
    latents = noise(1, 4, 4, 4)
    assert torch.equal(old.decode(latents).sample, new.decode(latents).sample)


def test_a_folder_may_have_half_precision_beside_or_instead(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "tiny", "tiny-sd", variant="fp16", fp16_only=("unet",))
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.safetensors")}
    assert files == {
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.safetensors",
        "text_encoder/model.fp16.safetensors",
    }


@pytest.mark.parametrize(
    ("folder", "name", "pad"),
    [("sd15", "tokenizer", 49407), ("sd21", "tokenizer", 0), ("sdxl", "tokenizer", 49407), ("sdxl", "tokenizer_2", 0)],
    indirect=["folder"],
)
def test_each_tokenizer_pads_as_its_encoder_was_trained(folder: Path, name: str, pad: int) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(folder / name, local_files_only=True)
    ids = tokenizer("a photo of a cat", padding="max_length").input_ids
    assert ids == [49406, 320, 1125, 539, 320, 2368, 49407] + [pad] * 70
