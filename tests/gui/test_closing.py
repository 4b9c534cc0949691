"""Closing ends cleanly whatever is under way: nothing is terminated, nothing crashes, what was done is saved."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui.app import _interrupt_closes
from nti_desktop.gui.controllers.file_tasks import FileTasks
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import OpenWindow
from tests.gui.test_story import retype
from tests.sessions import SOURCE, invert

Until = Callable[[Callable[[], bool]], None]

# torch can be imported only once per process, so that this one needs a process of its own.
_CLOSE_DURING_IMPORT = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from nti_desktop.gui.main_window import MainWindow

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
window = MainWindow()
window.closed.connect(app.quit)
window.show()
window.opening.open_path(Path(sys.argv[1]))
poll = QTimer(interval=5)

def close_when_importing():
    if "torch" in sys.modules:
        poll.stop()
        print("torch whole:", hasattr(sys.modules["torch"], "compile"))
        window.close()

poll.timeout.connect(close_when_importing)
poll.start()
app.exec()
print("running:", window.engine.isRunning(), window.background.isRunning())
"""

_REOPEN = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from nti_desktop.gui.main_window import MainWindow

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
window = MainWindow()
window.closed.connect(app.quit)

def opened():
    place = window.editor_view
    print("torch:", any(name in sys.modules for name in ("torch", "diffusers", "transformers")))
    print("picture:", window.editor.pictures.after is not None)
    print("versions:", place.versions_panel.list.count())
    print("changed:", [word.after for word in place.prompts.diff.words if word.before != word.after])
    window.close()

window.editor_view.editor.opened.connect(opened)
window.show()
window.opening.open_path(Path(sys.argv[1]))
app.exec()
"""

_END_AFTER_A_CHANGE = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import Slot
from nti_desktop.gui import app
from nti_desktop.gui.main_window import MainWindow

class Window(MainWindow):
    def __init__(self):
        super().__init__()
        self.editor.opened.connect(self.change)

    @Slot()
    def change(self):
        (version,) = self.editor.session.project.versions
        self.versions.rename(version.id, "Renamed")
        os.kill(os.getpid(), getattr(signal, sys.argv[2]))

app.MainWindow = Window
sys.exit(app.run([Path(sys.argv[1])]))
"""


def _run(script: str, photo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(photo), *arguments],
        capture_output=True,
        text=True,
        timeout=170,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        cwd=Path(__file__).parents[2],
        check=False,
    )


@pytest.mark.slow
def test_closing_while_torch_is_imported_ends_cleanly(photo: Path) -> None:
    done = _run(_CLOSE_DURING_IMPORT, photo)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["torch whole: False", "running: False False"]
    assert "Traceback" not in done.stderr
    assert "QThread" not in done.stderr


@pytest.mark.slow
def test_reopening_shows_picture_versions_and_words_before_torch_is_loaded(
    prepared: MainWindow, close: Callable[[MainWindow], None], until: Until, qtbot: QtBot, photo: Path, sample: Sample
) -> None:
    retype(qtbot, prepared, sample.edits[0])
    until(lambda: prepared.editor.pictures.after is not None and prepared.editor.pictures.final)
    close(prepared)
    done = _run(_REOPEN, photo)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["torch"] == "False"
    assert said["picture"] == "True"
    assert said["versions"] == "1"
    assert said["changed"] != "[]"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows ends programs another way")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_program_that_is_asked_to_end_saves_first(name: str, photo: Path) -> None:
    session = Session.open(photo)
    invert(session)
    session.add_version("Version 1", EditRecipe(SOURCE))
    session.save()
    done = _run(_END_AFTER_A_CHANGE, photo, name)
    assert done.returncode == 0, done.stderr
    assert [version.name for version in read_sidecar(session.sidecar).project.versions] == ["Renamed"]


@pytest.mark.parametrize("phase", ["loading the model", "step"])
def test_closing_during_a_job_ends_cleanly(
    phase: str, open_window: OpenWindow, close: Callable[[MainWindow], None], until: Until, photo: Path
) -> None:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    window.editor.model.choose_way(Method.RESIDUAL, 50)  # which takes a while
    window.editor_view.prompts.prepare_button.click()
    until(lambda: phase in window.editor_view.strip.text.text())
    close(window)
    assert not photo.with_name(photo.name + ".nti").exists()


def test_closing_during_a_render_saves_the_edit(
    prepared: MainWindow, close: Callable[[MainWindow], None], qtbot: QtBot, sample: Sample, photo: Path
) -> None:
    retype(qtbot, prepared, sample.edits[0])
    close(prepared)  # what was typed counts, rendered or not
    stored = read_sidecar(photo.with_name(photo.name + ".nti")).project
    assert [version.recipe.prompt for version in stored.versions] == [sample.edits[0]]


def test_closing_during_a_save_waits_for_it(
    prepared: MainWindow, close: Callable[[MainWindow], None], photo: Path
) -> None:
    prepared.versions.add_version()
    prepared.leaving.save()
    close(prepared)
    assert len(read_sidecar(photo.with_name(photo.name + ".nti")).project.versions) == 2


def test_several_photos_that_wait_to_be_saved_all_are(qtbot: QtBot, tmp_path: Path) -> None:
    background, sessions = Background(), []
    file_tasks = FileTasks(background, background)
    saved: list[None] = []
    file_tasks.saved.connect(lambda: saved.append(None))
    for sample in samples()[:3]:
        copy = tmp_path / sample.path.name
        copy.write_bytes(sample.path.read_bytes())
        sessions.append(Session.open(copy))
        invert(sessions[-1])
        file_tasks.save(SaveRequest(sessions[-1]))
    qtbot.waitUntil(lambda: len(saved) == 3)
    assert [session.working_copy.dirty for session in sessions] == [False] * 3
    with qtbot.waitSignal(background.finished):
        background.stop()


def test_a_save_that_fails_keeps_the_window_and_offers_to_close_without(
    prepared: MainWindow, until: Until, qtbot: QtBot, photo: Path
) -> None:
    until(lambda: prepared.editor.session is not None and not prepared.editor.session.working_copy.dirty)
    sidecar = photo.with_name(photo.name + ".nti")
    sidecar.write_bytes(sidecar.read_bytes() + b"written by someone else")
    prepared.versions.add_version()
    prepared.close()
    until(lambda: any(m.topic is Topic.SAVE for m in prepared.editor_view.messages.messages))
    assert prepared.isVisible()
    message = next(m for m in prepared.editor_view.messages.messages if m.topic is Topic.SAVE)
    anyway = next(action for action in message.actions if action.title == "Close without saving")
    with qtbot.waitSignal(prepared.closed, timeout=60_000):
        anyway.do()
    assert sidecar.read_bytes().endswith(b"written by someone else")


@pytest.mark.skipif(os.name == "nt", reason="Windows ends programs another way")
def test_an_interrupt_closes_once_and_where_nothing_can_be_saved_the_window_stays(
    prepared: MainWindow, until: Until, photo: Path
) -> None:
    sidecar = photo.with_name(photo.name + ".nti")
    kept = sidecar.rename(photo.with_name("kept"))
    sidecar.mkdir()
    prepared.versions.add_version()
    with _interrupt_closes(prepared):
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: any(m.topic is Topic.SAVE for m in prepared.editor_view.messages.messages))
        QTest.qWait(0)  # whatever waits to be told of
        assert prepared.isVisible()
        assert not prepared.leaving.closing
    sidecar.rmdir()
    kept.rename(sidecar)
