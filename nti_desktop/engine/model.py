"""DiffusionModel: a loaded latent diffusion model. Encode, decode, embed a prompt, predict noise."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.engine.attention import AttentionSwitch, install_switch
from nti_desktop.engine.embedding import Embedding
from nti_desktop.engine.prefix import Prefix
from nti_desktop.engine.text import PromptReader
from nti_desktop.engine.tokens import PromptTokens


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A loaded model; weights are frozen, the autoencoder and the text encoders stay float32."""

    unet: Any
    vae: Any
    text: PromptReader
    scheduler_config: Mapping[str, Any]
    device: torch.device
    dtype: torch.dtype
    attention: AttentionSwitch = field(init=False)
    prefix: Prefix = field(init=False)

    def __post_init__(self) -> None:
        single = [(part, torch.float32) for part in (self.vae, *self.text.encoders)]
        for part, dtype in ((self.unet, self.dtype), *single):
            part.to(self.device, dtype).eval().requires_grad_(False)
        if self.device.type != "mps":  # convolutions are fastest so, by an eighth on a processor
            for part in (self.unet, self.vae):
                part.to(memory_format=torch.channels_last)
        object.__setattr__(self, "attention", install_switch(self.unet))
        object.__setattr__(self, "prefix", Prefix(self.unet))

    @property
    def length(self) -> int:
        """Tokens the text encoders read."""
        return self.text.length

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
        """The prompt's tokens; raises RecipeError when it is longer than the encoders read."""
        return self.text.tokens(prompt)

    def embed(self, prompt: str) -> Embedding:
        """The prompt's embedding, one row."""
        return self.text.read(prompt)

    def predict(self, latents: Tensor, timesteps: Tensor | int, embedding: Embedding) -> Tensor:
        """The UNet's raw output for a batch, float32: latents (B, C, h, w), an embedding of B rows."""
        t = torch.as_tensor(timesteps, device=self.device)
        self.prefix.reads(embedding.pooled)
        output: Tensor = self.unet(
            latents.to(self.dtype),
            t,
            encoder_hidden_states=embedding.tokens.to(self.dtype),
            added_cond_kwargs=self._added(latents, embedding.pooled),
        ).sample
        return output.float()

    def _added(self, latents: Tensor, pooled: Tensor | None) -> dict[str, Tensor] | None:
        """What SDXL reads beside the tokens: the sentence as a whole, and the picture's size, drawn uncropped at that
        size (Podell et al. 2023, sec. 2.2).
        """
        if pooled is None:
            return None
        scale = 2 ** (len(self.vae.config.block_out_channels) - 1)
        height, width = (scale * side for side in latents.shape[-2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=self.device, dtype=self.dtype)
        return {"text_embeds": pooled.to(self.dtype), "time_ids": sizes.expand(len(pooled), -1)}


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
