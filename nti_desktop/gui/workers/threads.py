"""Which thread is which: every slot of this program runs in the thread that its object lives in, and asserts it."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from PySide6.QtCore import QObject, QThread, Slot

Method = TypeVar("Method", bound=Callable[..., object])


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
