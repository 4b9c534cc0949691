"""The window under a monkey, killed at random: the next start shows what was there, or was a moment before.

The monkey edits, undoes, adds, names and deletes versions, describes, works on areas and saves, and says each state
that this leads to. `python -m tests.gui.killed --kills 200` kills so many windows, each of which goes on from what the
one before left.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from nti_desktop.editing import edits
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.desk import DeskWriter
from nti_desktop.editing.document import Document
from nti_desktop.editing.journalling import reopened
from nti_desktop.editing.session import Session
from nti_desktop.gui import app, main_window
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.parameters import STRENGTH
from tests.gui.gated import PLENTY, GatedBench
from tests.sessions import inverted

MAY_BE_LOST = 2.0  # seconds of work
ROOT = Path(__file__).parents[2]
SAVES_AFTER = 1_500  # milliseconds without a change
MOST_VERSIONS = 6
WORDS = ("red", "blue", "green", "yellow", "white")


def state_of(document: Document) -> str:
    """All that must not be lost, as a digest; what is looked at is no part of it."""
    desk = replace(document.desk, histories=dict(sorted(document.desk.histories.items())))
    if document.up_to_date:
        desk = replace(desk, description="", edit_text="", area=document.whole)
    record, states = DeskWriter().record(desk)
    project = document.session.project
    kept = [
        project.photo, *project.frames, *project.inversions, record, *states,
        *(part for version in project.versions for part in version.look),
    ]  # fmt: skip
    told = [each.model_dump_json() for each in kept] + [f"{v.id} {v.name}" for v in project.versions]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def document_of(photo: Path) -> Document:
    """The photo as the next start shows it."""
    session = Session.open(photo)
    desk, left = reopened(session)
    return Document(session, STUDIO_DEFAULTS, desk=desk, unsaved=left is not None)


class Monkey(QObject):
    """Does something every few moments, for ever."""

    def __init__(self, window: main_window.MainWindow, seed: int) -> None:
        super().__init__(window)
        self._window, self._lot = window, random.Random(seed)
        self._timer = QTimer(self, interval=30)
        self._timer.timeout.connect(self._act)
        window.editor.opened.connect(self._timer.start)

    @slot()
    def _act(self) -> None:
        if self._lot.random() < 0.4:
            return
        editor, document, lot = self._window.editor, self._window.editor.document, self._lot
        assert document is not None
        names = list(document.session.project.versions)
        acts: list[Callable[[], object]] = [
            lambda: editor.edit("strength", lambda r: edits.with_number(r, STRENGTH, round(lot.uniform(0, 2), 2))),
            lambda: editor.edit("strength", lambda r: edits.with_number(r, STRENGTH, round(lot.uniform(0, 2), 2))),
            lambda: editor.say_in_words(f"a {lot.choice(WORDS)} mug, {lot.randrange(9)} of them"),
            lambda: editor.set_feather(round(lot.uniform(0, 0.1), 3)),
            editor.undo,
            editor.redo,
            lambda: len(names) < MOST_VERSIONS and self._window.versions.add_version(),
            lambda: self._window.versions.rename(lot.choice(names).id, f"Named {lot.randrange(99)}"),
            lambda: self._window.versions.choose(lot.choice(names).id),
            lambda: len(names) > 1 and self._window.versions.delete_version(),
            lambda: editor.describe(f"a {lot.choice(WORDS)} lamp"),
            lambda: self._window.areas.choose(Area(5, 5, lot.randrange(40, 90), 60)),
            lambda: self._window.areas.choose(document.whole),
            self._window.leaving.save,
        ]
        lot.choice(acts)()
        print(f"{time.monotonic()} {state_of(document)}", flush=True)


def drive(photo: Path, seed: int) -> None:
    """Run the window with the monkey, until killed."""
    bench = GatedBench()
    bench.let_go(PLENTY**2)
    main_window.load_service = lambda: bench  # type: ignore[assignment, return-value]

    class Window(main_window.MainWindow):
        def __init__(self) -> None:
            super().__init__(SAVES_AFTER)
            Monkey(self, seed)

    app.MainWindow = Window  # type: ignore[misc]
    app.run([photo])


@dataclass(frozen=True)
class Killed:
    """A window that was killed. states: that it had said; lost: seconds before its end that the next start knows
    nothing of.
    """

    seed: int
    states: int
    lost: float


def kill_one(photo: Path, seed: int, lives: float) -> Killed:
    """Kill a window after so many seconds of its monkey. Raises AssertionError where the next start shows what never
    was.
    """
    before = state_of(document_of(photo))
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.killed", "--drive", photo, "--seed", str(seed)],
        env=os.environ | {"TMPDIR": str(photo.parent)},  # where a killed window leaves its socket
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    lines = [child.stdout.readline()]
    time.sleep(lives)
    killed = time.monotonic()
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.read().splitlines()
    child.wait()
    child.stdout.close()
    said = [(0.0, before), *((float(at), state) for at, state in (line.split() for line in lines if " " in line))]
    after = state_of(document_of(photo))
    shown = [n for n, (_, state) in enumerate(said) if state == after]
    assert shown, f"seed {seed}: a state that never was"
    lost = killed - said[shown[-1] + 1][0] if shown[-1] + 1 < len(said) else 0.0
    return Killed(seed, len(said) - 1, lost)


def kill(kills: int, folder: Path, seed: int = 0) -> list[Killed]:
    """Kill so many windows, one after the other, over the same photo."""
    photo = folder / "photo.jpg"
    shutil.copyfile(samples()[0].path, photo)
    session = Session.open(photo)
    document = Document(session, STUDIO_DEFAULTS)
    document.describe("a red mug")
    made = inverted(session)
    made = replace(made, settings=replace(made.settings, prompt="a red mug"))
    document.prepared(built_in(), [AreaInversion(document.whole, "0" * 64, made)])
    session.save()
    lot = random.Random(seed)
    return [kill_one(photo, seed * 1000 + number, lot.uniform(0.0, 4.0)) for number in range(kills)]


def main() -> None:
    """Kill windows, or be one."""
    parser = argparse.ArgumentParser(prog="python -m tests.gui.killed", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drive", type=Path, help="be a window, with this photo")
    asked = parser.parse_args()
    if asked.drive:
        drive(asked.drive, asked.seed)
        return
    with tempfile.TemporaryDirectory() as home:
        for name in ("DATA", "CONFIG", "CACHE", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(home) / name.lower())
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        killed = kill(asked.kills, Path(home), asked.seed)
    lost = sorted(each.lost for each in killed)
    print(f"{len(killed)} windows killed in {sum(each.states for each in killed)} states")
    print(f"lost: {lost[len(lost) // 2]:.2f} s in the median, {lost[-1]:.2f} s at the most")
    for each in killed:
        if each.lost > MAY_BE_LOST:
            print(f"LOST {each.lost:.2f} s with seed {each.seed}")


if __name__ == "__main__":
    main()
