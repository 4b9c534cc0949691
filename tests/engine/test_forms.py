"""The forms in which models come: what each file is taken for, and that the loaded model computes what the published
code computes with the file's own tensors.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch
from torch import Tensor

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.models.formats.layout import needed_files
from nti_desktop.models.formats.weights import read_tensor
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.sees import Sees
from tests.wild.autoencoder import decode, encode_mean
from tests.wild.files import read_original, write_original
from tests.wild.folders import write_folder
from tests.wild.structure import STRUCTURES
from tests.wild.text import clip_last, open_clip
from tests.wild.unet import unet_output, vector_condition

KINDS = ("sd15", "sd21", "sdxl")
FAMILIES = {"sd15": "Stable Diffusion 1", "sd21": "Stable Diffusion 2", "sdxl": "SDXL"}
PROMPT = "a photo of an ultramarine dachshund, sleeping"  # words of several tokens
CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def file(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A single file, in half precision as most are."""
    return write_original(tmp_path_factory.mktemp(kind) / f"{kind} pruned.safetensors", kind, dtype=torch.float16)


@pytest.fixture(scope="module")
def tensors(file: Path) -> dict[str, Tensor]:
    return read_original(file)


@pytest.fixture(scope="module")
def model(file: Path) -> DiffusionModel:
    return load_model(find_model(str(file)).files, CPU)


Folders = Callable[[str], tuple[ModelEntry, DiffusionModel]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A folder of a kind, with half precision beside full, and the model that is loaded of it; once for all tests."""

    @cache
    def loaded(kind: str) -> tuple[ModelEntry, DiffusionModel]:
        folder = write_folder(tmp_path_factory.mktemp("folder") / "full", kind, variant="fp16")
        entry = find_model(str(folder))
        return entry, load_model(entry.files, CPU)

    return loaded


def close(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() < 1e-3 * expected.abs().max())


def reference_embedding(kind: str, tensors: dict[str, Tensor], model: DiffusionModel) -> Embedding:
    """What the published code makes of the prompt."""
    first, *second = (
        torch.tensor([tokenizer(PROMPT, padding="max_length", max_length=77).input_ids])
        for tokenizer in model.text.tokenizers
    )
    structure = STRUCTURES[kind]
    if kind == "sd15":
        return Embedding(clip_last(tensors, structure.text_encoders[0], first)[0])
    if kind == "sd21":
        return Embedding(open_clip(tensors, structure.text_encoders[0], first)[1])
    penultimate, _, pooled = open_clip(tensors, structure.text_encoders[1], second[0])
    return Embedding(torch.cat([clip_last(tensors, structure.text_encoders[0], first)[1], penultimate], -1), pooled)


def test_a_single_file_is_known_for_what_it_is(kind: str, file: Path) -> None:
    entry = find_model(str(file))
    assert (entry.id, entry.name, entry.family) == (str(file), f"{kind} pruned", FAMILIES[kind])
    assert (entry.files.single, entry.files.folder.parent.name) == (file, "configs")


def test_prompts_are_read_as_the_published_encoders_read_them(
    kind: str, tensors: dict[str, Tensor], model: DiffusionModel
) -> None:
    found, expected = model.embed(PROMPT), reference_embedding(kind, tensors, model)
    assert close(found.tokens, expected.tokens)
    assert (found.pooled is None) == (kind != "sdxl")
    if found.pooled is not None and expected.pooled is not None:
        assert close(found.pooled, expected.pooled)


PADS = {"sd15": (49407,), "sd21": (0,), "sdxl": (49407, 0)}


@pytest.mark.slow
def test_prompts_are_padded_as_published(kind: str, model: DiffusionModel, folders: Folders) -> None:
    for loaded in (model, folders(kind)[1]):
        assert tuple(tokenizer.pad_token_id for tokenizer in loaded.text.tokenizers) == PADS[kind]
        assert loaded.tokens("wow!").ids[:4] == (49406, 2781, 256, 49407)  # the exclamation mark is no padding


def test_the_unet_answers_as_the_published_one(kind: str, tensors: dict[str, Tensor], model: DiffusionModel) -> None:
    latents, t = torch.randn(1, 4, 24, 16, generator=torch.Generator().manual_seed(1)), torch.tensor([601])
    embedding = reference_embedding(kind, tensors, model)
    sizes = torch.tensor([[192, 128, 0, 0, 192, 128]])
    vector = None if embedding.pooled is None else vector_condition(embedding.pooled, sizes)
    with torch.no_grad():
        expected = unet_output(tensors, kind, latents, t, embedding.tokens, vector)
        found = model.predict(latents, t, model.embed(PROMPT))
    assert expected.std() > 0.01
    assert close(found, expected)


def test_the_autoencoder_draws_as_the_published_one(tensors: dict[str, Tensor], model: DiffusionModel) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    pixels = torch.tensor(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    scale = model.vae.config.scaling_factor
    with torch.no_grad():
        mean = encode_mean(tensors, pixels)
        picture = (decode(tensors, mean)[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
    assert close(model.encode(image), mean * scale)
    assert close(torch.tensor(model.decode(mean * scale)), picture)


def test_the_empty_prompt_of_sdxl_is_all_zeros(kind: str, model: DiffusionModel) -> None:
    empty = model.embed("")
    assert bool(empty.tokens.any()) == (kind != "sdxl")
    assert empty.pooled is None or not empty.pooled.any()


@pytest.mark.parametrize("scheduler", ["pndm", "euler", "ddim", "dpm"])
@pytest.mark.parametrize("steps", [50])
def test_whatever_scheduler_a_folder_names_the_levels_are_ddims(scheduler: str, steps: int, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", "tiny-sd", scheduler=scheduler)  # type: ignore[arg-type]
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    levels = levels_of(config, steps)
    ddim = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=False,
        timestep_spacing=config.get("timestep_spacing", "leading"),
    )
    ddim.set_timesteps(steps)
    assert levels.timesteps == tuple(ddim.timesteps.clamp(max=999).tolist())
    assert levels.alphas[:-1] == tuple(float(ddim.alphas_cumprod[t]) for t in levels.timesteps)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sd15", "sd21", "sdxl", "small-sd", "tiny-sd", "ssd-1b"], scope="function")
def test_folders_load_with_their_old_names_and_half_precision_parts(
    kind: str, folders: Folders, tmp_path: Path
) -> None:
    entry, model = folders(kind)
    folder = write_folder(tmp_path / "half", kind, fp16_only=("unet", "text_encoder", "text_encoder_2", "vae"))
    half = find_model(str(folder))
    assert not entry.files.half
    assert {"unet", "vae", "text_encoder"} <= half.files.half
    latents, answers = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1)), []
    for loaded in (model, load_model(half.files, CPU)):
        assert loaded.unet.dtype == torch.float32
        with torch.no_grad():
            answers.append(loaded.predict(latents, 601, loaded.embed(PROMPT)))
    assert (answers[1] - answers[0]).abs().max() < 0.02 * answers[0].abs().max()
    assert not torch.equal(*answers)
    assert fingerprint(entry) != fingerprint(half)


def test_a_v_model_and_its_512_pixel_sister_are_told_apart(tmp_path: Path) -> None:
    name = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
    narrow, wide = (spread * torch.randn(32, generator=torch.Generator().manual_seed(0)) for spread in (0.02, 0.3))
    found = [
        find_model(str(write_original(tmp_path / f"{i}.safetensors", "sd21", dtype=torch.float16, **options)))
        for i, options in enumerate(
            (
                {"extra": {name: wide}},
                {"extra": {name: narrow}},
                {"extra": {name: narrow}, "metadata": {"modelspec.prediction_type": "v"}},
                {"extra": {name: wide}, "metadata": {"modelspec.prediction_type": "epsilon"}},
            )
        )
    ]
    assert [entry.native_size for entry in found] == [768, 512, 768, 512]
    assert [dict(entry.files.schedule)["prediction_type"] for entry in found] == [
        "v_prediction",
        "epsilon",
        "v_prediction",
        "epsilon",
    ]
    assert len({fingerprint(entry) for entry in found[:2]}) == 2


def test_settings_beside_a_file_say_what_it_predicts(tmp_path: Path) -> None:
    file = write_original(tmp_path / "model.safetensors", "sd21", dtype=torch.float16)
    file.with_suffix(".yaml").write_text('model:\n  params:\n    parameterization: "v"\n')
    assert dict(find_model(str(file)).files.schedule)["prediction_type"] == "v_prediction"
    file.with_suffix(".yaml").write_text("model:\n  params:\n    channels: 4\n")
    assert dict(find_model(str(file)).files.schedule)["prediction_type"] == "epsilon"


@pytest.mark.parametrize(("part", "stem"), [("unet", "diffusion_pytorch_model"), ("text_encoder", "model")])
def test_weights_that_lie_there_in_both_forms_are_those_that_are_loaded(part: str, stem: str, tmp_path: Path) -> None:
    files = find_model(str(write_folder(tmp_path / "both", "sd15"))).files
    place = files.folder / part
    weights = {name: torch.zeros_like(weight) for name, weight in load_torch(place / f"{stem}.safetensors").items()}
    save_torch(weights, place / "piece.safetensors", metadata={"format": "pt"})
    table = {"metadata": {}, "weight_map": dict.fromkeys(weights, "piece.safetensors")}
    (place / f"{stem}.safetensors.index.json").write_text(json.dumps(table), "utf-8")
    model = load_model(files, CPU)
    network = model.unet if part == "unet" else model.text.encoders[0]
    pieces_are_loaded = not any(bool(weight.any()) for weight in network.parameters())
    assert (f"{part}/piece.safetensors" in needed_files(files)) == pieces_are_loaded


@pytest.mark.slow
def test_trainers_markers_are_heeded(tmp_path: Path) -> None:
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    entry = find_model(str(write_original(tmp_path / "model.safetensors", "sdxl", dtype=torch.float16, extra=marks)))
    assert dict(entry.files.schedule) == {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    model = load_model(entry.files, CPU)
    levels = levels_of(model.scheduler_config, 50)
    assert levels.prediction == "v_prediction"
    assert (
        levels.alphas[0] < levels_of({k: v for k, v in model.scheduler_config.items() if "zero" not in k}, 50).alphas[0]
    )


def test_a_single_file_that_sees_the_photo_takes_orders(tmp_path: Path) -> None:
    file = write_original(tmp_path / "m.safetensors", "sd15", dtype=torch.float16, in_channels=8)
    entry = find_model(str(file))
    assert entry.sees is Sees.PHOTO
    model = load_model(entry.files, torch.device("cpu"))
    assert model.sees is Sees.PHOTO
    z = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        blind, seeing = (model.predict(z, 300, model.embed("make it blue"), seen) for seen in (None, z))
    assert not torch.allclose(blind, seeing, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MODEL.SAFETENSORS", {}),
        ("model.sft", {}),
        ("wrapped.safetensors", {"before": "state_dict."}),
        ("lightning.safetensors", {"before": "module."}),
        ("bf16.safetensors", {"dtype": torch.bfloat16}),
        ("fp8.safetensors", {"dtype": torch.float8_e4m3fn}),
        ("fp8-wide.safetensors", {"dtype": torch.float8_e5m2}),
    ],
)
def test_other_endings_wrappings_and_numbers_are_the_same_model(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    plain = write_original(tmp_path / "plain.safetensors", "sd15", dtype=options.get("dtype", torch.float32))
    weights = read_original(plain)["model.diffusion_model.out.2.weight"]
    entry = find_model(str(write_original(tmp_path / name, "sd15", **options)))
    assert (entry.family, entry.name) == ("Stable Diffusion 1", Path(name).stem)
    model = load_model(entry.files, CPU)
    assert torch.equal(model.unet.conv_out.weight, weights)
    assert model.embed(PROMPT).tokens.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_the_weight_that_tells_is_read_in_all_numbers(dtype: torch.dtype, tmp_path: Path) -> None:
    weight = torch.randn(32, generator=torch.Generator().manual_seed(0)).to(dtype)
    save_torch({"ahead": torch.zeros(3, dtype=torch.uint8), "weight": weight}, tmp_path / "w.safetensors")
    assert read_tensor(tmp_path / "w.safetensors", "weight").tolist() == weight.float().tolist()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_a_512_pixel_model_is_no_v_model_because_of_its_numbers(dtype: torch.dtype, tmp_path: Path) -> None:
    name = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
    narrow = 0.02 * torch.randn(32, generator=torch.Generator().manual_seed(0))
    file = write_original(tmp_path / "m.safetensors", "sd21", dtype=dtype, extra={name: narrow.to(dtype)})
    assert find_model(str(file)).native_size == 512


def test_old_names_of_a_text_encoder_are_understood(tmp_path: Path) -> None:
    plain, short = (
        write_original(tmp_path / f"{short}.safetensors", "sd15", dtype=torch.float16, short_clip_names=short)
        for short in (False, True)
    )
    embeddings = [load_model(find_model(str(file)).files, CPU).embed(PROMPT).tokens for file in (plain, short)]
    assert torch.equal(*embeddings)


def test_a_hub_id_is_found_in_the_hubs_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--somebody--tiny-sd"
    write_folder(cached / "snapshots" / ("0" * 40), "tiny-sd")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0" * 40)
    entry = find_model("somebody/tiny-sd")
    assert entry.name == "somebody/tiny-sd"
    assert load_model(entry.files, CPU).length == 77
    with pytest.raises(ModelError):
        find_model("somebody/other")
