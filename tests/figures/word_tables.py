"""What weights and strengths do, over many scenes, as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.figures.answers import Answer
from tests.figures.tables import Mean, mean_of

BACK = 0.01  # of the way from photo to truth; a smaller step back is none that anybody sees


@dataclass(frozen=True)
class Stops:
    """Figures of one kind at every stop of a slider. means: by stop; even: the share of scenes in which no stop falls
    behind the one before.
    """

    means: Mapping[str, float]
    even: float
    scenes: int


def stops(answers: Sequence[Answer], way: str) -> Stops | None:
    """Of one way; None where no scene has it. Unevenness is judged against the scene's own largest figure."""
    rows = [[float(value or 0) for value in answer[way].values()] for answer in answers if way in answer]
    if not rows:
        return None
    names = next(answer[way] for answer in answers if way in answer)
    towards = np.sign(np.mean([row[-1] - row[0] for row in rows]))
    even = [bool((np.diff(np.multiply(row, towards)) >= -BACK * max(map(abs, row))).all()) for row in rows]
    return Stops(dict(zip(names, np.mean(rows, 0).tolist(), strict=True)), float(np.mean(even)), len(rows))


def stops_table(title: str, found: Mapping[str, Stops]) -> str:
    """One line a kind."""
    names = next(iter(found.values())).means
    lines = [f"{title:22} {'scenes':>6} " + "".join(f"{name:>7}" for name in names) + f"{'even':>7}"]
    lines += [
        f"{kind:22} {each.scenes:6} " + "".join(f"{mean:7.2f}" for mean in each.means.values()) + f"{each.even:7.0%}"
        for kind, each in found.items()
    ]
    return "\n".join(lines)


def half_way(answers: Sequence[Answer], way: str) -> Mean | None:
    """What the half-way edit recovers of the half-way truth."""
    found = [answer[way]["recovered"] for answer in answers if way in answer]
    known = [value for value in found if value is not None]
    return mean_of(known) if known else None
