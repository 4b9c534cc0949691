"""A file that one living process holds. The system lets go of it when the process ends, however it ends."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold(path: Path) -> Callable[[], None] | None:
    """Hold a file, which is made where there is none; what comes back lets go of it. None where another holds it.

    Raises OSError where the file cannot be made.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _take(file)
    except OSError:
        os.close(file)
        return None

    def let_go() -> None:
        with contextlib.suppress(OSError):
            os.close(file)

    return let_go
