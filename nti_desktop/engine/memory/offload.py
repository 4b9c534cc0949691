"""Weights that wait in the computer's memory, and visit the device only while they are needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Move = Callable[[Tensor, torch.device], Tensor]


def moved(weight: Tensor, device: torch.device) -> Tensor:
    """A copy on the device."""
    return weight.to(device)


class Visit:
    """A module's own weights on a device for a while.

    The module is given other parameters for that time, and its own are never written to: what autograd has saved of a
    visitor stays as it is until the backward is through.
    """

    def __init__(self, module: nn.Module, device: torch.device, move: Move) -> None:
        """module: in the computer's memory, where its weights may still be cast; move: makes a visitor of a weight."""
        self._module, self._device, self._move = module, device, move
        self._own: dict[str, Any] = {}

    def arrive(self, *_: Any) -> None:
        """Weights and buffers, without those of the modules inside."""
        parameters, buffers = self._module._parameters, self._module._buffers
        own = {name: weight for name, weight in (*parameters.items(), *buffers.items()) if weight is not None}
        visitors = {name: self._move(weight.data, self._device) for name, weight in own.items()}  # may raise
        self._own = own
        for name, visitor in visitors.items():
            if name in parameters:
                parameters[name] = nn.Parameter(visitor, requires_grad=False)
            else:
                buffers[name] = visitor

    def leave(self, *_: Any) -> None:
        """The module has its own again."""
        for name, weight in self._own.items():
            (self._module._parameters if name in self._module._parameters else self._module._buffers)[name] = weight
        self._own = {}


class Offload:
    """Lets the weights of each module that holds some visit the device for its forward alone.

    So that a graph does not hold all visitors at once, take it together with checkpoints.
    """

    def __init__(self, part: nn.Module, device: torch.device, move: Move) -> None:
        """part, move: see Visit."""
        self._handles: list[Any] = []
        for module in part.modules():
            if _has_weights(module):
                visit = Visit(module, device, move)
                self._handles.append(module.register_forward_pre_hook(visit.arrive))
                self._handles.append(module.register_forward_hook(visit.leave, always_call=True))

    def end(self) -> None:
        """Let them stay where they are."""
        for handle in self._handles:
            handle.remove()


@contextmanager
def present(part: nn.Module, device: torch.device, move: Move) -> Iterator[None]:
    """A whole part on the device for a while. part, move: see Visit."""
    with ExitStack() as stack:
        for module in part.modules():
            if _has_weights(module):
                visit = Visit(module, device, move)
                stack.callback(visit.leave)
                visit.arrive()
        yield


def _has_weights(module: nn.Module) -> bool:
    return bool(list(module.parameters(recurse=False)) or list(module.buffers(recurse=False)))
