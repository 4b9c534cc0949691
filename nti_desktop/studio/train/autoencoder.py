"""Stage 3: the autoencoder, trained first on cuttings, which are cheap, then on whole pictures.

No perceptual weights are at hand: sharpness comes from the differences between neighbours, at several scales. Latents
that are a little wrong, or half as large, are decoded too, so that the decoder forgives what diffusion makes of them
(Skorokhodov et al. 2025, "Improving the diffusability of autoencoders").
"""

import copy
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
from nti_desktop.studio.train.course import Clock, course_of, half
from nti_desktop.studio.train.muon import optimisers_of
from nti_desktop.studio.train.pictures import CELL, HELD_BACK, SIZE, Drawn, is_drawn, load, wait_for

WIDTHS = (16, 32, 64, 128, 192)  # four halvings: a latent stands for 16x16 pixels
LATENT_CHANNELS = 16
THINGS = 4.0  # how much more things count
LEARNING_RATE = 3e-4
KL_WEIGHT = 5e-5
SCALED_BY = 256  # pictures, whose latents get a deviation of 1
ENCODED_AT_ONCE = 32
LATENT_NOISE = 0.3  # most of it, in deviations of the latents


def new_autoencoder() -> Any:
    """An untrained one."""
    return AutoencoderKL(
        block_out_channels=WIDTHS,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=1,  # smaller ones lose what their few channels have in common, and take half as long again
        down_block_types=["DownEncoderBlock2D"] * len(WIDTHS),
        up_block_types=["UpDecoderBlock2D"] * len(WIDTHS),
        mid_block_add_attention=False,
        sample_size=SIZE,
    )


@torch.no_grad()
def start_open(model: Any) -> None:
    """Let colours through from the first step on: as it begins, an autoencoder gives the mean of each cell.

    As diffusers leaves it, its layers weaken what they pass on, and its last normalisations take the brightness of a
    picture away; form is learned soon then and colour after thousands of steps. Here halvings average, doublings
    repeat, residual branches add nothing, and the first channels carry the colours and their opposites, as silu(x) -
    silu(-x) = x. Constants beside them, of both signs, make up nearly all that the last normalisations see, so that
    these divide by about the same everywhere.
    """
    encoder, decoder = model.encoder, model.decoder
    convolutions = ((name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d))
    for name, layer in convolutions:
        assert layer.bias is not None
        if "samplers" in name:
            nn.init.dirac_(layer.weight)
            if "down" in name:  # padded below and to the right: these four are one cell of the smaller grid
                layer.weight.copy_(layer.weight.amax((2, 3), keepdim=True) * CELL_MEAN)
            nn.init.zeros_(layer.bias)
        elif name.endswith(("conv_shortcut", "quant_conv")):
            nn.init.dirac_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif name.endswith("conv2"):
            nn.init.zeros_(layer.weight)
    for colours_in in (encoder.conv_in, decoder.conv_in):
        nn.init.zeros_(colours_in.weight[: 2 * COLOURS])
        nn.init.zeros_(colours_in.bias[: 2 * COLOURS])
    for colours_out in (encoder.conv_out, decoder.conv_out):
        nn.init.zeros_(colours_out.weight[:COLOURS])
        nn.init.zeros_(colours_out.bias[:COLOURS])
    for colour in range(COLOURS):
        for channel, sign in ((colour, 1.0), (COLOURS + colour, -1.0)):
            encoder.conv_in.weight[channel, colour, 1, 1] = sign
            decoder.conv_in.weight[channel, colour, 1, 1] = sign
            for colours_out in (encoder.conv_out, decoder.conv_out):
                colours_out.weight[colour, channel, 1, 1] = sign * STEADY * STEADIED**0.5
    for last in (encoder.mid_block.resnets[-1].conv2, decoder.up_blocks[-1].resnets[-1].conv2):
        half_of_them = int(len(last.bias) * STEADIED) // 2
        last.bias[-2 * half_of_them :] = STEADY
        last.bias[-half_of_them:] = -STEADY


COLOURS = 3
STEADY, STEADIED = 4.0, 0.25  # the constants, and the share of the channels that are
CELL_MEAN = torch.tensor([[0.25, 0.25, 0.0], [0.25, 0.25, 0.0], [0.0, 0.0, 0.0]])


@dataclass(frozen=True, eq=False)
class Pictures:
    """images: (B, 3, side, side) in [-1, 1]; emphasis: (B, 1, side, side), how much a pixel counts, 1 or more."""

    images: Tensor
    emphasis: Tensor


def cuttings(drawn: Drawn, count: int, side: int, random: torch.Generator, device: str) -> Pictures:
    """Pieces of training pictures, every pixel of which counts the same: one around the first thing, one anywhere, and
    so on by turns.
    """
    pieces = []
    for turn, number in enumerate(torch.randint(0, len(drawn.scenes), (count,), generator=random).tolist()):
        image = drawn.image(number)
        size = torch.tensor(image.shape[:2])
        last = size - side
        corner = (torch.rand(2, generator=random) * (last + 1)).long()
        if turn % 2 == 0:
            around = middle(drawn.mask(number)[1]) * size - torch.rand(2, generator=random) * side
            corner = torch.minimum(around.long().clamp(min=0), last)
        top, left = corner.tolist()
        pieces.append(image[top : top + side, left : left + side])
    images = as_pixels(pieces, device)
    return Pictures(images, torch.ones_like(images[:, :1]))


def middle(mask: NDArray[np.uint8]) -> Tensor:
    """Row and column (2,) of a mask's middle (h, w), from 0 to 1; the middle of the picture if it is empty."""
    weights = torch.tensor(mask).float()
    if not weights.any():
        return torch.full((2,), 0.5)
    down, across = ((torch.arange(side) + 0.5) / side for side in weights.shape)
    return torch.stack([(weights.sum(1) * down).sum(), (weights.sum(0) * across).sum()]) / weights.sum()


def whole_pictures(drawn: Drawn, count: int, random: torch.Generator, device: str) -> Pictures:
    """Training pictures of one format, whose things count more than what is around: they are small, and what one looks
    at.
    """
    numbers = of_one_format(drawn, count, random)
    images = as_pixels([drawn.image(n) for n in numbers], device)
    masks = np.stack([drawn.mask(n) for n in numbers])
    things = torch.tensor(masks[:, 1:], device=device).float().sum(1, keepdim=True) / 255
    near = F.max_pool2d(things, 3, 1, 1)
    return Pictures(images, 1 + (THINGS - 1) * F.interpolate(near, images.shape[-2:], mode="bilinear"))


def of_one_format(drawn: Drawn, count: int, random: torch.Generator) -> list[int]:
    """Numbers of training scenes whose pictures have one format, the one of a scene drawn by lot."""
    first = int(torch.randint(0, len(drawn.scenes), (1,), generator=random))
    alike = drawn.by_format[drawn.formats[first]]
    return [alike[place] for place in torch.randint(0, len(alike), (count,), generator=random).tolist()]


def as_pixels(images: Sequence[NDArray[np.uint8]], device: str) -> Tensor:
    """Pictures of one size (H, W, 3) as one batch (B, 3, H, W) in [-1, 1], channels last."""
    levels = torch.from_numpy(np.stack(images)).to(device)
    return levels.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def picture_loss(decoded: Tensor, pictures: Pictures) -> Tensor:
    """Measure how far decoded pictures are from the true ones: values and slopes, at full, 1/2, 1/4 and 1/8 size.

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
    folder: Path,
    seeds: Sequence[int],
    work: Path,
    model_folder: Path,
    clock: Clock,
    device: str,
    seed: int = 0,
) -> None:
    """Train on the streams of these seeds, on cuttings first, and write the moving average into a folder.

    Streams that are drawn meanwhile, by another process, are taken up at the next checkpoint.
    """
    torch.manual_seed(seed)
    course = course_of(device)
    model = new_autoencoder()
    start_open(model)
    model = model.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    optimisers = optimisers_of(model, weight_decay=1e-4)
    parts: dict[str, Any] = {"model": model, "average": average, **optimisers}
    step = first = checkpoint.resume(work / "autoencoder.pt", parts)
    wait_for(folder, seeds[: HELD_BACK + 1])
    drawn, held_back = _drawn_by_now(folder, seeds), load(folder, seeds[:HELD_BACK])
    started = time.monotonic()
    done = clock.done(step)
    while done < 1:
        random = checkpoint.generator(seed, step)
        if done >= course.whole:
            pictures = whole_pictures(drawn, course.pictures, random, device)
        else:
            pictures = cuttings(drawn, course.cuttings, course.cutting, random, device)
        with half(device):
            posterior = DiagonalGaussianDistribution(model.encode(pictures.images).latent_dist.parameters.float())
            latents, pictures = _disturbed(posterior.mean, pictures, step, random)
            decoded = model.decode(latents).sample.float()
        kl = posterior.kl().mean() / posterior.mean[0].numel()
        loss = picture_loss(decoded, pictures) + KL_WEIGHT * kl
        for group in (group for optimiser in optimisers.values() for group in optimiser.param_groups):
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / 100) * max(0.02, (1 - done) ** 0.8)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers.values():
            optimiser.step()
        checkpoint.follow(average.parameters(), model.parameters(), step, horizon=0.995)
        step, done = step + 1, clock.done(step + 1)
        if step % 100 == 0:
            pace = (time.monotonic() - started) / (step - first)
            print(f"autoencoder: {step}, {done:.0%}, loss {loss.item():.4f}, {pace:.3f} s a step", flush=True)
        if step % course.every == 0 or done >= 1:
            checkpoint.save(work / "autoencoder.pt", step, parts)
            drawn = _drawn_by_now(folder, seeds)
            decibels = psnr(partial(there_and_back, average), held_back, device)
            print(
                f"autoencoder: {decibels:.2f} dB on pictures held back, {len(drawn.scenes)} to learn from", flush=True
            )
    spread = encoded(average, drawn, of_one_format(drawn, SCALED_BY, checkpoint.generator(seed, step)), device).std()
    average.register_to_config(scaling_factor=1 / float(spread))
    replaced(average.half(), model_folder)


def replaced(model: Any, folder: Path) -> None:
    """Write a model into a folder in place of what is there; who waits for the folder finds all of it."""
    unfinished = folder.with_suffix(".new")
    model.save_pretrained(unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(unfinished, folder)


def _drawn_by_now(folder: Path, seeds: Sequence[int]) -> Drawn:
    """All but those that are held back."""
    return load(folder, [seed for seed in seeds[HELD_BACK:] if is_drawn(folder, seed)])


def _disturbed(latents: Tensor, pictures: Pictures, step: int, random: torch.Generator) -> tuple[Tensor, Pictures]:
    """Latents as diffusion may make them, and what they should be decoded to: a little wrong, and at every other step
    at half their size.
    """
    latents = noised(latents, LATENT_NOISE, random)
    if step % 2:
        return latents, pictures
    height, width = (side // 2 for side in latents.shape[-2:])
    seen = np.s_[..., : 2 * CELL * height, : 2 * CELL * width]  # an odd last cell is left out
    halved = (F.avg_pool2d(part[seen], 2) for part in (pictures.images, pictures.emphasis))
    return F.avg_pool2d(latents, 2), Pictures(*halved)


def noised(latents: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Latents (B, C, h, w) with noise of up to so many of their deviations, of each another share."""
    strength = most * torch.rand(len(latents), 1, 1, 1, generator=random).to(latents.device)
    noise = torch.randn(latents.shape, generator=random).to(latents.device)
    return latents + strength * latents.detach().std() * noise


@torch.no_grad()
def encoded(model: Any, drawn: Drawn, numbers: Sequence[int], device: str) -> Tensor:
    """The latents (N, C, h, w) of pictures of one format, the middle of what the encoder says, not scaled."""
    latents = []
    for start in range(0, len(numbers), ENCODED_AT_ONCE):
        x = as_pixels([drawn.image(n) for n in numbers[start : start + ENCODED_AT_ONCE]], device)
        latents.append(model.encode(x).latent_dist.mode().cpu())
    return torch.cat(latents)


@torch.no_grad()
def psnr(through: Callable[[Tensor], Tensor], drawn: Drawn, device: str, count: int = 64) -> float:
    """Mean PSNR in dB of the first pictures. through: what comes back of a picture (1, 3, H, W)."""
    found = []
    for number in range(min(count, len(drawn.scenes))):
        truth = as_pixels([drawn.image(number)], device)
        found.append(10 * torch.log10(4 / (through(truth).clamp(-1, 1) - truth).square().mean()))
    return float(torch.stack(found).mean())


def there_and_back(model: Any, picture: Tensor) -> Tensor:
    """A picture (1, 3, H, W) after its way through an autoencoder and back."""
    decoded: Tensor = model.decode(model.encode(picture).latent_dist.mode()).sample
    return decoded
