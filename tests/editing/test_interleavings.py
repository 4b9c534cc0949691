"""Edits, answers, cancels and failures in any order: what is shown, exported and saved is of the state it says.

A seeded scheduler decides what happens next. The parts are real but for three: the engine answers without computing,
the worker runs what it was given when the scheduler says so, and the disk takes what is written into a list.
"""

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
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing import snapshot
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.composition import Composition, RenderedPart
from nti_desktop.editing.document import Document
from nti_desktop.editing.edits import with_number
from nti_desktop.editing.engine_queue import EngineQueue, PrepareJob, Ticket
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.export_queue import Audience as ExportAudience
from nti_desktop.editing.export_queue import ExportQueue, ExportTask, Parts
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.final_renders import FinalRenders
from nti_desktop.editing.history import EditState
from nti_desktop.editing.pictures import Audience as PicturesAudience
from nti_desktop.editing.pictures import Pictures
from nti_desktop.editing.preparation import Audience as PreparationAudience
from nti_desktop.editing.preparation import Preparation, PreparationPlan
from nti_desktop.editing.render_plan import Audience, Composed, RenderPlan
from nti_desktop.editing.render_requests import Edit, Wanted
from nti_desktop.editing.save_queue import Audience as SaveAudience
from nti_desktop.editing.save_queue import SaveQueue, SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_list import state_of
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.frame import Area
from nti_desktop.project.saving import Saved
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Signature, Stored
from nti_desktop.recipe.jobs import Figures, Inversion, InvertJob, Measured, MeasureJob, Rendered, RenderJob, seen_of
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import SELF, STRENGTH
from tests.editing.test_session import SOURCE, inverted
from tests.editing.test_session import photo as photo  # a small one

STEPS = 2_000
CORNER = Area(0, 0, 48, 48)
NOTHING = np.zeros((1, 1, 3), np.float32)
WORDS = ["a blue ball on a table", "a green ball on a table", "a red ball on a lawn", SOURCE]
PACES = [0.0001, 0.01, 10.0]  # seconds a row: at once, after a preview, by hand

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
            self.preparation.measured(ticket, Measured(40.0, 0.001, "here"))
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
class Program:
    """All that works on open photos, without a window."""

    chance: random.Random
    documents: list[Document]
    written: list[tuple[ExportTask, Laid]] = field(default_factory=list)
    asked_to_prepare: list[tuple[Document, dict[Area, str]]] = field(default_factory=list)
    prepared: int = 0
    seconds: float = 0.0
    there: bool = True
    pace: float = PACES[0]

    def __post_init__(self) -> None:
        self.engine, self.worker, self.drawing = Engine(self.chance), Worker(self.chance), Drawing(self.chance)
        nothing = Audience[Picture](self._composed, lambda *_: None, self._stopped, self._sharpened)
        self.plan: RenderPlan[Picture] = RenderPlan(self.engine, self.worker, self.drawing, nothing)
        told = PicturesAudience[Picture](lambda: None, lambda _composed: None, lambda: None)
        self.pictures: Pictures[Picture] = Pictures(self.plan, self._estimates, lambda _records: self.there, told)
        finals = FinalRenders(self.engine, self.worker, self.plan.known)
        self.preparation = PreparationPlan(
            self.engine, PreparationAudience(lambda _measured: None, self._prepared, lambda _error: None)
        )
        self.engine.listeners, self.engine.preparation = [self.plan, finals, self.preparation], self.preparation
        audience = ExportAudience(lambda: None, lambda *_: None, lambda *_: None, lambda *_: None)
        self.exports = ExportQueue(self, finals, audience)
        self.saves = SaveQueue(
            self.worker,
            SaveAudience(lambda: None, lambda: None, lambda _arrival: None, lambda _session: None, lambda *_: None),
        )
        self.document = self.documents[0]
        self.open()

    def _estimates(self) -> Estimates:
        return Estimates(rendered=self.pace)

    def _composed(self, composed: Composed[Picture]) -> None:
        self.pictures.composed(composed)

    def _sharpened(self, small: Picture, full: Picture) -> None:
        self.pictures.replace({small: full})

    def _stopped(self) -> None:
        self.pictures.stop()

    # What the disk is given

    def look(
        self,
        task: ExportTask,
        _cancel: CancelToken,
        done: Callable[[Path | None], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        self.worker.submit(lambda: task.target, done, failed)

    def export(
        self,
        task: ExportTask,
        parts: Parts,
        _cancel: CancelToken,
        done: Callable[[Exported], None],
        failed: Callable[[NtiError], None],
    ) -> None:
        def work() -> Exported:
            self.written.append((task, laid(parts)))
            return Exported(task.target, ())

        self.worker.submit(work, done, failed)

    def return_to(self, *_arguments: object) -> None:
        pytest.fail("nobody asked for that")

    # What a person does

    def open(self) -> None:
        """Go to the next photo."""
        self.preparation.begin_no_more()
        self.engine.cancel_all()
        self.documents.append(self.documents.pop(0))
        self.document = self.documents[0]
        session = self.document.session
        nobody = Wanted("", "", EditState(self.document.state.recipe, self.document.state.finish))  # type: ignore[union-attr]
        self.pictures.open(self.document, Picture(session, "", nobody, ()), {})
        self.preparation.open(self.document)
        self.pictures.show_stored()
        self.pictures.ask()

    def attempt(self, change: Callable[[Document], object]) -> None:
        """As the window does it: another version as it was last seen, another picture as soon as it is there."""
        document = self.document
        version, look = document.version_id, (document.state, document.beside)
        change(document)
        if document.version_id != version:
            self.pictures.show_stored()
        if (document.version_id, document.state, document.beside) != (version, *look):
            self.pictures.ask()

    def prepare(self) -> None:
        """It takes long enough to go elsewhere."""
        if not self.preparation.at_work:
            described = self.document.described_for("0" * 64)
            self.asked_to_prepare.append((self.document, described))
            self.preparation.invert(built_in(), Method.RESIDUAL, 5, described)

    def _prepared(self, made: Preparation) -> None:
        """As the window does it: it is kept with its own photo, whatever is open by now."""
        asked = [described for document, described in self.asked_to_prepare if document is made.document]
        assert any(
            all(described.get(each.area) == each.inverted.settings.prompt for each in made.prepared)
            for described in asked
        )
        made.document.prepared(made.entry, made.prepared)
        self.prepared += len(made.prepared)
        if made.document is self.document:
            self.pictures.show_stored()
            self.pictures.ask()

    def ask_for_an_export(self) -> None:
        document = self.document
        name = self.chance.randrange(10**9)
        task = ExportTask(document.session, document.wanted(), Path(f"{name}.png"), ExportRequest(), Provenance())
        self.exports.add(task)

    def cancel_an_export(self) -> None:
        if self.exports.waiting:
            self.exports.cancel(self.chance.choice(self.exports.waiting))

    def sharpen(self) -> None:
        last = self.plan.last
        if last is not None:
            self.drawing.last = lambda: last.picture
        self.plan.sharpen()

    def models_come_and_go(self) -> None:
        self.there = not self.there
        if self.there:
            self.pictures.ask()

    def do_something(self) -> None:
        """One of all these, and the engine and the worker move on."""
        chance, document = self.chance, self.document
        self.seconds += chance.random()
        versions = [version.id for version in document.session.project.versions]
        strength, held = chance.choice([0.0, 0.3, 1.0, 1.4]), chance.choice([0.2, 0.6])
        actions: list[tuple[int, Callable[[], object]]] = [
            (60, self.engine.step),
            (50, self.worker.step),
            (50, self.worker.deliver),
            (4, lambda: self.attempt(lambda d: d.edit("strength", lambda r: with_number(r, STRENGTH, strength)))),
            (3, lambda: self.attempt(lambda d: d.say_in_words(chance.choice(WORDS)))),
            (1, lambda: self.attempt(lambda d: d.edit("self", lambda r: with_number(r, SELF, held)))),
            (2, lambda: self.attempt(Document.undo)),
            (2, lambda: self.attempt(Document.redo)),
            (2, lambda: self.attempt(lambda d: d.go_to(chance.choice(versions)))),
            (1, lambda: self.attempt(Document.copy_version) if len(versions) < 6 else None),
            (1, lambda: self.attempt(Document.delete_version) if len(versions) > 1 else None),
            (2, lambda: self.pictures.ask(by_hand=True)),
            (1, lambda: self.attempt(lambda d: d.work_on(chance.choice(d.edited_areas)))),
            (1, self.engine.cancel_all),
            (2, self.ask_for_an_export),
            (1, self.cancel_an_export),
            (4, self.sharpen),
            (1 if len(versions) < 8 else 0, self.prepare),
            (1, lambda: self.preparation.measure(built_in())),
            (1 if self.there else 10, self.models_come_and_go),
            (2, lambda: self.saves.save(SaveRequest(chance.choice(self.documents).session))),
            (1, self.open),
            (1, lambda: setattr(self, "pace", chance.choice(PACES))),
        ]  # fmt: skip
        weights, choices = zip(*actions, strict=True)
        chance.choices(choices, weights)[0]()

    def settle(self) -> None:
        """Nobody does anything any more, and nothing fails: all that was asked for is answered."""
        self.there = True
        self.chance = self.engine._chance = self.drawing.chance = Fair()
        self._finish()  # perhaps with a preparation, of which the full render waits for its button
        self.pictures.ask(by_hand=True)
        self._finish()

    def _finish(self) -> None:
        while self.engine.step() or self.worker.waiting or self.worker.answers:
            self.worker.step()
            self.worker.deliver()

    def check(self) -> None:
        """Whatever is on screen is what it says."""
        pictures, session, document = self.pictures, self.document.session, self.document
        assert pictures.before is not None
        assert pictures.before.session is session
        shown = [*pictures.of_versions.items()]
        if pictures.after is not None:
            shown.append((document.version_id, pictures.after))
        for version, picture in shown:
            assert picture.session is session
            assert picture.version == version
            assert picture.laid == meant(picture.wanted, session)
        if pictures.final and not document.is_the_photo:
            wanted = document.wanted()
            assert wanted is not None
            assert pictures.after is not None
            assert pictures.after.laid == meant(wanted, session)
            assert pictures.badge == ""
        if document.is_the_photo and document.up_to_date:
            assert pictures.after is None or pictures.badge

    def check_written(self) -> None:
        """Whatever was exported is what was asked for, and every export that was not called off was."""
        for task, parts in self.written:
            assert parts == (() if task.wanted is None else meant(task.wanted, task.session))
        targets = [task.target for task, _ in self.written]
        assert len(set(targets)) == len(targets)


class Fair(random.Random):
    """Nothing fails any more."""

    def random(self) -> float:
        return 1.0


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


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(random.Random(0))
    monkeypatch.setattr(snapshot, "save_sidecar", disk.write)
    return disk


def document_of(path: Path, clock: Callable[[], float]) -> Document:
    session = SESSIONS[path] = Session.open(path)
    document = Document(session, STUDIO_DEFAULTS, clock)
    document.describe(SOURCE)
    document.say_in_words(WORDS[0])
    document.prepared(built_in(), [AreaInversion(document.whole, "0" * 64, inverted(session))])
    document.work_on(CORNER)
    document.describe(SOURCE)
    document.say_in_words(WORDS[1])
    document.prepared(built_in(), [AreaInversion(CORNER, "0" * 64, inverted(session, 1, area=CORNER))])
    return document


def run(seed: int, steps: int, photo: Path, disk: Disk) -> None:
    rendered_edits.clear()
    SESSIONS.clear()
    chance = random.Random(seed)
    disk.chance = chance
    other = photo.with_name(f"other {seed}.png")
    other.write_bytes(photo.read_bytes() + b"another photo")
    seconds = [0.0]
    program = Program(chance, [document_of(path, lambda: seconds[0]) for path in (photo, other)])
    for _ in range(steps):
        program.do_something()
        seconds[0] = program.seconds
        program.check()
    program.settle()
    program.check()
    program.check_written()
    assert program.pictures.final, "what was asked for last is not on screen"
    assert program.exports.waiting == ()
    disk.chance = Fair()
    for document in program.documents:
        program.saves.save(SaveRequest(document.session))
        document.edit("strength", lambda recipe: with_number(recipe, STRENGTH, 0.7))
        program.saves.save(SaveRequest(document.session))  # while the first is under way
        while program.worker.waiting or program.worker.answers:
            program.worker.step()
            program.worker.deliver()
        session = document.session
        assert not session.working_copy.dirty
        assert disk.projects[session.sidecar] == session.project
    assert program.written
    assert program.prepared
    assert disk.previews


@pytest.mark.parametrize("seed", range(5))
def test_what_is_shown_exported_and_saved_is_of_its_state(seed: int, photo: Path, disk: Disk) -> None:
    run(seed, STEPS, photo, disk)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 150))
def test_so_it_is_in_a_hundred_thousand_steps(seed: int, photo: Path, disk: Disk) -> None:
    run(seed, STEPS, photo, disk)
