"""Undo of what is done to the list of versions, among the edits of each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from nti_desktop.gui import history
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.work import Work
from nti_desktop.models.samples import Sample
from nti_desktop.project.schema import VersionRecord
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]
Say = Callable[[str], None]


@pytest.fixture
def work(prepared: MainWindow) -> Work:
    assert prepared.desk.work is not None
    return prepared.desk.work


@pytest.fixture
def say(prepared: MainWindow, until: Until, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Edit in words, each time an edit of its own however quick the machine is, and wait for the picture."""
    monkeypatch.setattr(history, "_MERGED", 0.0)

    def said(sentence: str) -> None:
        prepared.desk.say_in_words(sentence)
        until(lambda: prepared.desk.picture_is_final)

    return said


def versions(work: Work) -> tuple[VersionRecord, ...]:
    return work.session.project.versions


def names(work: Work) -> list[str]:
    return [version.name for version in versions(work)]


@pytest.fixture
def three(prepared: MainWindow, work: Work, say: Say, sample: Sample) -> tuple[VersionRecord, ...]:
    """Three versions; the middle one, called “Bolder”, is shown and has two edits of its own."""
    say(sample.edits[0])
    prepared.versions.add_version()
    prepared.versions.rename(work.version_id, "Bolder")
    middle = work.version_id
    prepared.versions.add_version()
    prepared.versions.choose(middle)
    say(sample.edits[1])
    say(sample.edits[2])
    return versions(work)


def test_a_deleted_version_comes_back_by_undo_with_all_that_was_its_own(
    prepared: MainWindow, work: Work, three: tuple[VersionRecord, ...], until: Until, sample: Sample
) -> None:
    deleted, desk = work.version_id, prepared.desk
    preview = work.session.preview(deleted)
    assert preview is not None
    picture = desk.pictures[deleted]

    prepared.versions.delete_version()
    assert names(work) == ["Version 1", "Version 2"]
    assert prepared.actions_by_name["undo"].isEnabled()
    prepared.undo()
    assert versions(work) == three
    assert work.version_id == deleted
    assert desk.pictures[deleted] is picture
    kept = work.session.preview(deleted)
    assert kept is not None
    assert (kept == preview).all()
    assert not [m for m in prepared.workplace.messages.messages if m.topic == "deleted"]

    prepared.redo()
    assert names(work) == ["Version 1", "Version 2"]
    prepared.undo()
    prepared.undo()  # its own edits go on being undone
    assert prepared.workplace.prompts.edit.text() == sample.edits[1]
    prepared.undo()
    assert prepared.workplace.prompts.edit.text() == sample.edits[0]
    prepared.redo()
    prepared.redo()
    assert versions(work) == three
    prepared.redo()  # after its edits, the deletion
    assert names(work) == ["Version 1", "Version 2"]
    until(lambda: desk.picture_is_final)


def test_edits_made_after_a_deletion_are_undone_before_it(
    prepared: MainWindow, work: Work, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    say(sample.edits[1])
    prepared.undo()
    assert names(work) == ["Version 1", "Version 2"]
    prepared.undo()
    assert versions(work) == three
    prepared.redo()
    assert names(work) == ["Version 1", "Version 2"]
    prepared.redo()
    assert work.edit_text == sample.edits[1]


def test_a_new_edit_ends_redo_of_the_list(
    prepared: MainWindow, work: Work, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    prepared.undo()
    say(sample.caption)
    assert not prepared.actions_by_name["redo"].isEnabled()
    prepared.redo()
    assert len(versions(work)) == 3


def test_a_deletion_that_was_saved_can_still_be_undone(
    prepared: MainWindow,
    work: Work,
    three: tuple[VersionRecord, ...],
    until: Until,
    open_window: OpenWindow,
    photo: Path,
    close: Callable[[MainWindow], None],
) -> None:
    prepared.save()
    until(lambda: not work.session.dirty)
    prepared.versions.delete_version()
    until(lambda: prepared.desk.picture_is_final)
    prepared.save()
    until(lambda: not work.session.dirty)
    prepared.undo()
    assert prepared.actions_by_name["save"].isEnabled()
    until(lambda: prepared.desk.picture_is_final)
    close(prepared)
    again = open_window()
    again.open_path(photo)
    until(lambda: again.desk.work is not None)
    assert again.desk.work is not None
    assert versions(again.desk.work) == three
    until(lambda: again.desk.picture_is_final)


def test_put_it_back_calls_the_deletion_off_whatever_was_done_since(
    prepared: MainWindow, work: Work, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    say(sample.edits[1])
    (message,) = [m for m in prepared.workplace.messages.messages if m.topic == "deleted"]
    message.actions[0].do()
    assert names(work) == ["Version 1", "Bolder", "Version 2"]
    assert work.version is not None
    assert work.version.name == "Bolder"
    message.actions[0].do()  # a second time there is nothing to put back
    assert names(work) == ["Version 1", "Bolder", "Version 2"]
    prepared.undo()
    assert work.edit_text == sample.edits[1]  # an edit of its own


def test_adding_and_renaming_are_undone_and_redone(
    prepared: MainWindow, work: Work, say: Say, sample: Sample, until: Until
) -> None:
    say(sample.edits[0])
    first = work.version_id
    prepared.versions.add_version()
    added = work.version_id
    prepared.versions.rename(added, "Bolder")
    say(sample.edits[1])

    prepared.undo()  # the edit
    assert work.edit_text == sample.edits[0]
    prepared.undo()  # the name
    assert names(work) == ["Version 1", "Version 2"]
    prepared.undo()  # the version
    assert names(work) == ["Version 1"]
    assert work.version_id == first
    prepared.undo()
    assert work.edit_text == sample.caption
    assert not prepared.actions_by_name["undo"].isEnabled()

    for _ in range(4):
        prepared.redo()
    assert names(work) == ["Version 1", "Bolder"]
    assert work.version_id == added
    assert work.edit_text == sample.edits[1]
    assert not prepared.actions_by_name["redo"].isEnabled()
    until(lambda: prepared.desk.picture_is_final)


def test_a_version_with_edits_is_not_taken_away_by_undo_in_another(
    prepared: MainWindow, work: Work, say: Say, sample: Sample
) -> None:
    first = work.version_id
    prepared.versions.add_version()
    say(sample.edits[0])
    prepared.versions.choose(first)
    assert not prepared.actions_by_name["undo"].isEnabled()
    prepared.undo()
    assert names(work) == ["Version 1", "Version 2"]


def test_what_is_being_typed_stays_with_its_version(
    prepared: MainWindow, work: Work, qtbot: QtBot, until: Until, sample: Sample
) -> None:
    line = prepared.workplace.prompts.edit
    first = work.version_id
    prepared.versions.add_version()
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, sample.edits[0])
    qtbot.keyClick(line, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert work.version_id == first
    assert [version.recipe.prompt for version in versions(work)] == [sample.caption, sample.edits[0]]
    assert line.text() == sample.caption
    until(lambda: prepared.desk.picture_is_final)


def test_a_name_that_is_too_long_is_refused_with_a_sentence(prepared: MainWindow, work: Work) -> None:
    prepared.versions.rename(work.version_id, "x" * 300)
    assert names(work) == ["Version 1"]
    assert prepared.workplace.versions_panel.list.item(0).text() == "Version 1"
    assert any("1 to 200 characters" in message.text for message in prepared.workplace.messages.messages)
