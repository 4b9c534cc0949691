"""What a killed process leaves half written goes at once; what a living one writes stays."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nti_desktop.core import atomic, ownership

ROOT = Path(__file__).parents[2]
OLD = time.time() - 1e6

# A process in the middle of writing: says so, and waits for ever.
WRITER = """
import sys, time
from pathlib import Path
from nti_desktop.core import atomic

def write(file):
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(1000)

atomic.write_whole(Path(sys.argv[1]), write)
"""

# The same between writing and putting the file in its place, as while a project is verified.
VERIFIER = """
import sys, time
from pathlib import Path
from nti_desktop.core import atomic

path = Path(sys.argv[1])
with atomic.write_beside(path, [b"whole"], like=path):
    print("written", flush=True)
    time.sleep(1000)
"""


@contextmanager
def process(code: str, target: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() != ""
        try:
            yield writing
        finally:
            writing.kill()


def temporaries(folder: Path) -> list[Path]:
    return list(folder.glob(".*.nti-tmp"))


@pytest.mark.parametrize("code", [WRITER, VERIFIER])
def test_what_a_killed_process_left_goes_with_the_next_file_that_is_written(tmp_path: Path, code: str) -> None:
    with process(code, tmp_path / "one") as writing:
        writing.send_signal(signal.SIGKILL)
    assert len(temporaries(tmp_path)) == 1
    atomic.write_bytes(tmp_path / "other", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize("code", [WRITER, VERIFIER])
def test_what_a_living_process_writes_stays_however_long_it_takes(tmp_path: Path, code: str) -> None:
    with process(code, tmp_path / "one"):
        (left,) = temporaries(tmp_path)
        os.utime(left, (OLD, OLD))
        atomic.write_bytes(tmp_path / "other", b"whole")
        assert temporaries(tmp_path) == [left]


@pytest.mark.parametrize("age", [0.0, 1e6])
def test_what_an_earlier_version_left_goes_whatever_its_age(tmp_path: Path, age: float) -> None:
    left = tmp_path / ".0123456789abcdef.nti-tmp"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - age,) * 2)
    atomic.sweep(tmp_path)
    assert not left.exists()


def test_a_disk_that_is_full_of_leftovers_has_room_again_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".0.nti-tmp").write_bytes(b"half")
    create = atomic.disk.create

    def create_if_there_is_room(path: Path, mode: int) -> int:
        if temporaries(tmp_path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return create(path, mode)

    monkeypatch.setattr(atomic.disk, "create", create_if_there_is_room)
    atomic.write_bytes(tmp_path / "file", b"whole")
    assert not temporaries(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks what is open")
@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS], ids=errno.errorcode.get)
def test_where_nothing_can_be_locked_files_are_written_and_what_is_long_quiet_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(ownership.fcntl, "flock", refuse)
    old, young = tmp_path / ".0.nti-tmp", tmp_path / ".1.nti-tmp"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (OLD, OLD))
    atomic.write_bytes(tmp_path / "file", b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert temporaries(tmp_path) == [young]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """A pipe would keep whoever opens it, and a link leads to something else."""
    pipe, link = tmp_path / ".pipe.nti-tmp", tmp_path / ".link.nti-tmp"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "photo.jpg")
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    atomic.sweep(tmp_path)
    assert sorted(temporaries(tmp_path)) == [link, pipe]
    assert (tmp_path / "photo.jpg").exists()


def test_a_file_that_is_swept_before_it_was_locked_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may look at the very moment between making a file and locking it."""
    lock, swept = ownership.lock, []

    def sweep_first(file: int) -> bool:
        if not swept:
            swept.extend(temporaries(tmp_path))
            atomic.sweep(tmp_path)
        return lock(file)

    monkeypatch.setattr(ownership, "lock", sweep_first)
    atomic.write_bytes(tmp_path / "file", b"whole")
    assert len(swept) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_read_is_no_failure(tmp_path: Path) -> None:
    atomic.sweep(tmp_path / "gone")
