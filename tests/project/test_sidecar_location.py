"""Where the project of a photo lies."""

import os
from pathlib import Path

import pytest

from nti_desktop.project.location import free_place, usual_places
from nti_desktop.project.sidecar import read_sidecar, sidecar_path, write_sidecar
from tests.sidecars import make_all_arrays, make_project

IDENTITY = "ab" * 32


def save(path: Path) -> None:
    write_sidecar(path, make_project(), make_all_arrays(), {}, None)


def test_a_project_lies_beside_its_photo(tmp_path: Path) -> None:
    assert sidecar_path(tmp_path / "A.NEF", IDENTITY) == tmp_path / "A.NEF.nti"
    assert sidecar_path(tmp_path / "A.JPG", IDENTITY) == tmp_path / "A.JPG.nti"


def test_a_project_of_a_camera_card_lies_in_the_data_folder(tmp_path: Path, home: Path) -> None:
    photo = tmp_path / "DCIM" / "100CANON" / "IMG_1.JPG"
    photo.parent.mkdir(parents=True)
    path = sidecar_path(photo, IDENTITY)
    assert path.name == f"{IDENTITY}.nti"
    assert path.is_relative_to(home)
    assert not path.parent.exists()
    save(path)
    assert read_sidecar(path).project == make_project()


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_the_data_folder_is_made_where_the_home_is_a_link(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "link" / "data"))
    path = sidecar_path(tmp_path / "DCIM" / "IMG_1.JPG", IDENTITY)
    save(path)
    assert read_sidecar(path).project == make_project()


def test_a_project_of_a_folder_that_cannot_be_written_lies_in_the_data_folder(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)  # root may write anywhere
    assert sidecar_path(tmp_path / "A.JPG", IDENTITY).is_relative_to(home)


def test_a_photo_whose_name_leaves_no_room_has_its_project_in_the_data_folder(tmp_path: Path, home: Path) -> None:
    assert sidecar_path(tmp_path / f"{'藍' * 82}.JPG", IDENTITY).is_relative_to(home)


def test_an_identity_that_is_none_never_becomes_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the SHA-256"):
        sidecar_path(tmp_path / "DCIM" / "A.JPG", "../../etc/passwd")


def test_copies_in_the_data_folder_have_projects_of_their_own(tmp_path: Path) -> None:
    card = tmp_path / "DCIM"
    card.mkdir()
    first = free_place(card / "A.JPG", IDENTITY)
    save(first)
    second = free_place(card / "B.JPG", IDENTITY)
    save(second)
    assert second != first
    assert usual_places(card / "A.JPG", IDENTITY) == [first, card / "A.JPG.nti", second]
    assert usual_places(tmp_path / "A.JPG", IDENTITY) == [tmp_path / "A.JPG.nti", first, second]
