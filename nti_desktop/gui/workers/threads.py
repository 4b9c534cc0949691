"""Which thread is which. Every slot starts with `at_home(self)`."""

from PySide6.QtCore import QObject, QThread


def at_home(receiver: QObject) -> None:
    """Asserts that a slot runs in the thread its object lives in."""
    assert QThread.currentThread() == receiver.thread(), f"a slot of {type(receiver).__name__} runs in a foreign thread"
