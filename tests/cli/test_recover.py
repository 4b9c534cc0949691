"""nti-desktop recover: what a damaged project says to do, and that it does it."""

from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.editing.session import Session
from nti_desktop.project.sidecar import backup_path, sidecar_path
from tests.cli.conftest import Terminal
from tests.saved_twice import photo, sidecar
from tests.sessions import BLUE, scene, with_a_version

__all__ = ["photo"]


def versions(photo: Path) -> list[str]:
    return [version.name for version in Session.open(photo).project.versions]


def test_a_damaged_project_names_the_command_that_brings_it_back(photo: Path, terminal: Terminal) -> None:
    sidecar(photo).write_bytes(sidecar(photo).read_bytes()[:-100])
    for command in (["info", photo], ["info", sidecar(photo)], ["edit", photo, "--to", "a blue ball"]):
        said = terminal.refusal(*command, code=1)
        assert "can be brought back" in said
        assert f"“nti-desktop recover '{sidecar(photo)}'”" in said


@pytest.mark.parametrize("by", [lambda photo: photo, sidecar], ids=["photo", "project"])
def test_a_damaged_project_is_brought_back(by: object, photo: Path, terminal: Terminal) -> None:
    assert callable(by)
    sidecar(photo).write_bytes(b"damaged")
    code, out, err = terminal.run("recover", by(photo))
    assert (code, err) == (0, "")
    assert out == (
        "“still life.png.nti” was brought back as it was before its last save; "
        "the damaged file is kept as “still life.png.nti.damaged”.\n"
    )
    assert versions(photo) == ["Blue"]
    assert sidecar(photo).with_name("still life.png.nti.damaged").read_bytes() == b"damaged"


def test_what_was_brought_back_is_told_as_json(photo: Path, terminal: Terminal) -> None:
    sidecar(photo).write_bytes(b"damaged")
    kept = str(sidecar(photo)) + ".damaged"
    assert terminal.answer("recover", photo) == {"sidecar": str(sidecar(photo)), "kept": kept}


def test_a_project_that_is_gone_is_told_of_and_brought_back(photo: Path, terminal: Terminal) -> None:
    sidecar(photo).unlink()
    out = terminal.run("info", photo)[1]
    assert "is gone, but its state before the last save is intact" in out
    assert "nti-desktop recover" in out
    assert terminal.answer("recover", photo)["kept"] is None
    assert versions(photo) == ["Blue"]
    assert "is gone" not in terminal.run("info", photo)[1]


def test_a_project_in_the_data_folder_is_brought_back_too(tmp_path: Path, terminal: Terminal) -> None:
    photo = tmp_path / "DCIM" / "IMG_1.png"
    photo.parent.mkdir()
    Image.fromarray(scene()).save(photo)
    session = with_a_version(photo)
    session.add_version("Later", BLUE)
    session.save()
    assert session.sidecar == sidecar_path(photo, session.photo.identity)
    assert session.sidecar.parent != photo.parent
    session.sidecar.write_bytes(b"")
    terminal.answer("recover", photo)
    assert versions(photo) == ["Blue"]


@pytest.mark.parametrize(
    ("state", "sentence"), [("sound", "is not damaged"), ("without a backup", "no intact"), ("none", "has no project")]
)
def test_what_cannot_be_brought_back_is_refused(photo: Path, terminal: Terminal, state: str, sentence: str) -> None:
    if state == "without a backup":
        sidecar(photo).write_bytes(b"damaged")
    if state != "sound":
        backup_path(sidecar(photo)).unlink()
    if state == "none":
        sidecar(photo).unlink()
    before = {path.name: path.read_bytes() for path in photo.parent.iterdir()}
    assert sentence in terminal.refusal("recover", photo, code=1)
    assert {path.name: path.read_bytes() for path in photo.parent.iterdir()} == before


def test_what_is_no_photo_is_refused(tmp_path: Path, terminal: Terminal) -> None:
    assert "gone.png" in terminal.refusal("recover", tmp_path / "gone.png", code=1)
    assert "gone.nti" in terminal.refusal("recover", tmp_path / "gone.nti", code=1)
