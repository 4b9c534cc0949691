"""The threads of a window, which end together."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot


class ThreadGroup(QObject):
    """Stops several threads, and tells when the last of them has ended."""

    ended = Signal()

    def __init__(self, threads: Sequence[EngineThread | Background], parent: QObject) -> None:
        super().__init__(parent)
        self._threads = tuple(threads)
        self._ending: list[EngineThread | Background] = []  # told to stop, and not seen to have ended
        for thread in threads:
            thread.finished.connect(self._look)

    def stop(self) -> None:
        """Let all of them end. One that was never started has ended already."""
        self._ending = list(self._threads)
        for thread in self._threads:
            thread.stop()
        self._look()

    @slot()
    def _look(self) -> None:
        for thread in [each for each in self._ending if not each.isRunning()]:
            if isinstance(thread, EngineThread):
                thread.wait()  # `finished` is sent a moment before a thread has ended
            self._ending.remove(thread)
            if not self._ending:
                self.ended.emit()
