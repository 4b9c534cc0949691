"""Where there is no screen the program says so, before Qt would end it by a crash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[2] / "main.py"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is one")


@pytest.mark.parametrize(
    "screen",
    [
        {"DISPLAY": ":97"},
        {"WAYLAND_DISPLAY": "wayland-97"},
        {"DISPLAY": ":97", "WAYLAND_DISPLAY": "wayland-97"},
        {"QT_QPA_PLATFORM": "nonsense"},
        {},
    ],
)
def test_a_screen_that_is_not_there_is_one_sentence(screen: dict[str, str], tmp_path: Path) -> None:
    done = start(tmp_path, screen)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "screen" in done.stderr
    assert all(value in done.stderr for value in screen.values())


def test_a_library_that_the_screen_needs_and_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "libxkbcommon-x11.so.0").write_bytes(b"")
    done = start(tmp_path, {"DISPLAY": ":97", "LD_LIBRARY_PATH": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "libxkbcommon-x11.so.0: file too short" in done.stderr


def start(runtime: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Start the program with these variables as all that is known of a screen."""
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, str(MAIN)],
        env=environment | {"XDG_RUNTIME_DIR": str(runtime)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
