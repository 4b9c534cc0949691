"""Seconds from the start of a process to the first painted window: `python -m tests.benchmarks.start WHICH SINCE`."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from tests.benchmarks.children import QUIET, ask  # and nothing of the program, which an empty window does without


@dataclass(frozen=True)
class Start:
    """seconds: of each start of the program until its window was painted; bare: the same of an empty window of Qt, in
    turn; torch: whether torch was there already when the program's window was painted, in any of them.
    """

    seconds: tuple[float, ...]
    median: float
    bare: tuple[float, ...]
    bare_median: float
    torch: bool


def measure_start(starts: int) -> Start:
    """Of the program and of an empty window in turn, each in a process and a home of its own, after one unmeasured."""
    found = [(started("program"), started("empty")) for _ in range(1 + starts)][1:]
    seconds, bare = (tuple(each["seconds"] for each in of) for of in zip(*found, strict=True))
    torch = any(program["torch"] for program, _ in found)
    return Start(seconds, statistics.median(seconds), bare, statistics.median(bare), torch)


def started(which: str) -> dict[str, float | bool]:
    """What one start gave: its seconds, and whether torch was there."""
    with TemporaryDirectory() as home:
        places = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        since = str(time.monotonic())  # one clock for all processes
        found: dict[str, float | bool] = ask(
            "start", which, since, QT_QPA_PLATFORM="offscreen", QT_LOGGING_RULES=QUIET, HOME=home, **places
        )
    return found


class Painted(QObject):
    """Calls once when all of a window was painted first."""

    def __init__(self, window: QWidget, call: Callable[[], object]) -> None:
        super().__init__(window)
        self._call: Callable[[], object] | None = call
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Its children are painted within the same turn of the event loop."""
        if event.type() == QEvent.Type.Paint and self._call is not None:
            QTimer.singleShot(0, self._call)
            self._call = None
        return False


def main(which: str, since: str) -> None:
    """Start it, print what was measured when it is painted, and close it."""

    def tell(window: QWidget) -> None:
        print(json.dumps({"seconds": time.monotonic() - float(since), "torch": "torch" in sys.modules}), flush=True)
        window.close()

    if which == "empty":
        app = QApplication([])
        window = QMainWindow()
        Painted(window, lambda: tell(window))
        window.show()
        app.exec()
        return

    from nti_desktop.cli import main as program
    from nti_desktop.gui.main_window import MainWindow

    def show(window: MainWindow) -> None:
        Painted(window, lambda: tell(window))
        QMainWindow.show(window)

    MainWindow.show = show  # type: ignore[method-assign]
    program([])


if __name__ == "__main__":
    main(*sys.argv[1:])
