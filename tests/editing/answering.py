"""An engine, a worker, a drawing and a disk that answer when a scheduler says so, without computing or writing."""

import random
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nti_desktop.core.errors import Cancelled, EngineError, NtiError, SidecarError
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.engine_queue import EngineQueue, PrepareJob, Ticket
from nti_desktop.editing.export_queue import Parts
from nti_desktop.editing.history import EditState
from nti_desktop.editing.preparation import PreparationPlan
from nti_desktop.editing.render_plan import Composed
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_list import state_of
from nti_desktop.project.saving import Saved
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Signature, Stored
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Figures, Inversion, InvertJob, Measured, MeasureJob, Rendered, RenderJob, seen_of

NOTHING = np.zeros((1, 1, 3), np.float32)

Laid = tuple[tuple[Edit, float], ...]  # what a picture is made of: edits as they were rendered, with their feather


def laid(parts: Parts) -> Laid:
    return tuple((rendered_edits[id(part.rendered)], part.finish.feather) for part in parts)


def meant(wanted: Wanted, session: Session) -> Laid:
    return tuple((edit, state.finish.feather) for edit, state in wanted.edits(session))


def inversion_of(job: InvertJob) -> Inversion:
    """Arrays of the shapes that the job asks for."""
    height, width, _ = seen_of(job.image).shape
    pivot = np.zeros((job.settings.steps + 1, 4, height // 8, width // 8), np.float32)
    return Inversion(job.settings, {"pivot": pivot}, NOTHING, Figures(1.0, 15, 40.0))


def preview_of(edits: Iterable[tuple[str, EditState]]) -> bytes:
    """Which area is worked on makes no other picture."""
    return repr(sorted(edits, key=repr)).encode()


rendered_edits: dict[int, Edit] = {}  # what each answer of the engine is of; answers live as long as the test


@dataclass(frozen=True, eq=False)
class Picture:
    """What a picture shows, and of which version and photo it was made."""

    session: Session
    version: str
    wanted: Wanted
    laid: Laid


class Engine:
    """Answers without computing; a job that was cancelled while it ran may be done all the same."""

    def __init__(self, chance: random.Random) -> None:
        self.queue = EngineQueue()
        self.answers: list[Rendered] = []
        self.listeners: list[Any] = []
        self.preparation: PreparationPlan
        self._chance = chance

    def render(self, job: RenderJob) -> Ticket:
        return self.queue.render(job)

    def enqueue(self, job: RenderJob) -> Ticket:
        return self.queue.enqueue(job)

    def withdraw(self, ticket: Ticket) -> None:
        if self.queue.withdraw(ticket):
            self._fail(ticket, Cancelled("Stopped."))

    def measure(self, job: MeasureJob) -> Ticket:
        return self.queue.measure(job)

    def prepare(self, job: PrepareJob) -> Ticket:
        ticket, replaced = self.queue.prepare(job)
        if replaced is not None:
            self._fail(replaced, Cancelled("Stopped."))
        return ticket

    def cancel_all(self) -> None:
        for ticket in self.queue.cancel_all():
            self._fail(ticket, Cancelled("Stopped."))

    def step(self) -> bool:
        """Begin a job, or end the one that runs; whether there was one."""
        ticket = self.queue.running
        if ticket is None:
            return self.queue.next() is not None
        self.queue.running = None
        if ticket.cancel.cancelled and self._chance.random() < 0.8:
            self._fail(ticket, Cancelled("Stopped."))
        elif self._chance.random() < 0.1:
            self._fail(ticket, EngineError("It did not work; try again."))
        elif isinstance(ticket.job, PrepareJob):
            self.preparation.inverted(ticket, inversion_of(ticket.job.invert), "0" * 64)
        elif isinstance(ticket.job, MeasureJob):
            self.preparation.measured(ticket, Measured(40.0, Speeds(Rates(0.001, 0.002, 0.002)), "here"))
        else:
            figures = Figures(1.0, 10)
            answer = Rendered(ticket.job.recipe, NOTHING, NOTHING, NOTHING, None, 1.0, NOTHING, 0.5, figures)
            rendered_edits[id(answer)] = Edit.of(ticket.job)
            self.answers.append(answer)
            for listener in self.listeners:
                listener.rendered(ticket, answer)
        return True

    def _fail(self, ticket: Ticket, error: NtiError) -> None:
        for listener in self.listeners:
            listener.failed(ticket, error)


@dataclass(frozen=True, eq=False)
class Task:
    lane: Hashable
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[NtiError], None]
    key: str | None


class Worker:
    """Runs the tasks of a lane one after the other, those of several in any order, and hands their answers over later,
    as the window's does.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.waiting: list[Task] = []
        self.answers: deque[Callable[[], None]] = deque()
        self._latest: dict[str | None, Task] = {}

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[NtiError], None],
        latest_of: str | None = None,
        lane: Hashable = None,
    ) -> None:
        task = Task(lane, work, done, failed, latest_of)
        self._latest[latest_of] = task
        self.waiting.append(task)

    def step(self) -> None:
        if not self.waiting:
            return
        task = self.chance.choice(list({task.lane: task for task in reversed(self.waiting)}.values()))
        self.waiting.remove(task)
        if task.key is not None and self._latest[task.key] is not task:
            return
        try:
            self.answers.append(partial(task.done, task.work()))
        except NtiError as error:
            self.answers.append(partial(task.failed, error))

    def deliver(self) -> None:
        if self.answers:
            self.answers.popleft()()


@dataclass
class Drawing:
    chance: random.Random

    def compose(self, composition: Composition, wanted: Wanted, parts: tuple[RenderedPart, ...]) -> Composed[Picture]:
        if self.chance.random() < 0.05:
            raise NtiError("There is too little memory for this; close other programs first.")
        mine = next((part.rendered for part in parts if part.inversion == wanted.inversion), None)
        picture = Picture(SESSIONS[composition.photo.path], wanted.version, wanted, laid(parts))
        shown = [(edit.inversion, state) for edit, state in wanted.edits(SESSIONS[composition.photo.path])]
        preview = preview_of(shown) if wanted.final else None
        return Composed(wanted, mine, parts, picture, None, preview)

    def sharpen(self, composition: Composition, parts: tuple[RenderedPart, ...]) -> Picture:
        last = self.last()
        return Picture(SESSIONS[composition.photo.path], last.version, last.wanted, laid(parts))

    last: Callable[[], Picture] = field(default=lambda: pytest.fail("nothing to sharpen"))


SESSIONS: dict[Path, Session] = {}


@dataclass
class Disk:
    """Takes what is written, or refuses it."""

    chance: random.Random
    projects: dict[Path, Project] = field(default_factory=dict)
    previews: int = 0

    def write(self, path: Path, project: Project, arrays: object, previews: dict[str, bytes], *_rest: object) -> Saved:
        if self.chance.random() < 0.1:
            raise SidecarError("The disk is full; make room and save again.")
        session = next(session for session in SESSIONS.values() if session.sidecar == path)
        for version_id, preview in previews.items():
            parts = project.version(version_id).parts
            edits = [(part.inversion, state_of(part)) for part in parts]
            assert preview == preview_of([edit for edit in edits if not session.is_the_photo(edit[1].recipe, edit[0])])
            self.previews += 1
        self.projects[path] = project
        return Saved(Stored(path, project, Signature(len(self.projects), ""), None))


class Fair(random.Random):
    """Nothing fails any more."""

    def random(self) -> float:
        return 1.0
