"""LoRAs and learned words of users' files: what they add to a model is what diffusers' own loading would have added."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from diffusers.loaders import TextualInversionLoaderMixin
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model import lora_names
from nti_desktop.engine.model.additions import add_all
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.tokens import word_columns
from nti_desktop.engine.service import EngineService
from nti_desktop.models.formats.additions import read_addition
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import Addition, MeasureJob, ModelFiles
from nti_desktop.recipe.recipe import Side, WordRef
from tests.addition_files import (
    ALPHA,
    WRITTEN,
    as_kohya,
    as_kohya_for_sdxl,
    as_old_diffusers,
    as_peft,
    said_by_diffusers,
    write_lora,
    write_word,
    write_word_for_two,
)
from tests.wild.folders import write_folder

CPU = torch.device("cpu")
ATTENTION = "unet.up_blocks.1.attentions.0.transformer_blocks.0"


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return find_model(str(write_folder(tmp_path_factory.mktemp("sd15") / "model", "sd15"))).files


@pytest.fixture(scope="module")
def plain(sd15: ModelFiles) -> DiffusionModel:
    """Stable Diffusion 1 without additions."""
    return load(sd15)


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return find_model(str(write_folder(tmp_path_factory.mktemp("sdxl") / "model", "sdxl"))).files


def load(files: ModelFiles, *additions: Addition) -> DiffusionModel:
    return load_model(replace(files, additions=additions), CPU, torch.float32)


def given(file: Path, weight: float = 1.0) -> Addition:
    """The file as the catalogue gives it to the engine."""
    found = read_addition(file)
    return Addition(file, found.word, weight, found.alphas)


def networks(model: DiffusionModel) -> dict[str, Any]:
    return dict(zip(("unet", "text_encoder", "text_encoder_2"), (model.unet, *model.text.encoders), strict=False))


def layer_of(model: DiffusionModel, layer: str) -> nn.Module:
    """A layer by part and path, as tests name it; transformers' names differ between its classes."""
    part, _, path = layer.partition(".")
    network = networks(model)[part.replace("text_encoder_1", "text_encoder")]
    inner = path.removeprefix("text_model.") if not hasattr(network, "text_model") else path
    found: nn.Module = network.get_submodule(inner)
    return found


def shapes(model: DiffusionModel, *layers: str) -> dict[str, tuple[int, ...]]:
    return {layer: tuple(layer_of(model, layer).weight.shape) for layer in layers}


def assert_changed(model: DiffusionModel, before: DiffusionModel, changes: Mapping[str, Tensor], weight: float) -> None:
    """The layers of a LoRA have changed by so much of it, and no other weight has changed at all."""
    for layer, change in changes.items():
        found, was = layer_of(model, layer).weight, layer_of(before, layer).weight
        assert change.abs().max() > 0.01
        assert (found - (was + weight * change)).abs().max() < 1e-5
    touched = {layer_of(model, layer).weight.data_ptr() for layer in changes}
    for part, network in networks(model).items():
        for (name, found), was in zip(network.named_parameters(), networks(before)[part].parameters(), strict=True):
            assert found.data_ptr() in touched or torch.equal(found, was), name


KOHYA_LAYERS = (
    "unet.conv_in",
    "unet.down_blocks.0.attentions.0.proj_in",  # a convolution of 1 x 1
    "unet.down_blocks.0.resnets.0.conv1",  # of 3 x 3
    f"{ATTENTION}.attn1.to_q",
    f"{ATTENTION}.attn2.to_out.0",
    f"{ATTENTION}.ff.net.0.proj",
    "text_encoder.text_model.encoder.layers.0.self_attn.q_proj",
    "text_encoder.text_model.encoder.layers.3.mlp.fc1",
)


def test_a_lora_of_kohyas_scripts_is_merged_by_its_alpha_and_its_weight(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "style.safetensors"
    changes = write_lora(file, shapes(plain, *KOHYA_LAYERS), as_kohya, alpha=ALPHA)
    assert_changed(load(sd15, given(file, 0.75)), plain, changes, 0.75)


@pytest.mark.slow
def test_nothing_of_a_lora_leaves_every_bit_as_it_was_and_so_does_taking_it_out(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "style.safetensors"
    write_lora(file, shapes(plain, *KOHYA_LAYERS), as_kohya, alpha=ALPHA)
    assert_changed(load(sd15, given(file, 0.0)), plain, {}, 0.0)
    service, job = EngineService("cpu"), MeasureJob(sd15, np.zeros((64, 64, 3), np.uint8))
    for additions in ((given(file),), ()):
        service.measure(replace(job, model=replace(sd15, additions=additions)))
    assert service._model is not None
    assert_changed(service._model, plain, {}, 0.0)


def test_of_several_loras_each_adds_by_its_own_weight(sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path) -> None:
    files = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    layers = shapes(plain, *KOHYA_LAYERS)
    one, two = (write_lora(file, layers, as_kohya, seed=i, alpha=ALPHA) for i, file in enumerate(files))
    both = {layer: 0.5 * one[layer] + 1.5 * two[layer] for layer in layers}
    assert_changed(load(sd15, given(files[0], 0.5), given(files[1], 1.5)), plain, both, 1.0)


PEFT_LAYERS = tuple(layer for layer in KOHYA_LAYERS if layer != "unet.conv_in")


def test_a_lora_of_diffusers_is_merged_unscaled_where_it_says_nothing(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "pytorch_lora_weights.safetensors"
    changes = write_lora(file, shapes(plain, *PEFT_LAYERS), as_peft)
    assert_changed(load(sd15, given(file, 0.5)), plain, changes, 0.5)


def test_a_lora_of_diffusers_is_scaled_as_its_header_says(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "pytorch_lora_weights.safetensors"
    layers = shapes(plain, f"{ATTENTION}.attn1.to_q", f"{ATTENTION}.attn2.to_v")
    changes = write_lora(file, layers, as_peft, metadata=said_by_diffusers(alpha=1.5))  # of rank 3
    assert_changed(load(sd15, given(file)), plain, changes, 0.5)


def test_a_folder_of_peft_is_scaled_as_its_configuration_says(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "adapter_model.safetensors"
    layers = shapes(plain, f"{ATTENTION}.attn1.to_q", f"{ATTENTION}.attn2.to_v")
    (tmp_path / "adapter_config.json").write_text(
        '{"r": 3, "lora_alpha": 1.5, "alpha_pattern": {"attn2.to_v": 6}, "use_rslora": false}'
    )
    changes = write_lora(
        file, layers, lambda layer, side: f"base_model.model.{as_peft(layer.removeprefix('unet.'), side)}"
    )
    expected = {layer: change * (2.0 if "attn2" in layer else 0.5) for layer, change in changes.items()}
    assert_changed(load(sd15, given(file)), plain, expected, 1.0)


def test_a_lora_of_an_older_diffusers_is_merged(sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path) -> None:
    file = tmp_path / "pytorch_lora_weights.safetensors"
    layers = shapes(plain, f"{ATTENTION}.attn1.to_q", f"{ATTENTION}.attn2.to_out.0")
    changes = write_lora(file, layers, as_old_diffusers)
    assert_changed(load(sd15, given(file)), plain, changes, 1.0)


@pytest.mark.parametrize(("begin", "part"), lora_names._BEGINS)
def test_names_are_a_plain_loras_whatever_they_begin_with(
    plain: DiffusionModel, tmp_path: Path, begin: str, part: str
) -> None:
    path = "conv_in" if part == "unet" else "text_model.encoder.layers.0.self_attn.q_proj"
    named = begin + (path.removeprefix("text_model.") if begin.endswith("text_model.") else path)
    file = tmp_path / "style.safetensors"
    write_lora(file, {named: (32, 32)}, lambda layer, side: f"{layer}.lora_{side}.weight")
    assert read_addition(file).word == ""
    layers = lora_names.layers_by_path(networks(plain) | {"text_encoder_2": plain.text.encoders[0]})
    for name in load_file(file):
        key = lora_names.lora_key(name)
        assert key is not None
        assert key.part == part
        assert (key.part, key.path) in layers


@pytest.mark.slow
def test_a_lora_for_sdxl_by_the_names_of_the_published_code(sdxl: ModelFiles, tmp_path: Path) -> None:
    plain, file = load(sdxl), tmp_path / "xl.safetensors"
    texts = (
        "text_encoder_1.text_model.encoder.layers.1.self_attn.v_proj",
        "text_encoder_2.text_model.encoder.layers.1.mlp.fc2",
    )
    changes = write_lora(file, shapes(plain, *WRITTEN, *texts), as_kohya_for_sdxl, alpha=ALPHA)
    assert_changed(load(sdxl, given(file)), plain, changes, 1.0)


@pytest.mark.slow
def test_diffusers_reads_the_same_layers_and_scales_from_kohyas_files(sdxl: ModelFiles, tmp_path: Path) -> None:
    """Names and alphas as diffusers converts them; its merge needs peft, so the merge is written out here."""
    plain, file = load(sdxl), tmp_path / "xl.safetensors"
    layers = [layer for layer in WRITTEN if "attn" in layer]
    write_lora(file, shapes(plain, *layers), as_kohya_for_sdxl, alpha=ALPHA)
    converted, alphas = StableDiffusionXLPipeline.lora_state_dict(load_file(file), unet_config=plain.unet.config)
    model = load(sdxl, given(file))
    for layer in layers:
        head, _, projection = layer.rpartition(".to_")
        theirs = f"{head}.processor.to_{projection.removesuffix('.0')}_lora"
        down, up = converted[f"{theirs}.down.weight"], converted[f"{theirs}.up.weight"]
        scale = next(alpha for name, alpha in alphas.items() if name.startswith(theirs)) / len(down)
        expected = layer_of(plain, layer).weight + scale * up @ down
        assert (layer_of(model, layer).weight - expected).abs().max() < 1e-4


def test_merged_is_as_hooked(sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path) -> None:
    file = tmp_path / "style.safetensors"
    write_lora(file, shapes(plain, *KOHYA_LAYERS), as_kohya, alpha=ALPHA)
    merged, tensors = load(sd15, given(file, 0.8)), load_file(file)

    def hooked(down: Tensor, up: Tensor) -> Any:
        def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            if isinstance(layer, nn.Conv2d):
                inner = F.conv2d(inputs[0], down, stride=layer.stride, padding=layer.padding)
                return output + 0.8 * ALPHA / len(down) * F.conv2d(inner, up)
            return output + 0.8 * ALPHA / len(down) * inputs[0] @ down.T @ up.T

        return add

    with torch.no_grad():
        handles = [
            layer_of(plain, layer).register_forward_hook(
                hooked(tensors[as_kohya(layer, "down")], tensors[as_kohya(layer, "up")])
            )
            for layer in KOHYA_LAYERS
        ]
        latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(5))
        answers = [
            (model.embed("a red ball"), model.predict(latents, 500, model.embed("a red ball")))
            for model in (plain, merged)
        ]
    for handle in handles:
        handle.remove()
    (words, answer), (words_merged, answer_merged) = answers
    assert (words.tokens - words_merged.tokens).abs().max() < 1e-5 * words.tokens.abs().max()
    assert (answer - answer_merged).abs().max() < 1e-5 * answer.abs().max()


@pytest.mark.parametrize("form", [as_kohya, as_peft])
def test_what_is_left_over_is_an_error_that_names_it(sd15: ModelFiles, tmp_path: Path, form: Any) -> None:
    file = tmp_path / "foreign.safetensors"
    write_lora(file, {"unet.down_blocks.7.attentions.0.proj_in": (64, 64)}, form)
    with pytest.raises(ModelError, match=r"“foreign\.safetensors” adds to “unet.down.blocks.7.attentions.0.proj.in”"):
        load(sd15, given(file))


def test_what_does_not_fit_is_an_error_and_not_another_picture(sd15: ModelFiles, tmp_path: Path) -> None:
    file = tmp_path / "wide.safetensors"
    write_lora(file, {f"{ATTENTION}.attn2.to_k": (128, 2048)}, as_peft)
    with pytest.raises(ModelError, match="does not fit the size of"):
        load(sd15, given(file))
    tensors = load_file(file)
    save_file({name: tensor for name, tensor in tensors.items() if "lora_A" in name}, file)
    with pytest.raises(ModelError, match="has half of what it adds"):
        load(sd15, given(file))
    name = as_peft("unet.conv_in", "down")
    save_file({name: torch.full((3, 4, 3, 3), torch.inf), name.replace("_A", "_B"): torch.ones(32, 3, 1, 1)}, file)
    with pytest.raises(ModelError, match="numbers without bounds"):
        load(sd15, given(file))


@pytest.mark.parametrize(("alpha", "rank"), [(torch.ones(2), 2), (torch.ones(()), 0)])
def test_what_cannot_be_added_is_no_fault_of_the_models(
    sd15: ModelFiles, tmp_path: Path, alpha: Tensor, rank: int
) -> None:
    file = tmp_path / "odd.safetensors"
    names = (as_kohya("unet.conv_in", side) for side in ("down", "up", "alpha"))
    tensors = (torch.ones(rank, 4, 3, 3), torch.ones(32, rank, 1, 1), alpha)
    save_file(dict(zip(names, tensors, strict=True)), file)
    with pytest.raises(ModelError, match=r"“odd\.safetensors” has a damaged “lora_unet_conv_in\."):
        given(file)
    with pytest.raises(ModelError, match=r"“odd\.safetensors” (cannot be added to|does not fit)"):
        load(sd15, Addition(file))


def test_a_learned_word_is_read_as_diffusers_reads_it(sd15: ModelFiles, tmp_path: Path) -> None:
    file = tmp_path / "my mug.safetensors"
    write_word(file, vectors=3)
    model = load(sd15, given(file))
    other = load(sd15)
    pipeline = StableDiffusionPipeline(
        vae=other.vae,
        text_encoder=other.text.encoders[0],
        tokenizer=other.text.tokenizers[0],
        unet=other.unet,
        scheduler=None,  # type: ignore[arg-type]
        safety_checker=None,  # type: ignore[arg-type]
        feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )
    pipeline.load_textual_inversion(load_file(file), token="my_mug")
    ids = pipeline.tokenizer(
        pipeline.maybe_convert_prompt("a red my_mug, on a table", pipeline.tokenizer),
        padding="max_length",
        max_length=77,
        return_tensors="pt",
    ).input_ids
    with torch.no_grad():
        expected = pipeline.text_encoder(ids).last_hidden_state
    assert (model.embed("a red my_mug, on a table").tokens - expected).abs().max() < 1e-4


@pytest.mark.slow
def test_a_learned_word_for_sdxl_teaches_both_encoders(sdxl: ModelFiles, tmp_path: Path) -> None:
    file = tmp_path / "mug.safetensors"
    first, second = write_word_for_two(file)
    model = load(sdxl, given(file))
    other = load(sdxl)
    for encoder, tokenizer, vectors in zip(other.text.encoders, other.text.tokenizers, (first, second), strict=True):
        mixin = TextualInversionLoaderMixin
        tokens, rows = mixin._extend_tokens_and_embeddings(["mug_word"], [vectors], tokenizer)
        encoder.resize_token_embeddings(len(tokenizer) + len(tokens))
        for token, row in zip(tokens, rows, strict=True):
            tokenizer.add_tokens(token)
            encoder.get_input_embeddings().weight.data[tokenizer.convert_tokens_to_ids(token)] = row
        # The published configurations name a wrong end token, with which no added word can be pooled.
        getattr(encoder, "text_model", encoder).eos_token_id = tokenizer.eos_token_id
    expected = other.embed("a mug_word mug_word_1 on a table")
    found = model.embed("a mug on a table")
    assert found.pooled is not None
    assert expected.pooled is not None
    assert (found.tokens - expected.tokens).abs().max() < 1e-4 * expected.tokens.abs().max()
    assert (found.pooled - expected.pooled).abs().max() < 1e-4 * expected.pooled.abs().max()


def test_all_vectors_of_a_learned_word_are_one_word_in_a_sentence(
    sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path
) -> None:
    file = tmp_path / "My-Mug.safetensors"
    write_word(file, vectors=4)
    model = load(sd15, given(file))
    source, edit = model.tokens("a My_Mug 'my_mug' on a table"), model.tokens("a cup 'my_mug' on a table")
    assert source.columns[1] == (2, 3, 4, 5)
    assert source.columns[3] == (7, 8, 9, 10)
    assert source.ids[2:6] == source.ids[7:11]
    assert min(source.ids[2:6]) >= model.text.tokenizers[0].vocab_size
    assert word_columns(source, edit, WordRef(Side.SOURCE, 1, "My_Mug")) == ((2, 3, 4, 5), (2,))
    for owned in ("my_mug's handle", "my_mug’s handle"):
        of_it = model.tokens(owned)
        assert of_it.ids[1:5] == source.ids[2:6]
        assert of_it.ids[5:] == plain.tokens(owned[6:]).ids[1:-4]
        assert set(of_it.columns[0]) >= {1, 2, 3, 4}
    assert model.tokens("a cup on a table") == plain.tokens("a cup on a table")
    assert torch.equal(model.embed("a cup on a table").tokens, plain.embed("a cup on a table").tokens)


def test_a_word_does_not_reach_another_model(sd15: ModelFiles, plain: DiffusionModel, tmp_path: Path) -> None:
    file = tmp_path / "mug.safetensors"
    write_word(file)
    taught = load(sd15, given(file))
    assert taught.text.encoders[0].get_input_embeddings().weight.shape[0] == 49410
    assert plain.text.encoders[0].get_input_embeddings().weight.shape[0] == 49408
    assert max(plain.tokens("a mug").ids) < 49408 <= max(taught.tokens("a mug").ids)


@pytest.mark.slow
def test_a_word_for_another_model_is_refused(sd15: ModelFiles, sdxl: ModelFiles, tmp_path: Path) -> None:
    file = tmp_path / "wide.safetensors"
    write_word(file, width=768)
    with pytest.raises(ModelError, match=r"“wide\.safetensors” does not fit the text encoders"):
        load(sd15, given(file))
    write_word(file)
    with pytest.raises(ModelError, match=r"“wide\.safetensors” does not fit the text encoders"):
        load(sdxl, given(file))


def test_nothing_is_added_by_nothing(sd15: ModelFiles) -> None:
    assert add_all({}, (), 0) == {}
