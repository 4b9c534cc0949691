"""From what was measured to the few numbers that say it: plain JSON in, plain JSON out, None for what is missing."""

import statistics
from collections.abc import Mapping
from typing import Any

from tests.benchmarks.contestants import (
    EXACT,
    FIRST,
    FROZEN,
    LATER,
    NEGATIVE_PROMPT,
    PLAIN,
    PREPARATION,
    PREVIEW,
    PUBLISHED,
    REFERENCE,
)
from tests.benchmarks.speed import AS_PUBLISHED, EDITS, INVERSIONS
from tests.figures.tables import ALL

Section = Mapping[str, Any]
SECTIONS = ("speed", "start", "screen", "gaps", "growth", "memory", "full_size", "memory_estimate", "truth", "methods")

# For each ratio: the contest, the one who is slower if it is above 1, and the other.
GUIDED = {
    "negative_prompt_speedup": (PUBLISHED, NEGATIVE_PROMPT),
    "negative_prompt_speedup_frozen": (FROZEN, NEGATIVE_PROMPT),
    "reference_schedule_speedup": (PUBLISHED, REFERENCE),
    "reference_schedule_speedup_frozen": (FROZEN, REFERENCE),
}
PREPARATIONS = {
    "preparation_speedup": (PUBLISHED, PREPARATION),
    "preparation_speedup_frozen": (FROZEN, PREPARATION),
}
EDITING = {
    "edit_speedup": (PUBLISHED, LATER),
    "edit_first_speedup": (PUBLISHED, FIRST),
    "edit_exact_speedup": (PUBLISHED, EXACT),
    "edit_plain_speedup": (PUBLISHED, PLAIN),
    "preview_render_speedup": (PUBLISHED, PREVIEW),
}
ROWS = {
    "negative_prompt_row_ratio": (PUBLISHED, NEGATIVE_PROMPT),
    "negative_prompt_row_ratio_frozen": (FROZEN, NEGATIVE_PROMPT),
}


def summarised(sections: Section) -> dict[str, Any]:
    """The numbers that go first, then the sections themselves."""
    speed, screen, truth = (sections.get(name) for name in ("speed", "screen", "truth"))
    full_size = sections.get("full_size")
    numbers = ratios(speed)
    on_screen = _on_screen(speed, screen)
    return {
        **numbers,
        "preview_speedup": on_screen or numbers["preview_render_speedup"],
        "preview_speedup_is_on_screen": on_screen is not None,
        "at_published_guidance": guided_ratios(speed, AS_PUBLISHED),
        "at_full_size": ratios(full_size["speed"] if full_size else None),
        "recovered_truth": _recovered(truth),
        "recovered_truth_less_published": truth["differences"] if truth else None,
        **{name: sections.get(name) for name in SECTIONS},
    }


def ratios(speed: Section | None) -> dict[str, float | None]:
    """All ratios of one model's contests."""
    return (
        guided_ratios(speed, INVERSIONS)
        | {name: speedup(speed, INVERSIONS, *pair) for name, pair in PREPARATIONS.items()}
        | {name: speedup(speed, EDITS, *pair) for name, pair in EDITING.items()}
    )


def guided_ratios(speed: Section | None, contest: str) -> dict[str, float | None]:
    """Of the inversions that reconstruct by guidance, in one contest."""
    return {name: speedup(speed, contest, *pair) for name, pair in GUIDED.items()} | {
        name: row_ratio(speed, contest, *pair) for name, pair in ROWS.items()
    }


def speedup(speed: Section | None, contest: str, slower: str, faster: str) -> float | None:
    """The one's median seconds in the other's."""
    if speed is None:
        return None
    found = speed["contests"][contest]
    return float(found[slower]["median"] / found[faster]["median"])


def row_ratio(speed: Section | None, contest: str, more: str, fewer: str) -> float | None:
    """The one's UNet rows in the other's, over all photos."""
    if speed is None:
        return None
    found = speed["contests"][contest]
    return float(sum(found[more]["rows"]) / sum(found[fewer]["rows"]))


def mean_of_photos(standing: Section, name: str) -> float | None:
    """A contestant's figure, averaged over the photos."""
    values = standing[name]
    return statistics.fmean(values) if values else None


def _on_screen(speed: Section | None, screen: Section | None) -> float | None:
    if speed is None or screen is None:
        return None
    return float(speed["contests"][EDITS][PUBLISHED]["median"] / screen["median"])


def _recovered(truth: Section | None) -> dict[str, Any] | None:
    if truth is None:
        return None
    return {
        way: {**kinds[ALL]["mean"], "by_kind": {kind: r["mean"] for kind, r in kinds.items() if kind != ALL}}
        for way, kinds in truth["ways"].items()
    }
