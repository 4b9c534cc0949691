"""A graphics card that is none: real numbers, computed by the processor, a limit of bytes, and real cards' words."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves

FULL = "CUDA out of memory. Tried to allocate {mib:.2f} MiB. GPU 0 has a total capacity of {total:.2f} MiB."
HERE = torch.device("cpu")


class FakeCard:
    """What lives on it. limit: bytes that fit; taken: by other programs; words: of the error when it is full.

    now, peak: bytes that live there, and the most that did; refusals: how often it was full; waits: how often a number
    of it was asked for, which waits until all is computed.
    """

    def __init__(self, limit: float = float("inf")) -> None:
        self.limit = limit
        self.taken = 0
        self.words = FULL
        self.now = self.peak = self.refusals = self.waits = 0
        self._there: dict[int, int] = {}  # bytes by storage

    @property
    def free(self) -> int:
        """Bytes that other programs and this one leave."""
        return int(max(0, min(self.limit, 10**15) - self.taken - self.now))

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor lies there."""
        return tensor.device.type == "cpu" and tensor.untyped_storage()._cdata in self._there

    def put(self, tensor: Tensor) -> None:
        """Let a tensor lie there from now on, until nobody has it any more; raises what a full card does."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._there:
            return
        if size > self.free:
            self.refusals += 1
            words = self.words.format(mib=size / 2**20, total=self.limit / 2**20)
            raise (torch.OutOfMemoryError if self.words is FULL else RuntimeError)(words)
        self._there[key] = size
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._leave, key).atexit = False

    def forget_peak(self) -> None:
        """Measure it from now on."""
        self.peak = self.now

    def _leave(self, key: int) -> None:
        self.now -= self._there.pop(key)


class _Computing(TorchDispatchMode):
    """Puts onto the card what is made for it, or of what lies there."""

    def __init__(self, card: FakeCard) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._card = card

    def __torch_dispatch__(
        self, operation: Any, types: Any, inputs: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        options = dict(options or {})
        if operation is torch.ops.aten._local_scalar_dense.default and self._card.holds(inputs[0]):
            self._card.waits += 1
        device = options.get("device")
        if device is None:
            there = any(isinstance(x, Tensor) and self._card.holds(x) for x in tree_flatten((inputs, options))[0])
        else:
            there = device.type == "cuda"
            options["device"] = HERE if there else device
        made = operation(*inputs, **options)
        for tensor in tree_leaves(made) if there else ():
            if isinstance(tensor, Tensor) and tensor.device == HERE:
                self._card.put(tensor)
        return made


class _Crossing(TorchFunctionMode):
    """Copies what comes home from the card: for PyTorch it was here all the time. And makes there what is made of
    numbers, for which PyTorch would ask the driver.
    """

    def __init__(self, card: FakeCard) -> None:
        super().__init__()
        self._card = card

    def __torch_function__(
        self, function: Any, types: Any, inputs: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        options = dict(options or {})
        if function in (Tensor.to, Tensor.cpu) and self._card.holds(inputs[0]) and self._goes_home(inputs, options):
            with torch._C._DisableTorchDispatch(), torch.no_grad():
                home = inputs[0].detach().clone()
            return home if function is Tensor.cpu else function(home, *inputs[1:], **options)
        if function in (torch.tensor, torch.as_tensor) and (device := options.pop("device", None)) is not None:
            return function(*inputs, **options).to(device)
        return function(*inputs, **options)

    def _goes_home(self, inputs: tuple[Any, ...], options: dict[str, Any]) -> bool:
        if len(inputs) == 1 and not options:
            return True  # cpu()
        named = (*inputs[1:], options.get("device"))
        return any(str(x) == "cpu" for x in named if isinstance(x, str | torch.device))


class _Stream:
    """Of a card that does all at once."""

    def __init__(self, *_: object) -> None:
        pass

    def record_event(self) -> "_Stream":
        return self

    def wait_event(self, _event: object) -> None:
        pass

    def synchronize(self) -> None:
        pass


@contextmanager
def fake_card(limit: float = float("inf")) -> Iterator[FakeCard]:
    """A computer with one card of so many bytes, "cuda", for the work inside, which is all done in this thread."""
    card = FakeCard(limit)

    def at_once(work: Callable[[], Any], _cancel: object) -> Any:
        return work()

    shims: dict[str, Any] = {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "_lazy_init": lambda: None,
        "device_count": lambda: 2,
        "current_device": lambda: 0,
        "get_device_name": lambda *_: "Fake card",
        "is_bf16_supported": lambda *_: True,
        "mem_get_info": lambda *_: (card.free, int(min(card.limit, 10**15))),
        "memory_reserved": lambda *_: card.now,
        "memory_allocated": lambda *_: card.now,
        "empty_cache": lambda: None,
        "Stream": _Stream,
        "current_stream": _Stream,
        "stream": nullcontext,
    }
    with ExitStack() as stack:
        for name, shim in shims.items():
            stack.enter_context(patch.object(torch.cuda, name, shim))
        stack.enter_context(patch.object(Tensor, "record_stream", lambda *_: None))
        stack.enter_context(patch("nti_desktop.engine.service.run_aside", at_once))
        stack.enter_context(_Crossing(card))
        stack.enter_context(_Computing(card))
        yield card
