"""From many answers to the few numbers of the card, and those as text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass

import numpy as np

from nti_desktop.studio.truth import bootstrap_interval
from tests.figures.answers import Answer

Outcomes = Mapping[str, Sequence[Answer]]  # by kind, each kind's scenes in the same order whatever the way

ALL = "all"


@dataclass(frozen=True)
class Mean:
    """A mean over so many scenes and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    scenes: int


def mean_of(values: Sequence[float]) -> Mean:
    """Raises ValueError without values."""
    return Mean(float(np.mean(values)), *bootstrap_interval(values), len(values))


@dataclass(frozen=True)
class Recovered:
    """What one way recovers of the truth of one kind. positive, verdict: shares of the scenes; sharpness: in those of
    the truth; outside: PSNR in dB, None where the change is everywhere; lost: scenes whose change the autoencoder does
    not show, left out.
    """

    mean: Mean
    median: float
    positive: float
    sharpness: float
    outside: float | None
    verdict: float
    lost: int


def values(answers: Sequence[Answer], way: str, name: str = "recovered") -> list[float]:
    """One figure of every scene that has it."""
    found = [answer[way][name] for answer in answers if way in answer]
    return [value for value in found if value is not None]


def recovered_by(answers: Sequence[Answer], way: str) -> Recovered:
    """The figures of one way; raises ValueError when no scene has them."""
    found, outside = values(answers, way), values(answers, way, "outside")
    return Recovered(
        mean_of(found),
        float(np.median(found)),
        float(np.mean([value > 0 for value in found])),
        float(np.mean(values(answers, way, "sharpness"))),
        float(np.mean(outside)) if outside else None,
        float(np.mean(values(answers, way, "verdict"))),
        sum(way in answer for answer in answers) - len(found),
    )


def truth_summary(outcomes: Outcomes) -> dict[str, dict[str, Recovered]]:
    """By way and kind, and over all kinds."""
    kinds = {**outcomes, ALL: [answer for answers in outcomes.values() for answer in answers]}
    ways = dict.fromkeys(way for answer in kinds[ALL] for way, found in answer.items() if "recovered" in found)
    return {
        way: {kind: recovered_by(answers, way) for kind, answers in kinds.items() if values(answers, way)}
        for way in ways
    }


def truth_table(summary: Mapping[str, Mapping[str, Recovered]]) -> str:
    """The summary as text."""
    names = ("recovered", "95 %", "median", "positive", "sharp", "outside", "verdict", "lost")
    heads = " ".join(f"{name:>{width}}" for name, width in zip(names, (10, 14, 7, 9, 6, 8, 8, 5), strict=True))
    lines = [f"{'way':28} {'kind':9} {'scenes':>6} {heads}"]
    for way, kinds in summary.items():
        for kind, r in kinds.items():
            outside = "-" if r.outside is None else f"{r.outside:.1f}"
            lines.append(
                f"{way:28} {kind:9} {r.mean.scenes:6} {r.mean.mean:10.3f} {r.mean.low:7.2f}{r.mean.high:7.2f} "
                f"{r.median:7.2f} {r.positive:9.0%} {r.sharpness:6.2f} {outside:>8} {r.verdict:8.0%} {r.lost:5}"
            )
    return "\n".join(lines)


def paired(ours: Sequence[Answer], way: str, theirs: Sequence[Answer], other: str) -> Mean | None:
    """How much more one way recovers than another on the same scenes; None when no scene has both."""
    both = [
        (a[way]["recovered"], b[other]["recovered"])
        for a, b in zip(ours, theirs, strict=True)
        if way in a and other in b
    ]
    differences = [one - two for one, two in both if one is not None and two is not None]
    return mean_of(differences) if differences else None


@dataclass(frozen=True)
class MaskFit:
    """Word masks against their things. coverage: the mask's area in areas of the thing."""

    iou: Mean
    coverage: Mean
    median_coverage: float


def mask_summary(answers: Sequence[Answer]) -> dict[str, MaskFit]:
    """Over all scenes, and over those of one and of two things."""
    groups = {ALL: answers}
    for things, name in ((1.0, "one thing"), (2.0, "two things")):
        groups[name] = [answer for answer in answers if answer["mask"]["things"] == things]
    return {
        name: MaskFit(
            mean_of(values(found, "mask", "iou")),
            mean_of(values(found, "mask", "coverage")),
            float(np.median(values(found, "mask", "coverage"))),
        )
        for name, found in groups.items()
        if found
    }


def mask_table(summary: Mapping[str, MaskFit]) -> str:
    """The summary as text."""
    lines = [f"{'word mask':12} {'scenes':>6} {'IoU':>6} {'95 %':>12} {'coverage':>9} {'95 %':>12} {'median':>7}"]
    for name, fit in summary.items():
        lines.append(
            f"{name:12} {fit.iou.scenes:6} {fit.iou.mean:6.2f} {fit.iou.low:6.2f}{fit.iou.high:6.2f} "
            f"{fit.coverage.mean:9.2f} {fit.coverage.low:6.2f}{fit.coverage.high:6.2f} {fit.median_coverage:7.2f}"
        )
    return "\n".join(lines)


@dataclass(frozen=True)
class Shares:
    """Of one attribute: the share right of so many pictures that can be judged; both for each of its values, too."""

    right: float
    judged: int
    by_value: Mapping[str, tuple[float, int]]


def attribute_shares(answers: Sequence[Answer], asked: Sequence[Mapping[str, object]]) -> dict[str, Shares]:
    """asked: what each picture should show, attribute by attribute."""
    shares = {}
    for name in asked[0]:
        pairs = [(str(a[name]), answer["right"][name]) for a, answer in zip(asked, answers, strict=True)]
        judged = [(value, right) for value, right in pairs if right is not None]
        by_value: dict[str, list[float]] = {}
        for value, right in judged:
            by_value.setdefault(value or "clear", []).append(right)
        shares[name] = Shares(
            float(np.mean([right for _, right in judged])),
            len(judged),
            {value: (float(np.mean(rights)), len(rights)) for value, rights in sorted(by_value.items())},
        )
    return shares


def attribute_table(ceiling: Mapping[str, Shares], generated: Mapping[str, Mapping[str, Shares]]) -> str:
    """Generated pictures, by guidance, below what the classifier makes of renders through the autoencoder."""
    lines = [f"{'share right':24}" + "".join(f"{name:>10}" for name in ceiling) + f"{'mean':>10}"]
    for label, shares in {"renders (the ceiling)": ceiling, **generated}.items():
        rights = [s.right for s in shares.values()]
        lines.append(f"{label:24}" + "".join(f"{right:10.0%}" for right in rights) + f"{np.mean(rights):10.0%}")
    by_value = [entry for shares in next(iter(generated.values())).values() for entry in shares.by_value.items()]
    worst = sorted(by_value, key=lambda entry: entry[1])[:8]
    return "\n".join([*lines, "least often right: " + ", ".join(f"{v} {r:.0%} of {n}" for v, (r, n) in worst)])


def plain(value: object) -> object:
    """Dataclasses as dictionaries, all the way down, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value
