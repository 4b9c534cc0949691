"""Garbage collection by one thread alone.

Python looks for objects that hold only each other on whichever thread makes the next object. A window, a timer or a
pixmap must be destroyed by the window's thread: Qt ends the program otherwise.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_keeping = threading.Lock()


@contextmanager
def collected_by_hand() -> Iterator[None]:
    """Let Python collect nothing by itself; whoever enters this calls `collect_due` now and then."""
    was_by_itself = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_by_itself:
            gc.enable()


def collect_due() -> None:
    """Collect what Python would have collected by now: the oldest generation that has grown beyond its threshold."""
    assert threading.current_thread() is threading.main_thread()
    if _keeping.locked():
        return
    for generation, (count, threshold) in reversed(
        list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))
    ):
        if count > threshold > 0:
            gc.collect(generation)
            return


@contextmanager
def kept_for_good() -> Iterator[None]:
    """Look neither now nor later at what is made meanwhile, as packages are imported: after torch that takes a fifth
    of a second each time. For any thread.
    """
    with _keeping:
        yield
        gc.freeze()
