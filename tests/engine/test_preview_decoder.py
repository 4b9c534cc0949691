"""Previews by a small decoder: drawn as its makers draw, laid against the photo as it draws it, and never the final."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from nti_desktop.engine.memory.copies import Copies
from nti_desktop.engine.memory.forecast import Forecaster, drawing
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.preview_decoder import PreviewNetwork, load_preview_decoder, save_weights
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.preview_decoders import CONFIG, WEIGHTS, structure_of
from nti_desktop.recipe.jobs import DecoderKind, DecoderStructure, InvertJob, ModelFiles, PreviewDecoder, RenderJob
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import some_latents
from tests.preview_decoders import drawn_by_diffusers, write_tiny

CPU = torch.device("cpu")
IMAGE = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
SETTINGS = InversionSettings("a red ball", Method.RESIDUAL, 4, 2.0)
RECIPE = EditRecipe("a blue ball")
SUB_PIXEL = DecoderStructure(DecoderKind.SUB_PIXEL, 4, widths=(8, 6), blocks=(2, 0), factors=(2, 4))

Broken = Callable[[Path], object]


def files_of(folder: Path) -> PreviewDecoder:
    structure = structure_of(json.loads((folder / CONFIG).read_text()))
    assert structure is not None
    return PreviewDecoder(structure, folder / WEIGHTS)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("decoders") / "tiny")


@pytest.fixture
def files(sd15_folder: Path, tiny: Path) -> ModelFiles:
    """Stable Diffusion's structure, with a preview decoder."""
    return ModelFiles(sd15_folder, preview_decoder=files_of(tiny))


@pytest.fixture
def previewing(files: ModelFiles) -> DiffusionModel:
    return load_model(files, CPU)


def as_drawn(model: DiffusionModel) -> list[str]:
    """Filled with the name of each decoder whenever it draws."""
    drawn: list[str] = []
    for name, part in (("autoencoder", model.vae.decoder), ("small", model.preview_decoder)):
        part.register_forward_hook(lambda *_, name=name: drawn.append(name))
    return drawn


@pytest.mark.parametrize("config", [{}, {"scaling_factor": 2.0}, {"upsampling_scaling_factor": 1, "act_fn": "silu"}])
def test_a_tiny_autoencoder_draws_as_diffusers_does(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = write_tiny(tmp_path / "tiny", **config)
    network = load_preview_decoder(files_of(folder))
    assert network is not None
    latents = some_latents()
    with torch.no_grad():
        picture = (network(latents)[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
    np.testing.assert_array_equal(picture, drawn_by_diffusers(folder, latents[0].numpy()))
    assert float(picture.std()) > 1e-3


def test_a_decoder_of_our_own_is_read_as_it_was_written(tmp_path: Path) -> None:
    network = PreviewNetwork(SUB_PIXEL)
    save_weights(network, tmp_path / WEIGHTS)
    again = load_preview_decoder(PreviewDecoder(SUB_PIXEL, tmp_path / WEIGHTS))
    assert again is not None
    with torch.no_grad():
        assert again(some_latents(3, 5)).shape == (1, 3, 24, 40)
        assert torch.equal(again(some_latents()), network.half().float()(some_latents()))


def test_its_pixels_come_from_channels_of_the_resolution_before() -> None:
    """The layers by hand, in the order of the published sub-pixel convolution."""
    network, x = PreviewNetwork(SUB_PIXEL), some_latents()
    first, one, two, up, _, last, _ = network.layers
    with torch.no_grad():
        x = two(one(first(network.structure.scaling_factor * x)))
        x = torch.nn.functional.pixel_shuffle(last(torch.nn.functional.pixel_shuffle(up(x), 2)), 4)
        assert torch.equal(network(some_latents()), x)


@pytest.mark.slow
@pytest.mark.parametrize("method", [Method.RESIDUAL, Method.PINNED])
def test_a_preview_and_its_source_are_the_small_decoders_and_the_final_is_not(
    files: ModelFiles, sd15: DiffusionModel, tiny: Path, method: Method
) -> None:
    service, plain = EngineService("cpu"), EngineService("cpu")
    inverted = service.invert(InvertJob(files, IMAGE, replace(SETTINGS, method=method)))
    job = RenderJob(files, "one", inverted.settings, inverted.arrays, RECIPE)
    final, preview = service.render(job), service.render(replace(job, steps=2))
    np.testing.assert_allclose(preview.image, drawn_by_diffusers(tiny, preview.latents), atol=1e-5)
    np.testing.assert_allclose(preview.source, drawn_by_diffusers(tiny, job.arrays["pivot"][-1]), atol=1e-5)
    assert preview.image.shape == final.image.shape == IMAGE.shape
    without = replace(job, model=replace(files, preview_decoder=None))
    expected = plain.render(without)
    for found, wanted in ((final, expected), (service.render(job), expected)):
        np.testing.assert_array_equal(found.image, wanted.image)
        np.testing.assert_array_equal(found.source, wanted.source)
    by_autoencoder = plain.render(replace(without, steps=2))
    np.testing.assert_array_equal(by_autoencoder.latents, preview.latents)
    np.testing.assert_array_equal(by_autoencoder.source, final.source)
    np.testing.assert_array_equal(by_autoencoder.image, sd15.decode(torch.tensor(preview.latents)[None]))


@pytest.mark.slow
def test_the_photo_is_drawn_once_by_each(files: ModelFiles) -> None:
    service = EngineService("cpu")
    inverted = service.invert(InvertJob(files, IMAGE, SETTINGS))
    assert service._model is not None
    drawn = as_drawn(service._model)
    job = RenderJob(files, "one", SETTINGS, inverted.arrays, RECIPE)
    other = replace(job, recipe=replace(RECIPE, cross_until=0.2))
    for asked in (replace(job, steps=2), replace(other, steps=2), job, other, replace(job, steps=2)):
        service.render(asked)
    assert drawn.count("small") == 3 + 1
    assert drawn.count("autoencoder") == 2 + 1


def drop(file: Path) -> None:
    tensors = load_file(file)
    del tensors["decoder.layers.0.weight"]
    save_file(tensors, file)


def with_weight(change: Callable[[Tensor], Tensor], name: str = "decoder.layers.0.weight") -> Broken:
    def broken(file: Path) -> None:
        tensors = load_file(file)
        save_file({**tensors, name: change(tensors["decoder.layers.0.weight"]).contiguous()}, file)

    return broken


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [
        Path.unlink,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-10]),
        lambda file: file.write_bytes(b"\x80\x02}q\x00."),  # a pickle
        drop,
        with_weight(torch.ones_like, "decoder.layers.99.weight"),
        with_weight(lambda weight: weight[:, :2]),
        with_weight(lambda weight: weight.double()),
        with_weight(lambda weight: weight.int()),
        with_weight(lambda weight: weight / 0),
    ],
)
def test_a_broken_one_costs_nothing_but_itself_and_is_said_once(
    sd15_folder: Path, sd15: DiffusionModel, tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: Broken
) -> None:
    decoder = files_of(write_tiny(tmp_path / "tiny"))
    broken(decoder.weights)
    with caplog.at_level(logging.WARNING):
        model = load_model(ModelFiles(sd15_folder, preview_decoder=decoder), CPU)
    assert model.preview_decoder is None
    assert [record.name for record in caplog.records] == ["nti_desktop.engine.model.preview_decoder"]
    assert str(decoder.weights) in caplog.text
    np.testing.assert_array_equal(model.decode_preview(some_latents()), sd15.decode(some_latents()))


def test_nothing_is_allocated_for_sizes_that_the_file_does_not_have(
    tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Forty thousand million weights by its configuration, a few thousand in the file."""
    files = files_of(tiny)
    huge = replace(files.structure, widths=(20_000,) * 4, blocks=(3,) * 4)
    assert load_preview_decoder(replace(files, structure=huge)) is None
    assert "should not have" in caplog.text


def test_memory_that_is_full_is_not_taken_for_a_broken_file(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("nti_desktop.engine.model.preview_decoder.safe_open", full)
    with pytest.raises(MemoryError):
        load_preview_decoder(files_of(tiny))


def test_a_preview_that_runs_out_of_memory_is_drawn_with_one_saving_more(previewing: DiffusionModel) -> None:
    expected = previewing.decode_preview(some_latents())
    tries: list[Saving] = []

    def full_once(*_: Any) -> None:
        tries.append(previewing.savings.saving)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    assert previewing.preview_decoder is not None
    previewing.preview_decoder.register_forward_pre_hook(full_once)
    np.testing.assert_array_equal(previewing.decode_preview(some_latents()), expected)
    assert tries == [Saving.NONE, Saving.CHECKPOINTS]


def test_its_weights_count_in_single_precision_and_wait_elsewhere_with_the_others(
    previewing: DiffusionModel, sd15: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = previewing.preview_decoder
    assert decoder is not None
    assert {weight.dtype for weight in decoder.parameters()} == {torch.float32}
    assert not any(weight.requires_grad for weight in decoder.parameters())
    small = sum(4 * weight.numel() for weight in decoder.parameters())
    assert previewing.weight_bytes == sd15.weight_bytes + small
    visitors: list[Tensor] = []

    def move(weight: Tensor, _device: torch.device) -> Tensor:
        visitors.append(weight)
        return weight.clone()

    savings = previewing.savings
    monkeypatch.setattr(type(savings), "rungs", tuple(Saving))
    savings._copies = Copies(CPU, move)
    savings.climb_to(Saving.IDLE)
    previewing.decode_preview(some_latents())
    assert len(visitors) == len(list(decoder.parameters()))


def test_offload_sends_it_home_with_the_rest(previewing: DiffusionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(previewing.savings), "rungs", tuple(Saving))
    previewing.savings._home = torch.device("meta")
    previewing.savings.climb_to(Saving.OFFLOAD)
    assert previewing.preview_decoder is not None
    assert {weight.device.type for weight in previewing.preview_decoder.parameters()} == {"meta"}


@pytest.mark.slow
def test_what_it_takes_is_forecast(sd15_folder: Path, sd15: DiffusionModel, tmp_path: Path) -> None:
    """One that is wider than the narrow autoencoder takes more than that."""
    wide = files_of(write_tiny(tmp_path / "wide", width=512))
    model = load_model(ModelFiles(sd15_folder, preview_decoder=wide), CPU)
    with_it, without = (Forecaster(each)._counted(drawing, Saving.NONE, (16, 16)) for each in (model, sd15))
    assert with_it > 2 * without
    assert with_it >= 4 * 512 * (16 * 8) ** 2  # bytes of one plane of its last level


@pytest.mark.slow
def test_a_decoder_that_turns_up_later_does_not_load_the_model_again(files: ModelFiles) -> None:
    service = EngineService("cpu")
    without = replace(files, preview_decoder=None)
    inverted = service.invert(InvertJob(without, IMAGE, SETTINGS))
    model = service._model
    job = RenderJob(files, "one", SETTINGS, inverted.arrays, RECIPE, steps=2)
    service.render(job)
    assert service._model is model
