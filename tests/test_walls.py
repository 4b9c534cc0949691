"""The walls between the rooms hold: what would break one is refused by the same contracts that `make lint` checks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FAULTS = {
    "a module beside the rooms": ("loose.py", '"""Loose."""\n'),
    "an import upwards": ("core/climbing.py", "from nti_desktop.recipe import words\n"),
    "an import across": ("photo/crossing.py", "from nti_desktop.project import schema\n"),
    "Qt below the window": ("editing/painting.py", "from PySide6 import QtGui\n"),
    "torch outside the engine": ("models/thinking.py", "import torch\n"),
    "a program that trains": ("cli/training.py", "from nti_desktop.studio import scenes\n"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the package with every fault in it."""
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "nti_desktop", house / "nti_desktop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", house)
    for name, text in FAULTS.values():
        (house / "nti_desktop" / name).write_text(text)
    found = lint(house)
    assert found.returncode == 1, found.stdout + found.stderr
    return found.stdout


def test_the_house_as_it_stands_breaks_no_wall() -> None:
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_wall_is_refused(fault: str, refused: str) -> None:
    name, _ = FAULTS[fault]
    module = f"nti_desktop.{name.removesuffix('.py').replace('/', '.')}"
    assert f"{module} -> " in refused or f"- {module}\n" in refused
