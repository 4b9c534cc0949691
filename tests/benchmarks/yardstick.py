"""The published algorithms, plainly, written from the papers: null-text inversion (Mokady et al. 2023) and
Prompt-to-Prompt (Hertz et al. 2022).

Nothing of the program's own engine is used but its list of a prompt's tokens. It keeps the published accident of
computing gradients for the UNet's weights, unless the weights are frozen by whoever calls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from nti_desktop.engine.sampling.tokens import tokenize
from tests.published import refinement_mapping

INNER_STEPS = 10
LARGEST_SELF_MAP = 32**2  # positions; larger self-attention maps are not replaced


@dataclass(frozen=True, eq=False)
class Pipeline:
    """The parts of a model, as their libraries load them."""

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    scheduler: Any

    @property
    def device(self) -> torch.device:
        device: torch.device = self.unet.device
        return device

    @torch.no_grad()
    def encode(self, image: NDArray[np.uint8]) -> Tensor:
        """(H, W, 3) uint8 to latents (1, C, h, w)."""
        pixels = torch.tensor(image, device=self.device).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents: Tensor = self.vae.encode(pixels).latent_dist.mean * self.vae.config.scaling_factor
        return latents

    @torch.no_grad()
    def decode(self, latents: Tensor) -> NDArray[np.float32]:
        """Latents (1, C, h, w) to (H, W, 3) in [0, 1]."""
        pixels = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        picture: NDArray[np.float32] = (pixels[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        return picture

    @torch.no_grad()
    def embed(self, prompt: str) -> Tensor:
        """(1, tokens, width)."""
        length = self.tokenizer.model_max_length
        tokens = self.tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        embedding: Tensor = self.text_encoder(tokens.input_ids.to(self.device)).last_hidden_state
        return embedding


def load_pipeline(folder: Path, device: torch.device) -> Pipeline:
    """Load a diffusers folder in float32."""
    return Pipeline(
        unet=UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).to(device).float(),
        vae=AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False).to(device).float(),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder").to(device).float(),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        scheduler=DDIMScheduler.from_pretrained(folder / "scheduler"),
    )


@dataclass(frozen=True, eq=False)
class Inversion:
    """latents: those of the photo at first, of pure noise at last, steps + 1 of (1, C, h, w); null_embeddings: one
    (1, tokens, width) for each step, noisiest first; reconstruction: (1, C, h, w); inner_steps: taken in all.
    """

    latents: list[Tensor]
    null_embeddings: list[Tensor]
    reconstruction: Tensor
    inner_steps: int


def noise_in(pipeline: Pipeline, output: Tensor, latents: Tensor, t: int) -> Tensor:
    """The noise that a raw output at timestep t means; the papers' models predict it outright."""
    if pipeline.scheduler.config.prediction_type == "epsilon":
        return output
    alpha = pipeline.scheduler.alphas_cumprod[t]
    noise: Tensor = alpha**0.5 * output + (1 - alpha) ** 0.5 * latents
    return noise


def previous_step(pipeline: Pipeline, output: Tensor, t: int, latents: Tensor) -> Tensor:
    """One DDIM step towards the photo."""
    scheduler = pipeline.scheduler
    before = t - scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    return _move(latents, noise_in(pipeline, output, latents, t), _alpha(scheduler, t), _alpha(scheduler, before))


def next_step(pipeline: Pipeline, output: Tensor, t: int, latents: Tensor) -> Tensor:
    """One DDIM step towards noise, to timestep t."""
    scheduler = pipeline.scheduler
    before = t - scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    return _move(latents, noise_in(pipeline, output, latents, t), _alpha(scheduler, before), _alpha(scheduler, t))


def _alpha(scheduler: Any, t: int) -> Tensor:
    alpha: Tensor = scheduler.alphas_cumprod[t] if t >= 0 else scheduler.final_alpha_cumprod
    return alpha


def _move(latents: Tensor, noise: Tensor, alpha: Tensor, alpha_to: Tensor) -> Tensor:
    clean = (latents - (1 - alpha) ** 0.5 * noise) / alpha**0.5
    return alpha_to**0.5 * clean + (1 - alpha_to) ** 0.5 * noise


def ddim_inversion(pipeline: Pipeline, latents: Tensor, prompt: str, steps: int) -> list[Tensor]:
    """The latents of every level up, with the source prompt alone (guidance 1)."""
    pipeline.scheduler.set_timesteps(steps)
    conditional = pipeline.embed(prompt)
    found = [latents]
    with torch.no_grad():
        for t in reversed(pipeline.scheduler.timesteps.tolist()):
            output = pipeline.unet(found[-1], t, encoder_hidden_states=conditional).sample
            found.append(next_step(pipeline, output, t, found[-1]))
    return found


def null_text_inversion(pipeline: Pipeline, latents: Tensor, prompt: str, steps: int, guidance: float) -> Inversion:
    """The latents up, and for every step the null embedding that guides back down along them."""
    path = ddim_inversion(pipeline, latents, prompt, steps)
    null_embedding, conditional = pipeline.embed(""), pipeline.embed(prompt)
    null_embeddings, inner_steps, z = [], 0, path[-1]
    for i, t in enumerate(pipeline.scheduler.timesteps.tolist()):
        null_embedding = null_embedding.clone().detach().requires_grad_()
        adam = torch.optim.Adam([null_embedding], lr=1e-2 * (1 - i / 100))
        target = path[len(path) - i - 2]
        with torch.no_grad():
            told = pipeline.unet(z, t, encoder_hidden_states=conditional).sample
        for _ in range(INNER_STEPS):
            free = pipeline.unet(z, t, encoder_hidden_states=null_embedding).sample
            loss = F.mse_loss(previous_step(pipeline, free + guidance * (told - free), t, z), target)
            adam.zero_grad()
            loss.backward()
            adam.step()
            inner_steps += 1
            if loss.item() < 1e-5 + 2e-5 * i:
                break
        null_embeddings.append(null_embedding.detach())
        with torch.no_grad():
            both = torch.cat([null_embeddings[-1], conditional])
            free, told = pipeline.unet(torch.cat([z, z]), t, encoder_hidden_states=both).sample.chunk(2)
            z = previous_step(pipeline, free + guidance * (told - free), t, z)
    return Inversion(path, null_embeddings, z, inner_steps)


@dataclass
class AttentionEdit:
    """What an edit does to the attention maps of four rows: source and edit without words, source and edit with them.

    mapper: (tokens, tokens), carries the source's map to the edit's tokens; alphas: (steps + 1, tokens), 1 where it
    does at a step; equalizer: (tokens,) factors of the first cross_steps steps; self_steps: so many first steps take
    the source's self-attention.
    """

    mapper: Tensor
    alphas: Tensor
    equalizer: Tensor
    cross_steps: int
    self_steps: int
    step: int = 0

    def __call__(self, maps: Tensor, cross: bool) -> Tensor:
        """maps: (4, heads, positions, tokens or positions)."""
        free, (source, edit) = maps[:2], maps[2:]
        if cross:
            alpha = self.alphas[self.step]
            edit = (source @ self.mapper) * alpha + edit * (1 - alpha)
            if self.step < self.cross_steps:  # re-weighting is an edit of the maps, which end with their window
                edit = edit * self.equalizer
        elif self.step < self.self_steps and source.shape[1] <= LARGEST_SELF_MAP:
            edit = source
        return torch.cat([free, source[None], edit[None]])


class MappedAttention:
    """An attention layer whose maps are made, changed and then used."""

    def __init__(self, change: Callable[[Tensor, bool], Tensor]) -> None:
        self.change = change

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: Any
    ) -> Tensor:
        words = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = (
            layer(x).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for layer, x in ((attn.to_q, hidden_states), (attn.to_k, words), (attn.to_v, words))
        )
        maps = (q @ k.transpose(-1, -2) * attn.scale).softmax(-1)
        found = self.change(maps, encoder_hidden_states is not None) @ v
        answer: Tensor = attn.to_out[0](found.transpose(1, 2).flatten(2))
        return answer


@torch.no_grad()
def prompt_to_prompt(
    pipeline: Pipeline, inversion: Inversion, prompts: tuple[str, str], guidance: float, change: AttentionEdit
) -> Tensor:
    """Run source and edit together from the noise, four rows a step. Returns the latents (2, C, h, w) of both."""
    processors = pipeline.unet.attn_processors
    pipeline.unet.set_attn_processor(MappedAttention(change))
    try:
        z = inversion.latents[-1].repeat(2, 1, 1, 1)
        conditional = torch.cat([pipeline.embed(prompt) for prompt in prompts])
        for step, t in enumerate(pipeline.scheduler.timesteps.tolist()):
            change.step = step
            null_embedding = inversion.null_embeddings[step].repeat(2, 1, 1)
            rows = torch.cat([null_embedding, conditional])
            free, told = pipeline.unet(torch.cat([z, z]), t, encoder_hidden_states=rows).sample.chunk(2)
            z = previous_step(pipeline, free + guidance * (told - free), t, z)
    finally:
        pipeline.unet.set_attn_processor(processors)
    return z


def attention_edit(
    pipeline: Pipeline, prompts: tuple[str, str], cross_steps: int, self_steps: int, steps: int
) -> AttentionEdit:
    """The published edit that fits two prompts: replacement where both have as many tokens, refinement otherwise."""
    source, edit = (tokenize(pipeline.tokenizer, prompt, pipeline.tokenizer.model_max_length) for prompt in prompts)
    mapper = torch.eye(len(edit.ids)) if source.end == edit.end else refinement_mapping(source, edit)
    alphas = torch.zeros(steps + 1, len(edit.ids))
    alphas[:cross_steps] = (mapper.sum(0) > 0).float()
    mapper, alphas, equalizer = (x.to(pipeline.device) for x in (mapper, alphas, torch.ones(len(edit.ids))))
    return AttentionEdit(mapper, alphas, equalizer, cross_steps, self_steps)
