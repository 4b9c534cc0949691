"""What instruction models learn from: pairs of pictures as latents, and the orders that lead from one to the other.

Of every scene of a stream its picture and those of some changes of it; each pair can be asked for either way. All
pictures of a stream have one format.
"""

import os
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPTokenizer

from nti_desktop.studio.orders import Order, draw_order, reversed_order
from nti_desktop.studio.render import drawn
from nti_desktop.studio.scenes import draw, in_format
from nti_desktop.studio.train.tokenizer import CONTEXT

FORMATS = (1.0, 1.0, 1.5, 1.0, 1 / 1.5)  # width by height, of one stream after another, and again
SCENES_A_STREAM = 96
CHANGES = 3  # of each scene
WAYS = 5  # to say each order, as tokens


@dataclass(frozen=True, eq=False)
class Pairs:
    """Of one format. latents: of pictures (P, C, h, w) in half precision, as the UNet sees them; ends: which are source
    and target (N, 2); ids: tokens of each order, said in several ways (N, WAYS, CONTEXT).
    """

    latents: Tensor
    ends: Tensor
    ids: Tensor


def orders_of(seed: int, count: int = SCENES_A_STREAM) -> list[list[Order]]:
    """The orders of each scene of a stream of the first world, CHANGES of each."""
    stream, lot = random.Random(seed), random.Random(-seed)
    aspect = FORMATS[seed % len(FORMATS)]
    scenes = (in_format(draw(stream), aspect) for _ in range(count))
    return [[draw_order(scene, lot) for _ in range(CHANGES)] for scene in scenes]


def draw_all(folder: Path, model: Path, size: int, seeds: Sequence[int], workers: int) -> None:
    """Draw and encode what is not there yet of the streams, in so many processes. size: pixels of a square picture's
    side; model: has the autoencoder and the tokenizer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if not _file(folder, seed).exists()]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        drawing = [pool.submit(_draw_stream, folder, model, size, seed) for seed in missing]
        for done, finished in enumerate(as_completed(drawing), start=1):
            finished.result()
            print(f"pairs: {done} of {len(missing)} streams", flush=True)


def load_all(folder: Path, seeds: Sequence[int]) -> list[Pairs]:
    """Load the pairs of those streams that are drawn, by format. Raises FileNotFoundError where none is."""
    found: dict[tuple[int, ...], list[dict[str, Tensor]]] = {}
    for file in (file for seed in seeds if (file := _file(folder, seed)).exists()):
        stream = load_file(file)
        found.setdefault(tuple(stream["latents"].shape[1:]), []).append(stream)
    if not found:
        raise FileNotFoundError(f"No pairs are drawn in {folder} yet.")
    return [_together(streams) for streams in found.values()]


def _together(streams: Sequence[Mapping[str, Tensor]]) -> Pairs:
    before = np.cumsum([0, *(len(stream["latents"]) for stream in streams)])
    return Pairs(
        torch.cat([stream["latents"] for stream in streams]),
        torch.cat([stream["ends"] + int(first) for stream, first in zip(streams, before, strict=False)]),
        torch.cat([stream["ids"] for stream in streams]),
    )


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed}.safetensors"


def _draw_stream(folder: Path, model: Path, size: int, seed: int) -> None:
    torch.set_num_threads(1)
    autoencoder: Any = AutoencoderKL.from_pretrained(model / "vae", low_cpu_mem_usage=False)
    tokenizer = CLIPTokenizer.from_pretrained(model / "tokenizer")
    lot = random.Random(seed)
    latents: list[Tensor] = []
    ends: list[tuple[int, int]] = []
    said: list[list[str]] = []
    for orders in orders_of(seed):
        first = len(latents)
        scenes = [orders[0].source, *(order.target for order in orders)]
        latents += [_encoded(autoencoder, drawn(scene, size).image) for scene in scenes]
        for number, order in enumerate(orders, start=1):
            ends += [(first, first + number), (first + number, first)]
            said += [lot.choices(each.ways, k=WAYS) for each in (order, reversed_order(order))]
    tokens = tokenizer(
        [text for ways in said for text in ways], padding="max_length", max_length=CONTEXT, truncation=True
    )
    ids = torch.tensor(tokens["input_ids"], dtype=torch.int16).reshape(len(said), WAYS, CONTEXT)
    unfinished = _file(folder, seed).with_suffix(".new")
    save_file({"latents": torch.stack(latents), "ends": torch.tensor(ends), "ids": ids}, unfinished)
    os.replace(unfinished, _file(folder, seed))


@torch.no_grad()
def _encoded(autoencoder: Any, image: NDArray[np.uint8]) -> Tensor:
    pixels = torch.tensor(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    latents: Tensor = autoencoder.encode(pixels).latent_dist.mode() * autoencoder.config.scaling_factor
    return latents[0].half()
