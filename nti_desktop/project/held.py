"""A file that stays readable as it was when it was opened, whatever becomes of its name."""

import io
import os
import weakref
from typing import BinaryIO


class Held:
    """Keeps a file's content for as long as this object lives; for any thread."""

    def __init__(self, file: BinaryIO) -> None:
        """file: open for reading; it may be closed then."""
        self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def open(self) -> BinaryIO:
        """Read it from the beginning, beside whoever else does."""
        return io.BufferedReader(_Positioned(self))

    def read(self, length: int, offset: int) -> bytes:
        """Some of its bytes; fewer at its end."""
        return os.pread(self._descriptor, length, offset)

    @property
    def size(self) -> int:
        """In bytes."""
        return os.fstat(self._descriptor).st_size


def hold(file: BinaryIO) -> Held | None:
    """Hold an open file; None on Windows, where nobody could replace it any more."""
    return Held(file) if hasattr(os, "pread") else None


class _Positioned(io.RawIOBase):
    """Reads from a place of its own, which the file's descriptor has only one of."""

    def __init__(self, held: Held) -> None:
        self._held, self._at = held, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._held.size}[whence]
        if start + offset < 0:
            raise OSError(22, "before the beginning of the file")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._held.read(len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
