"""The one way this program writes a file: whole or not at all, whatever happens in between."""

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from nti_desktop.core import disk, ownership, rights

SHARING_PATIENCE = 5.0  # seconds; virus scanners and backups let go of a file sooner
_SUFFIX = ".nti-tmp"
_CHUNK = 2**20
_IN_USE = (5, 32)  # ERROR_ACCESS_DENIED (what a replace of an open file gives), ERROR_SHARING_VIOLATION
_PRIVATE, _BY_UMASK = 0o600, 0o666


def write_bytes(target: Path, data: bytes) -> None:
    """Write a file, see `write_whole`."""
    write_whole(target, lambda file: file.write(data))


def write_whole(
    target: Path, write: Callable[[BinaryIO], object], like: Path | None = None, replaces: bool = True
) -> None:
    """Let `write` fill a file, in which it may seek, and put that in the target's place.

    like: whose rights it gets, see `write_beside`; the target's own when None; replaces: whether a file that lies there
    by then is replaced. Raises OSError, FileExistsError where one is not, or what `write` raises; the target is then as
    it was, and nothing is left beside it.
    """

    def fill(handle: int) -> None:
        with open(handle, "wb", closefd=False) as file:
            write(file)

    with _new_beside(target, fill, like or target) as temporary:
        if replaces:
            replace(temporary, target)
        else:
            move(temporary, target)
    with contextlib.suppress(OSError):  # the file is in its place; some disks cannot sync a folder
        disk.sync_folder(target.parent)


def copy(source: Path, target: Path, like: Path | None = None) -> None:
    """Make `target` a copy of `source`, through a temporary of its own. like: whose rights it gets; the source's own
    when None.
    """
    with write_beside(target, _chunks(source), like or source) as temporary:
        replace(temporary, target)


@contextlib.contextmanager
def write_beside(target: Path, chunks: Iterable[bytes], like: Path) -> Iterator[Path]:
    """Write to a new temporary file in the target's folder, to be put in a place by `replace`; else it is gone at the
    end. Its content is on the disk when the work with it begins.

    like: whose owner, group, mode and access list it gets, as far as may be; where there is no such file, what is usual
    for new ones. Raises OSError, or what `chunks` raises.
    """

    def fill(handle: int) -> None:
        for chunk in chunks:
            disk.write(handle, chunk)

    with _new_beside(target, fill, like) as temporary:
        yield temporary


@contextlib.contextmanager
def _new_beside(target: Path, fill: Callable[[int], None], like: Path) -> Iterator[Path]:
    """A temporary file, filled, on the disk, and locked as long as this lasts; gone when anything fails."""
    sweep(target.parent)
    kept = rights.rights_of(like)
    temporary, handle = _create(target, _BY_UMASK if kept is None else _PRIVATE)
    try:
        with ownership.kept(handle):
            try:
                fill(handle)
                if kept is not None:
                    rights.give(handle, kept)
                disk.fsync(handle)
            finally:
                disk.close(handle)
            yield temporary
    except BaseException:
        discard(temporary)
        raise


def _create(target: Path, mode: int) -> tuple[Path, int]:
    """A new file, locked. One that another process sweeps away before it is locked gives way to another."""
    while True:
        temporary = target.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
        handle = disk.create(temporary, mode)
        if ownership.lock(handle) and temporary.exists():
            return temporary, handle
        disk.close(handle)


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


def move(source: Path, target: Path) -> None:
    """Give a file another name. Raises OSError, FileExistsError where that is taken; the file then keeps its own."""
    try:
        disk.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # FAT and some network disks know no second names: an empty file keeps the place
        disk.close(disk.create(target, _BY_UMASK))
        try:
            replace(source, target)
        except OSError:
            discard(target)
            raise
    else:
        disk.remove(source)


def is_in_use(error: OSError) -> bool:
    """Tell whether Windows refused because another program has the file open."""
    return getattr(error, "winerror", None) in _IN_USE


def discard(temporary: Path) -> None:
    """Remove a temporary file as well as can be."""
    with contextlib.suppress(OSError):
        disk.remove(temporary)


def sweep(folder: Path) -> None:
    """Remove the temporary files that processes which are dead by now have left in `folder`."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(".") and name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    ownership.remove_left(folder / name)


def _chunks(source: Path) -> Iterator[bytes]:
    with disk.open_to_read(source) as file:
        while chunk := file.read(_CHUNK):
            yield chunk
