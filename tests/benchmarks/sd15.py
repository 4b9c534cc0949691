"""A model of Stable Diffusion 1.5's published sizes with random weights: costs of the real size, pictures of none."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.engine.text import PromptReader
from nti_desktop.jobs import CancelToken, report_nothing
from nti_desktop.models.catalog import find_model
from nti_desktop.recipe.settings import InversionSettings, Method, Schedule
from nti_desktop.resources import resource
from tests.benchmarks.contestants import PUBLISHED_GUIDANCE
from tests.benchmarks.costs import fix_conditions
from tests.benchmarks.memory import Memory, measure_memory, peak_of
from tests.benchmarks.speed import Speed, measure_speed

ESTIMATED_STEPS = 2

# Channels of the published weights; tests make a narrow model of the same shape.
WIDTHS = (320, 640, 1280, 1280)
VAE_WIDTHS = (128, 256, 512, 512)
TEXT_WIDTH = 768


@dataclass(frozen=True)
class FullSize:
    """steps: of everybody, fewer than published because only ratios are wanted."""

    steps: int
    speed: Speed
    memory: Memory


@dataclass(frozen=True)
class Estimate:
    """Of the engine's null-text at 512x512 in half precision: half of what two timesteps of one inner step each
    take in float32, on a processor, which computes half precision far too slowly. Bytes: weights of the UNet, and of
    the autoencoder and the text encoder, which stay float32; peak beyond the loaded model, None where this system does
    not tell.
    """

    unet: int
    others: int
    peak: int | None


def measure_full_size(rounds: int, photos: int, steps: int) -> FullSize:
    """Everyone on the big model, in float32 for the ratios and as the engine chooses for the memory."""
    with TemporaryDirectory() as folder:
        write_model(Path(folder))
        entry = find_model(folder)
        return FullSize(steps, measure_speed(entry, rounds, photos, steps), measure_memory(entry, steps))


def write_model(folder: Path) -> None:
    """Write it in the diffusers layout, with CLIP's real vocabulary."""
    parts = make_parts()
    for name, part in parts.items():
        part.save_pretrained(folder / name)
    index = {name: [part.__class__.__module__.partition(".")[0], type(part).__name__] for name, part in parts.items()}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"} | index), "utf-8")


def make_parts() -> dict[str, Any]:
    """The parts of the model, by the names of their folders."""
    torch.manual_seed(0)
    return {
        "unet": UNet2DConditionModel(
            sample_size=64, block_out_channels=WIDTHS, cross_attention_dim=TEXT_WIDTH, attention_head_dim=8
        ),
        "vae": AutoencoderKL(
            sample_size=512,
            block_out_channels=VAE_WIDTHS,
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
        ),
        "text_encoder": CLIPTextModel(
            CLIPTextConfig(
                hidden_size=TEXT_WIDTH,
                intermediate_size=4 * TEXT_WIDTH,
                num_hidden_layers=12,
                num_attention_heads=12,
                bos_token_id=49406,
                eos_token_id=49407,
            )
        ),
        "tokenizer": CLIPTokenizer.from_pretrained(resource("models", "configs", "clip_tokenizer")),
        "scheduler": DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
    }


def estimate_memory() -> Estimate:
    """What `Estimate` says; takes about 12 GB and minutes."""
    fix_conditions()
    parts = make_parts()
    model = DiffusionModel(
        unet=parts["unet"],
        vae=parts["vae"],
        text=PromptReader((parts["tokenizer"],), (parts["text_encoder"],)),
        scheduler_config=dict(parts["scheduler"].config),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )
    settings = InversionSettings(
        "a photo of a dog", Method.NULL_TEXT, ESTIMATED_STEPS, PUBLISHED_GUIDANCE, Schedule.REFERENCE
    )
    latents = torch.randn(1, 4, 64, 64)
    prepare = METHODS[settings.method].prepare
    with patch("nti_desktop.engine.methods.null_text.INNER_STEPS", 1):
        peak = peak_of(lambda: prepare(model, latents, settings, report_nothing, CancelToken()))
    unet, vae, text_encoder = (_bytes(part) for part in (model.unet, model.vae, parts["text_encoder"]))
    return Estimate(unet // 2, vae + text_encoder, None if peak is None else peak // 2)


def _bytes(part: torch.nn.Module) -> int:
    return sum(weight.nbytes for weight in part.parameters())


if __name__ == "__main__":
    print(json.dumps(vars(estimate_memory())))
