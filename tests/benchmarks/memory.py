"""Peak memory of an inversion beyond the loaded model: `python -m tests.benchmarks.memory MODEL CONTESTANT [STEPS]`."""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from nti_desktop.models.library.catalog import ModelEntry, find_model
from tests.benchmarks.children import ask
from tests.benchmarks.contestants import (
    FROZEN,
    NEGATIVE_PROMPT,
    PUBLISHED,
    REFERENCE,
    held_out_photos,
    inversions,
    load_arena,
)
from tests.benchmarks.costs import fix_conditions

CONTESTANTS = (PUBLISHED, FROZEN, REFERENCE, NEGATIVE_PROMPT)
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Memory:
    """of: which memory is meant; steps: of the inversions, None for the usual; peaks: bytes beyond the loaded model,
    by contestant, None where this system does not tell.
    """

    of: str
    steps: int | None
    peaks: dict[str, int | None]


def measure_memory(entry: ModelEntry, steps: int | None = None) -> Memory:
    """Each contestant in a process of its own. steps: see load_arena."""
    of = "graphics memory, the engine in half precision" if torch.cuda.is_available() else "resident memory"
    asked = () if steps is None else (str(steps),)
    # What is freed is given back at once: resident memory is then what is in use.
    environment = {"MALLOC_MMAP_THRESHOLD_": "65536"}
    return Memory(of, steps, {name: ask("memory", entry.id, name, *asked, **environment) for name in CONTESTANTS})


def peak_of(work: Callable[[], object]) -> int | None:
    """Bytes by which memory grows at most while `work` runs: graphics memory where there is some, else resident.

    To be asked in a process of its own: `work` can be served with memory that earlier work gave back.
    """
    gc.collect()  # garbage that is only found while `work` runs would make room for it
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return torch.cuda.max_memory_allocated() - before
    if not _FORGET.exists():
        return None
    _FORGET.write_text("5")  # the peak starts again from what is resident now; see proc(5)
    before = high_water()
    work()
    return high_water() - before


def high_water() -> int:
    """Most that was ever resident of this process, in bytes, or since the peak was forgotten."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main(model: str, contestant: str, steps: str | None = None) -> None:
    """Print the peak of one contestant's inversion of the first photo."""
    fix_conditions()
    entry = find_model(model)
    arena = load_arena(entry, None if steps is None else int(steps), dtype=None)
    (photo,) = held_out_photos(1, entry.native_size)
    found = {c.name: c for c in inversions(arena, photo, arena.defaults.guidance_scale)}[contestant]
    found.ready(0)
    print(json.dumps(peak_of(lambda: found.run(0))))


if __name__ == "__main__":
    main(*sys.argv[1:])
