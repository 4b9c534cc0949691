"""A model of Stable Diffusion 1.5's published sizes with random weights: costs of the real size, pictures of none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nti_desktop.core.resources import resource
from nti_desktop.engine.memory.forecast import Forecaster, editing, guiding, learning
from nti_desktop.engine.memory.meta_model import META
from nti_desktop.engine.memory.precision import Precision
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import KINDS
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.settings import EditDefaults
from tests.benchmarks.memory import Memory, measure_memory
from tests.benchmarks.speed import Speed, measure_speed

ESTIMATED = {"sd15": 512, "sdxl": 1024}  # pixels of a picture's side

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
class Rung:
    """Bytes on the device with the savings up to one rung, weights included. weights: that stay there; null_text,
    guided, edit: peaks of preparing by null-text or by the other methods, and of an edit with fifty recorded steps.
    """

    weights: int
    null_text: int
    guided: int
    edit: int


@dataclass(frozen=True)
class Estimate:
    """A published model's UNet in half precision at a picture's side in pixels, done on paper: no device measured it.
    rungs: by the last saving's name.
    """

    model: str
    side: int
    rungs: dict[str, Rung]


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


def estimate_memory() -> list[Estimate]:
    """What `Estimate` says of each; takes no more memory than Python itself."""
    return [_estimated(name, side) for name, side in ESTIMATED.items()]


def _estimated(name: str, side: int) -> Estimate:
    model = published_on_paper(name)
    forecaster = Forecaster(model)
    size = (side // model.scale, side // model.scale)
    recorded = PUBLISHED_STEPS * forecaster.recorded(size, EditDefaults.self_limit)
    rungs = {}
    for saving in Saving:
        null_text, guided, edit = (forecaster.peak(work, saving, size) for work in (learning, guiding, editing))
        weights = model.savings.resident(saving)
        rungs[saving.name.lower()] = Rung(weights, null_text, guided, edit + recorded)
    return Estimate(name, side, rungs)


def published_on_paper(name: str) -> DiffusionModel:
    """A model of the published configuration of this name, without numbers."""
    return published(name, META)


def published(name: str, device: torch.device) -> DiffusionModel:
    """A model of the published configuration of this name, with random weights where the device has numbers."""
    folder = resource("models", "configs", name)
    with device:
        parts = {kind: _part(folder / kind, KINDS[kind]) for kind in KINDS if (folder / kind).is_dir()}
    encoders = tuple(part for kind, part in parts.items() if kind.startswith("text_encoder"))
    tokenizer = CLIPTokenizer.from_pretrained(resource("models", "configs", "clip_tokenizer"))
    text = PromptReader((tokenizer,) * len(encoders), encoders)
    scheduler = json.loads((folder / "scheduler" / "scheduler_config.json").read_text("utf-8"))
    return DiffusionModel(parts["unet"], parts["vae"], text, scheduler, device, Precision(torch.float16, torch.float16))


def _part(folder: Path, kind: Any) -> Any:
    if hasattr(kind, "config_class"):  # of transformers
        return kind(kind.config_class.from_pretrained(folder))
    return kind.from_config(json.loads((folder / "config.json").read_text("utf-8")))


def described(estimates: Sequence[Mapping[str, Any]]) -> str:
    """A table; estimates: as `Estimate` says, read from JSON."""
    blocks = []
    for found in estimates:
        lines = [f"estimate: {found['model']} at {found['side']}x{found['side']}, half precision, GB on the device"]
        lines.append(f"{'savings up to':16} {'weights':>8} {'null-text':>10} {'guided':>8} {'edit':>8}")
        for name, rung in found["rungs"].items():
            weights, null_text, guided, edit = (rung[key] / 1e9 for key in ("weights", "null_text", "guided", "edit"))
            lines.append(f"{name:16} {weights:8.2f} {null_text:10.2f} {guided:8.2f} {edit:8.2f}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


if __name__ == "__main__":
    answer = [asdict(estimate) for estimate in estimate_memory()]
    print(described(answer))
    print(json.dumps(answer))
