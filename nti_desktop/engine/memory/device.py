"""The devices that compute: which there are, their names and memory, and what running out of it looks like."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from nti_desktop.core.errors import EngineError, OutOfMemory
from nti_desktop.recipe.jobs import Device

_KINDS = {"cuda": "graphics card that the program can use", "mps": "Apple graphics"}


def devices() -> tuple[Device, ...]:
    """List the devices at hand, the fastest first."""
    kinds = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True)]
    return tuple(in_words(torch.device(kind)) for kind, there in kinds if there)


def find_device(kind: str | None = None) -> torch.device:
    """The device of a kind ("cuda", "mps" or "cpu"), the best one for None; raises EngineError where there is none."""
    there = [device.kind for device in devices()]
    if kind is not None and kind not in there:
        raise EngineError(f"This computer has no {_KINDS.get(kind, f'“{kind}”')}; choose another device.")
    return torch.device(kind or there[0])


def in_words(device: torch.device) -> Device:
    """A device and its name."""
    if device.type == "cuda":
        return Device("cuda", f"Graphics card: {torch.cuda.get_device_name(device)}")
    if device.type == "mps":
        return Device("mps", "Apple graphics")
    threads = torch.get_num_threads()
    return Device("cpu", f"Processor, {threads} thread{'s'[: threads > 1]}")


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken now: the card's own on CUDA, with what PyTorch keeps in hand, else the machine's."""
    if device.type == "cuda":
        in_hand = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + in_hand)
    return int(psutil.virtual_memory().available)


def ran_out_of_memory(error: BaseException) -> bool:
    """A full card raises torch.OutOfMemoryError; the processor, and Apple graphics, a plain RuntimeError."""
    words = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(said in words for said in ("allocate memory", "not enough memory", "out of memory"))
    )


def give_back_memory() -> None:
    """Give back what PyTorch keeps of freed graphics memory, so that it can be taken in other sizes."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn every way of running out of memory into OutOfMemory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        give_back_memory()
        raise OutOfMemory(
            "There is not enough memory for this picture; close other programs, or choose another device or a smaller "
            "model."
        ) from error
