"""The one way this program writes a file: whole or not at all, whatever happens in between."""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from nti_desktop.core import disk

SHARING_PATIENCE = 5.0  # seconds; virus scanners and backups let go of a file sooner
STALE_AGE = 3600.0  # seconds; a save that began so long ago was killed
_SUFFIX = ".nti-tmp"
_CHUNK = 2**20
_IN_USE = (5, 32)  # ERROR_ACCESS_DENIED (what a replace of an open file gives), ERROR_SHARING_VIOLATION


def write_bytes(target: Path, data: bytes) -> None:
    """Write a file, see `write_whole`."""
    write_whole(target, lambda file: file.write(data))


def write_whole(target: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file, in which it may seek, and put that in the target's place.

    Raises OSError, or what `write` raises; the target is then as it was, and nothing is left beside it.
    """
    with _new_beside(target) as (temporary, handle), open(handle, "wb", closefd=False) as file:
        write(file)
    _put_in_place(temporary, target)
    with contextlib.suppress(OSError):  # the file is in its place; some disks cannot sync a folder
        disk.sync_folder(target.parent)


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, through a temporary of its own."""
    _put_in_place(write_beside(target, _chunks(source)), target)


def write_beside(target: Path, chunks: Iterable[bytes]) -> Path:
    """Write to a new temporary file in the target's folder; its content is on the disk when this returns.

    Raises OSError, or what `chunks` raises; the temporary file is gone then.
    """
    with _new_beside(target) as (temporary, handle):
        for chunk in chunks:
            disk.write(handle, chunk)
    return temporary


@contextlib.contextmanager
def _new_beside(target: Path) -> Iterator[tuple[Path, int]]:
    """A temporary file, open for writing: on the disk at the end, gone when that fails."""
    temporary = target.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
    handle = disk.create(temporary)
    try:
        try:
            yield temporary, handle
            disk.fsync(handle)
        finally:
            disk.close(handle)
    except BaseException:
        discard(temporary)
        raise


def _put_in_place(temporary: Path, target: Path) -> None:
    try:
        replace(temporary, target)
    except BaseException:
        discard(temporary)
        raise


def replace(temporary: Path, target: Path) -> None:
    """Put the temporary file in the target's place; wait a little while another program on Windows has that open."""
    deadline = time.monotonic() + SHARING_PATIENCE
    while True:
        try:
            return disk.replace(temporary, target)
        except PermissionError as error:
            if not is_in_use(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def is_in_use(error: OSError) -> bool:
    """Tell whether Windows refused because another program has the file open."""
    return getattr(error, "winerror", None) in _IN_USE


def discard(temporary: Path) -> None:
    """Remove a temporary file as well as can be."""
    with contextlib.suppress(OSError):
        disk.remove(temporary)


def sweep(folder: Path) -> None:
    """Remove temporary files that killed saves have left in `folder`."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f".*{_SUFFIX}"):
            if time.time() - left.stat().st_mtime > STALE_AGE:
                discard(left)


def _chunks(source: Path) -> Iterator[bytes]:
    with disk.open_to_read(source) as file:
        while chunk := file.read(_CHUNK):
            yield chunk
