"""How near edits come to the right answer: of both sides, on the same held-out scenes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nti_desktop.recipe.methods import PUBLISHED_STEPS, Method
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.studio.variants import VARIANTS
from tests.benchmarks.contestants import EXACT, LATER, NULL_TEXT_EDIT, PREVIEW, PUBLISHED
from tests.figures.answers import Answer
from tests.figures.measuring import Measurement, published_settings
from tests.figures.running import Runner
from tests.figures.tables import ALL, Mean, Recovered, paired, truth_summary

ROUNDS = (1, 4, 16, 32, 64)


@dataclass(frozen=True)
class Way:
    """How an edit is made. figure: see tests.figures.measuring.measure; key: of the way in its answers."""

    name: str
    figure: str
    settings: EditDefaults
    key: str


@dataclass(frozen=True)
class Truth:
    """scenes: of each kind; ways: what each recovers, by kind; differences: how much more than the first one."""

    scenes: int
    ways: Mapping[str, Mapping[str, Recovered]]
    differences: Mapping[str, Mapping[str, Mean]]


def ways(defaults: EditDefaults, published_steps: int = PUBLISHED_STEPS) -> tuple[Way, ...]:
    """The published edit and the program's, at a model's defaults."""
    published = replace(published_settings(defaults), steps=published_steps)
    exact = replace(defaults, steps=published_steps)
    null_text = replace(defaults, method=Method.NULL_TEXT)
    return (
        Way(PUBLISHED, "published", published, "published"),
        Way(EXACT, "guidance", exact, str(defaults.method)),
        Way(LATER, "guidance", defaults, str(defaults.method)),
        Way(PREVIEW, "preview", defaults, "preview"),
        Way(NULL_TEXT_EDIT, "guidance", null_text, str(Method.NULL_TEXT)),
    )


def rounds_of(scenes: int) -> list[int]:
    """Numbers of scenes a kind, so that an early answer is there soon and a sure one in the end."""
    return [*(count for count in ROUNDS if count < scenes), scenes]


def measure_truth(
    runner: Runner, asked: Sequence[Way], scenes: int, kinds: Sequence[str] = tuple(VARIANTS)
) -> Iterator[Truth]:
    """One answer after each round; what earlier rounds or runs measured is not measured again."""
    for count in rounds_of(scenes):
        measurements = {
            kind: [
                [Measurement(way.figure, kind, seed, way.settings) for way in asked]
                for seed in runner.visible_seeds(kind, count)
            ]
            for kind in kinds
        }
        answers = iter(runner.run([m for trials in measurements.values() for trial in trials for m in trial]))
        yield _truth(
            count,
            asked[0].name,
            {
                kind: [{way.name: next(answers)[way.key] for way in asked} for _ in trials]
                for kind, trials in measurements.items()
            },
        )


def _truth(scenes: int, first: str, outcomes: dict[str, list[Answer]]) -> Truth:
    summary = truth_summary(outcomes)
    kinds = {**outcomes, ALL: [answer for answers in outcomes.values() for answer in answers]}
    differences: dict[str, dict[str, Mean]] = {}
    for name in summary:
        for kind, answers in kinds.items():
            found = paired(answers, name, answers, first) if name != first else None
            if found is not None:
                differences.setdefault(name, {})[kind] = found
    return Truth(scenes, summary, differences)
