"""Stage 1: draw the training scenes. One file of pictures and one of masks for each stream of scenes."""

import random
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.studio.render import TRAINING_SIZE, Picture, training_picture
from nti_desktop.studio.scenes import TRAINING_SEEDS, Scene, draw

SCENES_A_STREAM = 192
MASK_SIZE = 16
HELD_BACK = 2  # the last streams are kept from the weights, to measure on


@dataclass(frozen=True, eq=False)
class Drawn:
    """scenes: N of them; images: (N, S, S, 3) uint8, read from disk as needed; masks: (N, 3, 16, 16) uint8, the share
    of each cell that shows the ground, the first and the second thing, 255 for all of it.
    """

    scenes: list[Scene]
    images: list[NDArray[np.uint8]]
    masks: NDArray[np.uint8]

    @property
    def training(self) -> int:
        """So many of the scenes, from the first on, are for training; the others are held back."""
        return len(self.scenes) - HELD_BACK * len(self.images[0])

    def image(self, number: int) -> NDArray[np.uint8]:
        """One picture (S, S, 3)."""
        stream, place = divmod(number, len(self.images[0]))
        picture: NDArray[np.uint8] = self.images[stream][place]
        return picture


def stream(seed: int, count: int = SCENES_A_STREAM) -> list[Scene]:
    """The scenes that training takes from one seed."""
    rng = random.Random(seed)
    return [draw(rng) for _ in range(count)]


def draw_all(folder: Path, streams: int, workers: int, count: int = SCENES_A_STREAM) -> None:
    """Draw what is not there yet of the first `streams` streams, `count` scenes of each, in so many processes."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in TRAINING_SEEDS[:streams] if not (folder / f"{seed}-masks.npy").exists()]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(
            as_completed([pool.submit(_draw_stream, folder, seed, count) for seed in missing]), start=1
        ):
            print(f"pictures: {done} of {len(missing)} streams", flush=True)


def _draw_stream(folder: Path, seed: int, count: int) -> None:
    torch.set_num_threads(1)
    pictures = [training_picture(scene) for scene in stream(seed, count)]
    np.save(folder / f"{seed}-images.npy", np.stack([picture.image for picture in pictures]))
    np.save(folder / f"{seed}-masks.npy", np.stack([_masks(picture) for picture in pictures]))


def _masks(picture: Picture) -> NDArray[np.uint8]:
    """The picture's masks (3, 16, 16): ground, first thing, second thing."""
    seen = np.stack([picture.ground, picture.objects == 1, picture.objects == 2])
    cell = TRAINING_SIZE // MASK_SIZE
    shares = seen.reshape(3, MASK_SIZE, cell, MASK_SIZE, cell).mean((2, 4))
    masks: NDArray[np.uint8] = np.round(shares * 255).astype(np.uint8)
    return masks


def load(folder: Path, streams: int) -> Drawn:
    """What `draw_all` has drawn. Raises FileNotFoundError when that is not all there."""
    seeds = TRAINING_SEEDS[:streams]
    images = [np.load(folder / f"{seed}-images.npy", mmap_mode="r") for seed in seeds]
    return Drawn(
        scenes=[scene for seed in seeds for scene in stream(seed, len(images[0]))],
        images=images,
        masks=np.concatenate([np.load(folder / f"{seed}-masks.npy") for seed in seeds]),
    )
