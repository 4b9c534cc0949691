"""What the frozen program does first, and what its uninstaller may take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"


def _around_the_hook(before: str, after: str, **variables: str) -> str:
    """What is printed by lines of Python before and after the hook."""
    script = f"import os, runpy, sys\n{before}\nrunpy.run_path({str(PACKAGING / 'hooks' / 'frozen.py')!r})\n{after}"
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there the loader's path is changed")
@pytest.mark.parametrize(("before", "after"), [({"LD_LIBRARY_PATH_ORIG": "/users/own"}, "/users/own"), ({}, "None")])
def test_programs_started_from_the_frozen_one_get_the_systems_libraries(before: dict[str, str], after: str) -> None:
    said = _around_the_hook("", "print(os.environ.get('LD_LIBRARY_PATH'))", LD_LIBRARY_PATH="/bundled", **before)
    assert said.strip() == after


def test_without_a_console_printing_harms_nothing() -> None:
    said = _around_the_hook("sys.stdout = None", "print('into nothing'); sys.stdout.flush()")
    assert said == ""


def test_the_uninstaller_takes_files_before_their_folders(tmp_path: Path) -> None:
    (tmp_path / "program" / "inner").mkdir(parents=True)
    (tmp_path / "program" / "inner" / "price in $.txt").write_text("")
    command = [sys.executable, PACKAGING / "windows" / "removals.py", tmp_path / "program", tmp_path / "removals.nsh"]
    subprocess.run(command, check=True)
    lines = (tmp_path / "removals.nsh").read_text().splitlines()
    assert lines == ['Delete "$INSTDIR\\inner\\price in $$.txt"', 'RMDir "$INSTDIR\\inner"']
