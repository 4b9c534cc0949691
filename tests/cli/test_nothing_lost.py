"""What the command line has made is kept whatever becomes of the sidecar meanwhile: the picture, and the project."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.cli import edit, export, invert
from nti_desktop.cli.arguments import parse
from nti_desktop.core import disk
from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.session import Session
from nti_desktop.engine import service
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import data_folder, read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.cli.conftest import Terminal
from tests.gui.gated import PLENTY, GatedBench
from tests.sessions import invert as prepare

SAMPLE = samples()[0]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def photo(folder: Path) -> Path:
    """A sample that is prepared."""
    photo = Path(shutil.copy(SAMPLE.path, folder / "still life.jpg"))
    session = Session.open(photo)
    prepare(session)
    session.save()
    return photo


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that prepares and renders at once."""
    bench = GatedBench()
    bench.let_go(PLENTY)
    monkeypatch.setattr(service, "EngineService", lambda *_arguments: bench)


def names(sidecar: Path) -> list[str]:
    return [version.name for version in read_sidecar(sidecar).project.versions]


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once the work is done, before anything is written."""
    make, tell_device = edit.make_picture, invert.fingerprint

    def made(*arguments: object) -> object:
        picture = make(*arguments)  # type: ignore[arg-type]
        happens()
        return picture

    def fingerprint(*arguments: object) -> str:
        happens()
        return tell_device(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(edit, "make_picture", made)
    monkeypatch.setattr(export, "make_picture", made)
    monkeypatch.setattr(invert, "fingerprint", fingerprint)


def disk_is_full(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    create = disk.create

    def full(path: Path, *more: int) -> int:
        if path.parent == folder:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return create(path, *more)

    monkeypatch.setattr(disk, "create", full)


def test_an_edit_beside_another_keeps_both_and_says_so(
    photo: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        session = Session.open(photo)
        session.add_version(session.free_name(), EditRecipe("a green ball on a table"))
        session.save()

    meanwhile(monkeypatch, other)
    answer = terminal.answer("edit", photo, "--to", "a blue ball on a table", "--out", tmp_path / "blue.png")
    assert names(Path(answer["sidecar"])) == ["Version 1", "Version 2"]
    assert answer["name"] == "Version 2", "as it is called by now"
    assert any("“Version 1”" in note for note in answer["notes"])
    assert (tmp_path / "blue.png").exists()


def gone(folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(folder)


def full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_is_full(monkeypatch, folder)


@pytest.mark.parametrize(("fault", "sentence"), [(gone, "folder is gone"), (full, "The disk is full")])
def test_an_edit_that_cannot_be_saved_writes_its_picture_and_is_kept_elsewhere(
    photo: Path,
    folder: Path,
    tmp_path: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Path, pytest.MonkeyPatch], None],
    sentence: str,
) -> None:
    picture = tmp_path / "blue.png"
    with monkeypatch.context() as patched:
        meanwhile(patched, lambda: fault(folder, patched))
        arguments = ("edit", photo, "--to", "a blue ball on a table", "--name", "Blue", "--out", picture)
        code, out, err = terminal.run(*arguments)
    kept = data_folder() / "still life.jpg.nti"
    assert code == 1
    assert picture.exists()
    assert f"Written to {picture}" in out
    assert sentence in err
    assert str(kept) in err
    assert names(kept) == ["Blue"]

    folder.mkdir(exist_ok=True)
    shutil.copy(SAMPLE.path, photo)
    again = tmp_path / "again.png"
    terminal.answer("export", photo, "--project", kept, "--name", "Blue", "--out", again)
    assert again.read_bytes() == picture.read_bytes()


def test_what_can_be_kept_nowhere_still_has_its_picture(
    photo: Path, folder: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        disk_is_full(monkeypatch, folder)
        data_folder().parent.mkdir(parents=True, exist_ok=True)
        data_folder().write_bytes(b"a file in the folder's place")

    meanwhile(monkeypatch, full)
    picture = tmp_path / "blue.png"
    code, out, err = terminal.run("edit", photo, "--to", "a blue ball on a table", "--out", picture, "--json")
    assert (code, json.loads(out)["sidecar"], json.loads(out)["out"]) == (1, None, str(picture))
    assert "The disk is full" in err
    assert picture.exists()


def test_a_preparation_that_cannot_be_saved_is_kept_elsewhere(
    photo: Path, folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        meanwhile(patched, lambda: disk_is_full(patched, folder))
        code, out, err = terminal.run("invert", photo, "--prompt", "a ball")
    kept = data_folder() / "still life.jpg.nti"
    assert code == 1
    assert f"Saved in {kept}" in out
    assert "The disk is full" in err
    assert len(read_sidecar(kept).project.inversions) == 2


def test_a_picture_that_cannot_be_written_does_not_cost_the_version(
    photo: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: disk_is_full(monkeypatch, tmp_path))
    arguments = ("edit", photo, "--to", "a blue ball on a table", "--name", "Blue", "--out", tmp_path / "blue.png")
    code, _, err = terminal.run(*arguments)
    assert code == 1
    assert "full" in err
    assert names(photo.with_name("still life.jpg.nti")) == ["Blue"]


def test_what_is_interrupted_before_it_is_written_changes_nothing(
    photo: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.run("edit", photo, "--to", "a blue ball on a table", "--name", "Blue")[0] == 0
    before = photo.with_name("still life.jpg.nti").read_bytes()
    for asked in (
        ("export", "--name", "Blue", "--out", "out.png"),
        ("edit", "--to", "a green ball on a table", "--out", "out.png"),
        ("edit", "--to", "a green ball on a table"),
    ):
        cancel = CancelToken()
        meanwhile(monkeypatch, cancel.cancel)
        monkeypatch.chdir(tmp_path)
        options = parse([asked[0], str(photo), *asked[1:]])
        with pytest.raises(Cancelled):
            options.run(options, cancel)
        assert not Path("out.png").exists()
        assert photo.with_name("still life.jpg.nti").read_bytes() == before


def test_a_project_of_its_own_is_made_from_the_photos_and_leaves_that(
    photo: Path, tmp_path: Path, terminal: Terminal
) -> None:
    own = tmp_path / "mine.nti"
    for name in ("First", "Second"):
        answer = terminal.answer("edit", photo, "--to", "a blue ball on a table", "--project", own, "--name", name)
        assert answer["sidecar"] == str(own)
    assert names(own) == ["First", "Second"]
    assert names(photo.with_name("still life.jpg.nti")) == []


def test_a_project_of_its_own_stays_where_it_is_when_the_photo_is_returned(
    photo: Path, tmp_path: Path, terminal: Terminal
) -> None:
    own = tmp_path / "mine.nti"
    arguments = ("edit", photo, "--to", "a blue ball on a table", "--project", own, "--return-to", photo)
    terminal.answer(*arguments, "--name", "Blue")
    assert names(own) == ["Blue"]
    assert read_sidecar(own).project.photo.name == "still life.original.jpg"


@pytest.mark.slow
def test_two_edits_at_once_both_succeed(folder: Path, terminal: Terminal) -> None:
    photo = Path(shutil.copy(SAMPLE.path, folder / "still life.jpg"))
    program = [sys.executable, "-m", "main"]
    subprocess.run(
        [*program, "invert", photo, "--prompt", SAMPLE.caption, "--steps", "4"], cwd=ROOT, check=True, timeout=170
    )
    edits = [
        subprocess.Popen(
            [*program, "edit", photo, "--to", wish, "--out", folder / f"{number}.png", "--json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for number, wish in enumerate(SAMPLE.edits[:2])
    ]
    answers = [json.loads(each.communicate(timeout=170)[0]) for each in edits]
    assert [each.returncode for each in edits] == [0, 0]
    assert {answer["name"] for answer in answers} == {"Version 1", "Version 2"}
    for answer in answers:
        info = terminal.answer("info", photo)
        assert (answer["version"], answer["name"]) in [(v["id"], v["name"]) for v in info["versions"]]
        assert Path(answer["out"]).exists()
