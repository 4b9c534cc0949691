"""The device that computes: choice, name, memory, and what running out of memory looks like."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from nti_desktop.errors import OutOfMemory


def best_device() -> torch.device:
    """The fastest device at hand: CUDA, else MPS, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def unet_dtype(device: torch.device) -> torch.dtype:
    """Half precision on a graphics card, float32 on the processor; embeddings, loss and DDIM are float32 everywhere."""
    return torch.float16 if device.type == "cuda" else torch.float32


def device_name(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple graphics"
    return f"processor, {torch.get_num_threads()} threads"


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken now: the card's own on CUDA, else the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn every way of running out of memory into OutOfMemory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # a full card raises torch.OutOfMemoryError, the processor a plain one
        words = str(error).lower()
        if (
            not isinstance(error, MemoryError | torch.OutOfMemoryError)
            and "allocate memory" not in words
            and "not enough memory" not in words
        ):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise OutOfMemory(
            "There is not enough memory for this picture; close other programs or choose a smaller model."
        ) from error
