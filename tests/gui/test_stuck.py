"""A drive or a server that does not answer holds up what needs it, and nothing else."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from nti_desktop.core import disk
from nti_desktop.editing.session import Session
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.models.library.samples import samples
from nti_desktop.project.journal import Journal, journals_folder, left_behind
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import OpenWindow, export_to
from tests.gui.test_story import errors
from tests.sessions import SOURCE, invert

Until = Callable[[Callable[[], bool]], None]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names of files"),
    pytest.mark.usefixtures("service"),  # what an edit looks like is no matter here
]


class Drive:
    """A folder whose files are neither read nor written while it is silent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers = threading.Event()
        self.answers.set()
        self.asked = threading.Event()  # while it was silent

    def wait_for(self, path: Path) -> None:
        if self.folder in path.parents and not self.answers.is_set():
            self.asked.set()
            self.answers.wait()

    def fall_silent(self) -> None:
        self.answers.clear()


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    folder = tmp_path / "drive"
    folder.mkdir()
    drive, read, create = Drive(folder), disk.open_to_read, disk.create

    def open_to_read(path: Path) -> BinaryIO:
        drive.wait_for(path)
        return read(path)

    def create_new(path: Path, mode: int) -> int:
        drive.wait_for(path)
        return create(path, mode)

    monkeypatch.setattr(disk, "open_to_read", open_to_read)
    monkeypatch.setattr(disk, "create", create_new)
    yield drive
    drive.answers.set()


@pytest.fixture
def away(drive: Drive) -> Path:
    """A photo on the drive, with a project that has one version."""
    photo = drive.folder / "away.png"
    photo.write_bytes(samples()[1].path.read_bytes())
    session = Session.open(photo)
    invert(session)
    session.add_version("Version 1", EditRecipe(SOURCE))
    session.save()
    return photo


def names(photo: Path) -> list[str]:
    return [version.name for version in read_sidecar(photo.with_name(f"{photo.name}.nti")).project.versions]


def name_of_open(window: MainWindow) -> str:
    return window.editor.session.photo.path.name if window.editor.session else ""


def said(window: MainWindow, topic: Topic) -> list[str]:
    return [m.text for m in window.editor_view.messages.messages if m.topic is topic]


@pytest.fixture
def renamed(open_window: OpenWindow, until: Until, drive: Drive, away: Path) -> MainWindow:
    """The photo on the drive was changed, and the drive has fallen silent."""
    window = open_window()
    window.opening.open_path(away)
    until(lambda: name_of_open(window) == "away.png")
    session = window.editor.session
    assert session is not None
    (version,) = session.project.versions
    drive.fall_silent()
    window.versions.rename(version.id, "Renamed")
    return window


@pytest.mark.parametrize("stands_for", ["photo", "project"])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_is_no_file_is_refused_and_the_next_photo_opens(
    kind: str, stands_for: str, open_window: OpenWindow, until: Until, tmp_path: Path, photo: Path
) -> None:
    place = tmp_path / "other.png"
    if stands_for == "project":
        place.write_bytes(photo.read_bytes())
        place = tmp_path / "other.png.nti"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(place))
    window = open_window()
    window.opening.open_path(tmp_path / "other.png")
    until(lambda: bool(errors(window)))
    (sentence,) = errors(window)
    assert place.name in sentence

    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)


@pytest.mark.slow
def test_while_a_photo_is_not_read_it_is_cancelled_at_once_and_another_opens(
    open_window: OpenWindow, until: Until, qtbot: QtBot, drive: Drive, away: Path, photo: Path
) -> None:
    window = open_window()
    drive.fall_silent()
    window.opening.open_path(away)
    until(drive.asked.is_set)
    window.editing.cancel()
    assert window.editor.file_tasks.opening is None

    window.opening.open_path(away)
    window.opening.open_path(photo)
    qtbot.waitUntil(lambda: window.editor.document is not None, timeout=20_000)
    assert name_of_open(window) == photo.name
    with qtbot.waitSignal(window.closed, timeout=20_000):
        window.close()
    assert not drive.answers.is_set()


@pytest.mark.slow
def test_while_a_project_is_not_written_another_photo_opens_and_it_is_written_later(
    renamed: MainWindow, until: Until, drive: Drive, away: Path, photo: Path
) -> None:
    renamed.opening.open_path(photo)
    until(lambda: name_of_open(renamed) == photo.name)
    assert renamed.leaving.saving
    drive.answers.set()
    until(lambda: not renamed.leaving.saving)
    assert names(away) == ["Renamed"]


@pytest.mark.slow
def test_closing_while_a_project_is_not_written_ends_and_the_next_start_has_what_was_not_saved(
    renamed: MainWindow, open_window: OpenWindow, until: Until, drive: Drive, away: Path
) -> None:
    closed = QSignalSpy(renamed.closed)
    renamed.close()
    until(lambda: closed.count() == 1)
    assert not drive.answers.is_set()
    assert [left.place.photo for left in left_behind()] == [away]

    drive.answers.set()  # but the program has ended, which a test cannot
    until(lambda: not any(thread.name == "background" for thread in threading.enumerate()))
    shutil.copyfile(away.with_name("away.png.nti~"), away.with_name("away.png.nti"))
    assert names(away) == ["Version 1"]
    again = open_window()
    again.opening.open_path(away)
    until(lambda: name_of_open(again) == "away.png")
    assert again.editor.document is not None
    assert [version.name for version in again.editor.document.session.project.versions] == ["Renamed"]
    assert said(again, Topic.BROUGHT_BACK)


@pytest.mark.slow
def test_what_is_saved_after_its_photo_was_left_is_in_no_journal(
    renamed: MainWindow, until: Until, drive: Drive, photo: Path
) -> None:
    renamed.opening.open_path(photo)
    until(lambda: name_of_open(renamed) == photo.name)
    until(lambda: renamed.journal.written)
    assert len(list(journals_folder().iterdir())) == 1
    drive.answers.set()
    until(lambda: not renamed.leaving.saving)
    until(lambda: not list(journals_folder().iterdir()))


@pytest.mark.slow
def test_closing_while_neither_a_project_nor_the_journal_is_written_asks_first(
    renamed: MainWindow, until: Until, qtbot: QtBot, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Journal, *_entry: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Journal, "append", full)
    renamed.close()
    until(lambda: bool(said(renamed, Topic.SAVE)))
    assert renamed.isVisible()
    (message,) = [m for m in renamed.editor_view.messages.messages if m.topic is Topic.SAVE]
    with qtbot.waitSignal(renamed.closed, timeout=20_000):
        message.actions[0].do()
    assert not drive.answers.is_set()


def test_closing_goes_on_when_the_drive_answers(
    renamed: MainWindow, close: Callable[[MainWindow], None], until: Until, drive: Drive, away: Path
) -> None:
    renamed.close()
    until(drive.asked.is_set)
    drive.answers.set()
    until(lambda: not renamed.background.isRunning() or bool(said(renamed, Topic.SAVE)))
    assert names(away) == ["Renamed"]


@pytest.mark.slow
def test_an_export_that_is_not_written_is_cancelled_and_others_are_written(
    open_window: OpenWindow, until: Until, drive: Drive, photo: Path, tmp_path: Path
) -> None:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    drive.fall_silent()
    export_to(window, drive.folder / "far.png")
    until(drive.asked.is_set)
    export_to(window, tmp_path / "near.png")
    until((tmp_path / "near.png").exists)

    until(lambda: "far.png" in window.editor_view.strip.text.text())
    since = time.monotonic()
    window.editor_view.strip.cancel_button.click()
    until(lambda: any("far.png” was not written" in text for text in said(window, Topic.EXPORT)))
    assert time.monotonic() - since < 3  # a second, on a machine that does nothing else
    drive.answers.set()
    until(lambda: not any(thread.name == "aside" for thread in threading.enumerate()))
    assert list(drive.folder.iterdir()) == []


_OPEN_AND_END = """
import os, signal, sys, threading, time
from pathlib import Path
from PySide6.QtCore import QTimer
from nti_desktop.core import disk
from nti_desktop import cli
from nti_desktop.gui import app
from nti_desktop.gui.main_window import MainWindow

asked, read = threading.Event(), disk.open_to_read

def silent(path):
    if path == Path(sys.argv[1]):
        asked.set()
        threading.Event().wait()
    return read(path)

disk.open_to_read = silent

class Window(MainWindow):
    def __init__(self):
        super().__init__()
        self.look = QTimer(self, interval=20)
        self.look.timeout.connect(self.end)
        self.look.start()

    def end(self):
        if asked.is_set():
            self.look.stop()
            print(time.time(), flush=True)
            os.kill(os.getpid(), getattr(signal, sys.argv[2]))

app.MainWindow = Window
sys.exit(cli.main([sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_program_ends_while_a_drive_does_not_answer(name: str, photo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_AND_END, str(photo), name],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    ended = time.time()
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert ended - float(done.stdout) < 5  # three seconds, on a machine that does nothing else
