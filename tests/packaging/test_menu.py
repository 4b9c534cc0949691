"""The archive for Linux puts the program into the menu of whoever unpacked it, wherever that was."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINUX = ROOT / "packaging" / "linux"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there it is")


@pytest.mark.parametrize("name", ["Foto und Video", "Фото", "100% photos", "a|b&c", "\"a' $HOME `b` \\c"])
def test_the_menu_starts_the_program_from_any_folder(name: str, tmp_path: Path) -> None:
    program = unpacked(tmp_path / name)
    data = tmp_path / "data"
    add_to_menu(program, data)
    entry = (data / "applications" / "nti-desktop.desktop").read_text("utf-8")
    assert "\nExec=nti-desktop %F\n" in (LINUX / "nti-desktop.desktop").read_text()  # all photos by one start
    (command,) = (line.partition("=")[2] for line in entry.splitlines() if line.startswith("Exec="))
    text = command.removeprefix("env ").removesuffix(" %F").replace("\\\\", "\\")
    assert "%" not in text.replace("%%", "")
    word = text.replace("%%", "%")  # quoted as for a shell
    started = subprocess.run(["sh", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True).stdout
    assert started == str(program / "nti-desktop")
    assert set(entry.splitlines()) - {f"Exec={command}"} < set((LINUX / "nti-desktop.desktop").read_text().splitlines())


def test_what_was_put_into_the_menu_is_taken_out(tmp_path: Path) -> None:
    program = unpacked(tmp_path / "program")
    data = tmp_path / "data"
    add_to_menu(program, data)
    assert list(data.rglob("nti-desktop.*"))
    add_to_menu(program, data, "--remove")
    assert not list(data.rglob("nti-desktop.*"))


def unpacked(folder: Path) -> Path:
    """A folder with what the archive holds beside the program."""
    icons = folder / "_internal" / "resources" / "icons"
    icons.mkdir(parents=True)
    shutil.copy(ROOT / "resources" / "icons" / "nti-desktop.svg", icons)
    shutil.copy(LINUX / "add-to-menu", folder)
    (folder / "share").mkdir()
    for name in ("nti-desktop.desktop", "nti-desktop.xml"):
        shutil.copy(LINUX / name, folder / "share")
    return folder


def add_to_menu(program: Path, data: Path, *arguments: str) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(data)}
    subprocess.run(["bash", program / "add-to-menu", *arguments], env=environment, check=True, capture_output=True)
