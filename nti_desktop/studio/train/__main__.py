"""Train the built-in model, stage by stage; each goes on where it stopped.

The shipped weights: python -m nti_desktop.studio.train, on two CPU cores; see resources/models/studio/README.md.
"""

import argparse
import os
import shutil
from pathlib import Path

import torch

from nti_desktop.studio.train import pictures
from nti_desktop.studio.train.autoencoder import train_autoencoder
from nti_desktop.studio.train.diffusion import train_diffusion
from nti_desktop.studio.train.tokenizer import train_tokenizer

STAGES = ("pictures", "tokenizer", "autoencoder", "diffusion")


def main() -> None:
    """Run the stages that are asked for, in order."""
    parser = argparse.ArgumentParser(prog="python -m nti_desktop.studio.train", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"some of {', '.join(STAGES)}; all if none is named")
    parser.add_argument("--out", type=Path, default=Path("out/studio"), help="pictures, checkpoints and the model")
    parser.add_argument("--streams", type=int, default=64, help="streams of 192 scenes to train on")
    parser.add_argument("--autoencoder-steps", type=int, default=8000)
    parser.add_argument("--diffusion-steps", type=int, default=10000)
    parser.add_argument("--start-from", type=Path, metavar="MODEL", help="keep its words, and go on from its weights")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw pictures")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    start: Path | None = arguments.start_from
    stages = arguments.stages or STAGES
    if unknown := set(stages) - set(STAGES):
        parser.error(f"there is no stage {' or '.join(sorted(unknown))}")
    out: Path = arguments.out
    if "pictures" in stages:
        pictures.draw_all(out / "pictures", arguments.streams, arguments.workers)
    drawn = pictures.load(out / "pictures", arguments.streams)
    model = out / "model"
    if start:
        for part in ("tokenizer", "vae"):
            if not (model / part).exists():
                shutil.copytree(start / part, model / part)
    elif "tokenizer" in stages:
        train_tokenizer(drawn.scenes, model / "tokenizer")
    if "autoencoder" in stages:
        vae = start / "vae" if start else None
        train_autoencoder(drawn, out, model / "vae", arguments.autoencoder_steps, arguments.device, start=vae)
    if "diffusion" in stages:
        train_diffusion(drawn, out, model, arguments.diffusion_steps, arguments.device, start=start)


if __name__ == "__main__":
    main()
