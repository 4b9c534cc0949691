"""What the model draws from words alone, as a sheet to look at while it trains."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from nti_desktop.studio.captions import caption
from nti_desktop.studio.world import draw_scene

SEEDS = range(24)
COLUMNS = 6
STEPS = 30
GUIDANCE_SCALE = 2.0


@torch.no_grad()
def draw_grid(folder: Path, sheet: Path, device: str) -> None:
    """Sample a picture for the caption of each of some held-out scenes, from noise that is the same every time."""
    unet: Any = UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False)
    vae: Any = AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False)
    text_encoder: Any = CLIPTextModel.from_pretrained(folder / "text_encoder")
    for part in (unet, vae, text_encoder):
        part.to(device, torch.float32)
    tokenizer: Any = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    scheduler: Any = DDIMScheduler.from_pretrained(folder / "scheduler")
    captions = ["" for _ in SEEDS] + [caption(draw_scene(seed)) for seed in SEEDS]
    ids = tokenizer(captions, padding="max_length", return_tensors="pt").input_ids
    embeddings = text_encoder(ids.to(device)).last_hidden_state
    shape = (len(SEEDS), unet.config.in_channels, unet.config.sample_size, unet.config.sample_size)
    z = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device)
    scheduler.set_timesteps(STEPS)
    for timestep in scheduler.timesteps:
        empty, described = unet(torch.cat([z, z]), timestep, embeddings).sample.chunk(2)
        z = scheduler.step(empty + GUIDANCE_SCALE * (described - empty), timestep, z).prev_sample
    pictures: Tensor = vae.decode(z / vae.config.scaling_factor).sample.clamp(-1, 1).add(1).mul(127.5).round()
    levels = pictures.permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()
    rows = [np.concatenate(list(levels[n : n + COLUMNS]), 1) for n in range(0, len(levels), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(sheet)
