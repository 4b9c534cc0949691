"""Stage 5: what decodes the latents that the encoder has settled on: the decoder, sharpened, and a small one, for
previews.

The encoder stays, so diffusion can train meanwhile. The decoder learns what pictures look like from a critic of patches
(Isola et al. 2017; hinge loss, its share found as by Esser et al. 2021), beside what it learned first.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

from nti_desktop.engine.model.preview_decoder import PreviewNetwork, save_weights
from nti_desktop.models.library.preview_decoders import CONFIG, WEIGHTS, config_of
from nti_desktop.models.library.preview_decoders import FOLDER as PREVIEW
from nti_desktop.recipe.jobs import DecoderKind, DecoderStructure
from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.autoencoder import (
    LATENT_CHANNELS,
    Pictures,
    cuttings,
    noised,
    picture_loss,
    psnr,
    replaced,
    there_and_back,
    whole_pictures,
)
from nti_desktop.studio.train.course import Clock, course_of, half
from nti_desktop.studio.train.pictures import CELL, HELD_BACK, Drawn, is_drawn, load, wait_for

# Most of its work is done where there are few cells.
SMALL = DecoderStructure(
    DecoderKind.SUB_PIXEL, LATENT_CHANNELS, widths=(64, 64, 32), blocks=(2, 1, 1), factors=(2, 2, 4)
)
CRITIC_WIDTHS = (48, 96, 192)
CRITIC_SHARE = 0.3  # of the gradient of what the decoder has learned, at its last layer
LATENT_NOISE = 0.1  # as in the stage before, but less
LEARNING_RATE = 3e-4
SMALL_LEARNING_RATE = 2e-3


def new_critic() -> nn.Sequential:
    """Says of every patch of pictures (B, 3, H, W) how true it looks (B, 1, h, w)."""
    layers: list[nn.Module] = []
    before = 3
    for width in CRITIC_WIDTHS:
        layers += [nn.Conv2d(before, width, 4, 2, 1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2)]
        before = width
    del layers[1]  # colours count
    return nn.Sequential(*layers, nn.Conv2d(before, before, 3, 1, 1), nn.LeakyReLU(0.2), nn.Conv2d(before, 1, 3, 1, 1))


def train_decoders(
    folder: Path, seeds: Sequence[int], work: Path, model: Path, clock: Clock, device: str, seed: int = 0
) -> None:
    """Train both on the streams of these seeds; the sharper autoencoder goes to vae-sharp, the small decoder to
    preview_decoder, in the model's folder.
    """
    torch.manual_seed(seed)
    course = course_of(device)
    wait_for(folder, seeds[: HELD_BACK + 1])
    drawn = load(folder, [seed for seed in seeds[HELD_BACK:] if is_drawn(folder, seed)])
    held_back = load(folder, seeds[:HELD_BACK])
    vae: Any = AutoencoderKL.from_pretrained(model / "vae", low_cpu_mem_usage=False)
    vae.to(device, memory_format=torch.channels_last)
    critic, small = new_critic().to(device), PreviewNetwork(SMALL).to(device)
    decoder = [*vae.post_quant_conv.parameters(), *vae.decoder.parameters()]
    optimisers = {
        "decoder": torch.optim.AdamW(decoder, betas=(0.8, 0.98), weight_decay=1e-4, fused=True),
        "critic": torch.optim.AdamW(critic.parameters(), betas=(0.5, 0.9), weight_decay=1e-4, fused=True),
        "small": torch.optim.AdamW(small.parameters(), betas=(0.9, 0.98), weight_decay=1e-4, fused=True),
    }
    parts: dict[str, Any] = {"vae": vae, "critic": critic, "small_decoder": small.layers, **optimisers}
    rates = {"decoder": LEARNING_RATE, "critic": LEARNING_RATE, "small": SMALL_LEARNING_RATE}
    step = checkpoint.resume(work / "decoders.pt", parts)
    done = clock.done(step)
    while done < 1:
        random = checkpoint.generator(seed, step)
        pictures = _pictures(drawn, course.pictures // 2, random, device)
        with torch.no_grad(), half(device):
            latents = noised(vae.encode(pictures.images).latent_dist.mode().float(), LATENT_NOISE, random)
        with half(device):
            decoded = vae.decode(latents).sample.float()
            previewed = small(latents * vae.config.scaling_factor).float()
            truth = _pieces(pictures.images, decoded, random)
            judged = critic(truth[1]).float()
        known = picture_loss(decoded, pictures)
        share = _share(known, -judged.mean(), vae.decoder.conv_out.weight)
        for name, optimiser in optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = rates[name] * min(1, (step + 1) / 100) * max(0.02, 1 - done)
            optimiser.zero_grad()
        (known - share * judged.mean() + picture_loss(previewed, pictures)).backward()
        optimisers["decoder"].step()
        optimisers["small"].step()
        optimisers["critic"].zero_grad()
        with half(device):
            true, made = critic(torch.cat([truth[0], truth[1].detach()])).float().chunk(2)
        (F.relu(1 - true).mean() + F.relu(1 + made).mean()).backward()
        optimisers["critic"].step()
        step, done = step + 1, clock.done(step + 1)
        if step % 100 == 0:
            print(f"decoders: {step}, {done:.0%}, loss {known.item():.4f}, share {float(share):.3f}, ", end="")
            print(f"critic {true.mean().item():.2f} {made.mean().item():.2f}", flush=True)
        if step % course.every == 0 or done >= 1:
            checkpoint.save(work / "decoders.pt", step, parts)
    sharp = psnr(partial(there_and_back, vae), held_back, device)
    quick = psnr(lambda picture: small(_latents(vae, picture)), held_back, device)
    print(f"decoders: {sharp:.2f} dB on pictures held back, the small one {quick:.2f}", flush=True)
    replaced(vae.half(), model / "vae-sharp")
    save_preview_decoder(small, model / PREVIEW)


def save_preview_decoder(small: PreviewNetwork, folder: Path) -> None:
    """Write one of structure SMALL as it is read."""
    folder.mkdir(exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config_of(SMALL), indent=2) + "\n", "utf-8")
    save_weights(small, folder / WEIGHTS)


def _latents(vae: Any, pictures: Tensor) -> Tensor:
    """Of pictures (B, 3, H, W), scaled."""
    latents: Tensor = vae.encode(pictures).latent_dist.mode() * vae.config.scaling_factor
    return latents


def _pictures(drawn: Drawn, count: int, random: torch.Generator, device: str) -> Pictures:
    """Whole ones and cuttings by turns of chance."""
    if torch.rand((), generator=random) < 0.5:
        return whole_pictures(drawn, count, random, device)
    return cuttings(drawn, 2 * count, 12 * CELL, random, device)


def _pieces(images: Tensor, decoded: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """The same piece of both (B, 3, 128, 128), moved by no whole cell, so that the critic sees no grid."""
    side = 8 * CELL
    top, left = (int(torch.randint(0, last - side + 1, (1,), generator=random)) for last in images.shape[-2:])
    return images[..., top : top + side, left : left + side], decoded[..., top : top + side, left : left + side]


def _share(known: Tensor, critical: Tensor, last: Tensor) -> Tensor:
    """The critic's weight at which its gradient at the last layer is CRITIC_SHARE of the other loss's."""
    norms = [torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (known, critical)]
    share: Tensor = CRITIC_SHARE * norms[0] / (norms[1] + 1e-6)
    return share.clamp(max=10).detach()
