"""Train a built-in model of the second world, stage by stage; each goes on where it stopped."""

import argparse
import os
from pathlib import Path

import torch

from nti_desktop.studio.train import pictures
from nti_desktop.studio.train.autoencoder import train_autoencoder
from nti_desktop.studio.train.diffusion import train_diffusion
from nti_desktop.studio.train.tokenizer import train_tokenizer
from nti_desktop.studio.world import TRAINING_SEEDS

STAGES = ("pictures", "tokenizer", "autoencoder", "diffusion", "cooldown")


def main() -> None:
    """Run the stages that are asked for, in order."""
    parser = argparse.ArgumentParser(prog="python -m nti_desktop.studio.train", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"some of {', '.join(STAGES)}; all if none is named")
    parser.add_argument("--out", type=Path, default=Path("out/studio"), help="pictures, checkpoints and the model")
    parser.add_argument("--streams", type=int, default=320, help="streams of 192 scenes to train on")
    parser.add_argument("--autoencoder-streams", type=int, default=64, help="of them, to train the autoencoder on")
    parser.add_argument("--autoencoder-steps", type=int, default=12000)
    parser.add_argument("--diffusion-steps", type=int, default=50000, help="of the plateau")
    parser.add_argument("--cooldown-steps", type=int, default=12000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw pictures")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    stages = arguments.stages or STAGES
    if unknown := set(stages) - set(STAGES):
        parser.error(f"there is no stage {' or '.join(sorted(unknown))}")
    out: Path = arguments.out
    model, device = out / "model", arguments.device
    if "pictures" in stages:
        pictures.draw_all(out / "pictures", arguments.streams, arguments.workers)
    if "tokenizer" in stages:
        train_tokenizer((scene for seed in TRAINING_SEEDS for scene in pictures.stream(seed)), model / "tokenizer")
    if "autoencoder" in stages:
        few = pictures.load(out / "pictures", min(arguments.autoencoder_streams, arguments.streams))
        train_autoencoder(few, out, model / "vae", arguments.autoencoder_steps, device)
    if {"diffusion", "cooldown"} & set(stages):
        drawn = pictures.load(out / "pictures", arguments.streams)
        for stage, steps in (("diffusion", arguments.diffusion_steps), ("cooldown", arguments.cooldown_steps)):
            if stage in stages:
                train_diffusion(drawn, out, model, steps, device, cooling=stage == "cooldown")


if __name__ == "__main__":
    main()
