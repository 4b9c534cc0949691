"""Undo of what is done to the list of versions, among the edits of each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from nti_desktop.editing import history
from nti_desktop.editing.document import Document
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.models.library.samples import Sample
from nti_desktop.project.schema import VersionRecord
from tests.gui.conftest import OpenWindow

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]
Say = Callable[[str], None]


@pytest.fixture
def document(prepared: MainWindow) -> Document:
    assert prepared.editor.document is not None
    return prepared.editor.document


@pytest.fixture
def say(prepared: MainWindow, until: Until, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Edit in words, each time an edit of its own however quick the machine is, and wait for the picture."""
    monkeypatch.setattr(history, "_MERGED", 0.0)

    def said(sentence: str) -> None:
        prepared.editor.say_in_words(sentence)
        until(lambda: prepared.editor.pictures.final)

    return said


def versions(document: Document) -> tuple[VersionRecord, ...]:
    return document.session.project.versions


def names(document: Document) -> list[str]:
    return [version.name for version in versions(document)]


@pytest.fixture
def three(prepared: MainWindow, document: Document, say: Say, sample: Sample) -> tuple[VersionRecord, ...]:
    """Three versions; the middle one, called “Bolder”, is shown and has two edits of its own."""
    say(sample.edits[0])
    prepared.versions.add_version()
    prepared.versions.rename(document.version_id, "Bolder")
    middle = document.version_id
    prepared.versions.add_version()
    prepared.versions.choose(middle)
    prepared.editor.say_in_words(sample.edits[1])
    say(sample.edits[2])
    return versions(document)


def test_a_version_that_is_the_photo_again_looks_like_it_in_the_list_however_it_was_stored(
    prepared: MainWindow, document: Document, say: Say, until: Until, sample: Sample
) -> None:
    editor, panel, version = prepared.editor, prepared.editor_view.versions_panel, document.version_id

    def shown() -> QImage:
        item = panel.list.item(0)
        assert item is not None
        return item.icon().pixmap(8, 8).toImage()

    photo = shown()
    say(sample.edits[0])
    editor.stored_previews.thumbnails.clear()
    editor.stored_previews.ask_for_thumbnails([version])
    until(lambda: editor.stored_previews.thumbnails.get(version) is not None)
    assert shown() != photo
    say(sample.caption)
    assert shown() == photo


def test_a_deleted_version_comes_back_by_undo_with_all_that_was_its_own(
    prepared: MainWindow, document: Document, three: tuple[VersionRecord, ...], until: Until, sample: Sample
) -> None:
    deleted, editor = document.version_id, prepared.editor
    preview = document.session.working_copy.preview(deleted)
    assert preview is not None
    picture = editor.pictures.of_versions[deleted]

    prepared.versions.delete_version()
    assert names(document) == ["Version 1", "Version 2"]
    assert prepared.actions_by_name["undo"].isEnabled()
    prepared.editing.undo()
    assert versions(document) == three
    assert document.version_id == deleted
    assert editor.pictures.of_versions[deleted] is picture
    kept = document.session.working_copy.preview(deleted)
    assert kept is not None
    assert (kept == preview).all()
    assert not [m for m in prepared.editor_view.messages.messages if m.topic is Topic.DELETED]

    prepared.editing.redo()
    assert names(document) == ["Version 1", "Version 2"]
    prepared.editing.undo()
    prepared.editing.undo()  # its own edits go on being undone
    assert prepared.editor_view.prompts.edit.text() == sample.edits[1]
    prepared.editing.undo()
    assert prepared.editor_view.prompts.edit.text() == sample.edits[0]
    prepared.editing.redo()
    prepared.editing.redo()
    assert versions(document) == three
    prepared.editing.redo()  # after its edits, the deletion
    assert names(document) == ["Version 1", "Version 2"]
    until(lambda: editor.pictures.final)


def test_edits_made_after_a_deletion_are_undone_before_it(
    prepared: MainWindow, document: Document, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    say(sample.edits[1])
    prepared.editing.undo()
    assert names(document) == ["Version 1", "Version 2"]
    prepared.editing.undo()
    assert versions(document) == three
    prepared.editing.redo()
    assert names(document) == ["Version 1", "Version 2"]
    prepared.editing.redo()
    assert document.edit_text == sample.edits[1]


def test_a_new_edit_ends_redo_of_the_list(
    prepared: MainWindow, document: Document, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    prepared.editing.undo()
    say(sample.caption)
    assert not prepared.actions_by_name["redo"].isEnabled()
    prepared.editing.redo()
    assert len(versions(document)) == 3


@pytest.mark.slow
def test_a_deletion_that_was_saved_can_still_be_undone(
    prepared: MainWindow,
    document: Document,
    three: tuple[VersionRecord, ...],
    until: Until,
    open_window: OpenWindow,
    photo: Path,
    close: Callable[[MainWindow], None],
) -> None:
    prepared.leaving.save()
    until(lambda: not document.session.working_copy.dirty)
    prepared.versions.delete_version()
    until(lambda: prepared.editor.pictures.final)
    prepared.leaving.save()
    until(lambda: not document.session.working_copy.dirty)
    prepared.editing.undo()
    assert prepared.actions_by_name["save"].isEnabled()
    until(lambda: prepared.editor.pictures.final)
    close(prepared)
    again = open_window()
    again.opening.open_path(photo)
    until(lambda: again.editor.document is not None)
    assert again.editor.document is not None
    assert versions(again.editor.document) == three
    until(lambda: again.editor.pictures.final)


def test_put_it_back_calls_the_deletion_off_whatever_was_done_since(
    prepared: MainWindow, document: Document, three: tuple[VersionRecord, ...], say: Say, sample: Sample
) -> None:
    prepared.versions.delete_version()
    say(sample.edits[1])
    (message,) = [m for m in prepared.editor_view.messages.messages if m.topic is Topic.DELETED]
    message.actions[0].do()
    assert names(document) == ["Version 1", "Bolder", "Version 2"]
    assert document.version is not None
    assert document.version.name == "Bolder"
    message.actions[0].do()  # a second time there is nothing to put back
    assert names(document) == ["Version 1", "Bolder", "Version 2"]
    prepared.editing.undo()
    assert document.edit_text == sample.edits[1]  # an edit of its own


@pytest.mark.slow
def test_adding_and_renaming_are_undone_and_redone(
    prepared: MainWindow, document: Document, say: Say, sample: Sample, until: Until
) -> None:
    say(sample.edits[0])
    first = document.version_id
    prepared.versions.add_version()
    added = document.version_id
    prepared.versions.rename(added, "Bolder")
    say(sample.edits[1])

    prepared.editing.undo()  # the edit
    assert document.edit_text == sample.edits[0]
    prepared.editing.undo()  # the name
    assert names(document) == ["Version 1", "Version 2"]
    prepared.editing.undo()  # the version
    assert names(document) == ["Version 1"]
    assert document.version_id == first
    prepared.editing.undo()
    assert document.edit_text == sample.caption
    assert not prepared.actions_by_name["undo"].isEnabled()

    for _ in range(4):
        prepared.editing.redo()
    assert names(document) == ["Version 1", "Bolder"]
    assert document.version_id == added
    assert document.edit_text == sample.edits[1]
    assert not prepared.actions_by_name["redo"].isEnabled()
    until(lambda: prepared.editor.pictures.final)


def test_a_version_with_edits_is_not_taken_away_by_undo_in_another(
    prepared: MainWindow, document: Document, say: Say, sample: Sample
) -> None:
    first = document.version_id
    prepared.versions.add_version()
    say(sample.edits[0])
    prepared.versions.choose(first)
    assert not prepared.actions_by_name["undo"].isEnabled()
    prepared.editing.undo()
    assert names(document) == ["Version 1", "Version 2"]


def test_what_is_being_typed_stays_with_its_version(
    prepared: MainWindow, document: Document, qtbot: QtBot, until: Until, sample: Sample
) -> None:
    line = prepared.editor_view.prompts.edit
    first = document.version_id
    prepared.versions.add_version()
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, sample.edits[0])
    qtbot.keyClick(line, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert document.version_id == first
    assert [version.recipe.prompt for version in versions(document)] == [sample.caption, sample.edits[0]]
    assert line.text() == sample.caption
    until(lambda: prepared.editor.pictures.final)


def name_editor(window: MainWindow) -> QLineEdit:
    """Where the name of the current version is typed."""
    window.actions_by_name["ask_for_name"].trigger()
    editor = window.editor_view.versions_panel.list.findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    return editor


def test_a_name_is_typed_to_its_end_though_pictures_arrive(
    prepared: MainWindow, document: Document, qtbot: QtBot, until: Until, sample_edit: str
) -> None:
    panel = prepared.editor_view.versions_panel
    editor = name_editor(prepared)
    panel.show_thumbnail(document.version_id, QImage(8, 8, QImage.Format.Format_RGB32))
    assert editor.selectedText() == "Version 1"
    qtbot.keyClicks(editor, "Sunset")
    prepared.editor.say_in_words(sample_edit)
    until(lambda: prepared.editor.pictures.final)
    panel.show_thumbnail(document.version_id, QImage(8, 8, QImage.Format.Format_RGB32))
    qtbot.keyClicks(editor, ", warm")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    until(lambda: names(document) == ["Sunset, warm"])


def test_a_name_that_is_being_typed_is_kept_when_another_version_is_gone_to(
    prepared: MainWindow, document: Document, qtbot: QtBot
) -> None:
    prepared.versions.add_version()
    editor = name_editor(prepared)
    qtbot.keyClicks(editor, "Sunset")
    prepared.actions_by_name["previous_version"].trigger()
    assert names(document) == ["Version 1", "Sunset"]


def test_a_name_that_is_too_long_is_refused_with_a_sentence(prepared: MainWindow, document: Document) -> None:
    prepared.versions.rename(document.version_id, "x" * 300)
    assert names(document) == ["Version 1"]
    assert prepared.editor_view.versions_panel.list.item(0).text() == "Version 1"
    assert any("1 to 200 characters" in message.text for message in prepared.editor_view.messages.messages)
