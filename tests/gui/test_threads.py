"""Which thread does what: jobs on theirs, every slot on the window's."""

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from nti_desktop.errors import Cancelled, EngineError, NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.engine_thread import EngineThread, PrepareJob, Ticket
from nti_desktop.gui.threads import at_home
from nti_desktop.jobs import (
    CancelToken,
    Figures,
    Inverted,
    InvertJob,
    Judged,
    JudgeJob,
    Progress,
    Rendered,
    RenderJob,
    Report,
)
from nti_desktop.models.catalog import built_in
from nti_desktop.models.fingerprints import fingerprint
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings

GUI = Path(__file__).parents[2] / "nti_desktop" / "gui"
IMAGE = np.zeros((8, 8, 3), np.uint8)
PLANE = np.zeros((1, 1, 8, 8), np.float32)
SETTINGS = InversionSettings("a cup")


def _decorators(function: ast.FunctionDef) -> set[str]:
    calls = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return {d.id for d in calls if isinstance(d, ast.Name)}


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted(GUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.name}:{node.lineno} {node.name}", node


def test_every_slot_asserts_its_thread() -> None:
    slots = [(where, node) for where, node in _functions() if "Slot" in _decorators(node)]
    assert len(slots) > 60
    for where, node in slots:
        statements = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
        assert ast.unparse(statements[0]) == "at_home(self)", f"{where} does not assert its thread first"


def test_signals_are_connected_to_methods_only() -> None:
    slots = {node.name for _, node in _functions() if "Slot" in _decorators(node)}
    of_qt = {"close", "deleteLater", "reject", "setChecked"}
    for path in sorted(GUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
                (target,) = node.args
                where = f"{path.name}:{node.lineno}"
                if isinstance(target, ast.Name):
                    assert (path.name, target.id) == ("commands.py", "method"), where  # a command, which is a slot
                    continue
                assert isinstance(target, ast.Attribute), f"{where} connects to something without a thread"
                assert target.attr in slots | of_qt, f"{where} connects to {target.attr}, which is no slot"


class Stand:
    """A workbench that takes as long as it is told, and counts."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.began = threading.Semaphore(0)
        self.rendered: list[str] = []
        self.threads: set[int] = set()
        self.fault: Exception | None = None
        self.device: str | None = None

    def choose_device(self, kind: str | None) -> None:
        self.device = kind

    def judge(self, job: JudgeJob, report: Report, cancel: CancelToken) -> Judged:
        return Judged(40.0, 0.001, "stand")

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inverted:
        return Inverted(job.settings, PLANE, None, np.zeros((8, 8, 3), np.float32), Figures(1.0, 1))

    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered:
        self.threads.add(threading.get_ident())
        report(Progress("Editing", 0, 2))
        self.began.release()
        self.go.acquire()
        cancel.check()
        if self.fault:
            raise self.fault
        self.rendered.append(job.recipe.prompt)
        image = np.zeros((8, 8, 3), np.float32)
        return Rendered(job.recipe, image, image, PLANE[0], None, 1.0, PLANE[0], 0.0, Figures(0.1, 4))


class Watcher(QObject):
    """Receives what the thread sends, and says where."""

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str] = []
        self.errors: list[NtiError] = []

    @Slot(Ticket, Rendered)
    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        at_home(self)
        assert QThread.currentThread() is self.thread()
        self.answers.append(rendered.recipe.prompt)
        self.done.emit()

    @Slot(Ticket, NtiError)
    def failed(self, ticket: Ticket, error: NtiError) -> None:
        at_home(self)
        self.errors.append(error)
        self.done.emit()


def render_job(prompt: str, steps: int | None = 3) -> RenderJob:
    return RenderJob(Path("model"), "inversion", SETTINGS, PLANE, None, EditRecipe(prompt), steps)


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def watcher(qtbot: QtBot) -> Watcher:
    return Watcher()


@pytest.fixture
def engine(stand: Stand, watcher: Watcher, qtbot: QtBot) -> Iterator[EngineThread]:
    engine = EngineThread(lambda: stand)
    engine.rendered.connect(watcher.rendered)
    engine.failed.connect(watcher.failed)
    engine.start()
    yield engine
    stand.go.release(100)
    if not engine.isFinished():
        with qtbot.waitSignal(engine.finished):
            engine.stop()
    engine.wait()


def test_of_many_renders_the_first_and_the_last_run(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("edit 0"))
    stand.began.acquire()
    for number in range(1, 10):
        engine.render(render_job(f"edit {number}"))
    stand.go.release(2)
    qtbot.waitUntil(lambda: len(watcher.answers) == 2)
    assert stand.rendered == watcher.answers == ["edit 0", "edit 9"]
    assert stand.threads != {threading.get_ident()}


def test_a_full_render_under_way_gives_way_to_a_newer_one(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("long", steps=None))
    stand.began.acquire()
    engine.render(render_job("newer"))
    stand.go.release(2)
    qtbot.waitUntil(lambda: watcher.answers == ["newer"])
    assert [type(error) for error in watcher.errors] == [Cancelled]


def test_a_cancelled_job_is_answered_and_the_next_one_runs(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("running"))
    stand.began.acquire()
    engine.render(render_job("waiting"))
    engine.cancel_all()
    stand.go.release(2)
    qtbot.waitUntil(lambda: len(watcher.errors) == 2)
    assert all(isinstance(error, Cancelled) for error in watcher.errors)

    engine.render(render_job("next"))
    qtbot.waitUntil(lambda: watcher.answers == ["next"])


@pytest.mark.parametrize("fault", [EngineError("The device went away."), ZeroDivisionError()])
def test_a_job_that_fails_is_one_sentence_and_the_next_one_runs(
    fault: Exception, engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    stand.fault = fault
    stand.go.release()
    engine.render(render_job("fails"))
    qtbot.waitUntil(lambda: len(watcher.errors) == 1)
    assert str(watcher.errors[0]).endswith(".")
    stand.fault = None
    stand.go.release()
    engine.render(render_job("works"))
    qtbot.waitUntil(lambda: watcher.answers == ["works"])


def test_a_preparation_that_another_one_replaces_is_answered(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("running"))
    stand.began.acquire()
    job = PrepareJob(built_in(), InvertJob(built_in().files, IMAGE, SETTINGS))
    engine.prepare(job)
    assert not watcher.errors
    newer = engine.prepare(job)
    assert [type(error) for error in watcher.errors] == [Cancelled]
    with qtbot.waitSignal(engine.inverted) as answer:
        stand.go.release()
    assert (answer.args[0], answer.args[2]) == (newer, fingerprint(built_in()))


def test_background_work_is_delivered_where_it_was_asked_for(qtbot: QtBot) -> None:
    background = Background()
    background.start()
    here = threading.get_ident()
    results: list[object] = []
    errors: list[str] = []
    gate = threading.Event()

    def fail() -> None:
        raise EngineError("No.")

    def deliver(result: object) -> None:
        assert threading.get_ident() == here
        results.append(result)

    def say(error: NtiError) -> None:
        assert threading.get_ident() == here
        errors.append(str(error))

    background.submit(threading.get_ident, deliver, say)
    background.submit(fail, deliver, say)
    background.submit(gate.wait, deliver, say)
    for number in range(5):
        background.submit(lambda number=number: number, deliver, say, latest_of="numbers")
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert results[0] != here
    assert results[1:] == [True, 4]
    assert errors == ["No."]
    with qtbot.waitSignal(background.finished):
        background.stop()


def test_commissioned_renders_all_run_and_give_way_to_nothing(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.commission(render_job("first", steps=None))
    stand.began.acquire()
    engine.commission(render_job("second", steps=None))
    engine.render(render_job("newer"))
    engine.cancel_all()
    engine.render(render_job("newest"))
    stand.go.release(3)
    qtbot.waitUntil(lambda: len(watcher.answers) == 3)
    assert watcher.answers == ["first", "newest", "second"]


def test_a_render_is_withdrawn_while_it_waits_or_runs(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    running = engine.commission(render_job("running"))
    stand.began.acquire()
    waiting = [engine.commission(render_job("waits")), engine.render(render_job("waits too"))]
    for ticket in (*waiting, running):
        engine.withdraw(ticket)
    engine.commission(render_job("last"))
    stand.go.release(2)
    qtbot.waitUntil(lambda: watcher.answers == ["last"])
    assert [type(error) for error in watcher.errors] == [Cancelled] * 3


def test_nothing_commissioned_is_left_when_the_engine_stops(
    engine: EngineThread, stand: Stand, watcher: Watcher, qtbot: QtBot
) -> None:
    for _ in range(3):
        engine.commission(render_job("never"))
    stand.began.acquire()
    with qtbot.waitSignal(engine.finished):
        engine.stop()
        stand.go.release()
    qtbot.waitUntil(lambda: len(watcher.errors) == 3)
    assert stand.rendered == []
