"""Exporting: every format, never onto the photo itself, whole or not at all."""

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.core.progress import CancelToken
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.raster import Raster
from tests.picture_files import noisy_picture, smooth_picture
from tests.rights import open_folder, without_rights

PIXELS = noisy_picture()
NOISE = Raster(PIXELS)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(smooth_picture()).save(path)
    return path


def written(picture: Raster, target: Path, **options: Any) -> Path:
    path = export_picture(picture, target, **options).path
    assert path is not None
    return path


@contextmanager
def refused(original: Path, sentence: str) -> Iterator[None]:
    """The export fails with one such sentence; the folder of the original is as it was, byte for byte."""
    before = {path.name: path.read_bytes() for path in original.parent.iterdir() if path.is_file()}
    with pytest.raises(PhotoError, match=sentence) as caught:
        yield
    assert str(caught.value).endswith(".")
    assert ". " not in str(caught.value).replace(" .", " ")
    assert {path.name: path.read_bytes() for path in original.parent.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".PNG", ".TIFF"])
def test_png_and_tiff_keep_every_pixel(original: Path, suffix: str) -> None:
    target = original.with_name("edit" + suffix)
    assert export_picture(NOISE, target, original=original).path == target
    assert np.array_equal(open_photo(target).pixels, PIXELS)


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WEBP")])
def test_jpeg_and_webp_stay_close(original: Path, suffix: str, kind: str) -> None:
    target = written(Raster(smooth_picture()), original.with_name("edit" + suffix), original=original)
    difference = open_photo(target).pixels.astype(int) - smooth_picture()
    assert np.abs(difference).mean() < 2
    with Image.open(target) as image:
        assert image.format == kind


def test_an_exported_picture_says_that_it_is_srgb_and_reopens_without_notes(original: Path) -> None:
    target = written(NOISE, original.with_name("edit.png"), original=original)
    with Image.open(target) as image:
        assert image.info["icc_profile"]
    assert open_photo(target).notes == ()


def test_exporting_twice_gives_the_same_bytes(original: Path) -> None:
    one, two = (written(NOISE, original.with_name(name), original=original).read_bytes() for name in ("1.tif", "2.tif"))
    assert one == two


def test_a_lower_quality_makes_a_smaller_file(original: Path) -> None:
    sizes = [
        written(
            NOISE, original.with_name(f"{quality}.jpg"), original=original, settings=ExportSettings(quality=quality)
        )
        .stat()
        .st_size
        for quality in (50, 95)
    ]
    assert sizes[0] < sizes[1]


def test_an_exported_file_has_the_rights_of_any_new_file(original: Path) -> None:
    target = written(NOISE, original.with_name("edit.png"), original=original)
    plain = original.with_name("plain")
    plain.touch()
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("name", ["edit", "edit.gif", "edit.nti", "edit.png.bak"])
def test_an_unknown_ending_is_refused(original: Path, name: str) -> None:
    with refused(original, "needs one of the endings"):
        export_picture(NOISE, original.with_name(name), original=original)


def test_the_original_is_refused(original: Path) -> None:
    with refused(original, "is the photo itself"):
        export_picture(NOISE, original, original=original, conflict=Conflict.OVERWRITE)


def test_the_original_is_refused_through_a_symlink(original: Path) -> None:
    link = original.with_name("link.png")
    link.symlink_to(original)
    with refused(original, "is the photo itself"):
        export_picture(NOISE, link, original=original, conflict=Conflict.OVERWRITE)


def test_the_original_is_refused_when_it_was_opened_through_a_symlink(original: Path) -> None:
    link = original.with_name("link.png")
    link.symlink_to(original)
    with refused(original, "is the photo itself"):
        export_picture(NOISE, original, original=link, conflict=Conflict.OVERWRITE)


def test_the_original_is_refused_through_a_symlinked_folder(original: Path) -> None:
    folder = original.parent / "other way"
    folder.symlink_to(original.parent, target_is_directory=True)
    with refused(original, "is the photo itself"):
        export_picture(NOISE, folder / original.name, original=original, conflict=Conflict.OVERWRITE)


def test_the_original_is_refused_through_a_hard_link(original: Path) -> None:
    link = original.with_name("link.png")
    os.link(original, link)
    with refused(original, "is the photo itself"):
        export_picture(NOISE, link, original=original, conflict=Conflict.OVERWRITE)


def test_the_original_is_refused_in_another_case(original: Path) -> None:
    with refused(original, "is the photo itself"):
        export_picture(NOISE, original.with_name("PHOTO.PNG"), original=original, conflict=Conflict.OVERWRITE)


def test_the_place_of_an_original_that_was_moved_away_is_refused(original: Path) -> None:
    original.rename(original.with_name("moved.png"))
    with refused(original, "is the photo itself"):
        export_picture(NOISE, original, original=original, conflict=Conflict.OVERWRITE)


def test_a_symlink_that_leads_to_itself_is_no_crash(original: Path) -> None:
    loop = original.with_name("loop.png")
    loop.symlink_to(loop)
    with pytest.raises(PhotoError):
        export_picture(NOISE, loop, original=original)


def test_an_existing_file_is_refused_unless_it_may_be_replaced(original: Path) -> None:
    target = original.with_name("edit.png")
    target.write_bytes(b"something else")
    with refused(original, "exists already"):
        export_picture(NOISE, target, original=original)
    export_picture(NOISE, target, original=original, conflict=Conflict.OVERWRITE)
    assert np.array_equal(open_photo(target).pixels, PIXELS)


class Meanwhile(CancelToken):
    """Another program writes a file while a picture is."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def check(self) -> None:
        self._file.write_bytes(b"another program's")


def test_what_another_program_writes_meanwhile_is_not_replaced_unasked(original: Path) -> None:
    target = original.with_name("edit.jpg")

    def exported(conflict: Conflict) -> Path | None:
        target.unlink(missing_ok=True)
        return export_picture(NOISE, target, original=original, conflict=conflict, cancel=Meanwhile(target)).path

    with pytest.raises(PhotoError, match="exists already"):
        exported(Conflict.REFUSE)
    assert exported(Conflict.SKIP) is None
    assert exported(Conflict.UNIQUE) == original.with_name("edit (2).jpg")
    assert target.read_bytes() == b"another program's"
    assert exported(Conflict.OVERWRITE) == target
    assert open_photo(target).raster.size == NOISE.size


@pytest.mark.skipif(os.name == "nt", reason="files there have the rights of their folder")
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".ora"])
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o666])
def test_a_replaced_export_keeps_its_mode_and_a_new_one_follows_the_umask(
    original: Path, suffix: str, kept: int
) -> None:
    original.chmod(0o600)
    replaced, new = original.with_name("replaced" + suffix), original.with_name("new" + suffix)
    replaced.touch()
    replaced.chmod(kept)
    before = os.umask(0o022)
    try:
        for target in (replaced, new):
            export_picture(NOISE, target, original=original, conflict=Conflict.OVERWRITE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(replaced.stat().st_mode) == kept
    assert stat.S_IMODE(new.stat().st_mode) == 0o644


def test_a_missing_folder_is_refused(original: Path) -> None:
    with refused(original, "does not exist; make it first"):
        export_picture(NOISE, original.parent / "nowhere" / "edit.png", original=original)


def test_a_folder_as_target_is_refused(original: Path) -> None:
    (original.parent / "edit.png").mkdir()
    with refused(original, "is a folder"):
        export_picture(NOISE, original.with_name("edit.png"), original=original, conflict=Conflict.OVERWRITE)


def test_a_name_that_is_too_long_is_refused(original: Path) -> None:
    with refused(original, "too long"):
        export_picture(NOISE, original.with_name("e" * 300 + ".png"), original=original)


def test_a_read_only_folder_is_refused() -> None:
    with open_folder() as folder:
        folder.chmod(0o555)
        with without_rights(), pytest.raises(PhotoError, match="may not be written to"):
            export_picture(NOISE, folder / "edit.png", original=folder / "photo.png")
        assert list(folder.iterdir()) == []


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Writes beyond `size` bytes fail half-way, as on a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif", ".ora"])
def test_a_write_that_stops_half_way_leaves_nothing_behind(original: Path, suffix: str) -> None:
    target = original.with_name("edit" + suffix)
    target.write_bytes(b"what was there before")
    with refused(original, "too large for this disk"), file_size_limit(1000):
        export_picture(NOISE, target, original=original, conflict=Conflict.OVERWRITE)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "Your share of the disk is full"),
        (errno.EIO, "could not be written"),
        (errno.EROFS, "cannot be written to"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_what_was_there(
    original: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, sentence: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    target = original.with_name("edit.png")
    target.write_bytes(b"what was there before")
    monkeypatch.setattr(os, call, fail)
    with refused(original, sentence):
        export_picture(NOISE, target, original=original, conflict=Conflict.OVERWRITE)
    monkeypatch.undo()
    export_picture(NOISE, target, original=original, conflict=Conflict.OVERWRITE)
    assert np.array_equal(open_photo(target).pixels, PIXELS)


def test_a_folder_that_cannot_be_synced_is_no_failure(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def files_only(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    target = written(NOISE, original.with_name("edit.png"), original=original)
    assert np.array_equal(open_photo(target).pixels, PIXELS)


def test_a_picture_too_long_for_its_format_is_refused(original: Path) -> None:
    long = np.zeros((1, 16_384, 3), np.uint8)
    with refused(original, "at most 16383 pixels"):
        export_picture(Raster(long), original.with_name("edit.webp"), original=original)
    export_picture(Raster(long), original.with_name("edit.jpg"), original=original)
