"""Names, sentences and errors reach the terminal as text, whatever they hold."""

import ast
import json
import unicodedata
from pathlib import Path

import pytest

import nti_desktop
from nti_desktop.cli import main
from nti_desktop.project.sidecar import write_sidecar
from tests.sidecars import make_all_arrays, make_project

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202egpj.\u2066\x7fend"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Everything in it that is text is hostile."""
    path = tmp_path / "IMG\x1b[31m\u202e.JPG.nti"
    whole = make_project()
    inversions = tuple(
        each.model_copy(
            update={"model": HOSTILE, "settings": each.settings.model_copy(update={"prompt": f"a ball {HOSTILE}"})}
        )
        for each in whole.inversions
    )
    versions = tuple(
        each.model_copy(
            update={"name": HOSTILE, "recipe": each.recipe.model_copy(update={"prompt": f"a blue {HOSTILE}"})}
        )
        for each in whole.versions
    )
    photo = whole.photo.model_copy(update={"name": f"{HOSTILE}.jpg"})
    whole = whole.model_copy(update={"photo": photo, "inversions": inversions, "versions": versions})
    write_sidecar(path, whole, make_all_arrays(), {}, None)
    return path


def assert_is_text(said: str) -> None:
    """Lines end, and nothing else steers."""
    for letter in said.replace("\n", ""):
        assert unicodedata.category(letter) not in ("Cc", "Zl", "Zp"), ascii(said)
        assert letter not in "\u202e\u2066", ascii(said)


def test_what_is_known_of_a_project_is_said_as_text(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(project)]) == 0
    said = capsys.readouterr().out
    assert_is_text(said)
    assert r"\x1b]0;owned" in said
    assert r"\u202e" in said
    assert len(said.splitlines()) == 6  # photo, project, two inversions, two versions


def test_json_holds_the_very_text_and_is_text_itself(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(project), "--json"]) == 0
    said = capsys.readouterr().out
    assert_is_text(said)
    assert said.count("\n") == 1
    assert json.loads(said)["versions"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", f"gone {HOSTILE}.jpg"],
        ["info", f"gone {HOSTILE}.nti"],
        ["export", f"gone {HOSTILE}.jpg", "--out", f"{HOSTILE}.png"],
        ["info", "a.jpg", f"--{HOSTILE}"],
        ["edit", "a.jpg", "--to", f"a {HOSTILE}", "--weight", f"{HOSTILE}=nan"],
    ],
)
def test_errors_and_wrong_use_are_said_as_text(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) != 0
    said = capsys.readouterr().err
    assert said.strip()
    assert_is_text(said)


def test_a_project_that_is_opened_without_its_photo_is_named_as_text(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(project), "--out", "a.png"]) != 0
    assert_is_text(capsys.readouterr().err)


def test_only_one_module_of_the_command_line_prints() -> None:
    for file in (Path(nti_desktop.__file__).parent / "cli").glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        said = {ast.unparse(call.func) for call in calls}
        printing = {"print", "sys.stdout.write", "sys.stderr.write", "self._print_message", "self.print_usage"}
        assert not said & printing, file.name
