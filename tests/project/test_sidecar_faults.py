"""A save that the disk refuses at any call never costs the old state."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.core import disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project.recovery import recover_sidecar
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import (
    SidecarUnconfirmed,
    Signature,
    backup_path,
    is_whole,
    read_sidecar,
    signature_of,
    write_sidecar,
)
from tests.sidecars import Whole, make_all_arrays, make_project, read_whole

WEBP = b"RIFF\x04\x00\x00\x00WEBP"
CALLS = ("create", "write", "fsync", "close", "replace", "remove", "sync_folder")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder / "IMG 0042.JPG.nti"


def save(path: Path, project: Project, expected: Signature | None) -> Signature:
    return write_sidecar(path, project, make_all_arrays(), {"v0": WEBP}, expected)


def folder_contents(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def restore(folder: Path, contents: dict[str, bytes]) -> None:
    for entry in folder.iterdir():
        entry.unlink()
    for name, data in contents.items():
        (folder / name).write_bytes(data)


class Reader:
    """Reads the states that survive, each content once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "survivor.nti"
        self._known: dict[bytes | None, Whole | None] = {None: None}

    def read(self, data: bytes | None) -> Whole | None:
        """What a sidecar of this content says, None where there is none. Raises SidecarError when it is damaged."""
        if data not in self._known:
            assert data is not None
            self._path.write_bytes(data)
            self._known[data] = read_whole(self._path)
        return self._known[data]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def history(path: Path, saves: int) -> Signature | None:
    """The folder after some saves of a growing project."""
    signature = None
    for versions in range(saves):
        signature = save(path, make_project(versions), signature)
    return signature


def refuse_call(monkeypatch: pytest.MonkeyPatch, number: int, code: int) -> list[str]:
    """Let the disk's call of this number (from 0) fail with an errno; the list fills with the calls that were made.

    A write fails in its middle, and a file that fails to close is closed all the same, as on a real disk.
    """
    made: list[str] = []

    def refusing(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            made.append(name)
            if len(made) - 1 != number:
                return real(*arguments)
            if name == "write":
                file, data = arguments
                assert isinstance(data, bytes)
                real(file, data[: len(data) // 2])
            elif name == "close":
                real(*arguments)
            raise OSError(code, os.strerror(code))

        return call

    for name in CALLS:
        monkeypatch.setattr(disk, name, refusing(name, getattr(disk, name)))
    return made


def calls_of_a_save(path: Path, signature: Signature | None) -> list[str]:
    with pytest.MonkeyPatch.context() as patched:
        made = refuse_call(patched, -1, errno.EIO)
        save(path, make_project(5), signature)
    return made


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("saves", [0, 2])
def test_whatever_call_fails_the_old_state_or_the_new_one_is_there(
    path: Path, reader: Reader, saves: int, code: int
) -> None:
    signature = history(path, saves)
    before = folder_contents(path.parent)
    calls = calls_of_a_save(path, signature)
    new = read_whole(path)
    old = reader.read(before.get(path.name))
    assert set(calls) == set(CALLS) - {"remove"}
    for number in range(len(calls)):
        restore(path.parent, before)
        with pytest.MonkeyPatch.context() as patched:
            refuse_call(patched, number, code)
            with pytest.raises(SidecarError, match=r"“IMG 0042\.JPG\.nti”") as caught:
                save(path, make_project(5), signature)
        confirmed = not isinstance(caught.value, SidecarUnconfirmed)
        assert confirmed == (calls[number] != "sync_folder")
        assert reader.read(path.read_bytes() if path.exists() else None) == (old if confirmed else new)
        assert not list(path.parent.glob(".*")), "a temporary file is left"
        expected = caught.value.signature if isinstance(caught.value, SidecarUnconfirmed) else signature
        save(path, make_project(5), expected)
        assert read_whole(path) == new


def test_a_full_disk_is_called_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_call(monkeypatch, 3, errno.ENOSPC)
    with pytest.raises(SidecarError, match="The disk is full"):
        save(path, make_project(), None)


def test_a_folder_that_cannot_be_written_is_called_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_call(monkeypatch, 0, errno.EACCES)
    with pytest.raises(SidecarError, match="cannot be written"):
        save(path, make_project(), None)


def test_a_folder_that_is_gone_is_called_gone(path: Path) -> None:
    path.parent.rmdir()
    with pytest.raises(SidecarError, match="folder is gone"):
        save(path, make_project(), None)


def test_a_disk_that_stays_full_costs_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = history(path, 2)
    before = folder_contents(path.parent)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("write", "remove"):
        with monkeypatch.context() as patched:
            patched.setattr(disk, "write", full)
            patched.setattr(disk, name, full)
            with pytest.raises(SidecarError, match="free some space"):
                save(path, make_project(5), signature)
        for file, data in before.items():
            assert (path.parent / file).read_bytes() == data
    assert signature_of(path) == signature


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
def test_a_recovery_that_fails_keeps_what_can_be_recovered(path: Path, code: int) -> None:
    history(path, 2)
    path.write_bytes(path.read_bytes()[:1000])
    before = folder_contents(path.parent)
    with pytest.MonkeyPatch.context() as patched:
        calls = refuse_call(patched, -1, code)
        recover_sidecar(path)
    assert len(calls) > 10
    for number in range(len(calls)):
        restore(path.parent, before)
        with pytest.MonkeyPatch.context() as patched:
            refuse_call(patched, number, code)
            with pytest.raises(SidecarError):
                recover_sidecar(path)
        assert backup_path(path).read_bytes() == before[backup_path(path).name]
        if not is_whole(path):
            recover_sidecar(path)
        assert read_sidecar(path).project == make_project(0)
