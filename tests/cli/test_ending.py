"""How the program begins and ends: with a window, without a screen, by a fault, an interrupt, a closed pipe."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from nti_desktop.cli import main
from nti_desktop.editing.session import Session
from tests.cli.conftest import SAMPLE, Terminal, sidecar_of

ROOT = Path(__file__).parents[2]


def test_a_fault_of_the_program_names_its_log(
    photo: Path, home: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> Session:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(Session, "open", broken)
    sentence = terminal.refusal("info", photo, code=1)
    log = Path(sentence.split("“")[1].split("”")[0])
    assert home in log.parents
    assert "KeyError: 'a fault of ours'" in log.read_text("utf-8")


def test_a_picture_or_nothing_at_all_opens_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[list[Path], bool]] = []

    def run(paths: list[Path], sample: bool) -> int:
        opened.append((paths, sample))
        return 0

    monkeypatch.setitem(sys.modules, "nti_desktop.gui.app", SimpleNamespace(run=run))
    assert [main([]), main(["--sample"]), main(["a.jpg"]), main(["b.png.nti", "c.png"])] == [0, 0, 0, 0]
    assert opened == [([], False), ([], True), ([Path("a.jpg")], False), ([Path("b.png.nti"), Path("c.png")], False)]


def test_without_a_screen_the_window_says_so(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "no screen" in terminal.refusal("--sample", code=1)


def _on_a_terminal(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The program as a process of its own whose standard error is a terminal, and the other end of that."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=there,
        stdin=subprocess.DEVNULL,
    )
    os.close(there)
    return process, here


def _read_until(end: int, text: bytes, seconds: float = 60) -> bytes:
    """What a terminal shows up to `text`, or all there is."""
    shown = b""
    deadline = time.monotonic() + seconds
    while text not in shown and time.monotonic() < deadline:
        try:
            shown += os.read(end, 4096)
        except OSError:  # Linux: the other end was closed
            break
    return shown


@pytest.mark.slow
def test_an_interrupt_stops_cleanly_with_the_bar_taken_away(photo: Path) -> None:
    process, end = _on_a_terminal(
        "invert", str(photo), "--prompt", SAMPLE.caption, "--method", "residual", "--steps", "500"
    )
    with process:
        assert b"/500" in _read_until(end, b"/500")
        process.send_signal(signal.SIGINT)
        shown = _read_until(end, b"nothing was changed")
        assert process.wait(30) == 1
        assert process.stdout is not None
        assert process.stdout.read() == b""
    os.close(end)
    assert b"\x1b[KStopped; nothing was changed" in shown
    assert not sidecar_of(photo).exists()


def test_an_interrupt_while_the_program_is_loaded_is_no_fault() -> None:
    interrupted = (
        "import runpy, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'nti_desktop.core.aside': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "runpy.run_path('main.py', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", interrupted], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "Stopped.\n")


def test_output_into_a_closed_pipe_is_no_fault(inverted: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "info", str(inverted)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
