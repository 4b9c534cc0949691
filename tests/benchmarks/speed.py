"""The contest for seconds and UNet rows: one process, one model, everyone in turn."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from nti_desktop.engine.memory.device import in_words
from nti_desktop.engine.threads import ALL
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.recipe.settings import EditDefaults
from tests.benchmarks.contestants import (
    PLAIN,
    PREPARATION,
    PUBLISHED_GUIDANCE,
    Arena,
    Photo,
    edits,
    held_out_photos,
    inversions,
    load_arena,
)
from tests.benchmarks.costs import Contestant, Standing, fix_conditions, standings, take_turns

INVERSIONS, EDITS = "inversions", "edits"
AS_PUBLISHED = f"inversions at guidance {PUBLISHED_GUIDANCE:g}"

Enter = Callable[[Arena, Photo], list[Contestant]]


@dataclass(frozen=True)
class Speed:
    """size: of a picture's sides in pixels; photos: kinds of edit and seeds of the scenes; load: the machine's load
    average before, which should be near 0; contests: by name, then by contestant.
    """

    device: str
    threads: int
    torch: str
    load: float
    size: int
    published_steps: int
    defaults: EditDefaults
    rounds: int
    photos: tuple[str, ...]
    contests: Mapping[str, Mapping[str, Standing]]


def measure_speed(entry: ModelEntry, rounds: int, photos: int, steps: int | None = None) -> Speed:
    """rounds: timed turns for each photo; steps: see load_arena."""
    fix_conditions()
    load = os.getloadavg()[0]
    arena = load_arena(entry, steps)
    field = held_out_photos(photos, entry.native_size)
    entries: dict[str, Enter] = {
        INVERSIONS: lambda arena, photo: inversions(arena, photo, arena.defaults.guidance_scale),
        EDITS: edits,
        AS_PUBLISHED: _null_text_as_published,
    }
    return Speed(
        device=in_words(arena.pipeline.device).name,
        threads=ALL,
        torch=torch.__version__,
        load=load,
        size=entry.native_size,
        published_steps=arena.published_steps,
        defaults=arena.defaults,
        rounds=rounds,
        photos=tuple(photo.name for photo in field),
        contests={name: _contest(name, enter, arena, field, rounds) for name, enter in entries.items()},
    )


def _null_text_as_published(arena: Arena, photo: Photo) -> list[Contestant]:
    return [c for c in inversions(arena, photo, PUBLISHED_GUIDANCE) if c.name != PREPARATION]


def _contest(name: str, enter: Enter, arena: Arena, field: Sequence[Photo], rounds: int) -> dict[str, Standing]:
    costs = []
    for photo in field:
        print(f"{name}: {photo.name}, one turn to warm up and {rounds} timed", flush=True)
        costs.append(take_turns(enter(arena, photo), rounds))
    return standings(costs, PLAIN if name == EDITS else None)
