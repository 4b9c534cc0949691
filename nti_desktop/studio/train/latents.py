"""Stage 4: what diffusion learns from. Latents of the training scenes, made once by the autoencoder, with masks and
words; a file for each stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch import Tensor

from nti_desktop.studio.train import checkpoint
from nti_desktop.studio.train.autoencoder import encoded
from nti_desktop.studio.train.pictures import SECOND_WORLD, Drawn, Format, TrainingSet, load, wait_for


@dataclass(frozen=True, eq=False)
class Examples:
    """Of one format. latents: (N, C, h, w) in half precision, scaled; masks: (N, REGIONS, h, w) uint8; words: (N,
    WORDINGS, 2, CONTEXT) int16, tokens and what they are about.
    """

    latents: Tensor
    masks: Tensor
    words: Tensor

    def and_more(self, more: "Examples") -> "Examples":
        """These and some more."""
        return Examples(*(torch.cat(pair) for pair in zip(self.parts(), more.parts(), strict=True)))

    def to(self, device: str) -> "Examples":
        """The same on a device."""
        return Examples(*(part.to(device) for part in self.parts()))

    def parts(self) -> Iterator[Tensor]:
        """In order."""
        return (getattr(self, part.name) for part in fields(self))


def encode_streams(
    pictures: Path,
    seeds: Sequence[int],
    autoencoder: Path,
    kept: Path,
    device: str,
    of: TrainingSet = SECOND_WORLD,
) -> None:
    """Encode what is not encoded yet, in order, each stream as soon as it is drawn."""
    checkpoint.wait_until(autoencoder.exists)
    model: Any = AutoencoderKL.from_pretrained(autoencoder, low_cpu_mem_usage=False).to(device)
    kept.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        if is_encoded(kept, seed):
            continue
        wait_for(pictures, [seed])
        found = examples_of(model, load(pictures, [seed], of), device)
        unfinished = _file(kept, seed).with_suffix(".new")
        parts = {_name(size, part.name): getattr(it, part.name) for size, it in found.items() for part in fields(it)}
        save_file(parts, unfinished)
        unfinished.replace(_file(kept, seed))
    print(f"latents: {len(seeds)} streams", flush=True)


def examples_of(model: Any, drawn: Drawn, device: str) -> dict[Format, Examples]:
    """All scenes of a stream by format, in their order."""
    (stream,) = drawn.streams
    return {
        size: Examples(
            (encoded(model, drawn, numbers, device) * model.config.scaling_factor).half().contiguous(),
            torch.tensor(np.stack([drawn.mask(n) for n in numbers])),
            torch.tensor(stream.words[numbers]),
        )
        for size, numbers in drawn.by_format.items()
    }


def is_encoded(kept: Path, seed: int) -> bool:
    """Tell whether a stream's latents are there."""
    return _file(kept, seed).exists()


def load_examples(kept: Path, seed: int) -> dict[Format, Examples]:
    """Load what `examples_of` made of a stream. Raises FileNotFoundError when that is not there."""
    found = load_file(_file(kept, seed))
    sizes = dict.fromkeys(name.rpartition(" ")[0] for name in found)
    return {_size(name): Examples(*(found[f"{name} {part.name}"] for part in fields(Examples))) for name in sizes}


def _file(kept: Path, seed: int) -> Path:
    return kept / f"{seed}.safetensors"


def _name(size: Format, part: str) -> str:
    return f"{size[0]}x{size[1]} {part}"


def _size(name: str) -> Format:
    height, _, width = name.partition("x")
    return int(height), int(width)
