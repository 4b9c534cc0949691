"""Stages 4 and 5: the UNet and the text encoder together, on the latents of stage 3.

On a plateau the learning rate stays, for as many steps as there is time; each release cools down from there, in a
course of its own, so that the plateau can go on.

The UNet predicts v = sqrt(alpha) eps - sqrt(1 - alpha) x0 (Salimans & Ho, 2022): near pure noise that asks for the
picture the words describe, where predicting eps would ask for what is already in the input.
"""

import copy
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nti_desktop.studio.camera import CELL
from nti_desktop.studio.captions import draw_words, phrases
from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.autoencoder import of_one_format
from nti_desktop.studio.train.grid import draw_grid
from nti_desktop.studio.train.latents import Latents, encode_all
from nti_desktop.studio.train.pictures import SIZE, Drawn
from nti_desktop.studio.train.supervision import PhraseTokens, Tokens, naming, supervision_loss, watch
from nti_desktop.studio.train.tokenizer import CONTEXT

WIDTHS = (64, 128, 192)
TEXT_WIDTH = 128
BATCH = 32
LEARNING_RATE = 1e-3
COOLED = 0.01  # of the learning rate, at the end of a cool-down
WARMING = 500  # steps
WITHOUT_CAPTION = 0.1
TIMESTEPS = 1000
EVENLY = 0.3  # of the timesteps are drawn evenly, the others by their noise, most of them where it equals the picture
SPREAD = 0.75  # of those, in logarithms of the signal to noise ratio
SUPERVISION_WEIGHT = 0.02


def new_scheduler() -> Any:
    """The noise schedule of Stable Diffusion. It does not end in pure noise: DDIM inversion divides by sqrt(alpha)."""
    return DDIMScheduler(
        num_train_timesteps=TIMESTEPS,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
    )


def new_text_encoder(tokenizer: Any) -> Any:
    """An untrained one."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=2 * TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=CONTEXT,
            projection_dim=TEXT_WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def new_unet(latent_channels: int, sample_size: int) -> Any:
    """An untrained one."""
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=WIDTHS,
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        norm_num_groups=16,
    )


def token_rows(tokens: list[Tokens], tokenizer: Any) -> Tensor:
    """Token ids (batch, CONTEXT): start, caption, end, and the end again up to the full length."""
    rows = []
    for caption in tokens:
        ids = [tokenizer.bos_token_id, *caption.ids[: CONTEXT - 2]]
        rows.append(ids + [tokenizer.eos_token_id] * (CONTEXT - len(ids)))
    return torch.tensor(rows)


@dataclass(frozen=True, eq=False)
class Batch:
    """x0: latents (B, C, h, w); noise like them; timesteps (B,); ids: (B, CONTEXT) tokens; names: which of them names
    which region (B, CONTEXT, REGIONS); masks: (B, REGIONS, h', w') of 0 to 1.
    """

    x0: Tensor
    noise: Tensor
    timesteps: Tensor
    ids: Tensor
    names: Tensor
    masks: Tensor


class Lots:
    """Draws the batch of any step: the same one each time, of pictures of one format."""

    def __init__(self, drawn: Drawn, latents: Latents, tokenizer: Any, device: str, seed: int) -> None:
        self._drawn, self._latents = drawn, latents
        self._tokenizer, self._read = tokenizer, PhraseTokens(tokenizer)
        self._levels = logarithms_of_signal_to_noise(new_scheduler())
        self._device, self._seed = device, seed

    def __call__(self, step: int) -> Batch:
        """The batch of one step, none of it from the streams held back."""
        lot, words = checkpoint.generator(self._seed, step), random.Random(self._seed * 1_000_003 + step)
        numbers = of_one_format(self._drawn, BATCH, lot)
        captions = [
            self._read([] if words.random() < WITHOUT_CAPTION else phrases(self._drawn.scenes[n], draw_words(words)))
            for n in numbers
        ]
        x0 = self._latents.of(numbers)
        batch = (
            x0.contiguous(memory_format=torch.channels_last),
            torch.randn(x0.shape, generator=lot).contiguous(memory_format=torch.channels_last),
            draw_timesteps(self._levels, BATCH, lot),
            token_rows(captions, self._tokenizer),
            naming(captions, CONTEXT),
            torch.tensor(np.stack([self._drawn.mask(n) for n in numbers])).float() / 255,
        )
        return Batch(*(part.to(self._device) for part in batch))


def logarithms_of_signal_to_noise(scheduler: Any) -> Tensor:
    """log(alpha / (1 - alpha)) of every timestep (TIMESTEPS,), falling."""
    alphas: Tensor = scheduler.alphas_cumprod
    return (alphas / (1 - alphas)).log()


def draw_timesteps(levels: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Timesteps (count,): some evenly, which inversion needs, the others by a Laplace distribution around as much noise
    as picture (Hang et al. 2024, "Improved noise schedule for diffusion training").
    """
    evenly = torch.randint(0, len(levels), (count,), generator=random)
    lot = torch.rand(count, generator=random) - 0.5
    wanted = -SPREAD * lot.sign() * torch.log1p(-2 * lot.abs().clamp(max=0.4999))
    by_noise = torch.searchsorted(-levels, -wanted).clamp(max=len(levels) - 1)
    return torch.where(torch.rand(count, generator=random) < EVENLY, evenly, by_noise)


def learning_rate(step: int, steps: int, cooling: bool) -> float:
    """Of a plateau, after warming up; or of a cool-down, which falls evenly."""
    if cooling:
        return LEARNING_RATE * max(COOLED, 1 - step / steps)
    return LEARNING_RATE * min(1, (step + 1) / WARMING)


def train_diffusion(
    drawn: Drawn, work: Path, folder: Path, steps: int, device: str, seed: int = 0, cooling: bool = False
) -> None:
    """Train for so many steps; the moving averages go into a folder that already has autoencoder and tokenizer.

    cooling: from where the plateau stands now.
    """
    torch.manual_seed(seed)
    tokenizer: Any = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    latents = encode_all(drawn, folder / "vae", work / "latents.safetensors", device)
    scheduler: Any = new_scheduler()
    unet = new_unet(latents.channels, SIZE // CELL).to(device, memory_format=torch.channels_last)
    text_encoder = new_text_encoder(tokenizer).to(device)
    average = Average(copy.deepcopy(unet), copy.deepcopy(text_encoder))
    weights = [*unet.parameters(), *text_encoder.parameters()]
    averaged = [*average.unet.parameters(), *average.text_encoder.parameters()]
    optimiser = torch.optim.AdamW(weights, betas=(0.9, 0.98), weight_decay=1e-3)
    parts: dict[str, Any] = {
        "unet": unet,
        "text_encoder": text_encoder,
        "average": average.unet,
        "text_average": average.text_encoder,
        "optimiser": optimiser,
    }
    kept = work / ("cooldown.pt" if cooling else "diffusion.pt")
    first = checkpoint.resume(kept, parts)
    if cooling and not first:
        checkpoint.resume(work / "diffusion.pt", parts)
    watched, lots = watch(unet), Lots(drawn, latents, tokenizer, device, seed + cooling)
    started, seen = time.monotonic(), torch.zeros(2)
    for step in range(first, steps):
        batch = lots(step)
        noisy = scheduler.add_noise(batch.x0, batch.noise, batch.timesteps)
        with torch.autocast(device, torch.bfloat16):
            embeddings = text_encoder(batch.ids).last_hidden_state
            predicted = unet(noisy, batch.timesteps, embeddings).sample
        error = F.mse_loss(predicted.float(), scheduler.get_velocity(batch.x0, batch.noise, batch.timesteps))
        place = supervision_loss(watched, batch.names, batch.masks)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps, cooling)
        optimiser.zero_grad()
        (error + SUPERVISION_WEIGHT * place).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        checkpoint.follow(averaged, weights, step if not cooling else step + WARMING)
        seen += torch.tensor([error.item(), place.item()])
        if (step + 1) % 100 == 0:
            pace = (time.monotonic() - started) / (step + 1 - first)
            print(f"diffusion: {step + 1} of {steps}, v {seen[0] / 100:.4f}, place {seen[1] / 100:.3f}", end="")
            print(f", {pace:.2f} s a step", flush=True)
            seen.zero_()
        if (step + 1) % checkpoint.EVERY == 0 or step + 1 == steps:
            checkpoint.save(kept, step + 1, parts)
            export(folder, average, scheduler)
            draw_grid(folder, work / f"{kept.stem}-{step + 1}.png", device)


@dataclass(frozen=True, eq=False)
class Average:
    """The moving averages, which are what ships."""

    unet: Any
    text_encoder: Any


def export(folder: Path, average: Average, scheduler: Any) -> None:
    """Write the parts that this stage made, and the index that makes the folder a StableDiffusionPipeline."""
    copy.deepcopy(average.unet).half().save_pretrained(folder / "unet")
    copy.deepcopy(average.text_encoder).half().save_pretrained(folder / "text_encoder")
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": scheduler.config["_diffusers_version"],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")
