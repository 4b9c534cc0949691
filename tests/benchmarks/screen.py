"""Seconds from a moved slider to the next picture, in the real window: `python -m tests.benchmarks.screen MOVES`."""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from nti_desktop.gui import theme
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.words import split_words
from tests.benchmarks.children import QUIET, ask

EVERY = 5  # milliseconds between two looks
REST = 0.3  # seconds of quiet before a slider is moved


@dataclass(frozen=True)
class Screen:
    """seconds: of each move until a picture of it was shown, and their median; badge: what the last one was called,
    "" for a final picture.
    """

    seconds: tuple[float, ...]
    median: float
    badge: str


def measure_screen(moves: int) -> Screen:
    """Of the built-in model, on its first sample, in a window of its own process that nobody sees."""
    with TemporaryDirectory() as home:
        places = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        found = ask(
            "screen", str(moves), home, QT_QPA_PLATFORM="offscreen", QT_LOGGING_RULES=QUIET, HOME=home, **places
        )
    return Screen(tuple(found["seconds"]), statistics.median(found["seconds"]), found["badge"])


def until(holds: Callable[[], bool]) -> None:
    """Let the event loop run until something holds."""
    loop, timer = QEventLoop(), QTimer(interval=EVERY)
    timer.timeout.connect(lambda: loop.quit() if holds() else None)
    timer.start()
    loop.exec()
    timer.stop()


def close(window: MainWindow) -> None:
    """Close it as its user would, and wait until it has saved and its threads have ended."""
    closed: list[bool] = []
    window.closed.connect(lambda: closed.append(True))  # perhaps before this returns
    window.close()
    until(lambda: bool(closed))


def rest(window: MainWindow) -> None:
    """Wait until nothing has been under way for a while."""
    quiet_since = time.monotonic()

    def quiet() -> bool:
        nonlocal quiet_since
        editor = window.editor
        if not (editor.pictures.final or editor.pictures.by_hand) or window.background.busy:
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > REST

    until(quiet)


def edited_window(folder: Path) -> MainWindow:
    """A window with the sample prepared and edited; its photo lies in `folder`."""
    sample = samples()[0]
    photo = Path(shutil.copy(sample.path, folder))
    window = MainWindow()
    window.show()
    window.opening.open_path(photo)
    editor, prompts = window.editor, window.editor_view.prompts
    until(lambda: editor.document is not None and not editor.preparing.plan.measuring)
    prompts.prepare_button.click()
    until(lambda: editor.document is not None and editor.document.version is not None)
    editor.say_in_words(sample.edits[0])
    until(lambda: editor.pictures.after is not None)
    rest(window)
    return window


def moved(window: MainWindow, value: float) -> float:
    """Seconds until another picture is shown once the last word's slider stands elsewhere."""
    editor, panel = window.editor, window.editor_view.words_panel
    assert editor.document is not None
    word = split_words(editor.document.edit_text)[-1]
    slider = next(s for s in panel.sliders if s.key == word.position)
    shown: list[float] = []
    before = editor.pictures.after

    def look() -> None:
        if editor.pictures.after is not before:
            shown.append(time.perf_counter())

    connection = editor.pictured.connect(look)
    start = time.perf_counter()
    slider.slide_to(value)
    until(lambda: bool(shown))
    editor.pictured.disconnect(connection)
    return shown[0] - start


def main(moves: str, folder: str) -> None:
    """Print what was measured. folder: for the copy of the sample."""
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    theme.dress(app)
    window = edited_window(Path(folder))
    seconds, badges = [], []
    window.editor.pictured.connect(lambda: badges.append(window.editor.pictures.badge))
    for move in range(1, int(moves) + 1):
        badges.clear()
        seconds.append(moved(window, 1 + move / 10))
        first = badges[0]
        rest(window)
    close(window)
    print(json.dumps({"seconds": seconds, "badge": first}))


if __name__ == "__main__":
    main(*sys.argv[1:])
