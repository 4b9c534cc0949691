"""Start the window: log, crash log, look, and what to open first."""

import faulthandler
import logging
import sys
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO

import platformdirs
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from nti_desktop import __version__
from nti_desktop.gui import theme
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.panels.message_bar import Message, Tone
from nti_desktop.models.samples import samples
from nti_desktop.resources import resource

log = logging.getLogger(__name__)

_LOG_SIZE = 1 << 20  # bytes


def run(paths: Sequence[Path] = (), sample: bool = False) -> int:
    """Run the window until it is closed; the exit code. paths: what to open, the first one; sample: else a sample."""
    crash_log = _start_logs()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("nti-desktop")
    app.setApplicationDisplayName("NTI Desktop")
    app.setApplicationVersion(__version__)
    QGuiApplication.setDesktopFileName("nti-desktop")
    app.setWindowIcon(QIcon(str(resource("icons", "nti-desktop.svg"))))
    app.setQuitOnLastWindowClosed(False)  # the window hides first and is closed when its threads have ended
    theme.dress(app)

    window = MainWindow()
    window.closed.connect(app.quit)
    sys.excepthook = _reporter(window)
    if paths:
        window.open_path(paths[0])
    elif sample:
        window.open_sample(samples()[0].path)
    window.show()
    code = app.exec()
    sys.excepthook = sys.__excepthook__
    if crash_log is not None:
        faulthandler.disable()
        crash_log.close()
    return code


def _start_logs() -> IO[str] | None:
    """Log to the user's log folder; a log that cannot be written must not keep the program from starting."""
    folder = platformdirs.user_log_path("nti-desktop", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "nti-desktop.log", maxBytes=_LOG_SIZE, backupCount=2, encoding="utf-8")
        crash_log = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError as error:
        print(f"No log is written: {error.strerror}.", file=sys.stderr)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("nti_desktop").addHandler(handler)
    logging.getLogger("nti_desktop").setLevel(logging.INFO)
    log.info("NTI Desktop %s, Python %s", __version__, sys.version.split()[0])
    faulthandler.enable(crash_log)
    return crash_log


def _reporter(window: MainWindow) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What happens to a fault of the program itself: it is logged and said, and the window goes on."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("A fault in the window", exc_info=(kind, error, trace))
        text = "Something unforeseen went wrong; the work is kept, and the log file says more."
        window.desk.said.emit(Message(text, Tone.ERROR))

    return report
