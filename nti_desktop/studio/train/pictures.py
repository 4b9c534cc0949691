"""Stage 2: draw the training scenes, each in its own format. One file of pictures and one of masks for each stream."""

import os
import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.studio.camera import CELLS, extent
from nti_desktop.studio.captions import Wording, draw_words
from nti_desktop.studio.render import Picture, drawn
from nti_desktop.studio.scenes import Layout, Scene, View
from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.wordings import Wordings
from nti_desktop.studio.world import ASPECTS, TRAINING_SEEDS, draw

SCENES_A_STREAM = 192
SIZE = 256  # pixels; the side of a square picture of the second world
CELL = SIZE // CELLS
REGIONS = 3  # of which there are masks: the ground, the first and the second thing
HELD_BACK = 2  # the first streams are kept from the weights, to measure on

Format = tuple[int, int]  # height and width, in pixels or in cells
FORMATS: list[Format] = [extent(View(aspect=aspect), SIZE) for aspect in ASPECTS]


@dataclass(frozen=True)
class TrainingSet:
    """What a model learns from. scene, wording: draw the next one by lot; size: pixels of a square picture's side."""

    scene: Callable[[random.Random], Scene]
    wording: Callable[[random.Random], Wording]
    size: int

    @property
    def cell(self) -> int:
        """The pixels of a cell's side."""
        return self.size // CELLS


SECOND_WORLD = TrainingSet(draw, draw_words, SIZE)


@dataclass(frozen=True, eq=False)
class Stream:
    """What was drawn of a stream's scenes, picture after picture: pixels and masks, uint8, read from disk as needed;
    words: what is said of them, see Wordings; cell: pixels of a cell's side.
    """

    cell: int
    formats: Sequence[Format]
    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    words: NDArray[np.int16]

    def image(self, place: int) -> NDArray[np.uint8]:
        """One picture (H, W, 3)."""
        height, width = self.formats[place]
        start = 3 * sum(h * w for h, w in self.formats[:place])
        picture: NDArray[np.uint8] = self.pixels[start : start + 3 * height * width].reshape(height, width, 3)
        return picture

    def mask(self, place: int) -> NDArray[np.uint8]:
        """Of the same picture the share of each cell that shows each region (REGIONS, h, w), 255 for all of it."""
        (height, width), *before = cells([self.formats[place], *self.formats[:place]], self.cell)
        start = REGIONS * sum(h * w for h, w in before)
        found: NDArray[np.uint8] = self.masks[start : start + REGIONS * height * width].reshape(-1, height, width)
        return found


def cells(formats: Sequence[Format], cell: int = CELL) -> list[Format]:
    """Formats in cells of so many pixels instead of pixels."""
    return [(height // cell, width // cell) for height, width in formats]


@dataclass(frozen=True, eq=False)
class Drawn:
    """The scenes of several streams, as many of each, and their pictures."""

    scenes: list[Scene]
    streams: list[Stream]

    @property
    def _a_stream(self) -> int:
        return len(self.scenes) // len(self.streams)

    @cached_property
    def formats(self) -> list[Format]:
        """Height and width of each picture."""
        return [size for stream in self.streams for size in stream.formats]

    @cached_property
    def by_format(self) -> dict[Format, list[int]]:
        """The numbers of the scenes of each format."""
        found: dict[Format, list[int]] = {}
        for number, size in enumerate(self.formats):
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


def stream(seed: int, count: int = SCENES_A_STREAM, of: TrainingSet = SECOND_WORLD) -> list[Scene]:
    """The scenes that training takes from one seed."""
    rng = random.Random(seed)
    return [of.scene(rng) for _ in range(count)]


def draw_all(
    folder: Path,
    tokenizer: Path,
    streams: int,
    workers: int,
    count: int = SCENES_A_STREAM,
    of: TrainingSet = SECOND_WORLD,
) -> None:
    """Draw what is not there yet of the first `streams` streams, `count` scenes of each, in so many processes, and what
    is said of them in the tokenizer's tokens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in TRAINING_SEEDS[:streams] if not is_drawn(folder, seed)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        drawing = [pool.submit(_draw_stream, folder, tokenizer, seed, count, of) for seed in missing]
        for done, finished in enumerate(as_completed(drawing), start=1):
            finished.result()
            print(f"pictures: {done} of {len(missing)} streams", flush=True)


def is_drawn(folder: Path, seed: int) -> bool:
    """Tell whether all of a stream is there."""
    return _file(folder, seed, "masks").exists()


def wait_for(folder: Path, seeds: Sequence[int]) -> None:
    """Return when these streams are drawn, by another process."""
    checkpoint.wait_until(lambda: all(is_drawn(folder, seed) for seed in seeds))


def _file(folder: Path, seed: int, of: str) -> Path:
    return folder / f"{seed}-{of}.npy"


def _draw_stream(folder: Path, tokenizer: Path, seed: int, count: int, of: TrainingSet) -> None:
    torch.set_num_threads(1)
    scenes = stream(seed, count, of)
    np.save(_file(folder, seed, "words"), Wordings(tokenizer)(scenes, of.wording, seed))
    pictures = [drawn(scene, of.size) for scene in scenes]
    np.save(_file(folder, seed, "pixels"), np.concatenate([picture.image.ravel() for picture in pictures]))
    masks = [_masks(scene, picture, of.cell).ravel() for scene, picture in zip(scenes, pictures, strict=True)]
    whole = _file(folder, seed, "masks")  # comes last: who finds it finds all
    unfinished = whole.with_suffix(".new.npy")
    np.save(unfinished, np.concatenate(masks))
    os.replace(unfinished, whole)


def _masks(scene: Scene, picture: Picture, cell: int) -> NDArray[np.uint8]:
    """The picture's masks (REGIONS, h, w): ground, first thing, second thing; things that are alike are one."""
    alike = scene.layout is Layout.ROW
    first = picture.objects > 0 if alike else picture.objects == 1
    seen = np.stack([picture.ground, first, np.zeros_like(first) if alike else picture.objects == 2])
    height, width = first.shape
    shares = seen.reshape(REGIONS, height // cell, cell, width // cell, cell).mean((2, 4))
    masks: NDArray[np.uint8] = np.round(shares * 255).astype(np.uint8)
    return masks


def load(folder: Path, seeds: Iterable[int], of: TrainingSet = SECOND_WORLD) -> Drawn:
    """Load what `draw_all` has drawn of some streams. Raises FileNotFoundError when that is not there."""
    scenes, found = [], []
    for seed in seeds:
        words = np.load(_file(folder, seed, "words"), mmap_mode="r")
        scenes += (these := stream(seed, len(words), of))
        found.append(
            Stream(
                of.cell,
                [extent(scene.view, of.size) for scene in these],
                np.load(_file(folder, seed, "pixels"), mmap_mode="r"),
                np.load(_file(folder, seed, "masks"), mmap_mode="r"),
                words,
            )
        )
    return Drawn(scenes, found)
