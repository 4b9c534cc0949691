"""What a preview decoder saves of a preview: the autoencoder and it draw the same latents in turn.

`python -m tests.benchmarks.decoders [SIDE [MODEL]]`: a model that has one, else Stable Diffusion 1.5's autoencoder and
TAESD's decoder, both with random weights.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from statistics import median
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image

from nti_desktop.core.resources import resource
from nti_desktop.core.units import decibels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.preview_decoder import PreviewNetwork
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.preview_decoders import structure_of
from tests.benchmarks import sd15
from tests.benchmarks.costs import Contestant, Outcome, fix_conditions, take_turns
from tests.benchmarks.full_size import full_size_model

ROUNDS = 5
AUTOENCODER, SMALL = "autoencoder", "preview decoder"
PHOTO = resource("samples", "glass-bowl.jpg")


@dataclass(frozen=True)
class Decoding:
    """What one decoder took for one picture. seconds: of each turn; psnr: dB to the photo, which says something of
    trained weights only; weights: bytes.
    """

    seconds: tuple[float, ...]
    psnr: float
    weights: int


def random_pair() -> DiffusionModel:
    """Stable Diffusion 1.5 with TAESD's decoder and a narrow UNet, which is not asked."""
    structure = structure_of({"_class_name": "AutoencoderTiny"})
    assert structure is not None
    with patch.object(sd15, "WIDTHS", (32, 32, 32, 32)):
        return replace(full_size_model(), preview_decoder=PreviewNetwork(structure))


def measure_decoders(model: DiffusionModel, side: int, rounds: int = ROUNDS) -> dict[str, Decoding]:
    """By name, both in turn, of a picture with this side in pixels."""
    with Image.open(PHOTO) as photo:
        image = np.asarray(photo.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    latents = model.encode(image)
    draws = {AUTOENCODER: (model.decode, model.vae), SMALL: (model.decode_preview, model.preview_decoder)}
    costs = take_turns(
        [Contestant(name, lambda _, draw=draw: Outcome(draw(latents))) for name, (draw, _) in draws.items()], rounds
    )
    return {
        name: Decoding(
            costs[name].seconds,
            decibels(costs[name].outcome.picture, image / np.float32(255)),
            sum(weight.nbytes for weight in part.parameters()),
        )
        for name, (_, part) in draws.items()
    }


def main(side: str = "512", model: str | None = None) -> None:
    """Print both, a line each, and then as JSON."""
    fix_conditions()
    torch.set_num_threads(1)
    found = measure_decoders(random_pair() if model is None else load_model(find_model(model).files), int(side))
    usual = {name: median(decoding.seconds) for name, decoding in found.items()}
    for name, decoding in found.items():
        print(
            f"{name}: median {usual[name] * 1e3:.1f} ms, least {min(decoding.seconds) * 1e3:.1f} ms, "
            f"{usual[AUTOENCODER] / usual[name]:.1f} times as fast as the autoencoder; {decoding.weights / 1e6:.1f} MB"
            + ("" if model is None else f"; {decoding.psnr:.1f} dB to the photo")
        )
    print(json.dumps({name: asdict(decoding) for name, decoding in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
