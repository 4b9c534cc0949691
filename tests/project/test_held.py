"""What was open stays readable, and one content of a file is told from another."""

import io
import os
from pathlib import Path

import pytest

from nti_desktop.project.archive import MAX_DIRECTORY
from nti_desktop.project.held import hold
from nti_desktop.project.signature import sign


@pytest.mark.skipif(not hasattr(os, "pread"), reason="nobody can replace a file there that is open")
def test_what_is_held_is_read_from_its_beginning_by_each_though_the_file_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    with path.open("rb") as file:
        file.seek(4)
        held = hold(file)
    assert held is not None
    path.unlink()
    first, second = held.open(), held.open()
    assert first.read(2) == b"ab"
    assert second.read() == b"abcdef"
    assert first.read() == b"cdef"
    assert first.seek(-1, os.SEEK_END) == 5
    with pytest.raises(OSError, match="before the beginning"):
        first.seek(-7, os.SEEK_END)


def test_a_difference_anywhere_in_the_table_of_contents_is_another_content() -> None:
    one, other = bytearray(2 * MAX_DIRECTORY), bytearray(2 * MAX_DIRECTORY)
    other[len(other) - MAX_DIRECTORY] = 1
    assert sign(io.BytesIO(bytes(one))) != sign(io.BytesIO(bytes(other)))
    assert sign(io.BytesIO(bytes(one))) == sign(io.BytesIO(bytes(one)))
    assert sign(io.BytesIO(bytes(one[1:]))) != sign(io.BytesIO(bytes(one)))
