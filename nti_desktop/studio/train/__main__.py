"""Train a built-in model of the second world, stage by stage; each goes on where it stopped.

A stage waits for what another process makes. Where an accelerator is lent by the minute, the stages' shares of the time
are given in seconds, and they run beside each other: `pictures` in one process, `autoencoder decoders` in a second,
`latents` in a third, `diffusion cooldown` in a fourth.
"""

import argparse
import os
from pathlib import Path

from nti_desktop.studio.train import checkpoint, pictures
from nti_desktop.studio.train.autoencoder import train_autoencoder
from nti_desktop.studio.train.course import Clock, add_device_options
from nti_desktop.studio.train.decoders import train_decoders
from nti_desktop.studio.train.diffusion import COOL_DOWN, PLATEAU, Training
from nti_desktop.studio.train.latents import encode_streams, is_encoded
from nti_desktop.studio.train.pictures import HELD_BACK
from nti_desktop.studio.train.pool import Pool
from nti_desktop.studio.train.tokenizer import train_tokenizer
from nti_desktop.studio.world import TRAINING_SEEDS

STEPS = {"autoencoder": 9000, "decoders": 3000, "diffusion": 50000, "cooldown": 12000}
STAGES = ("tokenizer", "pictures", "autoencoder", "latents", "decoders", "diffusion", "cooldown")
SAID = 64  # streams, whose captions make the tokenizer


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m nti_desktop.studio.train", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"some of {', '.join(STAGES)}; all if none is named")
    parser.add_argument("--out", type=Path, default=Path("out/studio"), help="pictures, checkpoints and the model")
    parser.add_argument("--streams", type=int, default=320, help="streams of 192 scenes to train on")
    parser.add_argument("--autoencoder-streams", type=int, default=64, help="of them, to train the autoencoder on")
    parser.add_argument("--enough", type=int, help="streams to begin diffusion with; all if not given")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw pictures")
    add_device_options(parser)
    parser.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="the steps of diffusion: a third faster, after some minutes; wants a C++ compiler on a processor, and is "
        "done on an accelerator unless told otherwise",
    )
    for stage, steps in STEPS.items():
        parser.add_argument(f"--{stage}-steps", type=int, default=steps)
        parser.add_argument(f"--{stage}-seconds", type=float, help="at most")
    arguments = parser.parse_args()
    if unknown := set(arguments.stages) - set(STAGES):
        parser.error(f"there is no stage {' or '.join(sorted(unknown))}")
    if arguments.compile is None:
        arguments.compile = arguments.device != "cpu"
    return arguments


def main() -> None:
    """Run the stages that are asked for, in order."""
    arguments = parsed()
    stages = arguments.stages or STAGES
    out: Path = arguments.out
    drawn, model, device = out / "pictures", out / "model", arguments.device
    seeds = TRAINING_SEEDS[: arguments.streams]

    def clock(stage: str) -> Clock:
        return Clock(getattr(arguments, f"{stage}_steps"), getattr(arguments, f"{stage}_seconds"))

    if "tokenizer" in stages:
        said = (scene for seed in TRAINING_SEEDS[:SAID] for scene in pictures.stream(seed))
        train_tokenizer(said, model / "tokenizer")
    if "pictures" in stages:
        pictures.draw_all(drawn, model / "tokenizer", arguments.streams, arguments.workers)
    if "autoencoder" in stages:
        few = seeds[: arguments.autoencoder_streams]
        train_autoencoder(drawn, few, out, model / "vae", clock("autoencoder"), device)
    if "decoders" in stages:
        train_decoders(drawn, seeds[: arguments.autoencoder_streams], out, model, clock("decoders"), device)
    if "latents" in stages:
        encode_streams(drawn, seeds, model / "vae", out / "latents", device)
    if asked := [stage for stage in ("diffusion", "cooldown") if stage in stages]:
        training = Training(model, device, compiled=arguments.compile, float32=arguments.float32)
        if arguments.compile:
            training.warm_up(pictures.cells(pictures.FORMATS))
        few = seeds[HELD_BACK:][: arguments.enough]
        checkpoint.wait_until(lambda: all(is_encoded(out / "latents", seed) for seed in few))
        pool = Pool(out / "latents", model / "tokenizer", device)
        pool.add_encoded(seeds[HELD_BACK:])
        for stage in asked:
            # A cool-down alone starts from the plateau's last checkpoint.
            kept = out / f"{stage}.pt"
            if stage == "cooldown" and not kept.exists():
                checkpoint.resume(out / "diffusion.pt", training.parts)
            training.run(pool, seeds[HELD_BACK:], kept, clock(stage), COOL_DOWN if stage == "cooldown" else PLATEAU)


if __name__ == "__main__":
    main()
