"""How long, in which portions and how exactly each stage trains: a course for processors, one for accelerators."""

import argparse
import time
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0


@dataclass(frozen=True)
class Course:
    """Of one kind of device.

    pictures: whole ones in a step of the autoencoder; cuttings: of so many pixels, in the cheaper steps before; whole:
    from which share of its course on: normalisations see a picture otherwise than a cutting, of which little is learned
    after the first thousands of steps; scenes: in a step of the diffusion; follows: of the moving averages' weight that
    stays with each step; every: steps from one checkpoint to the next.
    """

    pictures: int
    cuttings: int
    cutting: int
    whole: float
    scenes: int
    follows: float
    every: int


ON_PROCESSOR = Course(pictures=8, cuttings=32, cutting=64, whole=0.5, scenes=32, follows=0.999, every=500)
ON_ACCELERATOR = Course(pictures=64, cuttings=128, cutting=128, whole=0.3, scenes=512, follows=0.998, every=2000)


def course_of(device: str) -> Course:
    """The course for a device."""
    return ON_PROCESSOR if device == "cpu" else ON_ACCELERATOR


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where diffusion trains, and how exactly."""
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--float32", action="store_true", help="diffusion, where that is quicker than bfloat16: try fifty steps of both"
    )


def half(device: str, float32: bool = False) -> torch.autocast:
    """Compute in bfloat16 where the device can; a processor that emulates it takes some fifteen times as long.

    float32: computes in that all the same, which is quicker on some processors that can do both.
    """
    able = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device, torch.bfloat16, enabled=able and not float32)


def attend_plainly(unet: Any, text_encoder: Any, device: str, float32: bool = False) -> None:
    """Have the models attend by plain products on a processor: the way back through the fused ones, which save memory,
    takes longer there, but for self-attention in float32.
    """
    if device != "cpu":
        return
    processors = {
        name: AttnProcessor2_0() if float32 and ".attn1." in name else AttnProcessor() for name in unet.attn_processors
    }
    unet.set_attn_processor(processors)
    text_encoder.set_attn_implementation("eager")


class Clock:
    """How much of a stage is done: by its steps, or by seconds where an accelerator is only lent."""

    def __init__(self, steps: int, seconds: float | None = None) -> None:
        self._steps, self._seconds = steps, seconds
        self._started: float | None = None

    def done(self, step: int) -> float:
        """From 0 to 1, before this step, counted from 0. Time runs from the first time this is asked."""
        if self._started is None:
            self._started = time.monotonic()
        by_time = 0.0 if self._seconds is None else (time.monotonic() - self._started) / self._seconds
        return min(1.0, max(step / self._steps, by_time))
