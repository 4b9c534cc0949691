"""Wrong use of the command line is refused in one sentence, and nothing is lost by it."""

import shlex
import shutil
from pathlib import Path

import pytest

from nti_desktop.cli.arguments import parse
from nti_desktop.editing.session import Session
from nti_desktop.models.library.samples import samples
from tests.cli.conftest import SAMPLE, Terminal, sidecar_of


def test_a_photo_without_inversion_says_how_to_make_one(photo: Path, terminal: Terminal) -> None:
    sentence = terminal.refusal("edit", photo, "--to", "a dog", code=1)
    assert "nti-desktop invert" in sentence
    assert "was not inverted yet" in sentence


@pytest.mark.parametrize("name", ["still life.jpg", "other/it's.jpg", "-dash.jpg"])
def test_what_is_said_to_be_run_can_be_run(
    name: str, photo: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    Path(name).parent.mkdir(exist_ok=True)
    photo.rename(name)
    sentence = terminal.refusal("edit", "--to", "a dog", "--", name, code=1)
    program, *arguments = shlex.split(sentence.split("“")[2].split("”")[0])
    assert program == "nti-desktop"
    assert parse(arguments).photo.samefile(name)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", ""),
        ("--to", "a blue ball", "--weight", "blue"),
        ("--to", "a blue ball", "--weight", "blue=much"),
        ("--to", "a blue ball", "--weight", "blue=nan"),
        ("--to", "a blue ball", "--weight", "blue=11"),
        ("--to", "a blue ball", "--weight", "cube=2"),
        ("--to", "a blue ball", "--weight", "ball#2=2"),
        ("--to", "a blue ball", "--weight", "ball=2", "--weight", "Ball=3"),
        ("--to", "a blue ball", "--blend", "unicorn"),
        ("--to", "a blue ball", "--keep", "ball"),
        ("--to", "a blue ball", "--cross", "1.5"),
        ("--to", "a blue ball", "--self", "nan"),
        ("--to", "a blue ball", "--follow", "1.1"),
        ("--to", "a blue ball", "--guidance", "0.9"),
        ("--to", "a blue ball", "--feather", "0.3"),
        ("--to", "a blue ball", "--threshold", "0.5"),
        ("--to", "a blue ball", "--blend", "ball", "--threshold", "1.5"),
        ("--to", "a blue ball", "--name", " "),
        ("--to", "a blue ball", "--colour", "blue"),
        ("--to", "a blue ball \udcff"),
        ("--to", "a blue ball", "--mask", f"{'9' * 400},0 1,1 2,2"),
        ("--to", "a blue ball", "--mask", f"0,0,{'9' * 400},9"),
        ("--to", "a blue ball", "--noise", "0.5"),
        ("--to", "a blue ball", "--seed", "7"),
        ("--to", "a blue ball", "--lot", "seed"),
        ("--to", "a blue ball", "--inversion", "1", "--model", "studio-orders"),
        ("--to", "a blue ball", "--no-location"),
    ],
)
def test_wrong_use_of_edit_is_refused_before_anything_is_rendered(
    inverted: Path, terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    before = sidecar_of(inverted).read_bytes()
    terminal.refusal("edit", inverted, *arguments, code=2)
    assert sidecar_of(inverted).read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--prompt", "  "),
        ("--prompt", "a ball \udcff"),
        ("--prompt", "a ball", "--area", f"0,0,{'9' * 400},9"),
        ("--prompt", "a ball", "--steps", "1"),
        ("--prompt", "a ball", "--steps", "many"),
        ("--prompt", "a ball", "--guidance", "0.5"),
        ("--prompt", "a ball", "--method", "magic"),
    ],
)
def test_wrong_use_of_invert_is_refused(photo: Path, terminal: Terminal, arguments: tuple[str, ...]) -> None:
    terminal.refusal("invert", photo, *arguments, code=2)
    assert not sidecar_of(photo).exists()


def test_a_demo_replaces_no_photo(tmp_path: Path, terminal: Terminal) -> None:
    photo = Path(shutil.copy(samples()[1].path, tmp_path / samples()[0].path.name))
    before = photo.read_bytes()
    assert "choose another folder" in terminal.refusal("demo", "--out", tmp_path, code=1)
    assert photo.read_bytes() == before


def test_a_mistyped_command_is_refused(terminal: Terminal) -> None:
    assert "invert" in terminal.refusal("inver", "photo", code=2)


@pytest.mark.slow
def test_words_past_the_models_limit_are_named(photo: Path, terminal: Terminal) -> None:
    sentence = terminal.refusal("invert", photo, "--prompt", "ball " * 200 + "sand", "--steps", 2, code=2)
    assert "sand" in sentence
    assert not sidecar_of(photo).exists()


@pytest.mark.parametrize("model", ["/nowhere/at/all", "nonsense", ""])
def test_a_missing_model_is_refused(photo: Path, terminal: Terminal, model: str) -> None:
    terminal.refusal("invert", photo, "--prompt", "a ball", "--model", model, code=1)


@pytest.mark.parametrize("content", [b"", b"plain text", b"\x89PNG\r\n\x1a\n cut"])
def test_what_is_no_picture_is_refused(tmp_path: Path, terminal: Terminal, content: bytes) -> None:
    (tmp_path / "photo.png").write_bytes(content)
    terminal.refusal("invert", tmp_path / "photo.png", "--prompt", "a ball", code=1)
    terminal.refusal("info", tmp_path / "photo.png", code=1)
    assert "does not exist" in terminal.refusal("info", tmp_path / "none.png", code=1)


def test_a_damaged_project_is_refused_and_kept(inverted: Path, terminal: Terminal) -> None:
    damaged = sidecar_of(inverted).read_bytes()[:-100]
    sidecar_of(inverted).write_bytes(damaged)
    for arguments in (("info",), ("edit", "--to", "a dog"), ("invert", "--prompt", "a dog")):
        terminal.refusal(arguments[0], inverted, *arguments[1:], code=1)
    assert sidecar_of(inverted).read_bytes() == damaged


def test_nothing_that_is_there_is_overwritten(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    before = inverted.read_bytes()
    (tmp_path / "there.png").write_bytes(b"mine")
    for out, said in ((inverted, "the photo itself"), (tmp_path / "there.png", "exists already")):
        assert said in terminal.refusal("edit", inverted, "--to", SAMPLE.edits[0], "--out", out, code=1)
    assert Session.open(inverted).project.versions == ()
    assert inverted.read_bytes() == before
    assert (tmp_path / "there.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "option",
    [
        ("--no-location",),
        ("--no-metadata",),
        ("--say-prompt",),
        ("--srgb",),
        ("--half-chroma",),
        ("--bits", 16),
        ("--quality", 50),
        ("--longest-side", 20),
        ("--if-exists", "unique"),
    ],
)
def test_what_a_raw_editors_file_would_not_heed_is_refused(
    inverted: Path, tmp_path: Path, terminal: Terminal, option: tuple[object, ...]
) -> None:
    given = tmp_path / "given.jpg"
    given.write_bytes(inverted.read_bytes())
    asked = ("edit", inverted, "--to", SAMPLE.caption, "--return-to", given)
    assert "only --out heeds" in terminal.refusal(*asked, *option, code=2)
    assert "must be between 1 and 100" in terminal.refusal(*asked, "--quality", 500, code=1)
    assert given.read_bytes() == inverted.read_bytes()
    assert Session.open(inverted).project.versions == ()


def test_what_becomes_of_a_sheet_is_not_said_where_there_is_none(inverted: Path, terminal: Terminal) -> None:
    asked = ("series", inverted, "--frame", SAMPLE.edits[0], "--if-exists", "overwrite")
    assert "name one by --sheet" in terminal.refusal(*asked, code=2)
    assert Session.open(inverted).project.versions == ()


def test_a_name_is_taken_once_and_found_again(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    terminal.answer("edit", inverted, "--to", SAMPLE.caption, "--name", "Mine")
    assert "already" in terminal.refusal("edit", inverted, "--to", SAMPLE.edits[0], "--name", "Mine", code=1)
    assert "“Mine”" in terminal.refusal("export", inverted, "--name", "Yours", "--out", tmp_path / "x.png", code=1)
    assert not (tmp_path / "x.png").exists()


def test_an_unknown_kind_of_picture_file_is_refused(inverted: Path, tmp_path: Path, terminal: Terminal) -> None:
    terminal.answer("edit", inverted, "--to", SAMPLE.caption, "--name", "Same")
    terminal.refusal("export", inverted, "--name", "Same", "--out", tmp_path / "x.doc", code=1)
    terminal.refusal("export", inverted, "--name", "Same", "--out", tmp_path / "no folder" / "x.png", code=1)
