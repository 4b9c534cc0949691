"""What many edits of a photo leave in memory, in the real window: `python -m tests.benchmarks.growth EDITS FOLDER`."""

import gc
import json
import math
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtWidgets import QApplication

from nti_desktop.editing import estimates
from nti_desktop.gui import theme
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.workers.garbage import garbage_collected_here
from nti_desktop.gui.workers.threads import others_give_way
from nti_desktop.models.library.samples import samples
from tests.benchmarks.children import QUIET, ask
from tests.benchmarks.screen import close, until

EVERY = 10  # edits between two looks
SETTLED = 0.2  # of the edits; what is kept of the first ones is bounded and grows until then
STEPS = 4
_STATUS = Path("/proc/self/statm")


@dataclass(frozen=True)
class Growth:
    """resident: MB after a full collection, every so many edits; slope: MB an edit, by least squares over those after
    the first `settled`; kinds: objects of which there are more at the end than in the middle, and how many.
    """

    edits: int
    settled: int
    resident: tuple[float, ...]
    slope: float
    kinds: dict[str, int]


def measure_growth(edits: int) -> Growth:
    """Of a window of its own process that nobody sees, with the built-in model and its first sample."""
    with TemporaryDirectory() as home:
        places = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        found = ask(
            "growth", str(edits), home, QT_QPA_PLATFORM="offscreen", QT_LOGGING_RULES=QUIET, HOME=home, **places
        )
    resident, settled = np.array(found["resident"]), int(edits * SETTLED)
    at = np.arange(1, len(resident) + 1) * EVERY
    late = at > settled
    slope = float(np.polyfit(at[late], resident[late], 1)[0]) if late.sum() > 1 else 0.0
    return Growth(edits, settled, tuple(found["resident"]), slope, found["kinds"])


def edited_again_and_again(window: MainWindow, folder: Path, edits: int) -> Iterator[int]:
    """The number of each edit once its final picture is shown; words change, and how much they count. folder: for the
    photo.
    """
    sample = samples()[0]
    window.show()
    window.opening.open_path(Path(shutil.copy(sample.path, folder)))
    editor, view = window.editor, window.editor_view
    until(lambda: editor.document is not None and not editor.preparing.plan.measuring)
    view.model_panel.steps.setValue(STEPS)
    view.prompts.prepare_button.click()
    until(lambda: editor.document is not None and editor.document.version is not None)
    for number in range(edits):
        if number % 5 == 0:
            editor.say_in_words(sample.edits[number // 5 % len(sample.edits)])
        else:
            slider = view.words_panel.sliders[number % len(view.words_panel.sliders)]
            slider.slide_to(0.5 + number / edits)
        until(lambda: editor.pictures.final and not window.background.busy)
        yield number


def resident() -> float:
    """MB of this process."""
    return int(_STATUS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def kinds() -> Counter[str]:
    """How many objects there are of each type that garbage collection knows."""
    return Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())


def main(edits: str, folder: str) -> None:
    """Print resident memory after every so many edits."""
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    theme.dress(app)
    estimates.SLOW_RENDER = math.inf  # no full render waits for its button because the machine is busy
    found: list[float] = []
    middle: Counter[str] = Counter()
    with garbage_collected_here(), others_give_way():
        window = MainWindow()
        for number, _ in enumerate(edited_again_and_again(window, Path(folder), int(edits)), 1):
            if number % EVERY == 0:
                gc.collect()
                found.append(resident())
                print(f"{number} edits: {found[-1]:.1f} MB", file=sys.stderr, flush=True)
            if number == int(edits) // 2:
                middle = kinds()
        gc.collect()
        more = kinds() - middle
        close(window)
    print(json.dumps({"resident": found, "kinds": dict(more.most_common(20))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
