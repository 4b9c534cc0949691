"""Folders in the place of their photos."""

from pathlib import Path

import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.folders import photos_of


def test_a_folder_stands_for_its_photos_by_name_and_each_is_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "older.jpg").mkdir(parents=True)
    for name in ("b.JPG", "a.nef", "c.png", "notes.txt", "c.png.nti"):
        (folder / name).touch()
    other = tmp_path / "elsewhere.tif"
    expected = [folder / name for name in ("a.nef", "b.JPG", "c.png")]
    assert photos_of([other, folder]) == (other, *expected)
    assert photos_of([expected[2], folder]) == (expected[2], *expected[:2])
    assert photos_of([tmp_path / "missing.jpg"]) == (tmp_path / "missing.jpg",), "what is wrong with it is said later"


def test_a_folder_without_photos_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PhotoError, match="There are no photos in"):
        photos_of([tmp_path])
