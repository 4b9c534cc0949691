"""How long the window's thread cannot run a timer while a photo is edited, beside a process that has nothing to do:
`python -m tests.benchmarks.gaps window FOLDER [STACKS]`.

With STACKS, a file, where the threads stand during a gap of more than LONG seconds is added to it; that takes a little
each time, so the figures of such a run are no measure.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication

from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.gui import theme
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.workers.garbage import garbage_collected_here
from nti_desktop.gui.workers.threads import others_give_way
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.methods import Method
from tests.benchmarks.children import QUIET, ROOT, ask
from tests.benchmarks.screen import close, moved, rest, until

EVERY = 2  # milliseconds between two ticks
LONG = 0.03  # seconds
STEPS = 10  # of the published null-text inversion, which takes fifty by itself: 200 rows
MOVES = 7  # of a word's slider
LOOKS = 10  # at before and after, and at other sizes

Ticks = Sequence[float]  # seconds, of the clock that all processes of a machine share


@dataclass(frozen=True)
class Waits:
    """Milliseconds that ticks came late: half of them at most `median`, and so on."""

    median: float
    most_of_100: float
    most_of_1000: float
    worst: float


@dataclass(frozen=True)
class Gaps:
    """window, control: by what was done, and of all of it; the control ticked at the same time in a process of its own
    with an event loop and nothing else.
    """

    window: dict[str, Waits]
    control: dict[str, Waits]


@dataclass
class Clock:
    """Ticks in the thread of the event loop. begun: what was done from when on."""

    ticks: list[float] = field(default_factory=list)
    begun: dict[str, float] = field(default_factory=dict)

    def start(self) -> QTimer:
        """The timer must be kept."""
        timer = QTimer(interval=EVERY, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(self._tick)
        timer.start()
        return timer

    def _tick(self) -> None:
        self.ticks.append(time.monotonic())

    def begin(self, doing: str) -> None:
        """From now on this is done."""
        self.begun[doing] = time.monotonic()


@contextmanager
def stacks_written(clock: Clock, file: Path | None) -> Iterator[None]:
    """Write down where the threads stand whenever the last tick is LONG ago, as soon as Python runs another thread."""
    ended = threading.Event()

    def watch() -> None:
        told = looked = time.monotonic()
        while file is not None and not ended.wait(LONG / 3):
            late, looked = time.monotonic() - looked - LONG / 3, time.monotonic()
            last = clock.ticks[-1] if clock.ticks else looked
            if looked - last > LONG and last != told:
                told = last
                with file.open("a") as text:
                    print(f"{[*clock.begun][-1:]}: none for {looked - last:.3f} s; {late:.3f} s to look", file=text)
                    for thread in threading.enumerate():
                        frames = traceback.format_stack(sys._current_frames().get(thread.ident or 0))
                        print(f"{thread.name}\n{''.join(frames[-8:])}", file=text)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    ended.set()
    watcher.join()


def measure_gaps() -> Gaps:
    """Of a window of its own process that nobody sees, with the built-in model and its first sample."""
    with TemporaryDirectory() as home:
        places = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        environment = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": QUIET, "HOME": home, **places}
        with _ticking_beside(environment) as beside:
            found = ask("gaps", "window", home, **environment)
        begun = found["begun"]
        return Gaps(by_doing(found["ticks"], begun), by_doing(beside, begun))


@contextmanager
def _ticking_beside(environment: Mapping[str, str]) -> Iterator[list[float]]:
    """What it ticked is in the list in the end."""
    ticks: list[float] = []
    command = [sys.executable, "-m", "tests.benchmarks.gaps", "control"]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as control:
        yield ticks
        said, _ = control.communicate("end\n")
    ticks += json.loads(said)


def by_doing(ticks: Ticks, begun: Mapping[str, float]) -> dict[str, Waits]:
    """The waits of each thing that was done, a gap belonging to what had begun when it ended, and of all."""
    at = np.array(ticks)
    late = np.maximum(np.diff(at) * 1000 - EVERY, 0)
    ended = at[1:]
    starts = [*begun.values(), np.inf]
    found = {
        doing: _waits(late[(ended >= start) & (ended < end)])
        for doing, start, end in zip(begun, starts, starts[1:], strict=False)
    }
    return found | {"all": _waits(late[ended >= starts[0]])}


def _waits(late: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Waits:
    return Waits(*(float(each) for each in np.quantile(late, (0.5, 0.99, 0.999, 1.0))))


def edit_a_photo(folder: Path, begin: Callable[[str], None]) -> MainWindow:
    """Open, prepare by null-text, edit by words and a slider, compare, export and save. folder: for the photo."""
    sample = samples()[0]
    photo = Path(shutil.copy(sample.path, folder))
    window = MainWindow()
    window.show()
    editor, view = window.editor, window.editor_view
    begin("open, import torch")
    window.opening.open_path(photo)
    until(lambda: editor.document is not None and not editor.preparing.plan.measuring)
    begin("prepare")
    ways = view.model_panel.ways
    ways.setCurrentIndex(ways.findText(Method.NULL_TEXT.row.title))
    ways.activated.emit(ways.currentIndex())
    view.model_panel.steps.setValue(STEPS)
    view.prompts.prepare_button.click()
    until(lambda: editor.document is not None and editor.document.version is not None)
    begin("words")
    for edit in sample.edits:
        editor.say_in_words(edit)
        rest(window)
    begin("slider")
    for move in range(1, MOVES + 1):
        moved(window, 1 + move / 10)
    rest(window)
    begin("compare")
    actions = window.actions_by_name
    for look in range(LOOKS):
        actions["compare"].setChecked(look % 2 == 0)
        actions["show_before"].setChecked(look % 3 == 0)
        actions["zoom_in" if look % 2 else "fit"].trigger()
        rest(window)
    begin("export")
    for suffix in (".jpg", ".png", ".tif"):
        window.exporting.write(ExportRequest(suffix=suffix))
        rest(window)
    begin("save")
    window.leaving.save()
    until(lambda: not window.leaving.unsaved and not window.leaving.saving)
    rest(window)
    return window


def tick_in_a_window(folder: Path, stacks: Path | None) -> Clock:
    """The clock of a window that edits a photo, see `edit_a_photo`."""
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    theme.dress(app)
    clock = Clock()
    with garbage_collected_here(), others_give_way(), stacks_written(clock, stacks):
        timer = clock.start()
        window = edit_a_photo(folder, clock.begin)
        timer.stop()
        close(window)
    return clock


def tick_beside() -> Ticks:
    """The ticks of an event loop with nothing to do, until there is something to read."""
    app = QApplication(sys.argv[:1])
    clock = Clock()
    timer = clock.start()
    told = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    told.activated.connect(app.quit)
    app.exec()
    timer.stop()
    return clock.ticks


def main(kind: str, folder: str = "", stacks: str = "") -> None:
    """Print the ticks of a window, or those of the control."""
    if kind == "control":
        print(json.dumps(tick_beside()))
        return
    clock = tick_in_a_window(Path(folder), Path(stacks) if stacks else None)
    print(json.dumps({"ticks": clock.ticks, "begun": clock.begun}))


if __name__ == "__main__":
    main(*sys.argv[1:])
