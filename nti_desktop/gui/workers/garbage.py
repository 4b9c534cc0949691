"""The window's thread alone collects garbage, in which there may be objects of Qt."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QTimer

from nti_desktop.core.garbage import collect_due, collected_by_hand
from nti_desktop.gui.workers.threads import slot

EVERY = 500  # milliseconds between two looks


class _Collector(QObject):
    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=EVERY)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    @slot()
    def _collect(self) -> None:
        collect_due()


@contextmanager
def garbage_collected_here() -> Iterator[None]:
    """For as long as the event loop of this thread runs."""
    with collected_by_hand():
        collector = _Collector()
        yield
        collector.deleteLater()
