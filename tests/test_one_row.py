"""A new method is one file and one row: nothing else is told of it, and all the program knows it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nti_desktop

ROOT = Path(nti_desktop.__path__[0]).parent

MEMBER = '    PINNED = "pinned"\n'
ROW = """        MethodRow(
            Method.THROWAWAY,
            "Thrown away",
            "Is good for nothing but this test.",
            preparing=(_FOLLOW, _CHECK),
            editing=_GUIDED,
            keeps=(PIVOT,),
            source="nobody",
        ),
"""
FILE = '''"""Pinned by another name."""

from nti_desktop.engine.methods.pinned import prepare, render, source

__all__ = ["prepare", "render", "source"]
'''

LOOK = """
import json, sys
from PySide6.QtWidgets import QApplication
from nti_desktop.cli import main
from nti_desktop.editing.session import Session
from nti_desktop.engine.memory.forecast import guiding, work_of
from nti_desktop.gui.editor.model_panel import ModelPanel
from nti_desktop.models.library.catalog import built_in
from nti_desktop.project.schema import SettingsRecord
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings

method, photo = Method("throwaway"), sys.argv[1]
app = QApplication([])
panel, entry = ModelPanel(), built_in()
panel.show_preparing(entry.defaults, entry.methods, method)
asked = ["invert", photo, "--prompt", "a ball", "--method", "throwaway", "--steps", "2"]
assert main(asked) == 0
session = Session.open(__import__("pathlib").Path(photo))
record = session.inversion()
kept = SettingsRecord.model_validate_json(record.settings.model_dump_json()).settings()
print(json.dumps({
    "window": [panel.ways.itemText(n) for n in range(panel.ways.count())],
    "sidecar": kept.method,
    "forecast": work_of(method) is guiding,
    "arrays": list(session.working_copy.arrays(record.id)["pivot"].shape),
}))
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the program with one method more."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "nti_desktop", tmp_path / "nti_desktop", ignore=ignored)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    shutil.copy(ROOT / "main.py", tmp_path)
    table = tmp_path / "nti_desktop" / "recipe" / "methods.py"
    text = table.read_text("utf-8")
    end = text.index("    )\n}\n")
    text = (text[:end] + ROW + text[end:]).replace(MEMBER, MEMBER + '    THROWAWAY = "throwaway"\n')
    table.write_text(text, "utf-8")
    (tmp_path / "nti_desktop" / "engine" / "methods" / "throwaway.py").write_text(FILE, "utf-8")
    return tmp_path


def run(house: Path, *arguments: str) -> str:
    places = {f"XDG_{name}_HOME": str(house / name) for name in ("DATA", "CONFIG", "CACHE", "STATE")}
    environment = os.environ | places | {"PYTHONPATH": str(house), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_new_method_is_one_file_and_one_row(house: Path) -> None:
    photo = house / "photo.png"
    shutil.copy(next((ROOT / "resources" / "samples").glob("*.*g")), photo)
    assert "throwaway" in run(house, "main.py", "invert", "--help")
    rows = json.loads(run(house, "main.py", "methods", "--json"))["methods"]
    assert rows[-1]["title"] == "Thrown away"
    found = json.loads(run(house, "-c", LOOK, str(photo)).splitlines()[-1])
    assert "Thrown away" in found["window"]
    assert found["sidecar"] == "throwaway"
    assert found["forecast"]
    assert found["arrays"][0] == 3
