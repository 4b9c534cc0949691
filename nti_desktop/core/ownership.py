"""Whose a temporary file is: its writer holds a lock on it, which ends with the process, however that ends."""

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

QUIET = 600.0  # seconds without a write after which a file is taken for left where nothing can be locked


def lock(file: int) -> bool:
    """Lock a file that this process has just made, where files can be locked; tell whether no other was quicker."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network drives have no locks
        pass
    return True


@contextlib.contextmanager
def kept(file: int) -> Iterator[None]:
    """Keep a file's lock as long as this lasts, though the file is closed meanwhile; not on Windows, where a file that
    is open cannot be moved.
    """
    if sys.platform == "win32":
        yield
        return
    same = os.dup(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.close(same)


def remove_left(path: Path) -> None:
    """Delete a file unless the process that made it lives. Raises OSError."""
    if sys.platform == "win32":  # nobody can delete what is open, but a file is closed a moment before it is moved
        if _is_quiet(os.stat(path)):
            os.unlink(path)
        return
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except OSError:  # nothing can be locked here
            if not _is_quiet(status):
                return
        os.unlink(path)
    finally:
        os.close(file)


def _is_quiet(status: os.stat_result) -> bool:
    return time.time() - status.st_mtime > QUIET
