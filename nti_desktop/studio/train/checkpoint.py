"""What lets training go on where it stopped, and the moving average of the weights."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor


class Stateful(Protocol):
    """A module or an optimiser."""

    def state_dict(self) -> dict[str, object]:
        """Everything it needs to go on."""

    def load_state_dict(self, state_dict: dict[str, object]) -> object:
        """Go on from there."""


def save(path: Path, step: int, parts: Mapping[str, Stateful]) -> None:
    """Write a checkpoint; the previous one stays until this one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    torch.save({"step": step, "parts": {name: part.state_dict() for name, part in parts.items()}}, unfinished)
    os.replace(unfinished, path)


def resume(path: Path, parts: Mapping[str, Stateful]) -> int:
    """Load a checkpoint that `save` wrote and return its step; 0 when there is none."""
    if not path.exists():
        return 0
    found = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(found["parts"][name])
    return int(found["step"])


@torch.no_grad()
def follow(averages: Iterable[Tensor], values: Iterable[Tensor], step: int, horizon: float = 0.999) -> None:
    """Move the averages towards the values: over few steps at first, over 1 / (1 - horizon) in the end."""
    torch._foreach_lerp_(list(averages), list(values), 1 - min(horizon, (1 + step) / (20 + step)))


def generator(seed: int, step: int, device: str = "cpu") -> torch.Generator:
    """Random numbers of one step, the same whether training was interrupted before it or not."""
    return torch.Generator(device).manual_seed(seed * 1_000_003 + step)


def wait_until(there: Callable[[], bool]) -> None:
    """Return when another process has made what is asked for."""
    while not there():
        time.sleep(0.5)
