"""What killed processes left goes when the program starts, and when a photo is opened."""

import os
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.editing.leftovers import sweep_program_folders
from nti_desktop.editing.session import Session
from nti_desktop.models.library.fingerprints import cache_file
from nti_desktop.models.library.places import default_store, places_file
from nti_desktop.project import journal
from nti_desktop.project.location import data_folder
from tests.sessions import scene

LEFT = ".0123456789abcdef.nti-tmp"


def test_the_programs_own_folders_are_swept_and_what_arrived_of_a_download_stays() -> None:
    incoming = default_store() / ".incoming" / "owner--name"
    folders = (places_file().parent, cache_file().parent, data_folder(), default_store(), incoming)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LEFT).write_bytes(b"half")
    (incoming / "0123.part").write_bytes(b"half a model")
    sweep_program_folders()
    assert not any((folder / LEFT).exists() for folder in folders)
    assert (incoming / "0123.part").read_bytes() == b"half a model"


def test_the_oldest_of_too_many_journals_go_but_one_that_cannot_be_asked_whether_it_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "MAX_LEFT", 2)
    folders = [journal.journals_folder() / f"{number}-left" for number in range(5)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        (folder / "log").touch()
        os.utime(folder / "log", (number, number))
    (folders[1] / "lock").mkdir()
    sweep_program_folders()
    assert [folder.exists() for folder in folders] == [False, True, False, True, True]


def test_where_there_are_no_folders_yet_none_is_made(home: Path) -> None:
    sweep_program_folders()
    assert not data_folder().exists()
    assert not default_store().exists()


def test_opening_a_photo_sweeps_its_folder(tmp_path: Path) -> None:
    photo = tmp_path / "scene.png"
    Image.fromarray(scene()).save(photo)
    (tmp_path / LEFT).write_bytes(b"half")
    Session.open(photo)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.png"]
