"""An export is of the edit as it was when it was asked for, whatever is done until it is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from nti_desktop.errors import Cancelled, EngineError, NtiError
from nti_desktop.gui.background import Background
from nti_desktop.gui.commissions import Commissions
from nti_desktop.gui.engine_thread import EngineThread
from nti_desktop.gui.export_request import ExportRequest
from nti_desktop.gui.exports import Exports, ExportTask
from nti_desktop.gui.filing import Filing
from nti_desktop.gui.history import EditState
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.rendering import Rendering
from nti_desktop.gui.threads import at_home
from nti_desktop.gui.wanted import Wanted
from nti_desktop.photo.carrying import Provenance
from nti_desktop.photo.composite import Finish
from nti_desktop.photo.export import Exported
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.returning import Returned
from nti_desktop.session import Session
from tests.gui.conftest import export_to
from tests.gui.gated import GatedBench, running
from tests.unit.test_session import SOURCE, invert, scene

Until = Callable[[Callable[[], bool]], None]
A, B, C = (EditState(EditRecipe(SOURCE.replace("red", colour)), Finish()) for colour in ("blue", "green", "white"))
PREVIEW = 2  # steps


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def difference(one: Path, other: Path) -> int:
    return int(abs(pixels(one) - pixels(other)).max())


class Clerk(QObject):
    """What became of the exports."""

    def __init__(self, exports: Exports) -> None:
        super().__init__()
        self.written: list[Path] = []
        self.failed_ones: list[tuple[Path, NtiError]] = []
        exports.exported.connect(self.exported)
        exports.returned.connect(self.returned)
        exports.failed.connect(self.failed)

    @Slot(ExportTask, Exported)
    def exported(self, task: ExportTask, _exported: Exported) -> None:
        at_home(self)
        self.written.append(task.target)

    @Slot(ExportTask, Returned)
    def returned(self, task: ExportTask, _returned: Returned) -> None:
        at_home(self)
        self.written.append(task.target)

    @Slot(ExportTask, NtiError)
    def failed(self, task: ExportTask, error: NtiError) -> None:
        at_home(self)
        self.failed_ones.append((task.target, error))


@dataclass
class Office:
    """Exports with all that they need; what is rendered takes until it is let go."""

    session: Session
    inversion: str
    folder: Path
    bench: GatedBench
    engine: EngineThread
    rendering: Rendering
    exports: Exports
    clerk: Clerk
    wait: Until = field(repr=False)

    def add(self, name: str, state: EditState | None, *, returns: bool = False) -> ExportTask:
        wanted = Wanted("one", self.inversion, state) if state is not None else None
        request = None if returns else ExportRequest()
        task = ExportTask(self.session, wanted, self.folder / name, request, Provenance())
        self.exports.add(task)
        return task

    def written(self, *names: str) -> bool:
        return self.clerk.written == [self.folder / name for name in names]


@pytest.fixture
def office(tmp_path: Path, qtbot: QtBot) -> Iterator[Office]:
    small = tmp_path / "scene.png"
    Image.fromarray(scene()).save(small)
    session = Session.open(small)
    bench = GatedBench()
    engine, background = EngineThread(lambda: bench), Background()
    rendering = Rendering(engine, background, engine)
    rendering.open(session)
    filing = Filing(background, engine)
    exports = Exports(filing, Commissions(engine, background, rendering, engine), engine)
    with running(engine, background, bench, qtbot):
        yield Office(
            session,
            invert(session),
            tmp_path,
            bench,
            engine,
            rendering,
            exports,
            Clerk(exports),
            qtbot.waitUntil,
        )


def test_several_exports_wait_and_each_is_written_as_it_was_asked_for(office: Office) -> None:
    for name, state in (("a.png", A), ("b.png", B), ("photo.png", None)):
        office.add(name, state)
    office.wait(lambda: office.written("photo.png"))
    assert [task.target.name for task in office.exports.waiting] == ["a.png", "b.png"]
    office.bench.let_go(2)
    office.wait(lambda: office.written("photo.png", "a.png", "b.png"))
    assert difference(office.folder / "photo.png", office.session.photo.path) == 0
    assert difference(office.folder / "a.png", office.folder / "b.png") > 0
    assert office.exports.waiting == ()


def test_an_edit_made_meanwhile_is_rendered_first_and_changes_nothing_of_the_export(office: Office) -> None:
    office.rendering.ask(Wanted("one", office.inversion, C, PREVIEW))
    office.wait(lambda: len(office.bench.begun) == 1)
    office.add("a.png", A)
    office.rendering.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.bench.let_go(3)
    office.wait(lambda: office.written("a.png"))
    assert [edit.recipe for edit in office.bench.begun] == [C.recipe, B.recipe, A.recipe]
    office.add("again.png", A)
    office.bench.let_go()
    office.wait(lambda: office.written("a.png", "again.png"))
    assert difference(office.folder / "a.png", office.folder / "again.png") == 0


def test_what_the_desk_has_rendered_is_taken(office: Office) -> None:
    office.rendering.ask(Wanted("one", office.inversion, A))
    office.wait(lambda: len(office.bench.begun) == 1)
    office.add("a.png", A)
    office.bench.let_go()
    office.wait(lambda: office.written("a.png"))
    office.add("b.png", A)
    office.wait(lambda: office.written("a.png", "b.png"))
    assert len(office.bench.done) == 1


def test_a_full_render_that_gives_way_is_done_again_for_the_export(office: Office) -> None:
    office.rendering.ask(Wanted("one", office.inversion, A))
    office.wait(lambda: len(office.bench.begun) == 1)
    office.add("a.png", A)
    office.rendering.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.bench.let_go(3)
    office.wait(lambda: office.written("a.png"))
    assert [edit.recipe for edit in office.bench.done] == [B.recipe, A.recipe]


def test_another_photo_on_the_desk_changes_nothing(office: Office, tmp_path: Path) -> None:
    office.add("a.png", A)
    other = tmp_path / "other.png"
    Image.fromarray(scene(seed=2)).save(other)
    office.rendering.open(Session.open(other))
    office.engine.cancel_all()
    office.bench.let_go()
    office.wait(lambda: office.written("a.png"))
    assert office.rendering.renders == 0


def test_a_raw_editors_file_is_replaced_by_what_was_asked_for(office: Office) -> None:
    given = office.folder / "given.png"
    Image.fromarray(scene()).save(given)
    office.add("given.png", A, returns=True)
    office.rendering.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.bench.let_go(2)
    office.wait(lambda: office.written("given.png"))
    office.add("a.png", A)
    office.bench.let_go()
    office.wait(lambda: office.written("given.png", "a.png"))
    assert difference(given, office.folder / "a.png") == 0


def test_one_export_is_cancelled_and_the_others_are_written(office: Office) -> None:
    first, second, third = office.add("a.png", A), office.add("b.png", B), office.add("c.png", C)
    office.wait(lambda: len(office.bench.begun) == 1)
    office.exports.cancel(first)
    office.exports.cancel(second)
    office.bench.let_go(2)
    office.wait(lambda: office.written("c.png"))
    assert [(path, type(error)) for path, error in office.clerk.failed_ones] == [
        (first.target, Cancelled),
        (second.target, Cancelled),
    ]
    assert not first.target.exists()
    assert not second.target.exists()
    assert third not in office.exports.waiting


def test_two_exports_of_the_same_edit_render_it_once(office: Office) -> None:
    office.add("a.png", A)
    office.wait(lambda: len(office.bench.begun) == 1)
    office.add("b.png", A)
    office.bench.let_go()
    office.wait(lambda: office.written("a.png", "b.png"))
    assert len(office.bench.done) == 1


def test_a_failure_says_of_which_export_and_the_next_is_written(office: Office) -> None:
    office.bench.fault = EngineError("The device went away.")
    failed = office.add("a.png", A)
    office.bench.let_go()
    office.wait(lambda: len(office.clerk.failed_ones) == 1)
    assert [(path, str(error)) for path, error in office.clerk.failed_ones] == [
        (failed.target, "The device went away.")
    ]
    office.bench.fault = None
    office.add("b.png", B)
    office.bench.let_go()
    office.wait(lambda: office.written("b.png"))


def test_leaving_and_deleting_the_version_changes_nothing_of_what_is_written(
    prepared: MainWindow, until: Until, tmp_path: Path, photo: Path, sample_edit: str
) -> None:
    window, desk = prepared, prepared.desk
    assert desk.work is not None
    first = desk.work.version_id
    window.versions.add_version()
    desk.say_in_words(sample_edit)
    export_to(window, tmp_path / "edited.png")
    window.versions.delete_version()
    assert desk.work.version_id == first
    assert desk.work.is_the_photo
    until((tmp_path / "edited.png").exists)

    desk.say_in_words(sample_edit)
    until(lambda: desk.picture_is_final and not desk.exports.waiting)
    export_to(window, tmp_path / "as it is.png")
    until((tmp_path / "as it is.png").exists)
    assert difference(tmp_path / "edited.png", photo) > 8
    assert difference(tmp_path / "edited.png", tmp_path / "as it is.png") == 0


def test_the_bottom_line_tells_of_an_export_and_cancels_it(
    prepared: MainWindow, until: Until, tmp_path: Path, sample_edit: str
) -> None:
    desk, strip = prepared.desk, prepared.workplace.strip
    until(lambda: desk.preparing.estimates.judged is not None and not strip.cancel_button.isVisible())
    desk.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    desk.undo()
    told: list[str] = []

    def told_of_it() -> bool:
        told.append(strip.text.text())
        return "Exporting “edited.png”" in told[-1] and bool(desk.exports.waiting)

    until(told_of_it)
    assert strip.cancel_button.isVisible()
    strip.cancel_button.click()
    assert not desk.exports.waiting
    messages = [m.text for m in prepared.workplace.messages.messages if m.topic == "export"]
    assert messages == ["“edited.png” was not written, as its export was cancelled."]
    until(lambda: not strip.cancel_button.isVisible())
    assert not (tmp_path / "edited.png").exists()


def test_closing_with_an_export_that_waits_asks_first(
    prepared: MainWindow, until: Until, qtbot: QtBot, tmp_path: Path, sample_edit: str
) -> None:
    desk = prepared.desk
    desk.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    prepared.close()
    assert prepared.isVisible()
    (message,) = [m for m in prepared.workplace.messages.messages if m.topic == "closing"]
    assert "“edited.png”" in message.text
    with qtbot.waitSignal(prepared.closed, timeout=60_000):
        message.actions[0].do()
    assert not (tmp_path / "edited.png").exists()


def test_a_polite_kill_waits_for_no_export(
    prepared: MainWindow, qtbot: QtBot, tmp_path: Path, sample_edit: str
) -> None:
    prepared.desk.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    with qtbot.waitSignal(prepared.closed, timeout=60_000):
        prepared.close_when_interrupted()
