"""What others do to a stored project: they change it, move it, hold it open, write it anew, damage it."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project.archive import MAX_DIRECTORY
from nti_desktop.project.saving import save_sidecar
from nti_desktop.project.schema import SCHEMA_VERSION, Project
from nti_desktop.project.sidecar import (
    SidecarChanged,
    SidecarDamaged,
    SidecarInUse,
    SidecarNewer,
    backup_path,
    read_sidecar,
    signature_of,
    write_sidecar,
)
from tests.sidecars import make_all_arrays, make_project, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "IMG 0042.JPG.nti"


def test_a_file_that_another_program_changed_is_not_overwritten(path: Path) -> None:
    signature = save(path, make_project())
    save(path, make_project(5), signature)
    theirs = path.read_bytes()
    with pytest.raises(SidecarChanged, match="was changed by another program"):
        save(path, make_project(3), signature)
    assert path.read_bytes() == theirs


def test_a_file_that_appeared_meanwhile_is_not_overwritten(path: Path) -> None:
    path.write_bytes(b"not ours")
    with pytest.raises(SidecarChanged):
        save(path, make_project())
    assert path.read_bytes() == b"not ours"


def test_a_file_changed_during_the_save_is_not_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = save(path, make_project())
    real = disk.fsync

    def fsync(file: int) -> None:
        real(file)
        path.write_bytes(b"theirs")

    monkeypatch.setattr(disk, "fsync", fsync)
    with pytest.raises(SidecarChanged):
        save(path, make_project(3), signature)
    assert path.read_bytes() == b"theirs"
    assert not list(path.parent.glob(".*"))


def test_a_copy_of_the_same_content_counts_as_the_same_file(path: Path) -> None:
    signature = save(path, make_project())
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)
    os.replace(copy, path)
    os.utime(path, (0, 0))
    assert signature_of(path) == signature
    save(path, make_project(3), signature)


def test_a_file_that_was_moved_away_is_written_anew_when_all_is_at_hand(path: Path) -> None:
    signature = save(path, make_project())
    path.rename(path.with_name("moved.nti"))
    save(path, make_project(), signature)
    assert read_sidecar(path).project == make_project()


def test_arrays_that_went_with_their_file_are_missed(path: Path) -> None:
    signature = save(path, make_project())
    path.unlink()
    with pytest.raises(SidecarError, match="gone with the file"):
        write_sidecar(path, make_project(), {}, {}, signature)


def test_a_newer_project_opens_read_only(path: Path) -> None:
    newer = make_project().model_copy(update={"schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(SidecarNewer):
        save(path, newer)
    rewrite_json(path, newer)
    stored = read_sidecar(path)
    assert stored.project == newer
    assert stored.read_only is not None
    assert "newer version" in stored.read_only
    before = path.read_bytes()
    with pytest.raises(SidecarNewer, match="newer version"):
        write_sidecar(path, stored.project, {}, {}, stored.signature)
    assert path.read_bytes() == before


def test_a_newer_project_that_cannot_be_understood_says_so(path: Path) -> None:
    save(path, make_project())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_zip(path, members | {"project.json": b'{"schema_version": 7, "layers": []}'})
    with pytest.raises(SidecarNewer, match="update this one"):
        read_sidecar(path)


def rewrite_json(path: Path, project: Project) -> None:
    save(path, make_project())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_zip(path, members | {"project.json": project.model_dump_json().encode()})


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def test_a_file_that_is_damaged_in_place_far_from_its_end_is_saved_beside(path: Path) -> None:
    project = make_project()
    write_sidecar(path, project, make_all_arrays(), {project.versions[0].id: bytes(2 * MAX_DIRECTORY)}, None)
    stored = read_sidecar(path)
    data = bytearray(path.read_bytes())
    data[data.index(b'"schema_version"') + 3] ^= 1
    with path.open("r+b") as file:  # as a disk or a sync client does
        file.write(data)
    assert signature_of(path) == stored.signature
    saved = save_sidecar(path, make_project(3), {}, {}, stored)
    assert saved.beside is not None
    assert saved.stored.path == path.with_name("IMG 0042.JPG (2).nti")
    assert read_sidecar(saved.stored.path).project == make_project(3)
    assert saved.stored.arrays("two").keys() == make_all_arrays()["two"].keys()
    assert path.read_bytes() == data


def test_a_damaged_file_says_that_the_state_before_is_intact(path: Path) -> None:
    signature = save(path, make_project())
    save(path, make_project(3), signature)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SidecarDamaged, match="can be brought back") as caught:
        read_sidecar(path)
    assert caught.value.recoverable
    assert backup_path(path).name in str(caught.value)


def test_arrays_that_rotted_say_that_the_state_before_is_intact(path: Path) -> None:
    large = make_all_arrays(side=32)
    signature = write_sidecar(path, make_project(), large, {}, None)
    write_sidecar(path, make_project(3), {}, {}, signature)
    data = bytearray(path.read_bytes())
    data[data.index(large["two"]["pivot"].tobytes()) + large["two"]["pivot"].nbytes - 5] ^= 1
    path.write_bytes(data)
    stored = read_sidecar(path)
    stored.arrays("one")
    with pytest.raises(SidecarDamaged, match=r"prepare the photo again, or bring back .* from “IMG 0042.JPG.nti~”"):
        stored.arrays("two")


def test_a_backup_that_rotted_too_is_not_praised(path: Path) -> None:
    signature = save(path, make_project())
    save(path, make_project(3), signature)
    data = bytearray(backup_path(path).read_bytes())
    data[data.index(make_all_arrays()["two"]["pivot"].tobytes()) + 50] ^= 1
    backup_path(path).write_bytes(data)
    path.write_bytes(b"nothing")
    with pytest.raises(SidecarDamaged, match="from a backup") as caught:
        read_sidecar(path)
    assert not caught.value.recoverable


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(SidecarError, match="is not there"):
        read_sidecar(path)
    assert signature_of(path) is None


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir()
    for attempt in (read_sidecar, signature_of, lambda path: save(path, make_project())):
        with pytest.raises(SidecarError, match="IMG 0042"):
            attempt(path)


def windows_says_in_use() -> PermissionError:
    error = PermissionError(13, "The process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined]  # only Windows has it
    return error


def test_a_file_in_use_on_windows_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = save(path, make_project())
    real, refusals = disk.replace, [windows_says_in_use(), windows_says_in_use()]

    def replace(source: Path, target: Path) -> None:
        if target == path and refusals:
            raise refusals.pop()
        real(source, target)

    monkeypatch.setattr(disk, "replace", replace)
    save(path, make_project(3), signature)
    assert not refusals
    assert read_sidecar(path).project == make_project(3)


def test_a_file_that_stays_in_use_gets_a_new_one_beside_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = save(path, make_project())
    real = disk.replace

    def replace(source: Path, target: Path) -> None:
        if target == path:
            raise windows_says_in_use()
        real(source, target)

    assert atomic.SHARING_PATIENCE == 5.0
    monkeypatch.setattr(atomic, "SHARING_PATIENCE", 0.1)
    monkeypatch.setattr(disk, "replace", replace)
    with pytest.raises(SidecarInUse, match="close that program") as caught:
        save(path, make_project(3), signature)
    assert caught.value.path.name == path.name + ".new"
    assert read_sidecar(caught.value.path).project == make_project(3)
    assert read_sidecar(path).project == make_project()
    assert not list(path.parent.glob(".*"))
