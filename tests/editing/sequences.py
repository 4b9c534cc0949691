"""Every short sequence of what happens to an open photo, with a power cut at every moment of it.

`python -m tests.editing.sequences --length 3` goes through all sequences of up to three events. Beneath each, every
call that writes, syncs, names or deletes is a moment at which the power may fail; of each disk that may be left then
(see `tests.power_cuts`) the photo is opened again, and what the user had by then must be there. Disks that are alike
are opened once.
"""

import argparse
import contextlib
import gc
import io
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nti_desktop.core import atomic
from nti_desktop.core.errors import NtiError
from nti_desktop.editing import session
from nti_desktop.editing.journalling import unsaved_of
from nti_desktop.photo.frame import Area
from nti_desktop.project import journal, schema
from tests.editing.lone_window import State, Window, state_of
from tests.power_cuts import Left, Watched, empty, lay_out
from tests.sessions import scene

CORNER = Area(0, 0, 48, 48)


@dataclass(frozen=True)
class Owed:
    """What must be there after a power cut: `facts`, and nothing else where `exact` is given."""

    facts: frozenset[tuple[str, ...]]
    exact: str | None = None

    def paid_by(self, state: State) -> bool:
        """Tell whether nothing is lost."""
        return self.facts <= state.facts and self.exact in (None, state.exact)


def _arrays(facts: frozenset[tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {fact for fact in facts if fact[0] == "arrays"}


class World:
    """A photo in a folder, a window on it, and what others do to the files.

    before: how things stood in the file of the state before the last save; theirs: what another program saved that the
    window does not know of yet; alone: whether nobody else touched the project.
    """

    def __init__(self, root: Path, disk: Watched) -> None:
        self.disk, self.number = disk, 0
        self.photo = root / "photos" / "scene.png"
        self.saved: State | None = None
        self.before: State | None = None
        self.theirs = frozenset[tuple[str, ...]]()
        self.alone = True
        self.deleted = False  # by the user, and nothing was saved or noted here since
        disk.by_others(lambda: (os.mkdir(self.photo.parent), os.mkdir(root / "state"), write(self.photo, picture(0))))
        self.window = Window(self.photo)

    @property
    def sidecar(self) -> Path:
        """Where the project is looked for."""
        return self.photo.with_name(self.photo.name + ".nti")

    @property
    def owed(self) -> Owed:
        """What must not be lost now."""
        mine = state_of(self.window.document)
        unsaved = unsaved_of(self.window.document) is not None
        if self.alone:
            return Owed(mine.facts, mine.exact)
        if self.deleted:
            there = self.saved or self.before
            facts = there.facts if there else frozenset[tuple[str, ...]]()
            whole = unsaved and not self.saved and _arrays(mine.facts) <= _arrays(facts)
            return Owed(mine.facts if whole else facts)
        return Owed(mine.facts | self.theirs)

    # Events

    def edit(self) -> None:
        if self.window.document.version is not None:
            self.window.edit(self.number / 10)
            self._noted()

    def save(self) -> None:
        if not self.window.session.working_copy.dirty:
            return
        self.window.save()
        if not self.window.session.working_copy.dirty:
            self._saved(state_of(self.window.document))
            self.theirs, self.deleted = frozenset(), False

    def add_version(self) -> None:
        if self.window.document.copy_version():
            self.window.note()
            self._noted()

    def undo(self) -> None:
        if self.window.document.undo():
            self.window.note()
            self._noted()

    def rename_photo(self) -> None:
        photo = self.photo.with_name(f"renamed {self.number}.png")

        def rename() -> None:
            if self.sidecar.exists():
                os.rename(self.sidecar, photo.with_name(photo.name + ".nti"))
            os.rename(self.photo, photo)

        self.disk.by_others(rename)
        self.photo, self.before = photo, None

    def rewrite_metadata(self) -> None:
        """As exiftool does."""
        beside = self.photo.with_name("exiftool_tmp")
        self.disk.by_others(lambda: (write(beside, picture(self.number)), os.rename(beside, self.photo)))

    def delete_sidecar(self) -> None:
        if self.sidecar.exists():
            self.disk.by_others(lambda: os.unlink(self.sidecar))
            self.saved, self.theirs, self.alone, self.deleted = None, frozenset(), False, True

    def second_saves(self) -> None:
        self.alone = False
        second = Window(self.photo)
        known = state_of(second.document).facts
        if second.document.copy_version():
            second.document.rename_version(second.document.version_id, f"Theirs {self.number}")
            second.save()
            state = state_of(second.document)
            self.theirs |= frozenset(each for each in state.facts - known if each[0] == "version")
            self._saved(state)
        second.close()

    def move_folder(self) -> None:
        folder = self.photo.parent.with_name(f"moved {self.number}")
        self.disk.by_others(lambda: os.rename(self.photo.parent, folder))
        self.photo = folder / self.photo.name

    def crash(self) -> None:
        owed = self.owed
        self.window.die()
        self.window = Window(self.photo)
        state = state_of(self.window.document)
        assert owed.paid_by(state), "a crash alone lost something"
        self.theirs = frozenset()

    def _noted(self) -> None:
        """What the journal holds by now is whole, unless another program began the project anew."""
        self.deleted = self.deleted and self.saved is not None

    def _saved(self, state: State) -> None:
        self.before, self.saved = self.saved, state


EVENTS: dict[str, Callable[[World], None]] = {
    "edit": World.edit,
    "save": World.save,
    "add version": World.add_version,
    "rename photo": World.rename_photo,
    "rewrite metadata": World.rewrite_metadata,
    "delete sidecar": World.delete_sidecar,
    "second saves": World.second_saves,
    "move folder": World.move_folder,
    "undo": World.undo,
    "crash": World.crash,
}


def saved_twice(world: World) -> None:
    """All is saved, and there is a state before the last save."""
    saved_once(world)
    world.add_version()
    world.window.edit(1.5)
    world.save()


def saved_once(world: World) -> None:
    """All is saved."""
    world.window.prepare(None, 0)
    world.window.edit(0.5)
    world.save()


def with_an_area(world: World) -> None:
    """An area was prepared that is in the journal alone."""
    saved_once(world)
    world.window.prepare(CORNER, 1)
    world.window.edit(1.5)


def never_saved(world: World) -> None:
    """All is in the journal alone."""
    world.window.prepare(None, 0)
    world.window.edit(0.5)
    world.window.edit(0.7)


STARTS: tuple[Callable[[World], None], ...] = (saved_twice, with_an_area, never_saved)


@dataclass
class Count:
    """What was gone through. moments: at which the power may fail; disks: that may be left, each counted once."""

    sequences: int = 0
    moments: int = 0
    disks: int = 0
    left: int = 0


class Enumeration:
    """Goes through sequences over one folder, and opens each disk once."""

    def __init__(self, root: Path) -> None:
        self._root, self.count = root, Count()
        self._known: dict[Left, State | str] = {}
        self.lost: list[str] = []

    def run(self, start: Callable[[World], None], events: Sequence[str]) -> None:
        """Let the power fail at each moment of the last of these events."""
        empty(self._root)
        left: dict[Left, None] = {}
        with pytest.MonkeyPatch.context() as patch:
            always_the_same(patch)
            disk = Watched(self._root)
            disk.watch(patch)
            world = World(self._root, disk)
            start(world)
            for world.number, event in enumerate(events[:-1], 1):
                EVENTS[event](world)
            before, operations = world.owed, disk.operations
            disk.noticed = lambda: left.update(dict.fromkeys(disk.survivors()))
            world.number = len(events)
            try:
                EVENTS[events[-1]](world)
            except AssertionError as error:
                self.lost.append(f"{start.__name__}: {', '.join(events)}: {error}")
            disk.noticed = lambda: None
            after, last = world.owed, list(disk.survivors())
            faults = world.window.faults
            world.window.die()
            self.count.sequences += 1
            self.count.moments += disk.operations - operations
            self.count.left += len(left)
            del world
        if faults:
            self.lost.append(f"{start.__name__}: {', '.join(events)}: {faults[0]}")
        for each, owed in [*((each, (before, after)) for each in left), *((each, (after,)) for each in last)]:
            found = self._opened(each)
            if isinstance(found, str) or not any(one.paid_by(found) for one in owed):
                self.lost.append(f"{start.__name__}: {', '.join(events)}: {_said(each, found, owed)}")
                break

    def _opened(self, left: Left) -> State | str:
        """What opens of a disk, or why it does not."""
        if left not in self._known:
            self.count.disks += 1
            if self.count.disks % 200 == 0:
                gc.collect()  # files that are held open
            lay_out(self._root, left)
            (photo,) = self._root.glob("*/*.png")
            try:
                window = Window(photo)
            except NtiError as error:
                self._known[left] = str(error)
            else:
                self._known[left] = state_of(window.document)
                window.die()
        return self._known[left]


def _said(left: Left, found: State | str, owed: Sequence[Owed]) -> str:
    files = ", ".join(f"{path} ({len(content)})" for path, content, _ in left if content is not None)
    if isinstance(found, str):
        return f"{found} [{files}]"
    lacking = [" ".join(each[:2]) for each in sorted(owed[-1].facts - found.facts)] or "more than there was"
    return f"{lacking} [{files}]"


def always_the_same(patch: pytest.MonkeyPatch) -> None:
    """Names that are drawn by lot, and the time, are those of the last run."""
    for module in (atomic, journal, schema):
        numbers = itertools.count(1)
        token = partial(lambda numbers, length: f"{next(numbers):0{2 * length}x}", numbers)
        patch.setattr(module, "secrets", SimpleNamespace(token_hex=token))
    patch.setattr(session, "datetime", SimpleNamespace(now=lambda zone: datetime(2026, 3, 1, tzinfo=UTC)))


def picture(comment: int) -> bytes:
    """A PNG with a comment, which changes no pixel."""
    file = io.BytesIO()
    text = PngInfo()
    text.add_text("Comment", f"number {comment}")
    Image.fromarray(scene(1, 96, 64)).save(file, "PNG", pnginfo=text)
    return file.getvalue()


def write(path: Path, data: bytes) -> None:
    """As another program does."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(handle, data)
    os.close(handle)


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    """A folder that is quickly emptied and filled, where there is one."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as root:
        yield Path(os.path.realpath(root))


def enumerate_all(
    length: int, root: Path, starts: Sequence[Callable[[World], None]] = STARTS, of: Iterable[str] = EVENTS
) -> Enumeration:
    """Go through all sequences of up to so many events, from every start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "DATA", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(root / "state"))
        enumeration = Enumeration(root)
        for start, each in itertools.product(starts, range(1, length + 1)):
            for events in itertools.product(of, repeat=each):
                enumeration.run(start, events)
        return enumeration


def main() -> None:
    """Go through all sequences up to a length, and say what was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.editing.sequences", description=__doc__)
    parser.add_argument("--length", type=int, default=2)
    asked = parser.parse_args()
    began = time.monotonic()
    with in_memory() as root:
        enumeration = enumerate_all(asked.length, root)
    count = enumeration.count
    for each in enumeration.lost:
        print(each)
    print(
        f"{count.sequences} sequences of up to {asked.length} events, {count.moments} moments at which power fails, "
        f"{count.left} disks that it left, {count.disks} different ones opened; "
        f"{len(enumeration.lost)} sequences lost something; {time.monotonic() - began:.0f} s."
    )
    sys.exit(bool(enumeration.lost))


if __name__ == "__main__":
    main()
