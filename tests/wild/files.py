"""Single files in the original (CompVis, Stability) layout, as published and as people pass them on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.wild.structure import STRUCTURES, UNET, VAE
from tests.wild.weights import autoencoder_weights, clip_weights, open_clip_weights, unet_weights

Part = Literal["unet", "vae", "text_encoder"]
UNET_SEED, VAE_SEED, CLIP_SEED, OPEN_CLIP_SEED, EMA_SEED = range(5)


def write_original(
    path: Path,
    kind: str,
    *,
    dtype: torch.dtype = torch.float32,
    in_channels: int = 4,
    without: Part | None = None,
    ema: bool = False,
    short_clip_names: bool = False,
    metadata: Mapping[str, str] | None = None,
    extra: Mapping[str, Tensor] | None = None,
    before: str = "",
) -> Path:
    """Write a whole model of a kind ("sd15", "sd21", "sdxl") as one .safetensors file; returns its path.

    A part's weights depend on nothing but the kind and `in_channels`.
    dtype: of all floating tensors but the schedule's; in_channels: 9 for inpainting, 8 for editing by instruction;
    without: a part that the file lacks; ema: with a second UNet, its moving average, as in the unpruned files;
    short_clip_names: CLIP without `text_model.` in its names, as in NovelAI's file and its descendants;
    metadata: the file's own `__metadata__`; extra: further tensors, written as they are, in place of any of that name;
    before: what stands before all names, as "state_dict." in files that a trainer saved with its wrapping.
    """
    structure = STRUCTURES[kind]
    tensors: dict[str, Tensor] = {}
    if without != "unet":
        tensors |= _under(UNET, unet_weights(structure, in_channels, UNET_SEED))
    if without != "vae":
        tensors |= _under(VAE, autoencoder_weights(VAE_SEED))
    if without != "text_encoder" and structure.clip:
        prefix = structure.clip.removesuffix("text_model.") if short_clip_names else structure.clip
        tensors |= _under(prefix, clip_weights(CLIP_SEED))
    if without != "text_encoder" and structure.open_clip:
        tensors |= _under(structure.open_clip, open_clip_weights(OPEN_CLIP_SEED, structure.open_clip_layers))
    if ema:
        average = _under("diffusion_model.", unet_weights(structure, in_channels, EMA_SEED))
        tensors |= {f"model_ema.{name.replace('.', '')}": tensor for name, tensor in average.items()}
    tensors = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    everything = _under(before, tensors | _buffers(kind) | dict(extra or {}))
    save_file(everything, path, metadata=dict(metadata) if metadata else None)
    return path


def write_original_vae(path: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """Write the autoencoder alone under bare names, as vae-ft-mse-840000-ema-pruned and its like have it."""
    save_file({name: tensor.to(dtype) for name, tensor in autoencoder_weights(VAE_SEED).items()}, path)
    return path


def read_original(path: Path) -> dict[str, Tensor]:
    """A file's tensors by name, the floating ones in float32, as the reference passes want them."""
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load_file(path).items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _buffers(kind: str) -> dict[str, Tensor]:
    """What the training code's modules keep beside their weights: the schedule, and counters of the moving average."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2  # v1-inference.yaml
    alphas = torch.cumprod(1 - betas, dim=0)
    if kind == "sdxl":
        return {"denoiser.sigmas": ((1 - alphas) / alphas).sqrt().float()}
    previous = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])
    variance = betas * (1 - previous) / (1 - alphas)
    schedule = {  # ddpm.DDPM.register_schedule
        "betas": betas,
        "alphas_cumprod": alphas,
        "alphas_cumprod_prev": previous,
        "sqrt_alphas_cumprod": alphas.sqrt(),
        "sqrt_one_minus_alphas_cumprod": (1 - alphas).sqrt(),
        "log_one_minus_alphas_cumprod": (1 - alphas).log(),
        "sqrt_recip_alphas_cumprod": (1 / alphas).sqrt(),
        "sqrt_recipm1_alphas_cumprod": (1 / alphas - 1).sqrt(),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": variance.clamp(min=1e-20).log(),
        "posterior_mean_coef1": betas * previous.sqrt() / (1 - alphas),
        "posterior_mean_coef2": (1 - previous) * (1 - betas).sqrt() / (1 - alphas),
    }
    counters = {
        "model_ema.decay": torch.tensor(0.9999),
        "model_ema.num_updates": torch.tensor(840000, dtype=torch.int32),
    }
    return {name: tensor.float() for name, tensor in schedule.items()} | counters
