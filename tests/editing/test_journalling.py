"""What is not saved comes back after the program has ended unasked, with undo; without a window."""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

import pytest

from nti_desktop.core import disk
from nti_desktop.core.errors import NtiError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.journalling import Journalling, reopened, unsaved_of
from nti_desktop.editing.recovery import bring_back
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.project import journal
from nti_desktop.project.extent import MAX_BYTES
from nti_desktop.project.sidecar import write_sidecar
from nti_desktop.recipe.recipe import with_weight
from tests.sessions import SOURCE, inverted, with_a_version

T = TypeVar("T")


class AtOnce:
    """A worker that works at once."""

    def submit(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[NtiError], None],
        latest_of: str | None = None,
        lane: Hashable = None,
    ) -> None:
        try:
            result = work()
        except NtiError as error:
            failed(error)
        else:
            done(result)


class Desktop:
    """The program as far as this goes: a document whose changes are noted, that can crash and start again."""

    def __init__(self, photo: Path) -> None:
        self.photo, self.faults, self.now = photo, list[str](), 0.0
        self.open()

    def open(self) -> None:
        self.session = Session.open(self.photo)
        desk, self.left = reopened(self.session)
        self.document = Document(self.session, STUDIO_DEFAULTS, self._clock, desk, unsaved=self.left is not None)
        self.journalling = Journalling(AtOnce(), lambda error: self.faults.append(str(error)))
        if self.left is not None:
            self.journalling.go_on_from(self.left)

    def _clock(self) -> float:
        self.now += 10
        return self.now

    def note(self) -> None:
        self.journalling.note(unsaved_of(self.document))

    def save(self) -> None:
        snapshot = self.session.snapshot()
        self.session.working_copy.saved(snapshot, snapshot.write())
        self.note()

    def crash(self) -> None:
        """Nothing is told any more; the system lets go of the journal."""
        self.journalling.leave()
        self.open()

    def prepare(self, area: Area | None = None) -> None:
        made = inverted(self.session)
        self.document.prepared(built_in(), [AreaInversion(area or self.document.area, "0" * 64, made)])

    @property
    def journals(self) -> list[Path]:
        folder = journal.journals_folder()
        return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def desktop(photo: Path) -> Desktop:
    return Desktop(photo)


@pytest.fixture
def edited(desktop: Desktop) -> Desktop:
    """Prepared, three edits of which one is undone, a second version; nothing saved."""
    desktop.document.describe(SOURCE)
    desktop.prepare()
    for colour in ("blue", "green", "yellow"):
        desktop.document.say_in_words(SOURCE.replace("red", colour))
    desktop.document.undo()
    desktop.document.copy_version()
    desktop.document.rename_version(desktop.document.version_id, "Mine")
    desktop.note()
    return desktop


def test_what_was_not_saved_comes_before_what_a_later_program_left_of_undo_alone(edited: Desktop) -> None:
    edited.save()
    other = Desktop(edited.photo)
    edited.document.rename_version(edited.document.version_id, "Not saved")
    edited.note()
    assert other.document.say_in_words(SOURCE.replace("red", "pink"))
    other.save()
    assert other.document.say_in_words(SOURCE.replace("red", "grey"))
    assert other.document.undo()
    other.journalling.note(unsaved_of(other.document, ended=True))
    other.journalling.leave()
    assert len(edited.journals) == 2
    edited.crash()
    assert edited.left is not None
    names = {version.name for version in edited.session.project.versions}
    assert "Not saved" in names


def test_looking_at_a_photo_writes_nothing(desktop: Desktop) -> None:
    desktop.document.suggest("a sample's own sentence")
    desktop.note()
    assert desktop.journals == []
    assert list(desktop.photo.parent.iterdir()) == [desktop.photo]


@pytest.mark.parametrize("desk", [b"{}", b" " * (MAX_BYTES + 1)], ids=["not one", "too long"])
def test_of_what_lay_open_and_cannot_be_read_it_is_said_that_it_is_gone(photo: Path, desk: bytes) -> None:
    session = with_a_version(photo)
    write_sidecar(session.sidecar, session.project, {}, {}, session.working_copy.base, lambda: desk)
    again = Session.open(photo)
    assert reopened(again) == (None, None)
    assert again.notes[-1].startswith("What could be undone on this photo")


def test_everything_comes_back_after_a_crash_also_what_can_be_undone(edited: Desktop) -> None:
    before, arrays = edited.document, dict(edited.session.working_copy.new_arrays)
    edited.crash()
    after = edited.document
    assert after is not before
    assert after.session.project == before.session.project
    assert after.desk == before.desk
    assert after.session.working_copy.dirty
    assert edited.session.working_copy.new_arrays.keys() == arrays.keys()
    assert after.undo()  # the name
    assert [version.name for version in after.session.project.versions] == ["Version 1", "Version 2"]
    assert after.undo()  # the version
    assert [version.name for version in after.session.project.versions] == ["Version 1"]
    assert after.undo()
    assert after.edit_text == SOURCE.replace("red", "blue")
    assert all(after.redo() for _ in range(3))
    assert [version.name for version in after.session.project.versions] == ["Version 1", "Mine"]
    edited.save()
    assert edited.journals == []
    assert Session.open(edited.photo).project.versions == after.session.project.versions


def test_a_deleted_version_comes_back_by_undo_after_a_crash(edited: Desktop) -> None:
    histories = dict(edited.document.desk.histories)
    edited.document.delete_version()
    edited.note()
    edited.crash()
    assert len(edited.session.project.versions) == 1
    assert edited.document.undo()
    assert [version.name for version in edited.session.project.versions] == ["Version 1", "Mine"]
    assert edited.document.desk.histories == histories


def test_undo_goes_on_after_the_project_was_saved_and_opened_again(edited: Desktop) -> None:
    desk = edited.document.desk
    edited.save()
    edited.crash()
    assert edited.left is None
    assert not edited.session.working_copy.dirty
    assert edited.document.desk == desk
    assert edited.document.undo()


def test_undo_of_what_was_changed_elsewhere_meanwhile_is_left_out(edited: Desktop) -> None:
    edited.save()
    elsewhere = Session.open(edited.photo)
    first, second = elsewhere.project.versions
    elsewhere.change_version(first.id, recipe=with_weight(first.recipe.recipe(), 1, 0.5))
    elsewhere.delete_version(second.id)
    elsewhere.save()
    edited.crash()
    assert not edited.document.can_undo
    assert not edited.document.can_redo


def test_what_another_program_saved_since_stays_beside_what_was_not_saved(edited: Desktop) -> None:
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    elsewhere = Session.open(edited.photo)
    elsewhere.add_version("Theirs", elsewhere.project.versions[0].recipe.recipe())
    elsewhere.save()
    edited.crash()
    assert [version.name for version in edited.session.project.versions] == ["Version 1", "Mine", "Theirs"]
    assert edited.session.project.versions[1].recipe.prompt == SOURCE.replace("red", "white")
    edited.save()
    assert len(Session.open(edited.photo).project.versions) == 3


def test_words_that_nothing_is_prepared_with_come_back(desktop: Desktop) -> None:
    desktop.document.describe("a dog")
    desktop.document.say_in_words("a cat")
    desktop.note()
    desktop.crash()
    assert (desktop.document.description, desktop.document.edit_text) == ("a dog", "a cat")
    assert not desktop.session.working_copy.dirty
    desktop.note()
    desktop.crash()  # again, and nothing was written since
    assert (desktop.document.description, desktop.document.edit_text) == ("a dog", "a cat")


def test_an_area_that_is_described_comes_back(edited: Desktop) -> None:
    area = Area(10, 10, 30, 20)
    edited.document.work_on(area)
    edited.document.describe("a table")
    edited.note()
    edited.crash()
    assert (edited.document.area, edited.document.description) == (area, "a table")


def test_what_is_written_for_another_version_and_for_another_area_comes_back(edited: Desktop) -> None:
    area, document = Area(10, 10, 30, 20), edited.document
    first, second = (version.id for version in edited.session.project.versions)
    document.work_on(area)
    document.describe("a table")
    document.work_on(document.whole)
    document.go_to(first)
    document.describe("a ball in fog")
    assert document.say_in_words("a cube in fog")
    document.go_to(second)
    edited.save()
    document.work_on(document.whole)
    edited.note()
    edited.crash()
    document = edited.document
    assert document.areas == (document.whole, area)
    document.work_on(area)
    assert document.description == "a table"
    document.go_to(first)
    assert (document.description, document.edit_text) == ("a ball in fog", "a cube in fog")


def test_what_is_written_for_another_version_alone_is_noted(edited: Desktop) -> None:
    edited.save()
    first, second = (version.id for version in edited.session.project.versions)
    edited.document.go_to(first)
    edited.document.describe("a ball in fog")
    edited.document.go_to(second)
    edited.note()
    edited.crash()
    edited.document.go_to(first)
    assert edited.document.description == "a ball in fog"


def test_of_a_photo_that_was_left_only_how_it_stood_in_the_end_is_kept(edited: Desktop) -> None:
    edited.save()
    for words in ("a dog", "a dog on", "a dog on a lawn"):
        edited.document.describe(words)
        edited.note()
    edited.journalling.note(unsaved_of(edited.document, ended=True))
    (folder,) = edited.journals
    assert len((folder / "log").read_bytes().splitlines()) == 2, "its head and one entry"
    edited.crash()
    assert edited.document.description == "a dog on a lawn"
    edited.document.describe(SOURCE)
    assert edited.document.undo()


def test_a_crash_between_the_save_and_the_note_of_it_brings_back_what_was_saved(edited: Desktop) -> None:
    edited.session.snapshot().write()
    edited.crash()
    assert not edited.session.working_copy.dirty
    assert edited.document.undo()


def test_edits_after_a_save_that_was_not_noted_come_on_top_of_it(edited: Desktop) -> None:
    edited.session.snapshot().write()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    edited.crash()
    assert edited.session.working_copy.dirty
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    edited.save()
    assert not edited.session.working_copy.dirty


def test_what_was_taken_up_stays_until_it_is_written_again(edited: Desktop) -> None:
    edited.crash()
    before = edited.journals
    edited.journalling = Journalling(AtOnce(), lambda error: None)  # and the program ends again, before it wrote
    edited.open()
    assert edited.journals == before
    assert len(edited.session.project.versions) == 2
    edited.note()
    assert len(edited.journals) == 1
    assert edited.journals != before


def test_a_disk_that_is_full_is_told_once_and_what_comes_after_is_written(
    edited: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", full)
        for colour in ("white", "black"):
            edited.document.say_in_words(SOURCE.replace("red", colour))
            edited.note()
    assert len(edited.faults) == 1
    assert "No space left" in edited.faults[0]
    edited.document.say_in_words(SOURCE.replace("red", "grey"))
    edited.note()
    edited.crash()
    assert edited.document.edit_text == SOURCE.replace("red", "grey")


def test_a_damaged_journal_is_told_and_nothing_else_is_lost(edited: Desktop) -> None:
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.prepare()
    edited.note()
    for file in edited.journals[0].glob("*.safetensors"):
        file.write_bytes(b"torn")
    edited.crash()
    assert any("cannot be read. What was saved is here" in note for note in edited.session.notes)
    assert len(edited.session.project.versions) == 2
    assert not edited.session.working_copy.dirty


def test_what_was_not_saved_comes_on_top_of_the_state_before_that_was_brought_back(edited: Desktop) -> None:
    edited.save()
    edited.document.copy_version()
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    before = edited.session.project
    edited.session.sidecar.unlink()
    bring_back(edited.photo)  # without the version that was added before the last save
    edited.crash()
    assert edited.session.project.versions == before.versions
    assert edited.document.edit_text == SOURCE.replace("red", "white")
    edited.save()
    assert Session.open(edited.photo).project.versions == before.versions


def test_what_another_program_saved_over_a_project_that_was_brought_back_stays(edited: Desktop) -> None:
    edited.save()
    edited.document.copy_version()
    edited.save()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    edited.session.sidecar.unlink()
    bring_back(edited.photo)
    elsewhere = Session.open(edited.photo)
    elsewhere.add_version("Theirs", elsewhere.project.versions[0].recipe.recipe())
    elsewhere.save()
    before = edited.session.project
    edited.crash()
    assert {version.name for version in edited.session.project.versions} == {
        "Theirs", *(version.name for version in before.versions),
    }  # fmt: skip
    assert edited.document.edit_text == SOURCE.replace("red", "white")


def test_what_is_edited_after_the_sidecar_was_deleted_survives_a_crash_with_its_preparation(edited: Desktop) -> None:
    edited.save()
    edited.session.sidecar.unlink()
    edited.document.say_in_words(SOURCE.replace("red", "white"))
    edited.note()
    before = edited.session.project
    edited.crash()
    assert edited.session.project.versions == before.versions
    edited.save()
    saved = Session.open(edited.photo)
    assert saved.project.versions == before.versions
    assert saved.working_copy.arrays(saved.project.inversions[0].id)
