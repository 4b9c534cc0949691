"""Two windows on one photo, and what happens to its files, in any order: a model of what must not be lost."""

import contextlib
import gc
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.save_queue import Arrival, Audience, SaveQueue, SaveRequest
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import backup_path, is_whole, read_sidecar
from tests.editing.lone_window import Window
from tests.editing.sequences import in_memory, picture
from tests.editing.test_journalling import AtOnce
from tests.sessions import SOURCE, inverted

Thing = tuple[object, ...]
AREAS = (Area(0, 0, 96, 64), Area(0, 0, 48, 48), Area(48, 16, 48, 48))


def things(project: Project) -> set[Thing]:
    """What must not be lost of a project: what each version is called and looks like, and each preparation."""
    versions = {
        (
            version.name.replace(" (changed elsewhere)", ""),
            *((part.inversion, part.recipe.strength) for part in version.parts),
        )
        for version in project.versions
    }
    return versions | {(inversion.id,) for inversion in project.inversions}


class Writer(Window):
    """A window that saves as the program does. said: all that it was told."""

    def __init__(self, photo: Path) -> None:
        self.said: list[str] = []
        super().__init__(photo)
        self._saves = SaveQueue(
            AtOnce(),
            Audience(
                lambda: None, lambda: None, self._arrived, lambda _session: self.note(), lambda _request, _error: None
            ),
        )

    def save(self, path: Path | None = None) -> None:
        self._saves.save(SaveRequest(self.session, path=path))

    def _arrived(self, arrival: Arrival) -> None:
        self.said += arrival.said
        self.document.take_in(arrival.before)


class AnyOrder(RuleBasedStateMachine):
    """owed: what was made and neither changed nor deleted since by somebody who saw it."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        self._root = self._stack.enter_context(in_memory())
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("STATE", "DATA", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(self._root / "state"))
        self._photo = self._root / "scene.png"
        self._photo.write_bytes(picture(0))
        self._bytes = self._photo.read_bytes()
        self._number = 0
        self._said: list[str] = []
        self._owed: set[Thing] = set()
        self._torn = False  # a file was damaged that windows hold
        self._in_memory: set[Thing] = set()  # what a file had that was destroyed, and a window still has
        self._writers: list[Writer] = []

    def teardown(self) -> None:
        for writer in self._writers:
            writer.die()
        self._writers = []
        self._stack.close()
        gc.collect()  # files that are held open

    @initialize(touched=st.booleans())
    def open(self, touched: bool) -> None:
        """touched: whether files are destroyed, too, after which less is owed."""
        self._touched = touched
        self._writers = [Writer(self._photo)]
        self._act(0, lambda writer: self._prepare(writer, 0))
        self._writers[0].save()
        self._writers.append(Writer(self._photo))

    # What is owed, and what is there

    def _act(self, number: int, act: Callable[[Writer], object]) -> None:
        """Let a window do something; what it no longer has then is not owed, what it has is."""
        writer = self._writers[number % len(self._writers)]
        before = things(writer.session.project)
        act(writer)
        after = things(writer.session.project)
        new = after - before - things(writer.session.working_copy.saved_project)  # undo may lead back to what was saved
        self._owed = (self._owed - (before - after)) | new
        writer.note()

    @property
    def _sidecar(self) -> Path:
        return self._photo.with_name(self._photo.name + ".nti")

    @property
    def _named(self) -> set[Path]:
        """Files beside that a sentence named."""
        said = [*self._said, *(sentence for writer in self._writers for sentence in writer.said)]
        names = {Path(name).name for sentence in said for name in re.findall("“([^”]*[.]nti)”", sentence)}
        return {self._root / name for name in names if (self._root / name).exists()}

    def _there(self) -> set[Thing]:
        """All that is in a window, or in a file."""
        return self._in_files().union(*(things(writer.session.project) for writer in self._writers))

    def _in_files(self) -> set[Thing]:
        found: set[Thing] = set()
        files = {self._sidecar, *self._named}
        if not is_whole(self._sidecar):
            files.add(backup_path(self._sidecar))
        for file in files:
            with contextlib.suppress(SidecarError):
                found |= things(read_sidecar(file).project)
        return found

    @invariant()
    def nothing_is_lost(self) -> None:
        self._in_memory -= self._in_files()
        assert self._owed <= self._there(), f"lost: {self._owed - self._there()}"

    @invariant()
    def the_photo_stays_as_it_was(self) -> None:
        assert self._photo.read_bytes() == self._bytes

    # What a person does in a window

    @rule(number=st.integers(0, 1))
    def edit(self, number: int) -> None:
        self._number += 1
        self._act(number, lambda writer: writer.document.version and writer.edit(self._number / 1000))

    @rule(number=st.integers(0, 1))
    def add_version(self, number: int) -> None:
        self._act(number, lambda writer: writer.document.copy_version())

    @rule(number=st.integers(0, 1), which=st.integers(0, 5))
    def rename_version(self, number: int, which: int) -> None:
        self._number += 1

        def rename(writer: Writer) -> None:
            if versions := writer.session.project.versions:
                writer.document.rename_version(versions[which % len(versions)].id, f"Name {self._number}")

        self._act(number, rename)

    @rule(number=st.integers(0, 1))
    def delete_version(self, number: int) -> None:
        self._act(number, lambda writer: len(writer.session.project.versions) > 1 and writer.document.delete_version())

    @rule(number=st.integers(0, 1), which=st.integers(0, 5))
    def go_to_a_version(self, number: int, which: int) -> None:
        def go(writer: Writer) -> None:
            if versions := writer.session.project.versions:
                writer.document.go_to(versions[which % len(versions)].id)

        self._act(number, go)

    @rule(number=st.integers(0, 1), area=st.integers(0, len(AREAS) - 1))
    def prepare(self, number: int, area: int) -> None:
        self._act(number, lambda writer: self._prepare(writer, area))

    def _prepare(self, writer: Writer, area: int) -> None:
        self._number += 1
        document = writer.document
        document.work_on(AREAS[area])
        document.describe(SOURCE)
        made = inverted(writer.session, self._number, area=AREAS[area] if area else None)
        document.prepared(built_in(), [AreaInversion(AREAS[area], "0" * 64, made)])

    @rule(number=st.integers(0, 1))
    def undo(self, number: int) -> None:
        self._act(number, lambda writer: writer.document.undo())

    @rule(number=st.integers(0, 1))
    def redo(self, number: int) -> None:
        self._act(number, lambda writer: writer.document.redo())

    @rule(number=st.integers(0, 1))
    def save(self, number: int) -> None:
        writer = self._writers[number % len(self._writers)]
        if writer.session.working_copy.dirty:
            writer.save()

    @precondition(lambda self: len(self._writers) == 2)
    @rule(first=st.integers(0, 1), which=st.none() | st.integers(0, 5))
    def change_in_both_and_save_both(self, first: int, which: int | None) -> None:
        """Steps that are drawn one by one rarely come to what two windows must put together. which: version that both
        change, None where each adds one.
        """
        for number in (first, 1 - first):
            if which is None:
                self.add_version(number)
            else:
                self.go_to_a_version(number, which)
            self.edit(number)
        for number in (first, 1 - first):
            self.save(number)

    @rule(number=st.integers(0, 1))
    def save_as(self, number: int) -> None:
        self._number += 1
        writer = self._writers[number % len(self._writers)]
        if writer.session.photo.path.exists():  # else the project says where the photo was, and is not found by it
            writer.save(self._root / f"saved as {self._number}.nti")

    # What becomes of the windows

    @precondition(lambda self: len(self._writers) == 1)
    @rule()
    def open_a_second(self) -> None:
        self._writers.append(Writer(self._photo))

    @precondition(lambda self: len(self._writers) == 2)
    @rule(number=st.integers(0, 1))
    def close_one(self, number: int) -> None:
        """It saves before."""
        self.save(number)
        if not self._writers[number].session.working_copy.dirty:
            self._leave(self._writers[number], Writer.close)
            self._do_without()

    @rule(number=st.integers(0, 1))
    def close_and_open_again(self, number: int) -> None:
        self._open_again(self._writers[number % len(self._writers)], Writer.close)

    @rule(number=st.integers(0, 1))
    def crash(self, number: int) -> None:
        self._open_again(self._writers[number % len(self._writers)], Writer.die)

    def _open_again(self, writer: Writer, leave: Callable[[Writer], None]) -> None:
        """What was saved under another name is opened by that, as the user was told."""
        project = writer.session.sidecar
        self._leave(writer, leave)
        self._writers.append(Writer(project if project in self._named else self._photo))
        self._do_without()

    def _leave(self, writer: Writer, leave: Callable[[Writer], None]) -> None:
        leave(writer)
        self._said += writer.said
        self._writers.remove(writer)
        self._torn = self._torn or (self._sidecar.exists() and not is_whole(self._sidecar))

    def _do_without(self) -> None:
        """What was in memory alone, as its file was destroyed, ends with its window."""
        there = self._there()
        self._owed = self._owed & there if self._torn else self._owed - (self._in_memory - there)

    # What becomes of the files

    @precondition(lambda self: not self._named)
    @rule()
    def rename_photo(self) -> None:
        self._number += 1
        before, self._photo = self._photo, self._root / f"renamed {self._number}.png"
        before.rename(self._photo)
        for ending in (".nti", ".nti~"):
            with contextlib.suppress(FileNotFoundError):
                before.with_name(before.name + ending).rename(self._photo.with_name(self._photo.name + ending))

    @precondition(lambda self: self._touched)
    @rule()
    def delete_sidecar(self) -> None:
        self._sidecar.unlink(missing_ok=True)
        self._after_destruction()

    @precondition(lambda self: self._touched)
    @rule(in_place=st.booleans())
    def damage_sidecar(self, in_place: bool) -> None:
        if self._sidecar.exists():
            half = self._sidecar.read_bytes()[:-100]
            if not in_place:
                self._sidecar.unlink()
            self._sidecar.write_bytes(half)
            self._torn = self._torn or in_place
            self._after_destruction()

    def _after_destruction(self) -> None:
        self._owed &= self._there()
        self._in_memory |= self._owed - self._in_files()
