"""A second start of the program hands its photos to the window that is open, which comes forward."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer
from pytestqt.qtbot import QtBot

from nti_desktop.gui.single_instance import SingleInstance, first_or_handed_over
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.models.library.samples import samples
from tests.gui.conftest import OpenWindow

ROOT = Path(__file__).parents[2]

# A later start: says whether it is the first.
_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from nti_desktop.gui.single_instance import first_or_handed_over
app = QCoreApplication([])
instance = first_or_handed_over([Path(name) for name in sys.argv[1:]], app)
print("first" if instance else "handed over")
if instance:
    instance.close()
"""

# The window of a first start: it ends when the second photo is open in it.
_WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import Slot
from nti_desktop.gui import app
from nti_desktop.gui.main_window import MainWindow

class Window(MainWindow):
    def __init__(self):
        super().__init__()
        self.editor.opened.connect(self.told)

    @Slot()
    def told(self):
        print(self.editor.session.photo.path, flush=True)
        if self.editor.session.photo.path.name == "second.jpg":
            self.close()

app.MainWindow = Window
sys.exit(app.run([Path(sys.argv[1])]))
"""


@pytest.fixture(params=["with a folder of the login", "without"])
def first(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: QObject
) -> Iterator[SingleInstance]:
    if request.param == "without":
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        runtime = tmp_path / "run"
        runtime.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    instance = first_or_handed_over([], qapp)
    assert instance is not None
    yield instance
    instance.close()


def start(*photos: str, folder: Path = ROOT) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", _START, *photos], cwd=folder, stdout=subprocess.PIPE, text=True, env=environment
    )


def said(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[0].strip()


def test_a_second_start_hands_its_photos_over_by_their_whole_paths(
    first: SingleInstance, tmp_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(first.asked, timeout=60_000) as asked:
        second = start("a.jpg", "/photos/b.jpg", folder=tmp_path)
    assert asked.args == [(tmp_path / "a.jpg", Path("/photos/b.jpg"))]
    assert said(second) == "handed over"


def test_a_window_that_is_about_to_close_takes_nothing(first: SingleInstance, qtbot: QtBot) -> None:
    first.ending = lambda: True
    with qtbot.assertNotEmitted(first.asked):
        second = start("a.jpg")
        qtbot.waitUntil(lambda: second.poll() is not None, timeout=60_000)
    assert said(second) == "first"


def test_a_start_on_another_screen_opens_a_window_there(
    first: SingleInstance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", "localhost:97.0")
    with qtbot.assertNotEmitted(first.asked):
        second = start("a.jpg")
        qtbot.waitUntil(lambda: second.poll() is not None, timeout=60_000)
    assert said(second) == "first"


def test_the_socket_of_a_killed_window_is_taken_over(first: SingleInstance, qtbot: QtBot, qapp: QObject) -> None:
    name = first._server.fullServerName()
    first.close()
    dead = subprocess.run(
        [sys.executable, "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", name],
        check=True,
    )
    assert dead.returncode == 0
    assert os.path.exists(name)
    instance = first_or_handed_over([Path("a.jpg")], qapp)
    assert instance is not None
    with qtbot.waitSignal(instance.asked, timeout=60_000):
        second = start("b.jpg")
    assert said(second) == "handed over"
    instance.close()


def test_what_makes_no_sense_is_not_taken(first: SingleInstance, qtbot: QtBot) -> None:
    code = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'[1]\\n'); s.recv(9)"
    )
    with qtbot.assertNotEmitted(first.asked):
        other = subprocess.Popen([sys.executable, "-c", code, first._server.fullServerName()])
        qtbot.waitUntil(lambda: other.poll() is not None, timeout=60_000)
    assert QLocalServer.removeServer(first._server.fullServerName())


def test_of_several_photos_the_first_is_opened_and_the_others_are_told_of(
    open_window: OpenWindow, photo: Path, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    window = open_window()
    other = Path(shutil.copy(samples()[1].path, tmp_path / "other.jpg"))
    window.come_forward((photo, other))
    until(lambda: window.editor.document is not None)
    (message,) = (m for m in window.editor_view.messages.messages if m.topic is Topic.DROP)
    assert f"“{photo.name}” is opened, the others are not" in message.text
    window.come_forward(())
    assert window.isVisible()
    window.opening.open_path(other)
    assert not any(m.topic is Topic.DROP for m in window.editor_view.messages.messages)


@pytest.mark.slow
def test_two_starts_of_the_program_are_one_window(photo: Path, tmp_path: Path) -> None:
    second = Path(shutil.copy(samples()[1].path, tmp_path / "second.jpg"))
    with subprocess.Popen(
        [sys.executable, "-c", _WINDOW, photo], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as window:
        assert window.stdout is not None
        assert window.stdout.readline().strip() == str(photo)
        done = subprocess.run([sys.executable, "-m", "main", second], cwd=ROOT, timeout=60, check=False)
        assert done.returncode == 0
        assert window.stdout.readline().strip() == str(second)
        assert window.wait(60) == 0
