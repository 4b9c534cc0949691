"""One file with all weights under the names of the published code -> the parts of a diffusers model."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors import safe_open
from torch import Tensor

from nti_desktop.core.errors import ModelError

Weights = Mapping[str, Tensor]

UNET, VAE = "model.diffusion_model.", "first_stage_model."
FIRST, READS = f"{UNET}input_blocks.0.0.weight", "encoder.conv_in.weight"
# The text encoders' names: in the layout of CLIP's transformers model, or of OpenCLIP.
CLIP = {"text_encoder": ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer.")}
OPEN_CLIP = {"text_encoder": "cond_stage_model.model.", "text_encoder_2": "conditioner.embedders.1.model."}
HEAD_WIDTH = 64  # of attention, wherever the published code gives a width and not a number of heads


def read_part(file: Path, configs: Path, name: str, kind: Any, unet_dtype: torch.dtype) -> torch.nn.Module:
    """The part of a model that a file holds. name: of its folder; kind: its class.

    configs: the configurations of the published model it is a relative of; widths are those of the file's weights.
    Raises ModelError when the weights are not of that structure.
    """
    config = json.loads((configs / name / "config.json").read_text("utf-8"))
    if name == "unet":
        weights = _weights(file, UNET, unet_dtype)
        return _filled(kind, _unet_config(config, weights), convert_ldm_unet_checkpoint, weights, file)
    if name == "vae":
        weights = _autoencoder_weights(file)
        return _filled(kind, _vae_config(config, weights), convert_ldm_vae_checkpoint, weights, file)
    return _text_encoder(file, name, kind, config)


def _weights(file: Path, prefix: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """Read the weights whose names begin with `prefix`, without what stands before all names of the file, as
    “state_dict.” may; it is called for one part at a time, so that a file is never in memory twice.
    """
    with safe_open(file, framework="pt") as opened:
        names = opened.keys()
        before = next((name.removesuffix(FIRST) for name in names if name.endswith(FIRST)), "")
        found = {
            name.removeprefix(before): opened.get_tensor(name) for name in names if name.startswith(before + prefix)
        }
    return {name: weight.to(dtype) if weight.is_floating_point() else weight for name, weight in found.items()}


def _autoencoder_weights(file: Path) -> dict[str, Tensor]:
    """Read the weights of the autoencoder, which may be alone in its file and then has no prefix."""
    with safe_open(file, framework="pt") as opened:
        names = opened.keys()
        before = next(name.removesuffix(READS) for name in names if name.endswith(READS))
        return {
            VAE + name.removeprefix(before): opened.get_tensor(name).float()
            for name in names
            if name.startswith(tuple(before + part for part in ("encoder.", "decoder.", "quant_", "post_quant_")))
        }


def _unet_config(published: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    first = weights[FIRST]
    shrunk = first.shape[0] / published["block_out_channels"][0]
    widths = [round(width * shrunk) for width in published["block_out_channels"]]
    words = next(weight for name, weight in weights.items() if name.endswith("attn2.to_k.weight"))
    config = {
        **published,
        "in_channels": first.shape[1],
        "block_out_channels": widths,
        "cross_attention_dim": words.shape[1],
    }
    if isinstance(published["attention_head_dim"], list):  # which despite its name counts heads
        config["attention_head_dim"] = [max(1, width // HEAD_WIDTH) for width in widths]
    if published.get("addition_embed_type"):
        config["projection_class_embeddings_input_dim"] = weights[f"{UNET}label_emb.0.0.weight"].shape[1]
    return config


def _vae_config(published: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    shrunk = weights[f"{VAE}encoder.conv_in.weight"].shape[0] / published["block_out_channels"][0]
    return {**published, "block_out_channels": [round(width * shrunk) for width in published["block_out_channels"]]}


def _filled(kind: Any, config: Mapping[str, Any], convert: Any, weights: Weights, file: Path) -> torch.nn.Module:
    with torch.device("meta"):
        part: torch.nn.Module = kind.from_config(config)
    try:
        part.load_state_dict(convert(dict(weights), config=part.config), assign=True)
    except (RuntimeError, KeyError, IndexError) as error:  # names or shapes of another structure
        raise _another_structure(file) from error
    return part


def _text_encoder(file: Path, name: str, kind: Any, published: Mapping[str, Any]) -> torch.nn.Module:
    for prefix in CLIP.get(name, ()):
        if weights := _weights(file, prefix, torch.float32):
            named = {key.removeprefix(prefix).removeprefix("text_model."): w for key, w in weights.items()}
            break
    else:
        prefix = OPEN_CLIP[name]
        weights = _weights(file, prefix, torch.float32)
        width = weights[f"{prefix}token_embedding.weight"].shape[1]
        shaped = SimpleNamespace(config=SimpleNamespace(hidden_size=width))  # all that is asked of the model
        named = convert_open_clip_checkpoint(shaped, weights, prefix=prefix)
        named = {key.removeprefix("text_model."): weight for key, weight in named.items()}
    width = named["embeddings.token_embedding.weight"].shape[1]
    config = {
        **published,
        "hidden_size": width,
        "intermediate_size": named["encoder.layers.0.mlp.fc1.weight"].shape[0],
        "num_attention_heads": max(1, width // HEAD_WIDTH),
    }
    if "text_projection.weight" in named:
        config["projection_dim"] = named["text_projection.weight"].shape[0]
    encoder: torch.nn.Module
    inside = {key if key.startswith("text_projection") else f"text_model.{key}": w for key, w in named.items()}
    encoder, info = kind.from_pretrained(
        None, config=kind.config_class(**config), state_dict=inside, dtype=torch.float32, output_loading_info=True
    )
    if info["missing_keys"] or info["mismatched_keys"]:
        raise _another_structure(file)
    return encoder


def _another_structure(file: Path) -> ModelError:
    return ModelError(
        f"“{file.name}” is built unlike Stable Diffusion 1, 2 or SDXL, or lacks weights; use another version of it."
    )
