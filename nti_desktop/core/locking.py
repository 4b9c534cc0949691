"""One writer at a time in a folder, whichever programs they are."""

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 30.0  # seconds; saving a large project to a slow disk takes less
_PAUSE = 0.01


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Keep other programs that ask for this folder out until the end; give whether that could be had, as there are
    network shares without locks, and folders that are gone.

    The system itself lets go of what a killed program held. Raises BlockingIOError when another one holds the folder
    for longer than PATIENCE seconds.
    """
    try:
        lock = _Lock(folder)
    except OSError:
        yield False
        return
    try:
        yield lock.acquire(time.monotonic() + PATIENCE)
    finally:
        lock.release()


if sys.platform == "win32":
    from filelock import FileLock, Timeout  # comes with huggingface_hub

    class _Lock:
        """A folder cannot be locked here, so a file of its name is, where the user's other temporary files lie."""

        def __init__(self, folder: Path) -> None:
            name = hashlib.sha256(os.path.normcase(os.path.realpath(folder)).encode()).hexdigest()[:32]
            self._lock = FileLock(Path(tempfile.gettempdir()) / f"nti-desktop-{name}.lock")

        def acquire(self, deadline: float) -> bool:
            try:
                self._lock.acquire(timeout=deadline - time.monotonic())
            except Timeout as error:
                raise BlockingIOError(11, "it is locked") from error
            return True

        def release(self) -> None:
            self._lock.release()

else:
    import fcntl

    class _Lock:
        """The folder itself is locked, so that nothing is left lying in it."""

        def __init__(self, folder: Path) -> None:
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

        def acquire(self, deadline: float) -> bool:
            while True:
                try:
                    fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise
                except OSError:  # NFS and SMB lock no folders
                    return False
                time.sleep(_PAUSE)

        def release(self) -> None:
            os.close(self._folder)
