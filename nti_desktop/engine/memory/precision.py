"""What a UNet computes in: half precision where that is faster, and something wider where it overflows.

Embeddings, loss, guidance and the DDIM moves are float32 everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from nti_desktop.core.errors import EngineError

_WORDS = {
    torch.float16: "half precision",
    torch.bfloat16: "half precision (bfloat16)",
    torch.float32: "full precision",
}


class Overflow(EngineError):
    """A number left the range of the UNet's type; shown to the user where there is no wider one."""

    def __init__(self) -> None:
        super().__init__(
            "This model answers with no usable numbers, even in full precision; it is damaged. Choose another one."
        )


def network_dtype(device: torch.device) -> torch.dtype:
    """Half precision on a graphics card, float32 on the processor and on Apple graphics."""
    return torch.float16 if device.type in ("cuda", "xpu") else torch.float32


def wider(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """The type with a wider range than half precision's, of those the device computes in; float32 behind it."""
    has_bfloat16 = device.type in ("cpu", "xpu") or (device.type == "cuda" and torch.cuda.is_bf16_supported(False))
    return torch.bfloat16 if dtype == torch.float16 and has_bfloat16 else torch.float32


@dataclass
class Precision:
    """The UNet's type, and the text encoders'; they only ever get wider. chosen: what the UNet was loaded in."""

    dtype: torch.dtype
    text: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        self.chosen = self.dtype
        self._finite: Tensor | None = None  # whether all that was watched is, on its device
        self._proven = False  # whether the widest type has answered once

    @property
    def widest(self) -> bool:
        """Whether everything is computed in 32 bits, so that there is nothing wider."""
        return self.dtype == torch.float32

    def widen(self, device: torch.device) -> None:
        """After an overflow."""
        self.dtype = wider(self.dtype, device)

    def watch(self, numbers: Tensor) -> None:
        """Remember, on their device and without waiting for it, whether all numbers are finite."""
        if not self._proven:
            finite = numbers.detach().sum().isfinite()  # float32's sum, far beyond what half precision holds
            self._finite = finite if self._finite is None else self._finite & finite

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raises Overflow after the work inside unless all numbers that it watched are finite; waits for the device
        once, and in the widest type after its first answer no more.
        """
        outside, self._finite = self._finite, None
        try:
            yield
            self._raise_overflow()
        finally:
            self._finite = outside

    def _raise_overflow(self) -> None:
        if self._finite is None:
            return
        if not bool(self._finite):
            raise Overflow
        self._proven = self.widest

    def check(self, numbers: Tensor) -> None:
        """Raises Overflow at once unless all numbers are finite."""
        with self.watching():
            self.watch(numbers)

    def __str__(self) -> str:
        """In words."""
        if self.dtype == self.chosen:
            return _WORDS[self.dtype]
        return f"{_WORDS[self.dtype]}, because {_WORDS[self.chosen]} overflowed"
