"""Copies of weights on a device: made at once, or on a card's second stream while it computes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psutil
import torch
from torch import Tensor

_ROUNDED = 2  # times its size at most is what PyTorch takes of such memory for a weight, the next power of two

Move = Callable[[Tensor, torch.device], Tensor]


def moved(weight: Tensor, device: torch.device) -> Tensor:
    """A copy on the device."""
    return weight.to(device)


class Moment(Protocol):
    """A point in what a device was asked to do."""

    def synchronize(self) -> None:
        """Wait until the device has come to it."""


@dataclass(frozen=True)
class Sent:
    """Copies by the names of their weights. arrival: when they are whole; None where they are already."""

    copies: Mapping[str, Tensor]
    arrival: Any = None

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(copy.nbytes for copy in self.copies.values())


class Copies:
    """Makes copies at once. move: makes one of them."""

    def __init__(self, device: torch.device, move: Move = moved) -> None:
        self._device, self._move = device, move

    def send(self, weights: Mapping[str, Tensor]) -> Sent:
        """Begin to copy weights, which nobody writes to until they are there; may raise what a full device does."""
        return Sent({name: self._move(weight.detach(), self._device) for name, weight in weights.items()})

    def receive(self, sent: Sent) -> None:
        """Let what the device is asked from now on wait for copies."""

    def moment(self) -> Moment:
        """Mark all that the device was asked to compute so far."""
        return _NOW


class CopyStream(Copies):
    """Makes copies beside what a card computes.

    The weights are moved to memory that the system does not page, from which a card copies by itself, unless that may
    take more than half of what is free. size: their bytes in all.
    """

    def __init__(self, device: torch.device, size: int) -> None:
        super().__init__(device)
        self._card: Any = torch.cuda if device.type == "cuda" else torch.xpu
        self._stream = self._card.Stream(device)
        self._pins = _ROUNDED * size <= psutil.virtual_memory().available / 2

    def send(self, weights: Mapping[str, Tensor]) -> Sent:
        """See Copies; returns before they are copied."""
        for weight in weights.values():
            self._pin(weight)
        with self._card.stream(self._stream):
            copies = {name: weight.detach().to(self._device, non_blocking=True) for name, weight in weights.items()}
            return Sent(copies, self._stream.record_event())

    def receive(self, sent: Sent) -> None:
        """See Copies; their memory is free for others when what is computed with them is done, not before."""
        computing = self._card.current_stream(self._device)
        computing.wait_event(sent.arrival)
        for copy in sent.copies.values():
            copy.record_stream(computing)

    def moment(self) -> Moment:
        """See Copies."""
        moment: Moment = self._card.current_stream(self._device).record_event()
        return moment

    def _pin(self, weight: Tensor) -> None:
        if self._pins and not weight.is_pinned():
            self._pins = False  # unless it succeeds: the system may allow less than there is
            with suppress(RuntimeError):
                weight.data = weight.data.pin_memory()
                self._pins = True


class _Now:
    def synchronize(self) -> None:
        """Nothing is under way."""


_NOW = _Now()
