"""What is not loaded: torch and Qt cost seconds, so they wait until something needs them."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.recipe import EditRecipe
from tests.sessions import BLUE, inverted

HEAVY = ("torch", "diffusers", "transformers", "PySide6")
STARTS = (
    "import nti_desktop.cli",
    "from nti_desktop.cli import main; assert main(['--help']) == 0",
    "from nti_desktop.cli import main; assert main(['edit', '--help']) == 0",
    "from nti_desktop.cli import main; assert main(['nonsense']) == 2",
    "import nti_desktop.editing.session",
)


def loaded_by(*codes: str, given: tuple[str, ...] = ()) -> list[list[str]]:
    """Which of the heavy packages a fresh interpreter has after each of the codes, run one after the other."""
    program = (
        "import json, sys\n"
        "codes, heavy = json.loads(sys.argv.pop(1)), json.loads(sys.argv.pop(1))\n"
        "for code in codes:\n"
        "    exec(code, {'sys': sys})\n"
        "    print(json.dumps([name for name in heavy if name in sys.modules]), file=sys.stderr)\n"
    )
    asked = [sys.executable, "-c", program, json.dumps(codes), json.dumps(HEAVY), *given]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]


@cache
def loaded_by_starts() -> dict[str, list[str]]:
    return dict(zip(STARTS, loaded_by(*STARTS), strict=True))


def test_the_check_sees_what_is_loaded() -> None:
    assert loaded_by("import json", "import PySide6") == [[], ["PySide6"]]


@pytest.mark.parametrize("code", STARTS)
def test_the_command_line_starts_without_torch_and_qt(code: str) -> None:
    assert loaded_by_starts()[code] == []


def test_the_window_starts_without_torch() -> None:
    assert loaded_by("import nti_desktop.gui.app") == [["PySide6"]]


def test_a_project_opens_with_pictures_and_versions_before_torch_is_loaded(tmp_path: Path) -> None:
    photo = tmp_path / "scene.png"
    Image.new("RGB", (96, 64), "#806040").save(photo)
    session = Session.open(photo)
    session.keep_inversion(built_in(), fingerprint(built_in()), inverted(session))
    version = session.add_version("Blue", BLUE)
    session.working_copy.keep_preview(version.id, encode_preview(session.photo.raster))
    session.add_version("Same", EditRecipe("a red ball on a table"))
    session.save()
    look = (
        "from pathlib import Path\n"
        "from nti_desktop.editing.engine_jobs import render_job\n"
        "from nti_desktop.editing.session import Session\n"
        "from nti_desktop.recipe.words import align_words\n"
        "session = Session.open(Path(sys.argv[1]))\n"
        "version = session.project.versions[0]\n"
        "assert session.working_copy.preview(version.id) is not None\n"
        "assert align_words(session.inversion().settings.prompt, version.recipe.prompt)\n"
        'assert render_job(session, version.recipe.recipe()).arrays["pivot"].shape[0] == 6\n'
    )
    info = "from nti_desktop.cli import main; assert main(['info', sys.argv[1]]) == 0"
    assert loaded_by(look, info, given=(str(photo),)) == [[], []]
