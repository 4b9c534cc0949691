"""Weights that wait in the computer's memory, and visit the device only while they are needed."""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from nti_desktop.engine.memory.copies import Copies, Moment, Sent
from nti_desktop.engine.memory.faults import ran_out_of_memory


class Visit:
    """A module's own weights on a device for a while.

    The module is given other parameters for that time, and its own are never written to: what autograd has saved of a
    visitor stays as it is until the backward is through.
    """

    def __init__(self, module: nn.Module, copies: Copies) -> None:
        """module: in the computer's memory, where its weights may still be cast between two visits."""
        self._module, self._copies = module, copies
        self._own: dict[str, Any] = {}
        self.sent: Sent | None = None

    @property
    def there(self) -> bool:
        """Whether the module has its visitors."""
        return bool(self._own)

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(weight.nbytes for weight in self._weights().values())

    def set_out(self) -> None:
        """Begin it; may raise what a full device does."""
        self.sent = self._copies.send(self._weights())

    def arrive(self) -> None:
        """Give the module its visitors; may raise what a full device does."""
        if self.sent is None:
            self.set_out()
        assert self.sent is not None
        self._copies.receive(self.sent)
        self._own = self._weights()
        for name, visitor in self.sent.copies.items():
            self._place(name)[name] = nn.Parameter(visitor, requires_grad=False) if self._learns(name) else visitor

    def leave(self) -> None:
        """Give the module its own again; the visitors go when nobody has them any more."""
        for name, weight in self._own.items():
            self._place(name)[name] = weight
        self._own, self.sent = {}, None

    def _weights(self) -> dict[str, Tensor]:
        """Weights and buffers, without those of the modules inside."""
        named = (*self._module._parameters.items(), *self._module._buffers.items())
        return {name: weight for name, weight in named if weight is not None}

    def _learns(self, name: str) -> bool:
        return name in self._module._parameters

    def _place(self, name: str) -> dict[str, Any]:
        return self._module._parameters if self._learns(name) else self._module._buffers


class Offload:
    """Lets the weights of each module that holds some visit the device for its forward alone.

    While one computes the next ones set out, those that came after it the last time, together no larger than the
    largest; where another comes instead they are sent back. Before a device that is behind with its work is sent more,
    it is waited for, so that those it still computes with are together no larger than the largest either.

    So that a graph does not hold all visitors at once, take it together with checkpoints.
    """

    def __init__(self, part: nn.Module, copies: Copies) -> None:
        self._copies = copies
        self._after: dict[Visit, Visit] = {}
        self._latest: Visit | None = None
        self._on_the_way: deque[Visit] = deque()
        self._leaving: deque[tuple[Moment, Sent]] = deque()
        visits = [(module, Visit(module, copies)) for module in part.modules() if _has_weights(module)]
        self._most = max(visit.size for _, visit in visits)
        self._handles: list[Any] = [part.register_forward_pre_hook(self._forget)]
        for module, visit in visits:
            self._handles.append(module.register_forward_pre_hook(partial(self._arrive, visit)))
            self._handles.append(module.register_forward_hook(partial(self._leave, visit), always_call=True))
        self._handles.append(part.register_forward_hook(self._forget, always_call=True))

    def end(self) -> None:
        """Let them stay where they are."""
        for handle in self._handles:
            handle.remove()
        self._forget()

    def _arrive(self, visit: Visit, *_: Any) -> None:
        if self._latest is not None:
            self._after[self._latest] = visit
        self._latest = visit
        while self._on_the_way and self._on_the_way[0] is not visit:
            self._on_the_way.popleft().sent = None
        if self._on_the_way:
            self._on_the_way.popleft()
        else:
            self._make_room(visit)
        visit.arrive()
        self._look_ahead(visit)

    def _look_ahead(self, visit: Visit) -> None:
        """Let set out what comes after those on the way, or after this one."""
        latest = self._on_the_way[-1] if self._on_the_way else visit
        while (ahead := self._after.get(latest)) is not None and not (ahead.there or ahead in self._on_the_way):
            if sum(each.size for each in (*self._on_the_way, ahead)) > self._most:
                return
            self._make_room(ahead)
            try:
                ahead.set_out()
            except (MemoryError, RuntimeError) as error:  # then it comes when it is needed
                if not ran_out_of_memory(error):
                    raise
                return
            self._on_the_way.append(ahead)
            latest = ahead

    def _make_room(self, visit: Visit) -> None:
        """Wait until what is leaving is little enough beside one that sets out."""
        while self._leaving and sum(sent.size for _, sent in self._leaving) + visit.size > self._most:
            moment, _ = self._leaving.popleft()
            moment.synchronize()

    def _leave(self, visit: Visit, *_: Any) -> None:
        if visit.sent is not None:  # it did arrive
            self._leaving.append((self._copies.moment(), visit.sent))
        visit.leave()

    def _forget(self, *_: Any) -> None:
        """Between two forwards weights may be cast, and nothing stays on the device."""
        while self._on_the_way:
            self._on_the_way.popleft().sent = None
        self._leaving.clear()
        self._latest = None


@contextmanager
def present(part: nn.Module, copies: Copies) -> Iterator[None]:
    """A whole part on the device for a while."""
    with ExitStack() as stack:
        for module in part.modules():
            if _has_weights(module):
                visit = Visit(module, copies)
                stack.callback(visit.leave)
                visit.arrive()
        yield


def _has_weights(module: nn.Module) -> bool:
    return bool(list(module.parameters(recurse=False)) or list(module.buffers(recurse=False)))
