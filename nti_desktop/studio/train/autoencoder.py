"""Stage 3: the autoencoder, trained first on cuttings, which are cheap, then on whole pictures.

No perceptual weights are at hand: sharpness comes from the differences between neighbours, at three scales.
"""

import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from numpy.typing import NDArray
from torch import Tensor, nn

from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.pictures import Drawn

WIDTHS = (32, 32, 64, 96)  # three halvings: a latent stands for 8x8 pixels
LATENT_CHANNELS = 8
CUTTING = 64  # pixels
BATCH = 8  # whole pictures, or four times as many cuttings
THINGS = 4.0  # how much more things count
LEARNING_RATE = 2e-3
KL_WEIGHT = 5e-4


def new_autoencoder() -> Any:
    """An untrained one."""
    return AutoencoderKL(
        block_out_channels=WIDTHS,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        down_block_types=["DownEncoderBlock2D"] * len(WIDTHS),
        up_block_types=["UpDecoderBlock2D"] * len(WIDTHS),
        mid_block_add_attention=False,
        sample_size=128,
    )


@torch.no_grad()
def start_open(model: Any) -> None:
    """Let colours through from the first step on: halvings average, doublings repeat, residual branches add nothing.

    As diffusers leaves it, each of these layers weakens what it passes on; together they learn form soon and colour
    after thousands of steps.
    """
    for name, layer in model.named_modules():
        if "samplers" in name and isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight)
            if "down" in name:  # padded below and to the right: these four are one cell of the smaller grid
                layer.weight.copy_(layer.weight.amax((2, 3), keepdim=True) * CELL_MEAN)
            if layer.bias is not None:
                layer.bias.zero_()
        elif name.endswith("conv_shortcut"):
            nn.init.orthogonal_(layer.weight)
        elif name.endswith("conv2"):
            nn.init.zeros_(layer.weight)


CELL_MEAN = torch.tensor([[0.25, 0.25, 0.0], [0.25, 0.25, 0.0], [0.0, 0.0, 0.0]])


@dataclass(frozen=True, eq=False)
class Pictures:
    """images: (B, 3, side, side) in [-1, 1]; emphasis: (B, 1, side, side), how much a pixel counts, 1 or more."""

    images: Tensor
    emphasis: Tensor


def cuttings(drawn: Drawn, random: torch.Generator) -> Pictures:
    """Pieces of training pictures, every pixel of which counts the same: one around the first thing, one anywhere, and
    so on by turns.
    """
    pieces = []
    for turn, number in enumerate(torch.randint(0, drawn.training, (4 * BATCH,), generator=random).tolist()):
        image = drawn.image(number)
        last = image.shape[0] - CUTTING
        corner = torch.randint(0, last + 1, (2,), generator=random)
        if turn % 2 == 0:
            corner = (middle(drawn.masks[number, 1]) * image.shape[0] - corner * CUTTING / last).long().clamp(0, last)
        top, left = corner.tolist()
        pieces.append(torch.tensor(image[top : top + CUTTING, left : left + CUTTING]))
    images = as_pixels(torch.stack(pieces))
    return Pictures(images, torch.ones_like(images[:, :1]))


def middle(mask: NDArray[np.uint8]) -> Tensor:
    """Row and column (2,) of a mask's middle (h, w), from 0 to 1; the middle of the picture if it is empty."""
    weights = torch.tensor(mask).float()
    if not weights.any():
        return torch.full((2,), 0.5)
    places = torch.stack([(torch.arange(side) + 0.5) / side for side in weights.shape])
    return (torch.stack([weights.sum(1), weights.sum(0)]) * places).sum(1) / weights.sum()


def whole_pictures(drawn: Drawn, random: torch.Generator) -> Pictures:
    """Training pictures, whose things count more than what is around: they are small, and what one looks at."""
    numbers = torch.randint(0, drawn.training, (BATCH,), generator=random)
    images = as_pixels(torch.stack([torch.tensor(drawn.image(n)) for n in numbers.tolist()]))
    things = torch.tensor(drawn.masks[numbers.numpy(), 1:]).float().sum(1, keepdim=True) / 255
    near = F.max_pool2d(things, 3, 1, 1)
    return Pictures(images, 1 + (THINGS - 1) * F.interpolate(near, images.shape[-2:], mode="bilinear"))


def as_pixels(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) in [-1, 1]."""
    return images.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def picture_loss(decoded: Tensor, pictures: Pictures) -> Tensor:
    """How far decoded pictures are from the true ones: values and slopes, at full, half, quarter and eighth size.

    The small sizes teach colour, which hardly shows in the slopes and would otherwise come last.
    """
    error = (decoded - pictures.images) * pictures.emphasis
    loss = 2 * error.square().mean()
    for _ in range(4):
        slopes = (error[..., 1:, :] - error[..., :-1, :]).abs().mean() + (error[..., 1:] - error[..., :-1]).abs().mean()
        loss = loss + error.abs().mean() + 0.3 * slopes
        error = F.avg_pool2d(error, 2)
    return loss


def train_autoencoder(
    drawn: Drawn, work: Path, folder: Path, steps: int, device: str, seed: int = 0, start: Path | None = None
) -> None:
    """Train for so many steps, the last quarter on whole pictures, and write the moving average into a folder.

    start: the folder of an autoencoder that an earlier training exported, to go on from its weights.
    """
    torch.manual_seed(seed)
    model = new_autoencoder()
    start_open(model)
    if start:
        earlier: Any = AutoencoderKL.from_pretrained(start, low_cpu_mem_usage=False)
        model.load_state_dict(earlier.state_dict())
    model = model.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=1e-4)
    parts: dict[str, Any] = {"model": model, "average": average, "optimiser": optimiser}
    first = checkpoint.resume(work / "autoencoder.pt", parts)
    started = time.monotonic()
    for step in range(first, steps):
        whole = step >= steps * 3 // 4
        random = checkpoint.generator(seed, step)
        pictures = whole_pictures(drawn, random) if whole else cuttings(drawn, random)
        pictures = Pictures(pictures.images.to(device, memory_format=torch.channels_last), pictures.emphasis.to(device))
        with torch.autocast(device, torch.bfloat16):
            posterior = DiagonalGaussianDistribution(model.encode(pictures.images).latent_dist.parameters.float())
            noise = torch.randn(posterior.mean.shape, generator=random).to(device)
            decoded = model.decode(posterior.mean + 0.5 * posterior.std * noise).sample.float()
        kl = posterior.kl().mean() / posterior.mean[0].numel()
        loss = picture_loss(decoded, pictures) + KL_WEIGHT * kl
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / 100) * max(0.02, (1 - step / steps) ** 0.8)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        checkpoint.follow(average.parameters(), model.parameters(), step, horizon=0.995)
        if (step + 1) % 100 == 0:
            pace = (time.monotonic() - started) / (step + 1 - first)
            print(f"autoencoder: {step + 1} of {steps}, loss {loss.item():.4f}, {pace:.2f} s a step", flush=True)
        if (step + 1) % checkpoint.EVERY == 0 or step + 1 == steps:
            checkpoint.save(work / "autoencoder.pt", step + 1, parts)
            print(f"autoencoder: {held_back_psnr(average, drawn, device):.2f} dB on pictures held back", flush=True)
    average.register_to_config(
        scaling_factor=1 / float(encoded(average, drawn, range(min(512, drawn.training)), device).std())
    )
    average.half().save_pretrained(folder)


@torch.no_grad()
def encoded(model: Any, drawn: Drawn, numbers: range, device: str) -> Tensor:
    """The latents (N, C, h, w) of pictures, the middle of what the encoder says, not scaled."""
    latents = []
    for start in range(numbers.start, numbers.stop, 32):
        images = [torch.tensor(drawn.image(n)) for n in range(start, min(start + 32, numbers.stop))]
        x = as_pixels(torch.stack(images)).to(device)
        latents.append(model.encode(x.contiguous(memory_format=torch.channels_last)).latent_dist.mode().cpu())
    return torch.cat(latents)


@torch.no_grad()
def held_back_psnr(model: Any, drawn: Drawn, device: str, count: int = 64) -> float:
    """Mean PSNR in dB of pictures from the streams held back."""
    last = len(drawn.scenes)
    numbers = range(max(drawn.training, last - count), last)
    truth = torch.stack([torch.tensor(drawn.image(n)) for n in numbers])
    latents = encoded(model, drawn, numbers, device).to(device)
    decoded = torch.cat([model.decode(z).sample.cpu() for z in latents.split(16)]).clamp(-1, 1)
    return float((10 * torch.log10(4 / (decoded - as_pixels(truth)).square().mean((1, 2, 3)))).mean())
