"""Which thread does what: jobs on theirs, every slot on the window's."""

import ast
import gc
import re
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import Cancelled, EngineError, NtiError
from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.garbage import garbage_collected_here
from nti_desktop.gui.workers.thread_group import ThreadGroup
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.jobs import InvertJob, Rendered, RenderJob
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.gui.gated import PLENTY, GatedBench

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
    slots = [where for where, node in _functions() if "slot" in _decorators(node)]
    assert len(slots) > 60
    assert [where for where, node in _functions() if "Slot" in _decorators(node)] == []


def test_only_an_object_sends_its_own_signals() -> None:
    for path in sorted(GUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "emit":
                whose = ast.unparse(node.value).rpartition(".")[0]
                assert whose == "self", f"{path.name}:{node.lineno} sends {ast.unparse(node.value)}"


def test_a_slot_in_a_foreign_thread_is_refused(qtbot: QtBot) -> None:
    watcher, refused = Watcher(), []

    def call() -> None:
        try:
            watcher.failed("ticket", "error")
        except AssertionError as error:
            refused.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert refused == ["Watcher.failed runs in a foreign thread"]


def test_signals_are_connected_to_methods_only() -> None:
    slots = {node.name for _, node in _functions() if "slot" in _decorators(node)}
    of_qt = {"click", "close", "deleteLater", "reject", "setChecked"}
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


def test_no_slot_that_a_button_calls_waits_for_what_it_does_not_say() -> None:
    """`clicked` does not say whether the button is checked; the button does."""
    for path in sorted(GUI.rglob("*.py")):
        source = path.read_text("utf-8")
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        taking = {node.name for node in functions if "slot" in _decorators(node) and len(node.args.args) > 1}
        joined = set(re.findall(r"\.clicked\.connect\(self\.(\w+)\)", source))
        assert not joined & taking, path.name


class Watcher(QObject):
    """Receives what the thread sends, and says where."""

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str] = []
        self.errors: list[NtiError] = []

    @slot(Ticket, Rendered)
    def rendered(self, ticket: Ticket, rendered: Rendered) -> None:
        assert QThread.currentThread() is self.thread()
        self.answers.append(rendered.recipe.prompt)
        self.done.emit()

    @slot(Ticket, NtiError)
    def failed(self, ticket: Ticket, error: NtiError) -> None:
        self.errors.append(error)
        self.done.emit()


def render_job(prompt: str, steps: int | None = 3) -> RenderJob:
    return RenderJob(Path("model"), "inversion", SETTINGS, {"pivot": PLANE}, EditRecipe(prompt), steps)


@pytest.fixture
def service() -> GatedBench:
    return GatedBench()


@pytest.fixture
def watcher(qtbot: QtBot) -> Watcher:
    return Watcher()


@pytest.fixture
def engine(service: GatedBench, watcher: Watcher, qtbot: QtBot) -> Iterator[EngineThread]:
    engine = EngineThread(lambda: service)
    engine.rendered.connect(watcher.rendered)
    engine.failed.connect(watcher.failed)
    engine.start()
    yield engine
    service.let_go(PLENTY)
    if not engine.isFinished():
        with qtbot.waitSignal(engine.finished):
            engine.stop()
    engine.wait()


def test_of_many_renders_the_first_and_the_last_run(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("edit 0"))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    for number in range(1, 10):
        engine.render(render_job(f"edit {number}"))
    service.let_go(2)
    qtbot.waitUntil(lambda: len(watcher.answers) == 2)
    assert [edit.recipe.prompt for edit in service.done] == watcher.answers == ["edit 0", "edit 9"]
    assert threading.get_ident() not in service.threads


def test_a_full_render_under_way_gives_way_to_a_newer_one(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("long", steps=None))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    engine.render(render_job("newer"))
    service.let_go(2)
    qtbot.waitUntil(lambda: watcher.answers == ["newer"])
    assert [type(error) for error in watcher.errors] == [Cancelled]


def test_a_cancelled_job_is_answered_and_the_next_one_runs(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("running"))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    engine.render(render_job("waiting"))
    engine.cancel_all()
    service.let_go(2)
    qtbot.waitUntil(lambda: len(watcher.errors) == 2)
    assert all(isinstance(error, Cancelled) for error in watcher.errors)

    engine.render(render_job("next"))
    qtbot.waitUntil(lambda: watcher.answers == ["next"])


@pytest.mark.parametrize("fault", [EngineError("The device went away."), ZeroDivisionError()])
def test_a_job_that_fails_is_one_sentence_and_the_next_one_runs(
    fault: Exception, engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    service.fault = fault
    service.let_go()
    engine.render(render_job("fails"))
    qtbot.waitUntil(lambda: len(watcher.errors) == 1)
    assert str(watcher.errors[0]).endswith(".")
    service.fault = None
    service.let_go()
    engine.render(render_job("works"))
    qtbot.waitUntil(lambda: watcher.answers == ["works"])


def test_a_preparation_that_another_one_replaces_is_answered(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.render(render_job("running"))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    job = PrepareJob(built_in(), InvertJob(built_in().files, IMAGE, SETTINGS))
    engine.prepare(job)
    assert not watcher.errors
    newer = engine.prepare(job)
    assert [type(error) for error in watcher.errors] == [Cancelled]
    with qtbot.waitSignal(engine.inverted) as answer:
        service.let_go()
    assert (answer.args[0], answer.args[2]) == (newer, fingerprint(built_in()))


def test_background_work_is_delivered_where_it_was_asked_for(qtbot: QtBot) -> None:
    background = Background()
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


def test_a_group_has_ended_once_the_last_of_its_threads_has(qtbot: QtBot) -> None:
    never_started, quick, busy = EngineThread(GatedBench), Background(), Background()
    threads, gate, ends = ThreadGroup([never_started, quick, busy], never_started), threading.Event(), []
    threads.ended.connect(lambda: ends.append([thread.isFinished() for thread in (quick, busy)]))
    busy.submit(gate.wait, lambda _result: None, lambda _error: None)
    with qtbot.waitSignal(quick.finished):
        threads.stop()
    assert ends == []
    with qtbot.waitSignal(threads.ended):
        gate.set()
    QTest.qWait(0)
    assert ends == [[True, True]]


def test_a_group_without_a_thread_that_runs_has_ended_at_once(qtbot: QtBot) -> None:
    never_started = Background()
    threads = ThreadGroup([never_started], never_started)
    with qtbot.waitSignal(threads.ended):
        threads.stop()


def test_queued_renders_all_run_and_give_way_to_nothing(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    engine.enqueue(render_job("first", steps=None))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    engine.enqueue(render_job("second", steps=None))
    engine.render(render_job("newer"))
    engine.cancel_all()
    engine.render(render_job("newest"))
    service.let_go(3)
    qtbot.waitUntil(lambda: len(watcher.answers) == 3)
    assert watcher.answers == ["first", "newest", "second"]


def test_a_render_is_withdrawn_while_it_waits_or_runs(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    running = engine.enqueue(render_job("running"))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    waiting = [engine.enqueue(render_job("waits")), engine.render(render_job("waits too"))]
    for ticket in (*waiting, running):
        engine.withdraw(ticket)
    engine.enqueue(render_job("last"))
    service.let_go(2)
    qtbot.waitUntil(lambda: watcher.answers == ["last"])
    assert [type(error) for error in watcher.errors] == [Cancelled] * 3


def test_nothing_queued_is_left_when_the_engine_stops(
    engine: EngineThread, service: GatedBench, watcher: Watcher, qtbot: QtBot
) -> None:
    for _ in range(3):
        engine.enqueue(render_job("never"))
    qtbot.waitUntil(lambda: len(service.begun) == 1)
    with qtbot.waitSignal(engine.finished):
        engine.stop()
        service.let_go()
    qtbot.waitUntil(lambda: len(watcher.errors) == 3)
    assert service.done == []


def test_garbage_is_collected_by_the_windows_thread_alone(qtbot: QtBot) -> None:
    """Others make objects all the time, as when a model is loaded; there may be windows among the garbage."""
    where: list[threading.Thread] = []

    class Circle:
        def __init__(self) -> None:
            self.itself = self
            weakref.finalize(self, lambda: where.append(threading.current_thread()))

    gc.enable()  # the tests have it disabled
    try:
        with garbage_collected_here():
            Circle()
            made: list[object] = []
            busy = threading.Thread(target=lambda: made.extend([[]] for _ in range(100_000)))
            busy.start()
            busy.join()
            assert where == []
            qtbot.waitUntil(lambda: bool(where))
        assert gc.isenabled()
    finally:
        gc.disable()
    assert where == [threading.main_thread()]
