"""Every method on every kind of change: what it recovers of the truth, and what it costs, on the same held-out scenes.

Each works as the window lets it: prepared anew from the photo, at its usual steps and guidance, with words and windows
by the kind of change, and no mask. Preparations and edits are timed one process beside the other; compare their ratios.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.methods import Method
from nti_desktop.studio.orders import SHARES
from tests.benchmarks.truth import rounds_of
from tests.figures.answers import Answer
from tests.figures.measuring import Measurement, Places
from tests.figures.running import Runner, Subject
from tests.figures.tables import ALL, Recovered, recovered_by, values

WORLD = "every change"
KINDS = tuple(SHARES)

_Found = dict[str, tuple[str, list[Answer]]]  # by kind: one scene's pictures, and the answers of all


@dataclass(frozen=True)
class Costs:
    """Medians over the scenes. preparing, editing: seconds, of a first edit; rows of the UNet; stored: bytes."""

    preparing: float
    preparing_rows: float
    editing: float
    editing_rows: float
    stored: float


@dataclass(frozen=True)
class MethodsTable:
    """scenes: of each kind; recovered: by method and kind; costs: by method; shown: names of the pictures of one
    scene, by method and kind; of each kind another one.
    """

    scenes: int
    recovered: Mapping[str, Mapping[str, Recovered]]
    costs: Mapping[str, Costs]
    shown: Mapping[str, Mapping[str, str]]


def measure_methods(
    models: Sequence[ModelEntry],
    scenes: int,
    workers: int,
    answers: Path,
    strips: Path | None = None,
    kinds: Sequence[str] = KINDS,
    methods: Sequence[str] = tuple(Method),
) -> Iterator[MethodsTable]:
    """Each of the methods by the model that knows it; one table after each round. What earlier rounds or runs measured
    is not measured again. strips: folder for the pictures, one of photo, edit and truth for each method and scene.
    """
    with ExitStack() as open_runners:
        runners = {
            model.id: open_runners.enter_context(
                Runner(Subject(model.files, fingerprint(model), WORLD), workers, answers, Places(strips))
            )
            for model in models
        }
        for count in rounds_of(scenes):
            found: dict[str, _Found] = {}
            for model in models:
                found |= _measured(runners[model.id], model, count, kinds, methods)
            yield _table(count, found)


def _measured(
    runner: Runner, model: ModelEntry, scenes: int, kinds: Sequence[str], methods: Sequence[str]
) -> dict[str, _Found]:
    """What was found by method."""
    asked = [replace(model.defaults, method=method) for method in model.methods if method in methods]
    measurements = {
        (settings.method, kind): [Measurement("method", kind, seed, settings) for seed in seeds]
        for kind in kinds
        if (seeds := runner.visible_seeds(kind, scenes))
        for settings in asked
    }
    answers = iter(runner.run([each for row in measurements.values() for each in row]))
    found: dict[str, _Found] = {}
    for (method, kind), row in measurements.items():
        shown = row[KINDS.index(kind) % len(row)]
        found.setdefault(str(method), {})[kind] = (shown.strip_name(), [next(answers) for _ in row])
    return found


def _table(scenes: int, found: Mapping[str, _Found]) -> MethodsTable:
    recovered, costs = {}, {}
    for way, of_way in found.items():
        by_kind = {kind: answers for kind, (_, answers) in of_way.items()}
        kinds = {**by_kind, ALL: [answer for answers in by_kind.values() for answer in answers]}
        recovered[way] = {kind: recovered_by(each, way) for kind, each in kinds.items() if values(each, way)}
        medians = (
            float(np.median(values(kinds[ALL], way, name)))
            for name in ("preparing", "preparing rows", "editing", "editing rows", "stored")
        )
        costs[way] = Costs(*medians)
    shown = {way: {kind: name for kind, (name, _) in of_way.items()} for way, of_way in found.items()}
    return MethodsTable(scenes, recovered, costs, shown)
