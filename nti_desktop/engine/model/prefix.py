"""What the UNet computes before it reads the first word: the same for one latent, whatever the embedding."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor


class Prefix:
    """The convolutions and self-attention that a UNet call passes before its first cross-attention."""

    def __init__(self, unet: Any) -> None:
        self._kept: dict[int, Tensor] | None = None  # by place in the order of the calls
        self._pooled: Tensor | None = None  # what was kept depends on, where the UNet reads that before any word
        self._place: int | None = None  # None once a word was read
        unet.register_forward_pre_hook(self._begin)
        steps: list[Any] = [m for m in unet.modules() if m is unet.conv_in or isinstance(m, (ResnetBlock2D, Attention))]
        for step in steps:
            if isinstance(step, Attention) and step.is_cross_attention:
                step.register_forward_pre_hook(self._read)
            else:
                step.forward = self._once(step.forward)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For UNet calls that differ in nothing but the embedding: compute the prefix in the first of them only."""
        self._kept = {}
        try:
            yield
        finally:
            self._kept = None

    def forget(self) -> None:
        """Compute it anew: the UNet has changed, or the memory is needed."""
        if self._kept is not None:
            self._kept.clear()

    def reads(self, pooled: Tensor | None) -> None:
        """Of the next call: the sentence as a whole, which SDXL reads with the timestep; another makes all anew."""
        if self._kept and pooled is not self._pooled:
            self._kept.clear()
        self._pooled = pooled

    def _begin(self, *_: Any) -> None:
        self._place = 0

    def _read(self, *_: Any) -> None:
        self._place = None

    def _once(self, forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def answered(*inputs: Any, **options: Any) -> Tensor:
            if self._kept is None or self._place is None:
                return forward(*inputs, **options)
            place, self._place = self._place, self._place + 1
            if place not in self._kept:
                self._kept[place] = forward(*inputs, **options)
            return self._kept[place]

        return answered
