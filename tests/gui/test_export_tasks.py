"""An export is of the edit as it was when it was asked for, whatever is done until it is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import Cancelled, EngineError, NtiError
from nti_desktop.editing.export_queue import ExportTask
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.history import EditState
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.editing.returning import Returned
from nti_desktop.editing.session import Session
from nti_desktop.gui.controllers.exports import Exports
from nti_desktop.gui.controllers.file_tasks import FileTasks
from nti_desktop.gui.controllers.rendering import Rendering
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.export.export import Exported
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import export_to
from tests.gui.gated import GatedBench, running
from tests.gui.test_rendering import Screen
from tests.sessions import SOURCE, invert, scene

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

    @slot(ExportTask, Exported)
    def exported(self, task: ExportTask, _exported: Exported) -> None:
        self.written.append(task.target)

    @slot(ExportTask, Returned)
    def returned(self, task: ExportTask, _returned: Returned) -> None:
        self.written.append(task.target)

    @slot(ExportTask, NtiError)
    def failed(self, task: ExportTask, error: NtiError) -> None:
        self.failed_ones.append((task.target, error))


@dataclass
class Office:
    """Exports with all that they need; what is rendered takes until it is let go."""

    session: Session
    inversion: str
    folder: Path
    service: GatedBench
    engine: EngineThread
    rendering: Rendering
    exports: Exports
    clerk: Clerk
    wait: Until = field(repr=False)

    def add(self, name: str, state: EditState | None, *, returns: bool = False) -> ExportTask:
        wanted = Wanted("one", self.inversion, state) if state is not None else None
        request = None if returns else ExportRequest()
        task = ExportTask(self.session, wanted, self.folder / name, request, Provenance())
        self.exports.queue.add(task)
        return task

    def written(self, *names: str) -> bool:
        return self.clerk.written == [self.folder / name for name in names]


@pytest.fixture
def office(tmp_path: Path, qtbot: QtBot) -> Iterator[Office]:
    small = tmp_path / "scene.png"
    Image.fromarray(scene()).save(small)
    session = Session.open(small)
    service = GatedBench()
    engine, background = EngineThread(lambda: service), Background()
    rendering = Rendering(engine, background, Screen().audience, engine)
    rendering.plan.open(session)
    file_tasks = FileTasks(background, engine)
    exports = Exports(engine, background, rendering, file_tasks, engine)
    with running(engine, background, service, qtbot):
        yield Office(
            session,
            invert(session),
            tmp_path,
            service,
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
    assert [task.target.name for task in office.exports.queue.waiting] == ["a.png", "b.png"]
    office.service.let_go(2)
    office.wait(lambda: office.written("photo.png", "a.png", "b.png"))
    assert difference(office.folder / "photo.png", office.session.photo.path) == 0
    assert difference(office.folder / "a.png", office.folder / "b.png") > 0
    assert office.exports.queue.waiting == ()


def test_an_edit_made_meanwhile_is_rendered_first_and_changes_nothing_of_the_export(office: Office) -> None:
    office.rendering.plan.ask(Wanted("one", office.inversion, C, PREVIEW))
    office.wait(lambda: len(office.service.begun) == 1)
    office.add("a.png", A)
    office.rendering.plan.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.service.let_go(3)
    office.wait(lambda: office.written("a.png"))
    assert [edit.recipe for edit in office.service.begun] == [C.recipe, B.recipe, A.recipe]
    office.add("again.png", A)
    office.service.let_go()
    office.wait(lambda: office.written("a.png", "again.png"))
    assert difference(office.folder / "a.png", office.folder / "again.png") == 0


def test_what_the_desk_has_rendered_is_taken(office: Office) -> None:
    office.rendering.plan.ask(Wanted("one", office.inversion, A))
    office.wait(lambda: len(office.service.begun) == 1)
    office.add("a.png", A)
    office.service.let_go()
    office.wait(lambda: office.written("a.png"))
    office.add("b.png", A)
    office.wait(lambda: office.written("a.png", "b.png"))
    assert len(office.service.done) == 1


def test_a_full_render_that_gives_way_is_done_again_for_the_export(office: Office) -> None:
    office.rendering.plan.ask(Wanted("one", office.inversion, A))
    office.wait(lambda: len(office.service.begun) == 1)
    office.add("a.png", A)
    office.rendering.plan.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.service.let_go(3)
    office.wait(lambda: office.written("a.png"))
    assert [edit.recipe for edit in office.service.done] == [B.recipe, A.recipe]


def test_another_photo_on_the_desk_changes_nothing(office: Office, tmp_path: Path) -> None:
    office.add("a.png", A)
    other = tmp_path / "other.png"
    Image.fromarray(scene(seed=2)).save(other)
    office.rendering.plan.open(Session.open(other))
    office.engine.cancel_all()
    office.service.let_go()
    office.wait(lambda: office.written("a.png"))
    assert office.rendering.plan.renders == 0


def test_a_raw_editors_file_is_replaced_by_what_was_asked_for(office: Office) -> None:
    given = office.folder / "given.png"
    Image.fromarray(scene()).save(given)
    office.add("given.png", A, returns=True)
    office.rendering.plan.ask(Wanted("one", office.inversion, B, PREVIEW))
    office.service.let_go(2)
    office.wait(lambda: office.written("given.png"))
    office.add("a.png", A)
    office.service.let_go()
    office.wait(lambda: office.written("given.png", "a.png"))
    assert difference(given, office.folder / "a.png") == 0


def test_one_export_is_cancelled_and_the_others_are_written(office: Office) -> None:
    first, second, third = office.add("a.png", A), office.add("b.png", B), office.add("c.png", C)
    office.wait(lambda: len(office.service.begun) == 1)
    office.exports.queue.cancel(first)
    office.exports.queue.cancel(second)
    office.service.let_go(2)
    office.wait(lambda: office.written("c.png"))
    assert [(path, type(error)) for path, error in office.clerk.failed_ones] == [
        (first.target, Cancelled),
        (second.target, Cancelled),
    ]
    assert not first.target.exists()
    assert not second.target.exists()
    assert third not in office.exports.queue.waiting


def test_two_exports_of_the_same_edit_render_it_once(office: Office) -> None:
    office.add("a.png", A)
    office.wait(lambda: len(office.service.begun) == 1)
    office.add("b.png", A)
    office.service.let_go()
    office.wait(lambda: len(office.clerk.written) == 2)  # the second first, where it is asked for just then
    assert {path.name for path in office.clerk.written} == {"a.png", "b.png"}
    assert len(office.service.done) == 1


def test_a_failure_says_of_which_export_and_the_next_is_written(office: Office) -> None:
    office.service.fault = EngineError("The device went away.")
    failed = office.add("a.png", A)
    office.service.let_go()
    office.wait(lambda: len(office.clerk.failed_ones) == 1)
    assert [(path, str(error)) for path, error in office.clerk.failed_ones] == [
        (failed.target, "The device went away.")
    ]
    office.service.fault = None
    office.add("b.png", B)
    office.service.let_go()
    office.wait(lambda: office.written("b.png"))


def test_leaving_and_deleting_the_version_changes_nothing_of_what_is_written(
    prepared: MainWindow, until: Until, tmp_path: Path, photo: Path, sample_edit: str
) -> None:
    window, editor = prepared, prepared.editor
    assert editor.document is not None
    first = editor.document.version_id
    window.versions.add_version()
    editor.say_in_words(sample_edit)
    export_to(window, tmp_path / "edited.png")
    window.versions.delete_version()
    assert editor.document.version_id == first
    assert editor.document.is_the_photo
    until((tmp_path / "edited.png").exists)

    editor.say_in_words(sample_edit)
    until(lambda: editor.pictures.final and not editor.exports.queue.waiting)
    export_to(window, tmp_path / "as it is.png")
    until((tmp_path / "as it is.png").exists)
    assert difference(tmp_path / "edited.png", photo) > 8
    assert difference(tmp_path / "edited.png", tmp_path / "as it is.png") == 0


def test_the_bottom_line_tells_of_an_export_and_cancels_it(
    prepared: MainWindow, until: Until, tmp_path: Path, sample_edit: str
) -> None:
    editor, strip = prepared.editor, prepared.editor_view.strip
    until(lambda: editor.preparing.plan.estimates.measured is not None and not strip.cancel_button.isVisible())
    editor.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    editor.undo()
    told: list[str] = []

    def told_of_it() -> bool:
        told.append(strip.text.text())
        return "Exporting “edited.png”" in told[-1] and bool(editor.exports.queue.waiting)

    until(told_of_it)
    assert strip.cancel_button.isVisible()
    strip.cancel_button.click()
    assert not editor.exports.queue.waiting
    messages = [m.text for m in prepared.editor_view.messages.messages if m.topic is Topic.EXPORT]
    assert messages == ["“edited.png” was not written, as its export was cancelled."]
    until(lambda: not strip.cancel_button.isVisible())
    assert not (tmp_path / "edited.png").exists()


def test_closing_with_an_export_that_waits_asks_first(
    prepared: MainWindow, until: Until, qtbot: QtBot, tmp_path: Path, sample_edit: str
) -> None:
    editor = prepared.editor
    editor.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    prepared.close()
    assert prepared.isVisible()
    (message,) = [m for m in prepared.editor_view.messages.messages if m.topic is Topic.CLOSING]
    assert "“edited.png”" in message.text
    with qtbot.waitSignal(prepared.closed, timeout=60_000):
        message.actions[0].do()
    assert not (tmp_path / "edited.png").exists()


def test_nobody_is_asked_to_wait_for_an_export_that_is_done(
    prepared: MainWindow, until: Until, tmp_path: Path, sample_edit: str
) -> None:
    def asked() -> list[str]:
        return [m.text for m in prepared.editor_view.messages.messages if m.topic is Topic.CLOSING]

    prepared.editor.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    prepared.close()
    assert asked()
    until(lambda: (tmp_path / "edited.png").exists() and not prepared.editor.exports.queue.waiting)
    assert not asked()


def test_a_polite_kill_waits_for_no_export(
    prepared: MainWindow, qtbot: QtBot, tmp_path: Path, sample_edit: str
) -> None:
    prepared.editor.say_in_words(sample_edit)
    export_to(prepared, tmp_path / "edited.png")
    with qtbot.waitSignal(prepared.closed, timeout=60_000):
        prepared.close_when_interrupted()
