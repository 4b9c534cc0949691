"""The devices that compute: which there are, their names and memory, and whether they do compute."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import psutil
import torch

from nti_desktop.core.errors import DeviceStopped, EngineError, OutOfMemory
from nti_desktop.engine.memory.faults import give_back_memory, is_device_fault, ran_out_of_memory, why_unusable
from nti_desktop.recipe.jobs import Device

_KINDS = {"cuda": "graphics card that the program can use", "xpu": "Intel graphics", "mps": "Apple graphics"}
GRAPHICS_CARDS = ("cuda", "xpu")  # with memory of their own; AMD's are "cuda" too, by ROCm
_PATIENCE = 5  # seconds for a driver's tool to answer

_stopped: dict[str, str] = {}  # kinds that failed at their work in this process, and the sentence that says so


def devices() -> tuple[Device, ...]:
    """List the devices at hand, the fastest first; of several cards each, numbered. Those that are not used say so."""
    return tuple(_listed(kind) for kind in _kinds())


def _listed(kind: str) -> Device:
    device = in_words(torch.device(kind))
    return device if fault_of(kind) is None else replace(device, name=f"{device.name}, not used")


def find_device(kind: str | None = None) -> torch.device:
    """The device of a kind, see Device, the best one for None; raises EngineError where there is none.

    One that fails at a first computation, or has stopped at its work, is passed over for the next one, at last for the
    processor.
    """
    there = _kinds()
    if kind in GRAPHICS_CARDS and kind not in there:  # of several the first
        kind = next((each for each in there if each.partition(":")[0] == kind), kind)
    if kind is not None and kind not in there:
        unseen = _unseen_card() if kind.startswith("cuda") else None
        named = _KINDS.get(kind.partition(":")[0], f"“{kind}”")
        raise EngineError(unseen or f"This computer has no {named}; choose another device.")
    wanted = there if kind is None else [kind, "cpu"]
    return torch.device(next(each for each in wanted if fault_of(each) is None))


def passed_over() -> tuple[str, ...]:
    """Say of each graphics card that is not used why, and what to do, in one sentence."""
    found = tuple(fault for kind in _kinds() if (fault := fault_of(kind)) is not None)
    return found or ((unseen,) if (unseen := _unseen_card()) else ())


def fault_of(kind: str) -> str | None:
    """Say in one sentence why a device cannot be used; None for one that computes. It is tried once."""
    return _stopped.get(kind) or _fault_at_first(kind)


def give_up(device: torch.device) -> None:
    """Choose a device no more until the program is started again: after a fault the driver answers nothing but that."""
    if device.type != "cpu":
        _stopped[str(device)] = (
            f"“{in_words(device).name}” is not used, as it stopped in the middle of its work; start the program again "
            "to use it, and update its driver if it stops again."
        )


@cache
def _fault_at_first(kind: str) -> str | None:
    if kind == "cpu":
        return None
    device = torch.device(kind)
    try:
        _compute(device)
    except Exception as error:  # whatever its driver makes of it
        if ran_out_of_memory(error):  # it is full, which may pass, and is said when there is work
            return None
        return _not_used(f"“{in_words(device).name}”", error)
    return None


def _not_used(card: str, error: Exception) -> str:
    why, remedy = why_unusable(error) or ("it failed at a first computation", "update its driver")
    return f"{card} is not used, as {why}; {remedy}."


def _compute(device: torch.device) -> None:
    """Do on a device what a UNet does, of a small size, in the type that it will do it in."""
    dtype = torch.float32 if device.type == "mps" else torch.float16
    with torch.no_grad():
        picture = torch.ones(1, 4, 8, 8, device=device, dtype=dtype)
        drawn = torch.nn.functional.conv2d(picture, torch.ones(4, 4, 3, 3, device=device, dtype=dtype), padding=1)
        rows = drawn.flatten(2).transpose(1, 2)
        attended = torch.nn.functional.scaled_dot_product_attention(rows, rows, rows / 36)
        if not bool(attended.float().cpu().isfinite().all()):
            raise RuntimeError("It computes no numbers.")


def _kinds() -> list[str]:
    cards = _cards("cuda", torch.cuda.is_available(), torch.cuda.device_count())
    cards += _cards("xpu", torch.xpu.is_available(), torch.xpu.device_count())
    return [*cards, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def _cards(kind: str, there: bool, count: int) -> list[str]:
    if not there:
        return []
    return [kind] if count <= 1 else [f"{kind}:{number}" for number in range(count)]


def _unseen_card() -> str | None:
    """Say why an NVIDIA card that is in this computer is not seen by PyTorch; None where there is none."""
    if torch.cuda.is_available() or not _has_nvidia_card():
        return None
    if torch.version.cuda is None:
        return (
            "The NVIDIA card is not used, as this PyTorch is built without CUDA; make the environment with "
            "“packaging/environment.py --cuda”."
        )
    try:
        torch.cuda.init()
    except Exception as error:  # as above
        return _not_used("The NVIDIA card", error)
    return "The NVIDIA card is not used, as PyTorch does not find it; update its driver."


@cache
def _has_nvidia_card() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):  # hidden on purpose
        return False
    if sys.platform.startswith("linux") and Path("/proc/driver/nvidia/gpus").is_dir():
        return True
    tool = shutil.which("nvidia-smi")
    try:
        if tool is None:
            return False
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows a console would flash up
        asked = subprocess.run([tool, "-L"], capture_output=True, timeout=_PATIENCE, creationflags=hidden)
        return asked.returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def in_words(device: torch.device) -> Device:
    """A device and its name."""
    kind = str(device)
    if device.type == "cuda":
        by = " by ROCm" if torch.version.hip else ""
        return Device(kind, f"Graphics card{_number(device)}{by}: {torch.cuda.get_device_name(device)}")
    if device.type == "xpu":
        return Device(kind, f"Intel graphics{_number(device)}: {torch.xpu.get_device_name(device)}")
    if device.type == "mps":
        return Device("mps", "Apple graphics")
    threads = torch.get_num_threads()
    return Device("cpu", f"Processor, {threads} thread{'s'[: threads > 1]}")


def _number(device: torch.device) -> str:
    return "" if device.index is None else f" {device.index + 1}"


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken now: a card's own, with what PyTorch keeps in hand, else the machine's."""
    if device.type in GRAPHICS_CARDS:
        card = torch.cuda if device.type == "cuda" else torch.xpu
        in_hand = card.memory_reserved(device) - card.memory_allocated(device)
        return int(card.mem_get_info(device)[0] + in_hand)
    return int(psutil.virtual_memory().available)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn every way of running out of memory into OutOfMemory, other faults of a device into DeviceStopped."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if ran_out_of_memory(error):
            give_back_memory()
            raise OutOfMemory(
                "There is not enough memory for this picture; close other programs, or choose another device or a "
                "smaller model."
            ) from error
        if not is_device_fault(error):
            raise
        if (known := why_unusable(error)) is not None:
            why, remedy = known
            raise DeviceStopped(
                f"The graphics card computes nothing here, as {why}; try again, which the processor does then, or "
                f"{remedy}."
            ) from error
        raise DeviceStopped(
            "The graphics card stopped in the middle of its work and is not used until the program is started again; "
            "try again, which the processor does then, and update the card's driver if it stops again."
        ) from error
