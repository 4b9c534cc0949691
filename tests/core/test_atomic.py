"""A file is there whole or not at all, and one module sees to it."""

import errno
import os
import re
from pathlib import Path
from typing import BinaryIO

import pytest

import nti_desktop
from nti_desktop.core import atomic, disk

PACKAGE = Path(nti_desktop.__path__[0])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    target = tmp_path / "file"
    target.write_bytes(b"before")
    return target


def only(target: Path) -> bytes:
    """Its bytes; nothing lies beside it."""
    assert list(target.parent.iterdir()) == [target]
    return target.read_bytes()


def test_a_file_is_written_and_replaced(target: Path) -> None:
    atomic.write_bytes(target, b"after")
    assert only(target) == b"after"
    target.unlink()
    atomic.write_bytes(target, b"anew")
    assert only(target) == b"anew"


def test_a_writer_may_go_back_in_its_file(target: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(b"----, then")
        file.seek(0)
        file.write(b"first")

    atomic.write_whole(target, write)
    assert only(target) == b"first then"


def test_a_writer_that_fails_leaves_what_was_there(target: Path) -> None:
    def write(file: BinaryIO) -> None:
        file.write(bytes(1 << 20))
        raise ValueError("too large")

    with pytest.raises(ValueError, match="too large"):
        atomic.write_whole(target, write)
    assert only(target) == b"before"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_what_was_there(target: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        atomic.write_bytes(target, b"after")
    assert only(target) == b"before"


@pytest.fixture(params=["second names", "no second names"])
def linking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on most disks, and as on FAT."""

    def refuses(_source: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if request.param == "no second names":
        monkeypatch.setattr(disk, "link", refuses)


@pytest.mark.usefixtures("linking")
def test_what_replaces_nothing_takes_a_free_name_only(target: Path) -> None:
    with pytest.raises(FileExistsError):
        atomic.write_whole(target, lambda file: file.write(b"after"), replaces=False)
    assert only(target) == b"before"
    target.unlink()
    atomic.write_whole(target, lambda file: file.write(b"anew"), replaces=False)
    assert only(target) == b"anew"


def test_nobody_else_puts_a_file_in_anothers_place() -> None:
    """A download grows for hours under a name of its own, and training, which no user runs, sees to itself."""
    own = {"core/disk.py", "core/atomic.py", "models/hub/transfer.py"}
    found = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if re.search(r"\bos\.(replace|rename|fsync)\(", file.read_text("utf-8"))
    }
    assert {name for name in found if not name.startswith("studio/train/")} - own == set()
