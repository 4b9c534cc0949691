"""Returning to a raw editor: the file is replaced as a whole or not at all, and its old bytes are never lost."""

import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.editing.recovery import bring_back
from nti_desktop.editing.returning import check_return, follow, return_to
from nti_desktop.editing.session import Session
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.raster import Raster
from tests.picture_files import noisy_picture, smooth_picture
from tests.rights import open_folder, without_rights
from tests.sessions import BLUE, with_a_version

EDITED = Provenance("Program 1.0", ("a red wall",))
PICTURE = Raster(noisy_picture())


@pytest.fixture
def given(_given_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(_given_once, tmp_path))


@pytest.fixture(scope="module")
def _given_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "given.tif"
    Image.fromarray(smooth_picture()).save(path)
    subprocess.run(["exiftool", "-q", "-Make=Camera", "-Rating=4", "-overwrite_original", path], check=True)
    return path


def test_the_file_is_replaced_and_its_old_bytes_lie_beside_it(given: Path) -> None:
    before = given.read_bytes()
    returned = return_to(PICTURE, given, EDITED)
    assert (returned.path, returned.kept) == (given, given.with_name("given.original.tif"))
    assert returned.kept.read_bytes() == before
    assert np.array_equal(open_photo(given).pixels, PICTURE.pixels)
    again = return_to(Raster(smooth_picture()), given, EDITED)
    assert again.kept == given.with_name("given.original-2.tif")  # what was kept before stays
    assert returned.kept.read_bytes() == before


def test_what_the_raw_editor_wrote_into_the_file_stays_in_it(given: Path) -> None:
    return_to(PICTURE, given, EDITED)
    told = subprocess.run(
        ["exiftool", "-s3", "-Make", "-XMP:DigitalSourceType", given], capture_output=True, text=True, check=True
    ).stdout
    assert told.startswith("Camera\nhttp://cv.iptc.org/")


@pytest.mark.skipif(os.name == "nt", reason="files there have the rights of their folder")
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664])
def test_both_files_have_the_mode_that_the_one_had_and_the_old_one_its_time(given: Path, kept: int) -> None:
    os.utime(given, (1e9, 1e9))
    given.chmod(kept)
    before = os.umask(0)
    try:
        returned = return_to(PICTURE, given, EDITED)
    finally:
        os.umask(before)
    assert stat.S_IMODE(returned.path.stat().st_mode) == stat.S_IMODE(returned.kept.stat().st_mode) == kept
    assert returned.kept.stat().st_mtime == 1e9


@pytest.mark.parametrize(
    ("name", "sentence"), [("gone.tif", "is not there"), ("given.gif", "needs one of the endings")]
)
def test_a_file_that_cannot_be_returned_to_is_refused(given: Path, name: str, sentence: str) -> None:
    with pytest.raises(PhotoError, match=sentence):
        check_return(given.with_name(name))


def test_a_read_only_folder_is_refused() -> None:
    with open_folder() as folder:
        target = folder / "given.png"
        Image.fromarray(smooth_picture()).save(target)
        before = target.read_bytes()
        folder.chmod(0o555)
        with without_rights(), pytest.raises(PhotoError, match="may not be"):
            return_to(PICTURE, target, EDITED)
        folder.chmod(0o755)
        assert target.read_bytes() == before
        assert [path.name for path in folder.iterdir()] == ["given.png"]


@pytest.mark.parametrize("fails", [1, 2])
def test_a_full_disk_leaves_everything_as_it_was(given: Path, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    """While the old bytes are kept, and while the new ones are written."""
    before, calls, sync = given.read_bytes(), [], os.fsync

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= 2 * fails - 1:  # a file and its folder for each
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PhotoError, match="The disk is full"):
        return_to(PICTURE, given, EDITED)
    assert given.read_bytes() == before
    assert [path.name for path in given.parent.iterdir()] == ["given.tif"]


def test_the_project_and_its_state_before_go_with_the_old_bytes(given: Path) -> None:
    session = with_a_version(given)
    session.add_version("Later", BLUE)
    session.save()
    returned = return_to(PICTURE, given, EDITED)
    follow(session, returned)
    assert {path.name for path in given.parent.iterdir()} == {
        "given.tif", "given.original.tif", "given.original.tif.nti", "given.original.tif.nti~"
    }  # fmt: skip
    assert Session.open(given).lost is None
    session.sidecar.write_bytes(b"damaged")
    bring_back(returned.kept)
    assert [version.name for version in Session.open(returned.kept).project.versions] == ["Blue"]


@pytest.mark.parametrize("ending", [".nti", ".nti~"])
def test_a_project_whose_picture_was_taken_away_is_not_replaced_by_the_next_one(given: Path, ending: str) -> None:
    left = given.with_name(f"given.original.tif{ending}")
    left.write_bytes(b"of the picture that was returned before")
    session = with_a_version(given)
    returned = return_to(PICTURE, given, EDITED)
    follow(session, returned)
    assert returned.kept == given.with_name("given.original-2.tif")
    assert session.sidecar == given.with_name("given.original-2.tif.nti")
    assert left.read_bytes() == b"of the picture that was returned before"


def test_the_project_of_a_copy_in_the_data_folder_stays_there_beside_that_of_the_other(given: Path) -> None:
    card = given.parent / "DCIM"
    card.mkdir()
    photos = [Path(shutil.copy(given, card / name)) for name in ("a.tif", "b.tif")]
    first, second = [with_a_version(photo).sidecar for photo in photos]
    session = Session.open(photos[1])
    follow(session, return_to(PICTURE, photos[1], EDITED))
    assert session.sidecar == second != first
    assert Session.open(photos[0]).sidecar == first


def test_what_is_left_of_another_pictures_project_is_not_offered(given: Path) -> None:
    session = with_a_version(given)
    session.add_version("Later", BLUE)
    session.save()
    session.sidecar.unlink()
    assert Session.open(given).lost == session.sidecar
    Image.fromarray(noisy_picture()).save(given)
    assert Session.open(given).lost is None


def test_a_photo_that_was_not_the_one_returned_stays_where_it_is(given: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(smooth_picture()).save(other)
    session = with_a_version(other)
    follow(session, return_to(PICTURE, given, EDITED))
    assert session.photo.path == other
    assert session.sidecar == other.with_name("other.png.nti")


def test_when_there_are_too_many_old_copies_nothing_is_replaced(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nti_desktop.editing.returning._MOST_TRIES", 3)
    kept = [return_to(PICTURE, given, EDITED).kept.name for _ in range(2)]
    assert kept == ["given.original.tif", "given.original-2.tif"]
    before = given.read_bytes()
    with pytest.raises(PhotoError, match="too many old copies of “given"):
        return_to(Raster(smooth_picture()), given, EDITED)
    assert given.read_bytes() == before


def test_the_old_copy_of_a_file_that_could_not_be_replaced_may_be_gone_by_then(
    given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_picture: Raster, _target: Path, original: Path, **_: object) -> None:
        original.unlink()
        raise PhotoError("The disk is gone; attach it again.")

    monkeypatch.setattr("nti_desktop.editing.returning.replace_picture", fail)
    with pytest.raises(PhotoError, match="The disk is gone"):
        return_to(PICTURE, given, EDITED)
