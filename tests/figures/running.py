"""Measurements in several processes, each answer written down at once, so that an interrupted run goes on."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType

import torch

from nti_desktop.recipe.jobs import ModelFiles
from tests.figures.answers import Answer
from tests.figures.editor import Editor
from tests.figures.measuring import Measurement, Places, measure
from tests.figures.trials import TRIALS, WORLDS, Trial, seeds, trial

EVERY = 20.0  # seconds between two lines of progress

Group = tuple[Measurement, ...]


@dataclass(frozen=True)
class Subject:
    """The model under test. weights: its fingerprint; world: that it has learned, see WORLDS."""

    files: ModelFiles
    weights: str
    world: str = "first"

    def key(self, measurement: Measurement) -> str:
        """What its answer is found by again."""
        return measurement.key(self.weights, self.world)


class Runner:
    """Answers measurements from its file, or measures them: in `workers` processes of one thread each, or, with 0, in
    this one. Without a file nothing is kept.
    """

    def __init__(
        self, subject: Subject, workers: int = 0, file: Path | None = None, places: Places | None = None
    ) -> None:
        self._subject = subject
        self._places = places or Places()
        self._workers = workers
        self._file = file
        self._answers = _read(file) if file else {}
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close(finish=kind is None)

    def close(self, finish: bool = True) -> None:
        """End the processes, so that the machine is free; a later `run` starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=finish, cancel_futures=True)
            self._pool = None

    def run(self, measurements: Sequence[Measurement]) -> list[Answer]:
        """The answers, in order. Measurements of one scene are taken by one process, one after the other."""
        groups: dict[int, list[Measurement]] = {}
        for m in dict.fromkeys(measurements):
            if self._subject.key(m) not in self._answers:
                groups.setdefault(m.seed, []).append(m)
        if groups:
            label = "+".join(dict.fromkeys(m.figure for group in groups.values() for m in group))
            started = last = time.monotonic()
            for done, (group, answers) in enumerate(self._measured([tuple(g) for g in groups.values()]), start=1):
                self._keep(group, answers)
                if (now := time.monotonic()) - last > EVERY or done == len(groups):
                    left = (now - started) / done * (len(groups) - done)
                    print(f"{label}: {done} of {len(groups)} scenes, {left / 60:.1f} min left", flush=True)
                    last = now
        return [self._answers[self._subject.key(m)] for m in measurements]

    def visible_seeds(
        self, kind: str, count: int, first: int = TRIALS, fits: Callable[[Trial], bool] = lambda asked: True
    ) -> list[int]:
        """The first `count` trials of a kind whose truth differs visibly from the source, and that fit. first: see
        `seeds`.
        """
        found: list[int] = []
        world = WORLDS[self._subject.world]
        stream = (seed for seed in seeds(kind, first, world) if fits(trial(kind, seed, world)))
        while len(found) < count:
            asked = list(islice(stream, count - len(found)))
            answers = self.run([Measurement("visible", kind, seed) for seed in asked])
            found += [seed for seed, answer in zip(asked, answers, strict=True) if answer["truth"]["visible"]]
        return found

    def _measured(self, groups: list[Group]) -> Iterator[tuple[Group, list[Answer]]]:
        if not self._workers:
            for group in groups:
                yield group, _measure_group(self._subject, self._places, group)
            return
        if self._pool is None:
            os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # a waiting thread leaves its core to the others
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
            )
        futures = {self._pool.submit(_measure_group, self._subject, self._places, group): group for group in groups}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def _keep(self, group: Group, answers: Iterable[Answer]) -> None:
        entries = {self._subject.key(m): answer for m, answer in zip(group, answers, strict=True)}
        self._answers |= entries
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps({"key": key, "answer": a}) + "\n" for key, a in entries.items())


def _read(file: Path) -> dict[str, Answer]:
    """What earlier runs wrote; a line that an interruption tore is left out."""
    answers: dict[str, Answer] = {}
    if not file.exists():
        return answers
    text = file.read_text("utf-8")
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        answers[entry["key"]] = entry["answer"]
    if text and not text.endswith("\n"):
        with file.open("a", encoding="utf-8") as stream:
            stream.write("\n")
    return answers


_editors: dict[Subject, Editor] = {}  # of this process


def _measure_group(subject: Subject, places: Places, group: Group) -> list[Answer]:
    if subject not in _editors:
        _editors[subject] = Editor(subject.files, WORLDS[subject.world])
    return [measure(_editors[subject], m, places) for m in group]
