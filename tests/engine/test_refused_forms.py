"""Files that are no model that can be used: each is refused in a sentence that says what it is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.catalog import find_model
from tests.wild.files import read_original, write_original

CPU = torch.device("cpu")


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        find_model(str(path))
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert ". " not in sentence
    return sentence


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"in_channels": 7}, "more than a picture"),
        ({"without": "vae"}, "lacks the model's autoencoder (VAE); choose one for it (on the Models page, or"),
        ({"extra": {"model.diffusion_model.label_emb.0.0.weight": torch.zeros(1)}}, "more than a picture and a text"),
        ({"extra": {"model.diffusion_model.out.2.scale_weight": torch.zeros(1)}}, "squeezed into 8 bits or fewer"),
        ({"extra": {"edm_vpred.sigma_max": torch.zeros(1)}}, "another kind (EDM"),
        ({"extra": {"edm_mean": torch.zeros(4)}}, "another kind (EDM"),
        ({"extra": {"model.diffusion_model.time_embed.cond_proj.weight": torch.zeros(1)}}, "told the guidance (LCM)"),
        ({"metadata": {"modelspec.prediction_type": "rectified_flow"}}, "noise of another kind"),
        ({"extra": {"scaled_fp8": torch.zeros(2)}}, "add the same model in fp16 or fp32"),
        ({"extra": {"model.diffusion_model.out.2.weight": torch.zeros(1, dtype=torch.int8)}}, "squeezed"),
        ({"without": "text_encoder"}, "lacks the model's text encoder"),
        ({"without": "unet"}, "lacks the model's UNet"),
        ({"extra": {"model.diffusion_model.double_blocks.0.img_mod.lin.weight": torch.zeros(1)}}, "transformer"),
        ({"extra": {"conditioner.embedders.0.model.ln_final.weight": torch.zeros(1)}}, "refiner"),
    ],
)
def test_single_files_that_cannot_be_used_are_refused(options: dict[str, object], said: str, tmp_path: Path) -> None:
    file = write_original(tmp_path / "m.safetensors", "sd15", dtype=torch.float16, **options)  # type: ignore[arg-type]
    assert said in refusal(file)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["lora_unet_down_blocks_0_attentions_0.lora_down.weight"], "LoRA"),
        (["unet.mid.attentions.0.processor.to_q_lora.down.weight"], "LoRA"),
        (["lycoris_blocks_0.hada_w1_a"], "LoRA"),
        (["double_blocks.0.img_attn.qkv.weight"], "transformer"),
        (["layers.0.attention.qkv.weight", "cap_embedder.0.weight"], "transformer"),
        (["control_model.input_blocks.0.0.weight"], "ControlNet"),
        (["emb_params"], "textual inversion"),
        (["clip_g", "clip_l"], "textual inversion"),
        (["model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight"], "films"),
        (["encoder.conv_in.weight", "decoder.conv_in.weight"], "is an autoencoder (VAE) alone; give it to a model"),
        (["input_blocks.0.0.weight"], "is the UNet of a model alone"),
        (["text_model.encoder.layers.0.layer_norm1.weight"], "is the text encoder of a model alone"),
        (["x"], "not a Stable Diffusion model"),
    ],
)
def test_files_of_something_else_are_refused(names: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file({name: np.zeros(1, np.float16) for name in names}, file)
    assert said in refusal(file)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.ckpt", b"cos\nsystem\n(S'touch /tmp/never'\ntR.", "could run any program"),
        ("MODEL.CKPT", b"?", "could run any program"),
        ("model.pt", b"?", "could run any program"),
        ("renamed.safetensors", b"PK\x03\x04" + bytes(80), "could run any program"),
        ("model.gguf", b"GGUF" + bytes(64), "packed for other programs (GGUF)"),
        ("sd_v1.5_f16.ckpt", b"SQLite format 3\0" + bytes(80), "a form of its own (Draw Things)"),
        ("model.GGUF", b"?", "packed for other programs (GGUF)"),
        ("renamed.safetensors", b"GGUF" + bytes(64), "packed for other programs (GGUF)"),
        ("model.safetensors", b"<!DOCTYPE html><html>", "a web page that was saved in place of the model"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("notes.txt", b"A model.", "not a safetensors file"),
    ],
)
def test_what_is_no_safetensors_file_is_told_by_what_it_is(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert said in refusal(file)


@pytest.mark.parametrize("damage", ["empty", "cut", "pointer", "header"])
def test_damaged_files_are_refused(damage: str, tmp_path: Path) -> None:
    file = write_original(tmp_path / "model.safetensors", "sd15", dtype=torch.float16)
    data = file.read_bytes()
    broken = {
        "empty": b"",
        "cut": data[:-1],
        "pointer": b"version https://git-lfs.github.com/spec/v1\n",
        "header": (1 << 62).to_bytes(8, "little") + data[8:],
    }
    file.write_bytes(broken[damage])
    assert "damaged or incomplete" in refusal(file)


@pytest.mark.parametrize(
    "lost", ["model.diffusion_model.out.2.weight", "cond_stage_model.transformer.text_model.encoder"]
)
def test_a_file_that_lacks_weights_says_so_when_it_is_loaded(lost: str, tmp_path: Path) -> None:
    file = write_original(tmp_path / "model.safetensors", "sd15", dtype=torch.float16)
    tensors = {name: t.numpy() for name, t in read_original(file).items() if not name.startswith(lost)}
    save_file(tensors, file)
    with pytest.raises(ModelError, match=r"lacks weights|damaged or incomplete"):
        load_model(find_model(str(file)).files, CPU)
