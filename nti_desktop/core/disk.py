"""The few calls through which this program reaches the disk; each may fail."""

import contextlib
import errno
import itertools
import os
import stat
import sys
from pathlib import Path, PurePath, PureWindowsPath
from typing import BinaryIO

NO_FILE = "it is a pipe or a device, and no file"


def open_to_read(path: Path) -> BinaryIO:
    """Open a file for reading. Raises OSError, also for a pipe or a device, which might keep a reader for ever."""
    return open(path, "rb", opener=_open_if_file)


def server_of(path: PurePath | str) -> str:
    r"""Name the share of another computer that a path lies on (\\host\share), empty where it lies on none.

    Windows shows the user's credentials to whatever server is looked at, so what a file from elsewhere names is not
    looked for there.
    """
    drive = PureWindowsPath(str(path)).drive.casefold()
    return drive if drive.startswith("\\\\") else ""


def read_bytes(path: Path) -> bytes:
    """Read all of a file; raises as `open_to_read` does."""
    with open_to_read(path) as file:
        return file.read()


def _open_if_file(path: str, flags: int) -> int:
    try:
        handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe that nobody writes to opens at once
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise OSError(errno.EINVAL, NO_FILE, path) from error
        raise
    kind = os.fstat(handle).st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # of a folder `open` says so itself
        os.close(handle)
        raise OSError(errno.EINVAL, NO_FILE, path)
    return handle


def create(path: Path, mode: int) -> int:
    """A new file, open for writing; it must not exist. mode: what the user's umask leaves of it holds."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)


def write(file: int, data: bytes) -> None:
    """All of `data`, however many calls the system takes for it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def fsync(file: int) -> None:
    """Return once what was written is on the disk."""
    os.fsync(file)


def close(file: int) -> None:
    """Close a file that was opened for writing."""
    os.close(file)


def replace(source: Path, target: Path) -> None:
    """Put a file in another's place."""
    os.replace(source, target)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, which must be free; many disks know no such names."""
    os.link(source, target)


def remove(path: Path) -> None:
    """Delete a file."""
    os.unlink(path)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those it lies in, where there is none, so that it survives a power cut. Raises OSError."""
    new = list(itertools.takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True, mode=mode)
    for each in new:
        with contextlib.suppress(OSError):  # one may lie in a folder that this user cannot read
            sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut; where the system or the file system cannot be asked, nothing."""
    if sys.platform == "win32":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(file)
