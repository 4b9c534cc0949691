"""Only files are read: whatever else has a name may never answer."""

import os
import re
import socket
from pathlib import Path

import pytest

from nti_desktop.core import disk

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


def test_a_pipe_a_socket_and_a_device_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero")):
            with pytest.raises(OSError, match=re.escape(disk.NO_FILE)):
                disk.open_to_read(path)


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert disk.read_bytes(tmp_path / "link") == b"abc"


def test_a_folder_that_is_made_is_synced_into_each_that_it_lies_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", synced.append)
    disk.make_folder(tmp_path / "a" / "b" / "c", 0o700)
    assert set(synced) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}
    disk.make_folder(tmp_path / "a" / "b" / "c")
    assert len(synced) == 3


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        disk.open_to_read(tmp_path)
