"""Files that are there whole or not at all, whatever happens in between."""

import contextlib
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from nti_desktop.core import disk

SHARING_PATIENCE = 5.0  # seconds; virus scanners and backups let go of a file sooner
STALE_AGE = 3600.0  # seconds; a save that began so long ago was killed
_SUFFIX = ".nti-tmp"
_CHUNK = 2**20
_IN_USE = (5, 32)  # ERROR_ACCESS_DENIED (what a replace of an open file gives), ERROR_SHARING_VIOLATION


def write_beside(target: Path, chunks: Iterable[bytes]) -> Path:
    """Write to a new temporary file in the target's folder; its content is on the disk when this returns.

    Raises OSError, or what `chunks` raises; the temporary file is gone then.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
    file = disk.create(temporary)
    try:
        try:
            for chunk in chunks:
                disk.write(file, chunk)
            disk.fsync(file)
        finally:
            disk.close(file)
    except BaseException:
        discard(temporary)
        raise
    return temporary


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, through a temporary of its own."""
    temporary = write_beside(target, _chunks(source))
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
    """Whether Windows refused because another program has the file open."""
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
    with open(source, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
