"""Diffusers folders as the hubs have them: old configurations with few keys, old names of weights, half precisions."""

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
from tests.wild.structure import CHANNELS, CONTEXT_LENGTH, TEXT_WIDTH, VOCABULARY

Json = dict[str, Any]
Scheduler = Literal["pndm", "ddim", "euler", "dpm"]

UNET_0_6: Json = {  # stable-diffusion-v1-5
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.6.0",
    "act_fn": "silu",
    "attention_head_dim": 8,
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS, 4 * CHANNELS],
    "center_input_sample": False,
    "cross_attention_dim": TEXT_WIDTH,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
}
UNET_0_10: Json = UNET_0_6 | {  # stable-diffusion-2-1
    "_diffusers_version": "0.10.0.dev0",
    "attention_head_dim": [1, 1, 2, 2],  # published 5, 10, 20, 20: the number of heads, in spite of its name
    "dual_cross_attention": False,
    "num_class_embeds": None,
    "only_cross_attention": False,
    "sample_size": 96,
    "upcast_attention": True,
    "use_linear_projection": True,
}
UNET_0_19: Json = UNET_0_10 | {  # stable-diffusion-xl-base-1.0
    "_diffusers_version": "0.19.0.dev0",
    "addition_embed_type": "text_time",
    "addition_embed_type_num_heads": 64,
    "addition_time_embed_dim": 256,
    "attention_head_dim": [1, 1, 2],
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS],
    "class_embed_type": None,
    "class_embeddings_concat": False,
    "conv_in_kernel": 3,
    "conv_out_kernel": 3,
    "cross_attention_dim": 2 * TEXT_WIDTH,
    "cross_attention_norm": None,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "encoder_hid_dim": None,
    "encoder_hid_dim_type": None,
    "mid_block_only_cross_attention": None,
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "num_attention_heads": None,
    "projection_class_embeddings_input_dim": TEXT_WIDTH + 6 * 256,
    "resnet_out_scale_factor": 1.0,
    "resnet_skip_time_act": False,
    "resnet_time_scale_shift": "default",
    "sample_size": 128,
    "time_cond_proj_dim": None,
    "time_embedding_act_fn": None,
    "time_embedding_dim": None,
    "time_embedding_type": "positional",
    "timestep_post_act": None,
    "transformer_layers_per_block": [1, 2, 10],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "upcast_attention": None,
}
UNET_SMALL: Json = (
    UNET_0_19
    | UNET_0_6
    | {  # segmind/small-sd
        "_diffusers_version": "0.19.0.dev0",
        "addition_embed_type": None,
        "addition_time_embed_dim": None,
        "layers_per_block": 1,
        "projection_class_embeddings_input_dim": None,
        "transformer_layers_per_block": 1,
        "upcast_attention": False,
        "use_linear_projection": False,
    }
)
UNETS: dict[str, Json] = {
    "sd15": UNET_0_6,
    "sd21": UNET_0_10,
    "sdxl": UNET_0_19,
    "small-sd": UNET_SMALL,
    "tiny-sd": UNET_SMALL
    | {  # segmind/tiny-sd: neither the middle block nor the level around it
        "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS],
        "down_block_types": ["CrossAttnDownBlock2D"] * 3,
        "mid_block_type": None,
        "up_block_types": ["CrossAttnUpBlock2D"] * 3,
    },
    "ssd-1b": UNET_0_19
    | {  # segmind/SSD-1B: a middle block without a transformer
        "mid_block_type": "UNetMidBlock2D",
        "reverse_transformer_layers_per_block": [[4, 4, 10], [2, 1, 1], 1],
        "transformer_layers_per_block": [1, [2, 2], [4, 4]],
    },
}

VAE_0_6: Json = {
    "_class_name": "AutoencoderKL",
    "_diffusers_version": "0.6.0",
    "act_fn": "silu",
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS, 4 * CHANNELS],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 512,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
VAE_0_19: Json = VAE_0_6 | {
    "_diffusers_version": "0.19.0.dev0",
    "force_upcast": True,
    "sample_size": 1024,
    "scaling_factor": 0.13025,
}

CLIP_L: Json = {
    "_name_or_path": "openai/clip-vit-large-patch14",
    "architectures": ["CLIPTextModel"],
    "attention_dropout": 0.0,
    "bos_token_id": 0,  # as published, and wrong: the tokens are 49406 and 49407
    "dropout": 0.0,
    "eos_token_id": 2,
    "hidden_act": "quick_gelu",
    "hidden_size": TEXT_WIDTH,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "intermediate_size": 4 * TEXT_WIDTH,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": CONTEXT_LENGTH,
    "model_type": "clip_text_model",
    "num_attention_heads": 1,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "projection_dim": TEXT_WIDTH,
    "torch_dtype": "float32",
    "transformers_version": "4.22.0.dev0",
    "vocab_size": VOCABULARY,
}
OPEN_CLIP_H: Json = CLIP_L | {
    "_name_or_path": "hf-models/stable-diffusion-v2-768x768/text_encoder",
    "hidden_act": "gelu",
    "num_hidden_layers": 23,  # of 24: the last is never read
    "projection_dim": TEXT_WIDTH // 2,  # published 512 for a width of 1024; the folder has no projection
    "transformers_version": "4.25.0.dev0",
}
CLIP_L_XL: Json = CLIP_L | {"torch_dtype": "float16", "transformers_version": "4.32.0.dev0"}
OPEN_CLIP_BIGG: Json = CLIP_L_XL | {
    "architectures": ["CLIPTextModelWithProjection"],
    "hidden_act": "gelu",
    "num_hidden_layers": 32,
}
ENCODERS: dict[str, dict[str, Json]] = {
    "sd21": {"text_encoder": OPEN_CLIP_H},
    "sdxl": {"text_encoder": CLIP_L_XL, "text_encoder_2": OPEN_CLIP_BIGG},
    "ssd-1b": {"text_encoder": CLIP_L_XL, "text_encoder_2": OPEN_CLIP_BIGG},
}  # all others have CLIP-L alone

FEATURE_EXTRACTOR: Json = {
    "crop_size": 224,
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "size": 224,
}

SCHEDULERS: dict[Scheduler, Json] = {
    "pndm": {  # stable-diffusion-v1-5
        "_class_name": "PNDMScheduler",
        "_diffusers_version": "0.6.0",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    },
    "ddim": {  # stable-diffusion-2-1
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.8.0",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    },
    "euler": {  # stable-diffusion-xl-base-1.0
        "_class_name": "EulerDiscreteScheduler",
        "_diffusers_version": "0.19.0.dev0",
        "clip_sample": False,
        "interpolation_type": "linear",
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "timestep_spacing": "leading",
        "use_karras_sigmas": False,
    },
    "dpm": {  # what diffusers 0.20 saved
        "_class_name": "DPMSolverMultistepScheduler",
        "_diffusers_version": "0.20.0",
        "algorithm_type": "dpmsolver++",
        "clip_sample": False,
        "dynamic_thresholding_ratio": 0.995,
        "lambda_min_clipped": float("-inf"),  # "-Infinity" in the file, which is no JSON
        "lower_order_final": True,
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "solver_order": 2,
        "solver_type": "midpoint",
        "steps_offset": 1,
        "thresholding": False,
        "timestep_spacing": "linspace",
        "use_karras_sigmas": True,
        "variance_type": None,
    },
}
BETAS: Json = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "trained_betas": None,
}

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
