"""Work that may never end, as a drive or a server no longer answers, on threads that can be left behind."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken

T = TypeVar("T")
PATIENCE = 0.7  # seconds for cancelled work to stop by itself, and tidy up
_LOOK = 0.05  # seconds
_ENDING = 0.2  # seconds


class Aside(threading.Thread):
    """A thread for which neither its starter nor the end of the program has to wait."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=work, name=name, daemon=True)


def left_behind() -> bool:
    """Tell whether a thread still hangs; then only `os._exit` ends the program, as pools of threads wait for it. One
    that has done its work gets the moment that it needs to end.
    """
    asides = [thread for thread in threading.enumerate() if isinstance(thread, Aside)]
    deadline = time.monotonic() + _ENDING
    for thread in asides:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in asides)


def run_aside(work: Callable[[], T], cancel: CancelToken, patience: float = PATIENCE) -> T:
    """Run `work` on a thread of its own and return what it returns, or raise what it raises.

    Once cancelled, work that hangs is left behind after `patience` seconds. Whatever it may still do by then must be
    harmless: let it check `cancel` before it changes anything. Raises Cancelled.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    thread = Aside(run, "aside")
    thread.start()
    deadline = None
    while not wait([outcome], _LOOK).done:
        if cancel.cancelled:
            deadline = deadline or time.monotonic() + patience
            if time.monotonic() > deadline:
                raise Cancelled("Stopped; nothing was changed.")
    thread.join()  # a moment, or it would be taken for one that hangs
    return outcome.result()
