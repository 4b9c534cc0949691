"""Stages 6 and 7: the UNet and the text encoder together, on the latents of stage 3.

On a plateau the learning rate stays, for as many steps as there is time; each release cools down from there, in a
course of its own, so that the plateau can go on.

The UNet predicts v = sqrt(alpha) eps - sqrt(1 - alpha) x0 (Salimans & Ho, 2022): near pure noise that asks for the
picture the words describe, where predicting eps would ask for what is already in the input.
"""

import copy
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nti_desktop.studio.camera import CELLS
from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.autoencoder import LATENT_CHANNELS
from nti_desktop.studio.train.course import Clock, attend_plainly, course_of, half
from nti_desktop.studio.train.grid import draw_grid
from nti_desktop.studio.train.pictures import REGIONS, Format
from nti_desktop.studio.train.pool import Drafted, Pool
from nti_desktop.studio.train.supervision import supervision_loss, watch
from nti_desktop.studio.train.tokenizer import CONTEXT

WIDTHS = (96, 160, 256)
TEXT_WIDTH = 192
TEXT_LAYERS = 3
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
            num_hidden_layers=TEXT_LAYERS,
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


def weights_of(base: Path) -> tuple[Any, Any]:
    """The UNet and the text encoder of a model, in full precision."""
    unet: Any = UNet2DConditionModel.from_pretrained(base / "unet", low_cpu_mem_usage=False)
    text_encoder: Any = CLIPTextModel.from_pretrained(base / "text_encoder", low_cpu_mem_usage=False)
    return unet.float(), text_encoder.float()


def logarithms_of_signal_to_noise(scheduler: Any) -> Tensor:
    """log(alpha / (1 - alpha)) of every timestep (TIMESTEPS,), falling."""
    alphas: Tensor = scheduler.alphas_cumprod
    return (alphas / (1 - alphas)).log()


def draw_timesteps(levels: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Timesteps (count,): some evenly, which inversion needs, the others by a Laplace distribution around as much noise
    as picture (Hang et al. 2024, "Improved noise schedule for diffusion training").
    """
    device = levels.device
    evenly = torch.randint(0, len(levels), (count,), generator=random, device=device)
    lot = torch.rand(count, generator=random, device=device) - 0.5
    wanted = -SPREAD * lot.sign() * torch.log1p(-2 * lot.abs().clamp(max=0.4999))
    by_noise = torch.searchsorted(-levels, -wanted).clamp(max=len(levels) - 1)
    return torch.where(torch.rand(count, generator=random, device=device) < EVENLY, evenly, by_noise)


@dataclass(frozen=True)
class Schedule:
    """Of the learning rate. highest: what it comes to; warming: over how many steps; cools: whether it falls evenly
    with the share of the course that is done, to a hundredth.
    """

    highest: float
    warming: int
    cools: bool

    def rate(self, step: int, done: float) -> float:
        """At a step, counted from 0, when so much is done."""
        warmed = min(1, (step + 1) / self.warming)
        return self.highest * warmed * (max(0.01, 1 - done) if self.cools else 1)


PLATEAU = Schedule(1e-3, warming=500, cools=False)
COOL_DOWN = Schedule(1e-3, warming=1, cools=True)


class Training:
    """A UNet and a text encoder under way, in a folder that already has autoencoder and tokenizer. compiled: whether a
    step's work gets kernels of its own, by a compiler that must be there; some minutes for each format; base: the
    folder of a model whose weights are where these begin; float32: see `half`.
    """

    def __init__(
        self,
        model: Path,
        device: str,
        seed: int = 0,
        compiled: bool = False,
        base: Path | None = None,
        float32: bool = False,
    ) -> None:
        torch.manual_seed(seed)
        self._model, self._device, self._seed, self._float32 = model, device, seed, float32
        self._course = course_of(device)
        self._scheduler: Any = new_scheduler()
        self._levels = logarithms_of_signal_to_noise(self._scheduler).to(device)
        if base is None:
            unet = new_unet(LATENT_CHANNELS, CELLS)
            text_encoder = new_text_encoder(CLIPTokenizer.from_pretrained(model / "tokenizer"))
        else:
            unet, text_encoder = weights_of(base)
        self.unet: Any = unet.to(device, memory_format=torch.channels_last)
        self.text_encoder: Any = text_encoder.to(device)
        self.average = Average(copy.deepcopy(self.unet), copy.deepcopy(self.text_encoder))
        self._weights = [*self.unet.parameters(), *self.text_encoder.parameters()]
        self._averaged = [*self.average.unet.parameters(), *self.average.text_encoder.parameters()]
        self._optimiser = torch.optim.AdamW(self._weights, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
        self.parts: dict[str, Any] = {
            "unet": self.unet,
            "text_encoder": self.text_encoder,
            "average": self.average.unet,
            "text_average": self.average.text_encoder,
            "optimiser": self._optimiser,
        }
        attend_plainly(self.unet, self.text_encoder, device, float32)
        self._watched = watch(self.unet)
        self._predicted = torch.compile(self._prediction, dynamic=False) if compiled else self._prediction

    def _prediction(
        self, noisy: Tensor, timesteps: Tensor, embeddings: Tensor, names: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what the UNet predicts, shaped like `noisy`, and measure how far its words are from their places."""
        predicted = self.unet(noisy, timesteps, embeddings).sample
        return predicted, supervision_loss(self._watched, names, masks)

    def losses(self, drafted: Drafted, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Of the prediction of v, and of the words' places; noise and timesteps by lot."""
        x0 = drafted.x0.contiguous(memory_format=torch.channels_last)
        noise = torch.randn(x0.shape, generator=random, device=self._device).contiguous(
            memory_format=torch.channels_last
        )
        timesteps = draw_timesteps(self._levels, len(x0), random)
        noisy = self._scheduler.add_noise(x0, noise, timesteps)
        with half(self._device, self._float32):
            embeddings = self.text_encoder(drafted.ids).last_hidden_state
            predicted, place = self._predicted(noisy, timesteps, embeddings, drafted.names, drafted.masks)
        return F.mse_loss(predicted.float(), self._scheduler.get_velocity(x0, noise, timesteps)), place

    def warm_up(self, formats: Iterable[Format]) -> None:
        """Compile for the formats, in cells, what is to be compiled, so that this need not wait for the latents."""
        random = checkpoint.generator(self._seed, 0, self._device)
        for height, width in formats:
            shapes = (self.unet.config.in_channels, height, width), (REGIONS, height, width), (CONTEXT, REGIONS)
            x0, masks, names = (torch.zeros(self._course.scenes, *shape, device=self._device) for shape in shapes)
            ids = torch.zeros(self._course.scenes, CONTEXT, dtype=torch.int64, device=self._device)
            error, place = self.losses(Drafted(x0, masks, ids, names), random)
            (error + place).backward()
            self._optimiser.zero_grad()

    def run(self, pool: Pool, more: Sequence[int], kept: Path, clock: Clock, schedule: Schedule) -> None:
        """Train until the clock says so, from the checkpoint that is kept or from where things stand.

        more: seeds of streams to add to the pool when they are encoded.
        """
        step = first = checkpoint.resume(kept, self.parts)
        started, seen = time.monotonic(), torch.zeros(2, device=self._device)
        done = clock.done(step)
        while done < 1:
            lot, noise = (checkpoint.generator(self._seed + schedule.cools, step, of) for of in ("cpu", self._device))
            error, place = self.losses(pool.draft(self._course.scenes, lot), noise)
            for group in self._optimiser.param_groups:
                group["lr"] = schedule.rate(step, done)
            self._optimiser.zero_grad()
            (error + SUPERVISION_WEIGHT * place).backward()
            torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
            self._optimiser.step()
            early = step if not schedule.cools else step + PLATEAU.warming
            checkpoint.follow(self._averaged, self._weights, early, self._course.follows)
            seen += torch.stack([error.detach(), place.detach()])
            step, done = step + 1, clock.done(step + 1)
            if step % 100 == 0:
                pace = (time.monotonic() - started) / (step - first)
                v, words = (seen / 100).tolist()
                print(f"{kept.stem}: {step}, {done:.0%}, v {v:.4f}, place {words:.3f}, {pace:.3f} s a step", flush=True)
                seen.zero_()
                pool.add_encoded(more)
            if step % self._course.every == 0 or done >= 1:
                checkpoint.save(kept, step, self.parts)
                export(self._model, self.average, self._scheduler)
                draw_grid(self._model, kept.parent / f"{kept.stem}-{step}.png", self._device)
                print(f"{kept.stem}: {pool.size} scenes to learn from", flush=True)


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
    write_index(folder, "StableDiffusionPipeline", scheduler)


def write_index(folder: Path, pipeline: str, scheduler: Any) -> None:
    """Write the index by which diffusers knows the folder's parts. pipeline: name of its class."""
    index = {
        "_class_name": pipeline,
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
