"""Stage 1: draw the training scenes, each in its own format. One file of pictures and one of masks for each stream."""

import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.studio.camera import CELL, extent
from nti_desktop.studio.render import Picture, drawn
from nti_desktop.studio.scenes import Layout, Scene
from nti_desktop.studio.world import TRAINING_SEEDS, draw

SCENES_A_STREAM = 192
SIZE = 256  # pixels; the side of a square picture
REGIONS = 3  # of which there are masks: the ground, the first and the second thing
HELD_BACK = 2  # the last streams are kept from the weights, to measure on

Format = tuple[int, int]  # height and width, in pixels or in cells


@dataclass(frozen=True, eq=False)
class Stream:
    """What was drawn of a stream's scenes, picture after picture: pixels and masks, uint8, read from disk as needed."""

    formats: Sequence[Format]
    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]

    def image(self, place: int) -> NDArray[np.uint8]:
        """One picture (H, W, 3)."""
        height, width = self.formats[place]
        start = 3 * sum(h * w for h, w in self.formats[:place])
        picture: NDArray[np.uint8] = self.pixels[start : start + 3 * height * width].reshape(height, width, 3)
        return picture

    def mask(self, place: int) -> NDArray[np.uint8]:
        """Of the same picture the share of each cell that shows each region (REGIONS, h, w), 255 for all of it."""
        (height, width), *before = cells([self.formats[place], *self.formats[:place]])
        start = REGIONS * sum(h * w for h, w in before)
        found: NDArray[np.uint8] = self.masks[start : start + REGIONS * height * width].reshape(-1, height, width)
        return found


def cells(formats: Sequence[Format]) -> list[Format]:
    """Formats in cells instead of pixels."""
    return [(height // CELL, width // CELL) for height, width in formats]


@dataclass(frozen=True, eq=False)
class Drawn:
    """The scenes of several streams, and their pictures."""

    scenes: list[Scene]
    streams: list[Stream]

    @property
    def training(self) -> int:
        """So many of the scenes, from the first on, are for training; the others are held back."""
        return len(self.scenes) - HELD_BACK * self._a_stream

    @property
    def _a_stream(self) -> int:
        return len(self.scenes) // len(self.streams)

    @cached_property
    def formats(self) -> list[Format]:
        """Height and width of each picture."""
        return [extent(scene.view, SIZE) for scene in self.scenes]

    @cached_property
    def by_format(self) -> dict[Format, list[int]]:
        """The numbers of the training scenes of each format."""
        found: dict[Format, list[int]] = {}
        for number, size in enumerate(self.formats[: self.training]):
            found.setdefault(size, []).append(number)
        return found

    def image(self, number: int) -> NDArray[np.uint8]:
        """One picture (H, W, 3)."""
        stream, place = divmod(number, self._a_stream)
        return self.streams[stream].image(place)

    def mask(self, number: int) -> NDArray[np.uint8]:
        """One picture's masks, see Stream."""
        stream, place = divmod(number, self._a_stream)
        return self.streams[stream].mask(place)


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
    scenes = stream(seed, count)
    pictures = [drawn(scene, SIZE) for scene in scenes]
    np.save(folder / f"{seed}-pixels.npy", np.concatenate([picture.image.ravel() for picture in pictures]))
    masks = [_masks(scene, picture).ravel() for scene, picture in zip(scenes, pictures, strict=True)]
    np.save(folder / f"{seed}-masks.npy", np.concatenate(masks))


def _masks(scene: Scene, picture: Picture) -> NDArray[np.uint8]:
    """The picture's masks (REGIONS, h, w): ground, first thing, second thing; things that are alike are one."""
    alike = scene.layout is Layout.ROW
    first = picture.objects > 0 if alike else picture.objects == 1
    seen = np.stack([picture.ground, first, np.zeros_like(first) if alike else picture.objects == 2])
    height, width = first.shape
    shares = seen.reshape(REGIONS, height // CELL, CELL, width // CELL, CELL).mean((2, 4))
    masks: NDArray[np.uint8] = np.round(shares * 255).astype(np.uint8)
    return masks


def load(folder: Path, streams: int, count: int = SCENES_A_STREAM) -> Drawn:
    """What `draw_all` has drawn. Raises FileNotFoundError when that is not all there."""
    scenes, found = [], []
    for seed in TRAINING_SEEDS[:streams]:
        scenes += (these := stream(seed, count))
        found.append(
            Stream(
                [extent(scene.view, SIZE) for scene in these],
                np.load(folder / f"{seed}-pixels.npy", mmap_mode="r"),
                np.load(folder / f"{seed}-masks.npy", mmap_mode="r"),
            )
        )
    return Drawn(scenes, found)
