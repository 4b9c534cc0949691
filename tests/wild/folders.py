"""Diffusers folders as the hubs have them: old configurations, old names of weights, half precisions."""

import json
import shutil
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from nti_desktop.core.resources import resource
from tests.wild.configurations import (
    BETAS,
    CLIP_L,
    ENCODERS,
    FEATURE_EXTRACTOR,
    SCHEDULERS,
    UNETS,
    VAE_0_6,
    VAE_0_19,
    Json,
    Scheduler,
)
from tests.wild.structure import CONTEXT_LENGTH

DEPRECATED_VAE_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def write_folder(
    folder: Path,
    kind: str,
    *,
    variant: Literal["fp16"] | None = None,
    fp16_only: tuple[str, ...] = (),
    scheduler: Scheduler | None = None,
    prediction_type: str | None = None,
    deprecated_vae: bool | None = None,
    in_channels: int = 4,
) -> Path:
    """Write a whole model ("sd15", "sd21", "sdxl", "small-sd", "tiny-sd", "ssd-1b") as its repository has it.

    A part's weights depend on nothing but its configuration. Returns the folder, which is made.
    variant: with files in half precision beside the others; fp16_only: names of the parts that have those alone;
    scheduler, prediction_type: other than the published ones of the kind; deprecated_vae: whether the autoencoder's
    attention has the names from before diffusers 0.12, by default as published; in_channels: of the UNet.
    """
    encoders = ENCODERS.get(kind, {"text_encoder": CLIP_L})
    xl = "text_encoder_2" in encoders
    schedule = BETAS | SCHEDULERS[scheduler or ("euler" if xl else "ddim" if kind == "sd21" else "pndm")]
    if prediction_type or kind == "sd21":
        schedule = schedule | {"prediction_type": prediction_type or "v_prediction"}
    index = _model_index(encoders, schedule["_class_name"], xl)
    _write_json(folder / "model_index.json", index)
    _write_json(folder / "scheduler" / "scheduler_config.json", schedule)
    if "feature_extractor" in index:
        _write_json(folder / "feature_extractor" / "preprocessor_config.json", FEATURE_EXTRACTOR)

    def write_weights(name: str, stem: str, tensors: Mapping[str, Tensor]) -> None:
        if name not in fp16_only:
            save_file(dict(tensors), folder / name / f"{stem}.safetensors", metadata={"format": "pt"})
        if name in fp16_only or variant == "fp16":
            half = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
            save_file(half, folder / name / f"{stem}.fp16.safetensors", metadata={"format": "pt"})

    unet = UNETS[kind] | {"in_channels": in_channels}
    _write_json(folder / "unet" / "config.json", unet)
    write_weights("unet", "diffusion_pytorch_model", _drawn(UNet2DConditionModel, unet))
    vae = VAE_0_19 if xl else VAE_0_6
    _write_json(folder / "vae" / "config.json", vae)
    deprecated = not xl if deprecated_vae is None else deprecated_vae
    write_weights("vae", "diffusion_pytorch_model", _vae_weights(vae, deprecated))
    for number, (name, config) in enumerate(encoders.items()):
        _write_json(folder / name / "config.json", config)
        write_weights(name, "model", _text_encoder_weights(config))
        open_clip = config["hidden_act"] == "gelu"
        _write_tokenizer(folder / ("tokenizer_2" if number else "tokenizer"), "!" if open_clip else "<|endoftext|>", xl)
    return folder


def _model_index(encoders: Mapping[str, Json], scheduler: str, xl: bool) -> Json:
    parts: Json = {name: ["transformers", config["architectures"][0]] for name, config in encoders.items()}
    parts |= {name.replace("text_encoder", "tokenizer"): ["transformers", "CLIPTokenizer"] for name in encoders}
    parts |= {
        "scheduler": ["diffusers", scheduler],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if xl:
        head: Json = {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.19.0.dev0"}
        return head | {"add_watermarker": None, "force_zeros_for_empty_prompt": True} | parts
    head = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6.0"}
    extractor = ["transformers", "CLIPImageProcessor"]
    return head | {"feature_extractor": extractor, "safety_checker": [None, None]} | parts


def _drawn(kind: Any, config: Json) -> dict[str, Tensor]:
    """Weights of a class with a configuration, drawn as those of the original layout are."""
    return _drawn_once(kind, json.dumps(config))


@lru_cache(maxsize=8)  # many tests write the same model
def _drawn_once(kind: type[Any], configuration: str) -> dict[str, Tensor]:
    config: Json = json.loads(configuration)
    with torch.device("meta"):
        model: nn.Module = kind.from_config(config) if hasattr(kind, "from_config") else kind(CLIPTextConfig(**config))
    generator = torch.Generator().manual_seed(0)
    drawn = {}
    for name, like in model.state_dict().items():
        noise = torch.randn(like.shape, generator=generator)
        if name.endswith(".bias"):
            drawn[name] = 0.1 * noise
        elif like.ndim == 1:  # a norm
            drawn[name] = 1 + 0.1 * noise
        else:
            drawn[name] = prod(like.shape[1:]) ** -0.5 * noise
    return drawn


def _vae_weights(config: Json, deprecated: bool) -> dict[str, Tensor]:
    weights = _drawn(AutoencoderKL, config)
    for new, old in DEPRECATED_VAE_NAMES.items() if deprecated else ():
        weights = {name.replace(f".attentions.0.{new}.", f".attentions.0.{old}."): weights[name] for name in weights}
    return weights


def _text_encoder_weights(config: Json) -> dict[str, Tensor]:
    """Under the names of transformers 4, whatever those of the installed one are."""
    projected = config["architectures"] == ["CLIPTextModelWithProjection"]
    weights = _drawn(CLIPTextModelWithProjection if projected else CLIPTextModel, config)
    positions = {"text_model.embeddings.position_ids": torch.arange(CONTEXT_LENGTH)[None]}
    outside = ("text_model.", "text_projection.")
    return positions | {name if name.startswith(outside) else f"text_model.{name}": weights[name] for name in weights}


def _write_tokenizer(folder: Path, pad: str, xl: bool) -> None:
    folder.mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(resource("models", "configs", "clip_tokenizer") / name, folder)
    token: Json = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    start, end = token | {"content": "<|startoftext|>"}, token | {"content": "<|endoftext|>"}
    special: Json = {"bos_token": start, "eos_token": end, "pad_token": pad, "unk_token": end}
    _write_json(folder / "special_tokens_map.json", special)
    config: Json = {
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
        "model_max_length": CONTEXT_LENGTH,
        "tokenizer_class": "CLIPTokenizer",
    }
    if xl:
        added = {"49406": start | {"special": True}, "49407": end | {"special": True}}
        if pad == "!":
            added = {"0": token | {"content": "!", "normalized": False, "special": True}} | added
        config |= {
            "added_tokens_decoder": added,
            "bos_token": "<|startoftext|>",
            "clean_up_tokenization_spaces": True,
            "eos_token": "<|endoftext|>",
            "pad_token": pad,
            "unk_token": "<|endoftext|>",
        }
    else:
        typed = {"__type": "AddedToken"}
        config |= {
            "bos_token": typed | start,
            "eos_token": typed | end,
            "name_or_path": "openai/clip-vit-large-patch14",
            "pad_token": "<|endoftext|>",  # SD 2 too; its special_tokens_map.json has the last word
            "special_tokens_map_file": "./special_tokens_map.json",
            "unk_token": typed | end,
        }
    _write_json(folder / "tokenizer_config.json", config)


def _write_json(path: Path, content: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
