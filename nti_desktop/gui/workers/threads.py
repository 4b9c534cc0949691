"""Which thread is which: every slot of this program runs in the thread that its object lives in, and asserts it."""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from PySide6.QtCore import QObject, QThread, Slot

Method = TypeVar("Method", bound=Callable[..., object])

GIVES_WAY = 0.001  # seconds; Python's own are five times as many


def slot(*types: type | str) -> Callable[[Method], Method]:
    """A Qt slot of these types that asserts its thread. Like any slot it may take less than the signal gives."""

    def slot_of(method: Method) -> Method:
        taken = len(inspect.signature(method).parameters) - 1

        @functools.wraps(method)
        def at_home(self: QObject, *arguments: Any) -> object:
            assert QThread.currentThread() == self.thread(), f"{method.__qualname__} runs in a foreign thread"
            return method(self, *arguments[:taken])

        return cast(Method, Slot(*types)(at_home))

    return slot_of


@contextmanager
def others_give_way() -> Iterator[None]:
    """Let a thread that computes in Python make room for the window's after GIVES_WAY.

    Each call of Qt lets other threads in, and what fills a panel is hundreds of calls.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(GIVES_WAY)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
