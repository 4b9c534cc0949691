"""Start the window: log, crash log, look, and what to open first."""

import ctypes
import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import (
    QLibraryInfo,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QtMsgType,
    QUrl,
    qInstallMessageHandler,
)
from PySide6.QtGui import QDesktopServices, QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from nti_desktop import __version__
from nti_desktop.core.errors import NtiError, outside_fault
from nti_desktop.core.resources import resource
from nti_desktop.editing.journalling import unfinished
from nti_desktop.gui import preferences, theme
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.single_instance import first_or_handed_over
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone
from nti_desktop.gui.widgets.plain import Question
from nti_desktop.gui.workers.garbage import garbage_collected_here
from nti_desktop.gui.workers.threads import others_give_way, slot
from nti_desktop.models.library.samples import samples

log = logging.getLogger(__name__)

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")  # by which Qt finds one
_PLUGINS = {"DISPLAY": "libqxcb.so", "WAYLAND_DISPLAY": "libqwayland.so"}
_LOG_SIZE = 1 << 20  # bytes
_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}  # what there is


def run(paths: Sequence[Path] = (), sample: bool = False, returns: bool = False) -> int:
    """Run the window until it is closed, or hand the paths to the one that is open already; the exit code.

    paths: what to open, the first one; sample: else a sample; returns: whether a raw editor waits for the first path to
    be replaced, which gets a window of its own.

    Raises ModelError when the program's own files are damaged.
    """
    with _logs() as crash:
        app = _application()
        app.setApplicationName("nti-desktop")
        app.setApplicationDisplayName("NTI Desktop")
        app.setApplicationVersion(__version__)
        QGuiApplication.setDesktopFileName("nti-desktop")
        instance = None
        if not returns and not sample:
            instance = first_or_handed_over(paths, app)
            if instance is None:
                return 0
        app.setWindowIcon(QIcon(str(resource("icons", "nti-desktop.svg"))))
        app.setQuitOnLastWindowClosed(False)  # the window hides first, and is closed when its threads have ended
        theme.dress(app)
        with _failure_shown():
            window = MainWindow()
        window.closed.connect(app.quit)
        if instance is not None:
            instance.asked.connect(window.come_forward)
            instance.ending = lambda: window.leaving.closing
        sys.excepthook = _reporter(window)
        window.exporting.return_target = paths[0] if paths and returns else None
        _open_first(window, paths, sample)
        if crash is not None:
            text = f"The program broke off last time. Please send “{crash}” with a word on what you were doing."
            window.editor.say(Message(text, actions=(Action("Show it", partial(_show_file, crash)),)))
        window.show()
        with _interrupt_closes(window), garbage_collected_here(), others_give_way():
            code = app.exec()
        preferences.settle()
        sys.excepthook = sys.__excepthook__
        if instance is not None:
            instance.close()
        return code


@contextmanager
def _failure_shown() -> Iterator[None]:
    """Show why the window cannot be opened where no terminal says it, as after a start from a menu."""
    try:
        yield
    except Exception as error:
        log.exception("The window cannot be opened")
        if not sys.stderr.isatty():
            fault = error if isinstance(error, NtiError) else outside_fault(error)
            text = f"The window cannot be opened ({type(error).__name__}); the log file in “{_log_folder()}” says more."
            box = Question("NTI Desktop", str(fault or text), None)
            box.setIcon(Question.Icon.Critical)
            box.exec()
        raise


def _open_first(window: MainWindow, paths: Sequence[Path], sample: bool) -> None:
    """Open what was asked for, else what was open when the program ended unasked, else a sample where one is wanted.

    What was open may lie on a drive that does not answer, so it is looked for aside.
    """

    def found(path: Path | None) -> None:
        if path is not None and not paths and not window.opening.has_photo:
            window.opening.open_path(path)
        elif path is not None:
            window.journal.tell(path, window.opening.open_path)
        elif sample and not window.opening.has_photo:
            window.samples.open(samples()[0].path)

    if paths:
        window.opening.open_first(paths)
    asked = tuple(path.absolute() for path in paths[:1])
    window.background.submit(partial(unfinished, asked), found, lambda _: found(None), lane="unfinished")


def _show_file(file: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(file.parent)))


def _application() -> QApplication:
    """Qt; where it finds no screen, it would end the program by a crash, and a sentence comes before that."""
    before = qInstallMessageHandler(_say_that_there_is_no_screen)
    app = QApplication(sys.argv[:1])
    qInstallMessageHandler(before)
    return app


def _say_that_there_is_no_screen(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
    log.info("Qt says: %s", message)
    if kind is QtMsgType.QtFatalMsg:
        tried = [f"{name}={os.environ[name]}" for name in SCREENS if os.environ.get(name)]
        where = ", ".join(tried)
        text = f"The screen cannot be reached ({where}); correct that, or use the commands of “nti-desktop --help”."
        if missing := _missing_library():
            text = (
                f"The screen cannot be reached ({where}), as a library of the system is missing ({missing}); install "
                "that, or use the commands of “nti-desktop --help”."
            )
        print(text, file=sys.stderr, flush=True)
        os._exit(1)


def _missing_library() -> str:
    """Ask the loader why Qt's plugin for the screen cannot be loaded, of which Qt says nothing; empty where it can."""
    folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath), "platforms")
    plugins = [folder / plugin for name, plugin in _PLUGINS.items() if os.environ.get(name)]
    for plugin in plugins:
        try:
            if plugin.exists():
                ctypes.CDLL(str(plugin))
        except OSError as error:
            return str(error)
    return ""


def _log_folder() -> Path:
    return platformdirs.user_log_path("nti-desktop", appauthor=False)


@contextmanager
def _logs() -> Iterator[Path | None]:
    """Log to the user's log folder; a log that cannot be written must not keep the program from starting. Tells the
    report of a crash that nobody was told of.
    """
    folder = _log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "window.log", maxBytes=_LOG_SIZE, backupCount=2, encoding="utf-8")
        told = _set_aside(folder / "crash.log")
        crash_log = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError as error:
        print(f"No log is written: {error.strerror}.", file=sys.stderr)
        yield None
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    program = logging.getLogger("nti_desktop")
    program.addHandler(handler)
    program.setLevel(logging.INFO)
    log.info("NTI Desktop %s, Python %s", __version__, sys.version.split()[0])
    faulthandler.enable(crash_log)
    try:
        yield told
    finally:
        faulthandler.disable()
        crash_log.close()
        program.removeHandler(handler)
        handler.close()


def _set_aside(crash_log: Path) -> Path | None:
    """Give the report of a crash a name of its own, so that it is told once; None where there is nothing in it."""
    if not crash_log.exists() or not crash_log.stat().st_size:
        return None
    return crash_log.replace(crash_log.with_name(f"crash-{datetime.now():%Y-%m-%d-%H-%M-%S}.log"))


def _reporter(window: MainWindow) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Log a fault of the program itself and say it; the window goes on."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("A fault in the window", exc_info=(kind, error, trace))
        text = "Something unforeseen went wrong; the work is kept, and the log file says more."
        window.editor.say(Message(text, Tone.ERROR))

    return report


class _Interrupt(QObject):
    """Closes the window once for each time that signals have written into a socket."""

    def __init__(self, window: MainWindow, woken: socket.socket) -> None:
        super().__init__(window)
        self._window, self._woken = window, woken
        self.notifier = QSocketNotifier(woken.fileno(), QSocketNotifier.Type.Read, self)
        self.notifier.activated.connect(self._close)

    @slot()
    def _close(self) -> None:
        self._woken.recv(4096)  # else Qt tells of it again and again
        self._window.close_when_interrupted()


@contextmanager
def _interrupt_closes(window: MainWindow) -> Iterator[None]:
    """Ctrl-C on the terminal, a polite kill, or the end of the terminal or of the user's session closes the window as
    its user would: saved and with threads ended.

    Python runs a signal's handler between two of its own instructions, and an idle window has none; the byte that the
    signal writes into a socket makes Qt run some.
    """
    wakes, woken = socket.socketpair()
    for end in (wakes, woken):
        end.setblocking(False)
    interrupt = _Interrupt(window, woken)
    before = signal.set_wakeup_fd(wakes.fileno())
    handlers = {number: signal.signal(number, _let_qt_see_it) for number in _ENDING}
    try:
        yield
    finally:
        interrupt.notifier.setEnabled(False)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        wakes.close()
        woken.close()


def _let_qt_see_it(number: int, frame: object) -> None:
    """The byte in the socket does the rest."""
