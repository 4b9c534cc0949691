"""What the window expects of the library below it."""

import sys

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot


def test_calls_into_qt_keep_their_references_to_none_and_true(qtbot: QtBot) -> None:
    """A binding that returns them without counting makes Python abort after some minutes of work (before 3.12)."""
    thing = QObject()
    before = [sys.getrefcount(constant) for constant in (None, True, False)]
    for _ in range(1000):
        thing.setObjectName("thing")
        thing.parent()
        thing.blockSignals(False)
    after = [sys.getrefcount(constant) for constant in (None, True, False)]
    assert all(abs(now - then) < 500 for now, then in zip(after, before, strict=True))
