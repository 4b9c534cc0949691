"""Where there is no screen the program says so, before Qt would end it by a crash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[2] / "main.py"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is one")
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
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, str(MAIN)],
        env=environment | {"XDG_RUNTIME_DIR": str(tmp_path)} | screen,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "screen" in done.stderr
    assert all(value in done.stderr for value in screen.values())
