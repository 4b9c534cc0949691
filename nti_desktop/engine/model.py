"""DiffusionModel: a latent diffusion model in the diffusers folder layout. Load, encode, decode, embed, predict."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from nti_desktop.engine.attention import AttentionSwitch, install_switch
from nti_desktop.engine.device import best_device, unet_dtype
from nti_desktop.engine.prefix import Prefix
from nti_desktop.engine.tokens import PromptTokens, tokenize
from nti_desktop.errors import ModelError

diffusers_logging.set_verbosity_error()
diffusers_logging.disable_progress_bar()
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A loaded model; weights are frozen, the autoencoder and the text encoder stay float32."""

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    scheduler_config: Mapping[str, Any]
    device: torch.device
    dtype: torch.dtype
    attention: AttentionSwitch = field(init=False)
    prefix: Prefix = field(init=False)

    def __post_init__(self) -> None:
        for part, dtype in ((self.unet, self.dtype), (self.vae, torch.float32), (self.text_encoder, torch.float32)):
            part.to(self.device, dtype).eval().requires_grad_(False)
        if self.device.type != "mps":  # convolutions are fastest so, by an eighth on a processor
            for part in (self.unet, self.vae):
                part.to(memory_format=torch.channels_last)
        object.__setattr__(self, "attention", install_switch(self.unet))
        object.__setattr__(self, "prefix", Prefix(self.unet))

    @property
    def length(self) -> int:
        """Tokens the text encoder reads."""
        return int(min(self.tokenizer.model_max_length, self.text_encoder.config.max_position_embeddings))

    @torch.no_grad()
    def encode(self, image: NDArray[np.uint8]) -> Tensor:
        """(H, W, 3) uint8 sRGB -> latents (1, C, h, w) float32, the mean of the autoencoder's posterior."""
        pixels = torch.tensor(image, device=self.device).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents: Tensor = self.vae.encode(pixels).latent_dist.mode().float() * self.vae.config.scaling_factor
        return latents

    @torch.no_grad()
    def decode(self, latents: Tensor) -> NDArray[np.float32]:
        """Latents (1, C, h, w) -> (H, W, 3) float32 sRGB in [0, 1]."""
        pixels = self.vae.decode(latents.float() / self.vae.config.scaling_factor).sample
        picture: NDArray[np.float32] = (pixels[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
        return picture

    def tokens(self, prompt: str) -> PromptTokens:
        """The prompt's tokens; raises RecipeError when it is longer than the encoder reads."""
        return tokenize(self.tokenizer, prompt, self.length)

    @torch.no_grad()
    def embed(self, prompt: str) -> Tensor:
        """The prompt's embedding, (1, length, width) float32."""
        ids = torch.tensor([self.tokens(prompt).ids], device=self.device)
        embedding: Tensor = self.text_encoder(ids).last_hidden_state.float()
        return embedding

    def predict(self, latents: Tensor, timesteps: Tensor | int, embeddings: Tensor) -> Tensor:
        """The UNet's raw output for a batch, float32: latents (B, C, h, w), embeddings (B, length, width)."""
        t = torch.as_tensor(timesteps, device=self.device)
        output: Tensor = self.unet(latents.to(self.dtype), t, encoder_hidden_states=embeddings.to(self.dtype)).sample
        return output.float()


class RowCounter:
    """UNet rows since it was made: one for each latent evaluated, one more for each one back-propagated."""

    def __init__(self) -> None:
        self.rows = 0

    def add(self, rows: int) -> None:
        self.rows += rows


@contextmanager
def counted_rows(model: DiffusionModel) -> Iterator[RowCounter]:
    """Count the UNet's rows by a hook on the UNet itself."""
    counter = RowCounter()

    def count(_unet: Any, _inputs: Any, output: Any) -> None:
        sample: Tensor = output.sample
        counter.add(len(sample))
        if sample.requires_grad:
            sample.register_hook(lambda gradient: counter.add(len(gradient)))

    handle = model.unet.register_forward_hook(count)
    try:
        yield counter
    finally:
        handle.remove()


def load_model(folder: Path, device: torch.device | None = None, dtype: torch.dtype | None = None) -> DiffusionModel:
    """Load a diffusers folder (safetensors only, nothing from the network) onto a device, the best one by default.

    Raises ModelError in one sentence when a part is missing, broken or incomplete.
    """
    device = device or best_device()
    try:
        return DiffusionModel(
            unet=_load_part(UNet2DConditionModel, folder / "unet"),
            vae=_load_part(AutoencoderKL, folder / "vae"),
            text_encoder=_load_part(CLIPTextModel, folder / "text_encoder"),
            tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            scheduler_config=json.loads((folder / "scheduler" / "scheduler_config.json").read_text("utf-8")),
            device=device,
            dtype=dtype or unet_dtype(device),
        )
    except (ModelError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # the loaders raise whatever their parsers raise; the cause is kept for the log
        raise ModelError(
            f"The model in “{folder.name}” cannot be loaded; it is damaged or incomplete. Add it again."
        ) from error


def _load_part(kind: Any, folder: Path) -> Any:
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    if kind is not CLIPTextModel:
        options["low_cpu_mem_usage"] = False  # the other way needs accelerate
    part, info = kind.from_pretrained(folder, **options)
    missing = info["missing_keys"] or info.get("mismatched_keys")
    if missing:
        raise ModelError(f"The model's “{folder.name}” lacks weights ({sorted(map(str, missing))[0]}); add it again.")
    return part
