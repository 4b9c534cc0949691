"""Train a built-in model of the first world on, so that it also draws broad and tall pictures, and parts of scenes.

Its autoencoder and its words stay; the UNet and the text encoder go on from their weights. Six of ten pictures stay
square and three of four wordings full: with half of the wordings short, grounds of square pictures lost. In the end the
weights are mixed with those that they began from (Wortsman et al. 2022, arXiv 2203.05482), as these know square
pictures best.
"""

import argparse
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from nti_desktop.studio import scenes
from nti_desktop.studio.camera import CELLS
from nti_desktop.studio.captions import Wording, draw_wording, draw_words
from nti_desktop.studio.scenes import Scene, in_format
from nti_desktop.studio.train import pictures
from nti_desktop.studio.train.course import Clock, add_device_options
from nti_desktop.studio.train.diffusion import Schedule, Training, export, new_scheduler, weights_of
from nti_desktop.studio.train.latents import encode_streams
from nti_desktop.studio.train.pictures import HELD_BACK, TrainingSet
from nti_desktop.studio.train.pool import Pool
from nti_desktop.studio.world import ASPECTS, CLOSE, TRAINING_SEEDS, close_to

SHARES = (6, 2, 2)  # of the formats
FULL = 0.75  # of the wordings are as those that the model has learned
SCHEDULE = Schedule(4e-4, warming=100, cools=True)
KEPT = 0.25  # of the weights it began from


def draw(rng: random.Random) -> Scene:
    """The next scene of a stream: of the first world, in one of the formats; of things alone some are seen close."""
    aspect = rng.choices(ASPECTS, SHARES)[0]
    scene = in_format(scenes.draw(rng), aspect, rng.uniform(0.95, 1.1))
    if len(scene.things) == 1 and rng.random() < CLOSE:
        return close_to(scene, rng)
    return scene


def draw_some_words(rng: random.Random) -> Wording:
    """A wording in words of the first world, mostly in full."""
    if rng.random() < FULL:
        return replace(draw_wording(rng), close_ups=False)
    found = draw_words(rng)
    opening = found.opening.replace("picture", "photo")
    return replace(found, opening=opening, close_ups=False, sizes=False, poses=False, places=False, lighting=False)


def begin(base: Path, model: Path) -> None:
    """Make the folder of the model that goes on: autoencoder, tokenizer and words stay as they are."""
    for part in ("vae", "tokenizer"):
        shutil.copytree(base / part, model / part, dirs_exist_ok=True)
    shutil.copy(base / "words.txt", model)


def size_of(model: Path) -> int:
    """The side in pixels of a square picture of CELLS latents a side."""
    halvings = len(AutoencoderKL.load_config(model / "vae")["block_out_channels"]) - 1
    return CELLS << halvings


@torch.no_grad()
def mix(base: Path, model: Path) -> None:
    """Give a model KEPT of another one's weights."""
    for part, before, after in zip(("unet", "text_encoder"), weights_of(base), weights_of(model), strict=True):
        for known, learned in zip(before.parameters(), after.parameters(), strict=True):
            learned.lerp_(known, KEPT)
        after.half().save_pretrained(model / part)


def main() -> None:
    """Run the stages in order; each goes on where it stopped."""
    parser = argparse.ArgumentParser(prog="python -m nti_desktop.studio.train.formats", description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("resources/models/studio"), help="the model that goes on")
    parser.add_argument("--out", type=Path, default=Path("out/formats"), help="pictures, checkpoint and the model")
    parser.add_argument("--streams", type=int, default=82, help=f"of {pictures.SCENES_A_STREAM} scenes")
    parser.add_argument("--steps", type=int, default=5400)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw pictures")
    add_device_options(parser)
    arguments = parser.parse_args()
    out, base, device = arguments.out, arguments.base, arguments.device
    model, seeds = out / "model", TRAINING_SEEDS[: arguments.streams]
    begin(base, model)
    of = TrainingSet(draw, draw_some_words, size_of(model))
    pictures.draw_all(out / "pictures", model / "tokenizer", arguments.streams, arguments.workers, of=of)
    encode_streams(out / "pictures", seeds, model / "vae", out / "latents", device, of)
    pool = Pool(out / "latents", model / "tokenizer", device)
    pool.add_encoded(seeds[HELD_BACK:])
    training = Training(model, device, base=base, float32=arguments.float32)
    training.run(pool, (), out / "formats.pt", Clock(arguments.steps), SCHEDULE)
    export(model, training.average, new_scheduler())
    mix(base, model)


if __name__ == "__main__":
    main()
