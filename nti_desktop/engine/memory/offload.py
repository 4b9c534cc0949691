"""Sequential offload: weights wait in the computer's memory, and visit the device only while they are needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Move = Callable[[Tensor, torch.device], Tensor]


def moved(weight: Tensor, device: torch.device) -> Tensor:
    """A copy on the device."""
    return weight.to(device)


class Offload:
    """Lets the weights of each module that holds some visit the device for its forward alone.

    The module is given other parameters for that time, and its own are never written to: what autograd has saved of a
    visitor stays as it is until the backward is through. So that a graph does not hold all visitors at once, take it
    together with checkpoints.
    """

    def __init__(self, part: nn.Module, device: torch.device, move: Move) -> None:
        """part: in the computer's memory, where its weights may still be cast; move: makes a visitor of a weight."""
        self._device = device
        self._move = move
        for module in part.modules():
            if _parameters(module) or _buffers(module):
                own: dict[str, Any] = {}
                module.register_forward_pre_hook(self._arrive(own))
                module.register_forward_hook(self._leave(own), always_call=True)

    def _arrive(self, own: dict[str, Any]) -> Callable[..., None]:
        def arrive(module: nn.Module, _inputs: Any) -> None:
            own.update((*_parameters(module), *_buffers(module)))
            for name, weight in _parameters(module):
                module._parameters[name] = nn.Parameter(self._move(weight.data, self._device), requires_grad=False)
            for name, buffer in _buffers(module):
                module._buffers[name] = self._move(buffer, self._device)

        return arrive

    def _leave(self, own: dict[str, Any]) -> Callable[..., None]:
        def leave(module: nn.Module, _inputs: Any, _output: Any) -> None:
            for name, weight in own.items():
                (module._parameters if name in module._parameters else module._buffers)[name] = weight
            own.clear()

        return leave


def _parameters(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Its own, without those of the modules inside."""
    return list(module.named_parameters(recurse=False))


def _buffers(module: nn.Module) -> list[tuple[str, Tensor]]:
    return list(module.named_buffers(recurse=False))


@contextmanager
def present(part: nn.Module, device: torch.device, home: torch.device) -> Iterator[None]:
    """A whole part on the device for a while, and back home."""
    part.to(device)
    try:
        yield
    finally:
        part.to(home)
