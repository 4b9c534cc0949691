"""What one living process holds. The system lets go of it when the process ends, however it ends."""

import contextlib
import errno
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 30.0  # seconds; saving a large project to a slow disk takes less
_PAUSE = 0.01

if sys.platform == "win32":
    import msvcrt

    TAKEN = PermissionError  # what says that another holds it

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _handle(folder: Path) -> int:
        """A folder cannot be locked here; a file of its name is, where the user's other temporary files lie."""
        name = hashlib.sha256(os.path.normcase(os.path.realpath(folder)).encode()).hexdigest()[:32]
        return os.open(Path(tempfile.gettempdir()) / f"nti-desktop-{name}.lock", os.O_RDWR | os.O_CREAT)
else:
    import fcntl

    TAKEN = BlockingIOError

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _handle(folder: Path) -> int:
        """The folder itself is locked, so that nothing is left lying in it."""
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def hold(path: Path) -> Callable[[], None] | None:
    """Hold a file, which is made where there is none; what comes back lets go of it. None where another holds it. On a
    disk without locks nobody holds anything.

    Raises OSError where the file cannot be made.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _take(file)
    except TAKEN:
        os.close(file)
        return None
    except OSError:  # NFS and SMB may lock nothing
        pass

    def let_go() -> None:
        with contextlib.suppress(OSError):
            os.close(file)

    return let_go


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Keep other programs that ask for this folder out until the end; give whether that could be had, as there are
    network shares without locks, and folders that are gone.

    Raises BlockingIOError when another one holds the folder for longer than PATIENCE seconds.
    """
    try:
        handle = _handle(folder)
    except OSError:
        yield False
        return
    try:
        yield _is_taken(handle, time.monotonic() + PATIENCE)
    finally:
        os.close(handle)


def _is_taken(handle: int, deadline: float) -> bool:
    """Take it as soon as whoever holds it lets go; whether it can be taken at all."""
    while True:
        try:
            _take(handle)
        except TAKEN as error:
            if time.monotonic() > deadline:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
            time.sleep(_PAUSE)
        except OSError:  # NFS and SMB lock no folders
            return False
        else:
            return True
