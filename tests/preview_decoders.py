"""Preview decoders with random weights, as diffusers writes them, and the pictures that diffusers draws with them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray


def write_tiny(folder: Path, width: int = 8, levels: int = 4, **config: Any) -> Path:
    """A narrow AutoencoderTiny, else like TAESD; returns its folder, which is made. config: what else is other."""
    torch.manual_seed(0)
    widths, blocks = (width,) * levels, (1,) * levels
    AutoencoderTiny(
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=blocks,
        num_decoder_blocks=blocks,
        **config,
    ).save_pretrained(folder)
    return folder


@torch.no_grad()
def drawn_by_diffusers(folder: Path, latents: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, h, w) as the UNet sees them -> (H, W, 3) in [0, 1], as a pipeline with this autoencoder draws them."""
    tiny: Any = AutoencoderTiny.from_pretrained(folder, low_cpu_mem_usage=False)
    pixels = tiny.decode(torch.tensor(latents)[None] / tiny.config.scaling_factor).sample[0]
    picture: NDArray[np.float32] = (pixels / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
    return picture
