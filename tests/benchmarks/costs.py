"""What contestants cost and give: everyone in turn, rows counted from outside, seconds by the clock."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from numpy.typing import NDArray

from nti_desktop.core.units import decibels

Pixels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one run gave. picture: (H, W, 3) in [0, 1], a reconstruction or an edit; reconstruction_psnr: dB, unpinned,
    against the autoencoder's own picture, None of an edit; inner_steps: of an optimisation.
    """

    picture: Pixels
    reconstruction_psnr: float | None = None
    inner_steps: int | None = None


def nothing(_turn: int) -> None:
    """For contestants who need no preparation."""


@dataclass(frozen=True, eq=False)
class Contestant:
    """run: what is timed, told the number of its turn; ready: what must have happened just before and is not timed."""

    name: str
    run: Callable[[int], Outcome]
    ready: Callable[[int], object] = nothing


@dataclass(frozen=True, eq=False)
class Cost:
    """One contestant on one photo. outcome, rows: of the turn that warms up; seconds: of the turns after it."""

    outcome: Outcome
    rows: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Standing:
    """One contestant on all photos. seconds: of every timed turn, and their median, least and greatest; of each photo:
    UNet rows, dB of the unpinned reconstruction, inner steps, dB of the picture against the plain edit's.
    """

    seconds: tuple[float, ...]
    median: float
    least: float
    greatest: float
    rows: tuple[int, ...]
    reconstruction_psnr: tuple[float, ...] | None
    inner_steps: tuple[int, ...] | None
    psnr_to_plain: tuple[float, ...] | None = None


def fix_conditions() -> None:
    """The same seed for every run, and float32 that is float32."""
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


@contextmanager
def counted_rows() -> Iterator[list[int]]:
    """The rows of every UNet call in this process, whoever makes it, forward and backward apart.

    A row is one evaluation of one latent; a backward is one more, two where it also makes the weights' gradients.
    The hook hangs on the calls of all modules and slows them down: nothing is timed meanwhile.
    """
    rows: list[int] = []

    def count(module: torch.nn.Module, _inputs: Any, output: Any) -> None:
        if not isinstance(module, UNet2DConditionModel):
            return
        sample = output.sample
        rows.append(len(sample))
        if sample.requires_grad:
            backward = 2 if any(weight.requires_grad for weight in module.parameters()) else 1
            sample.register_hook(lambda gradient: rows.append(backward * len(gradient)))

    handle = torch.nn.modules.module.register_module_forward_hook(count)
    try:
        yield rows
    finally:
        handle.remove()


def take_turns(contestants: Sequence[Contestant], rounds: int) -> dict[str, Cost]:
    """A B A B: one turn each to warm up, which also counts rows and keeps the outcome, then `rounds` that are timed."""
    warm: dict[str, tuple[Outcome, int]] = {}
    for contestant in contestants:
        contestant.ready(0)
        with counted_rows() as rows:
            outcome = contestant.run(0)
        warm[contestant.name] = outcome, sum(rows)
    seconds: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for turn in range(1, rounds + 1):
        for contestant in contestants:
            contestant.ready(turn)
            start = time.perf_counter()
            contestant.run(turn)
            seconds[contestant.name].append(time.perf_counter() - start)
    return {name: Cost(outcome, rows, tuple(seconds[name])) for name, (outcome, rows) in warm.items()}


def standings(photos: Sequence[Mapping[str, Cost]], plain: str | None = None) -> dict[str, Standing]:
    """Every contestant over all photos. plain: the one whose pictures the others' are compared with."""
    return {name: _standing([photo[name] for photo in photos], _plain(name, photos, plain)) for name in photos[0]}


def _standing(costs: Sequence[Cost], psnr_to_plain: tuple[float, ...] | None) -> Standing:
    seconds = tuple(s for cost in costs for s in cost.seconds)
    psnr = tuple(c.outcome.reconstruction_psnr for c in costs if c.outcome.reconstruction_psnr is not None)
    inner_steps = tuple(c.outcome.inner_steps for c in costs if c.outcome.inner_steps is not None)
    return Standing(
        seconds=seconds,
        median=statistics.median(seconds),
        least=min(seconds),
        greatest=max(seconds),
        rows=tuple(cost.rows for cost in costs),
        reconstruction_psnr=psnr or None,
        inner_steps=inner_steps or None,
        psnr_to_plain=psnr_to_plain,
    )


def _plain(name: str, photos: Sequence[Mapping[str, Cost]], plain: str | None) -> tuple[float, ...] | None:
    if plain is None or plain == name:
        return None
    return tuple(decibels(photo[name].outcome.picture, photo[plain].outcome.picture) for photo in photos)
