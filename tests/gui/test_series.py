"""A story told on the open photo, and its edit made on other photos, from the window."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.editing.session import Session
from nti_desktop.gui.editor.series_dialog import SeriesDialog
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.project.fields import MAX_ROWS
from nti_desktop.project.schema import new_id
from tests.gui.conftest import OpenWindow
from tests.gui.gated import PLENTY, GatedBench
from tests.gui.test_comparing import describe, prepare_and_edit, versions

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]

TOLD = [f"a photo of a red cube on grey stone {seen}" for seen in ("on a sunny day in fog", "at night")]  # the sample's


@pytest.fixture
def edited(
    service: GatedBench, open_window: OpenWindow, until: Until, photo: Path, sample_edit: str
) -> Iterator[MainWindow]:
    """A window with a sample, prepared and edited; renders end when they are let go."""
    window = open_window()
    describe(window, until, photo)
    prepare_and_edit(window, until, sample_edit)
    yield window
    service.let_go(PLENTY)


@pytest.fixture
def others(tmp_path: Path) -> list[Path]:
    """Two more samples, without projects."""
    folder = tmp_path / "others"
    folder.mkdir()
    return [Path(shutil.copy(sample.path, folder)) for sample in samples()[1:3]]


def story(window: MainWindow, *sentences: str) -> SeriesDialog:
    """Ask for a story, and write the sentences."""
    window.actions_by_name["tell_story"].trigger()
    dialog = window.story.dialog
    while len(dialog.lines) < len(sentences):
        dialog.add_button.click()
    for line, sentence in zip(dialog.lines, [*sentences, *[""] * len(dialog.lines)], strict=False):
        line.edit.setText(sentence)
        line.edit.textEdited.emit(sentence)
    return dialog


def paste(window: MainWindow, monkeypatch: pytest.MonkeyPatch, photos: list[Path]) -> SeriesDialog:
    """Ask for the edit on these photos."""
    chosen = [str(photo) for photo in photos], ""
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: chosen)
    window.actions_by_name["apply_to_others"].trigger()
    return window.pasting.dialog


def prompts(window: MainWindow) -> list[str]:
    assert window.editor.session is not None
    return [version.recipe.prompt for version in window.editor.session.project.versions]


def test_every_sentence_becomes_a_version_and_the_one_that_is_shown_stays(
    edited: MainWindow, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = edited.editor.document
    assert document is not None
    shown = document.version_id
    dialog = story(edited, "in fog", "at night")
    assert dialog.forecast.text().startswith("Takes about ")
    dialog.start_button.click()
    until(lambda: not edited.story.run.at_work)
    assert prompts(edited)[1:] == TOLD
    assert document.version_id == shown
    assert [line.state.text() for line in dialog.lines] == [f"Version {2 + i}: {told}" for i, told in enumerate(TOLD)]
    assert dialog.state.text() == "All is done."
    sheet = tmp_path / "sheet.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(sheet), ""))
    dialog.sheet_button.click()
    until(lambda: dialog.state.text() == f"Written to {sheet}")
    with Image.open(sheet) as written:
        assert written.width > 600


def test_what_was_drawn_is_not_drawn_again(edited: MainWindow, service: GatedBench, until: Until) -> None:
    dialog = story(edited, "in fog", "at night")
    service.hold()
    service.let_go(1)
    dialog.start_button.click()
    until(lambda: versions(edited) == 2)
    dialog.stop_button.click()
    assert dialog.state.text() == "Stopped; what was made is kept, and beginning again goes on there."
    service.let_go(PLENTY)
    until(lambda: edited.engine._queue.running is None and not edited.background.busy)
    assert versions(edited) == 2
    dialog.start_button.click()
    until(lambda: not edited.story.run.at_work)
    assert prompts(edited)[1:] == TOLD


def test_escape_stops_a_story_and_the_line_below_calls_it_by_its_name(
    edited: MainWindow, service: GatedBench, until: Until
) -> None:
    service.hold()
    dialog = story(edited, "in fog", "at night")
    dialog.start_button.click()
    until(lambda: edited.editor_view.strip.text.text().startswith("Series: "))
    edited.actions_by_name["cancel"].trigger()
    assert not edited.story.run.at_work
    assert dialog.start_button.isEnabled()
    service.let_go(PLENTY)
    until(lambda: edited.engine._queue.running is None and not edited.background.busy)
    assert versions(edited) == 1


def test_a_story_that_is_asked_for_again_while_it_is_drawn_begins_anew(
    edited: MainWindow, service: GatedBench, until: Until
) -> None:
    service.hold()
    story(edited, "in fog", "at night", "on grass").start_button.click()
    until(lambda: edited.story.run.at_work and edited.engine._queue.running is not None)
    dialog = story(edited, "at sunset")
    service.let_go(PLENTY)
    dialog.start_button.click()
    until(lambda: not edited.story.run.at_work)
    assert dialog.state.text() == "All is done."
    assert [prompt.endswith("at sunset") for prompt in prompts(edited)] == [False, True]


def test_what_fails_is_said_and_leaves_what_was_made(edited: MainWindow, service: GatedBench, until: Until) -> None:
    service.fault = ValueError("no")
    dialog = story(edited, "in fog")
    dialog.start_button.click()
    until(lambda: not edited.story.run.at_work)
    assert dialog.state.text() == "Something unforeseen went wrong in the engine; the log file says more."
    assert versions(edited) == 1


def test_pictures_stand_on_what_they_were_drawn_on_whatever_is_shown_meanwhile(
    edited: MainWindow, service: GatedBench, until: Until, sample: Sample
) -> None:
    document = edited.editor.document
    assert document is not None
    assert document.version is not None
    drawn_on = document.version
    edited.editor.describe(f"{sample.caption} on grass")
    edited.editor_view.prompts.prepare_button.click()
    until(lambda: versions(edited) == 2)
    other = document.version_id
    edited.versions.choose(drawn_on.id)
    dialog = story(edited, "in fog", "at night")
    service.hold()
    dialog.start_button.click()
    edited.versions.choose(other)
    service.let_go(1)
    until(lambda: versions(edited) == 3)
    edited.editor.describe("a cup")  # which waits to be prepared
    service.let_go(PLENTY)
    until(lambda: not edited.story.run.at_work)
    made = document.session.project.versions[2:]
    assert [version.inversion for version in made] == [drawn_on.inversion] * 2
    assert [line.state.text() for line in dialog.lines] == [f"{v.name}: {v.recipe.prompt}" for v in made]
    assert (document.version_id, document.description) == (other, "a cup")


def test_a_picture_that_cannot_be_kept_ends_a_story_and_the_dialog_says_why(
    edited: MainWindow, service: GatedBench, until: Until
) -> None:
    document = edited.editor.document
    assert document is not None
    project = document.session.project
    (version,) = project.versions
    more = (version.model_copy(update={"id": new_id(), "name": f"{n}"}) for n in range(MAX_ROWS - 1))
    document.session.working_copy.change(versions=(version, *more))
    begun = len(service.begun)
    dialog = story(edited, "in fog", "at night")
    dialog.start_button.click()
    until(lambda: not edited.story.run.at_work)
    assert dialog.state.text() == "This project is full; delete versions that you no longer need."
    assert [line.state.text() for line in dialog.lines] == ["", ""]
    assert len(service.begun) == begun + 1


def test_a_story_is_not_begun_on_a_photo_that_is_described_otherwise_by_now(edited: MainWindow, until: Until) -> None:
    dialog = story(edited, "in fog")
    edited.editor.describe("a cup")
    dialog.start_button.click()
    assert dialog.state.text() == "The photo is not prepared as it is described now; prepare it, then begin."
    assert not edited.story.run.at_work


def test_a_story_without_a_sentence_says_what_is_missing(edited: MainWindow) -> None:
    dialog = story(edited)
    dialog.start_button.click()
    assert dialog.state.text() == "A series needs at least one sentence; say what the first picture should show."


def test_lines_are_added_moved_and_removed_by_keyboard(edited: MainWindow, qtbot: QtBot) -> None:
    dialog = story(edited, "one", "two")
    qtbot.keyClick(dialog.add_button, Qt.Key.Key_Space)
    assert len(dialog.lines) == 3
    dialog.activateWindow()
    dialog.lines[1].edit.setFocus()
    qtbot.waitUntil(dialog.lines[1].edit.hasFocus)
    qtbot.keyClick(dialog.lines[1].edit, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert [entry.text for entry in dialog.entries] == ["two", "one", ""]
    qtbot.keyClick(dialog.lines[2].remove, Qt.Key.Key_Space)
    assert [entry.text for entry in dialog.entries] == ["two", "one"]
    assert [line.edit.accessibleName() for line in dialog.lines] == ["Sentence 1", "Sentence 2"]


def test_another_photo_ends_a_story(edited: MainWindow, service: GatedBench, until: Until, others: list[Path]) -> None:
    dialog = story(edited, "in fog")
    service.hold()
    dialog.start_button.click()
    edited.opening.open_path(others[0])
    until(lambda: not dialog.isVisible())
    assert not edited.story.run.at_work
    service.let_go(PLENTY)


def test_the_edit_is_made_on_other_photos_in_their_own_projects(
    edited: MainWindow, until: Until, others: list[Path], photo: Path, monkeypatch: pytest.MonkeyPatch, sample_edit: str
) -> None:
    others[0].with_name("broken.jpg").write_bytes(b"no picture")
    dialog = paste(edited, monkeypatch, [others[0], others[0].with_name("broken.jpg"), others[1], photo])
    assert [entry.title for entry in dialog.entries] == [others[0].name, "broken.jpg", others[1].name]
    assert dialog.forecast.text().startswith("Takes about ")
    dialog.start_button.click()
    until(lambda: not edited.pasting.run.at_work)
    made = [Session.open(path).project.versions for path in others]
    assert [[version.recipe.prompt for version in each] for each in made] == [[sample_edit]] * 2
    assert dialog.lines[0].state.text() == f"Version 1: {sample_edit}"
    assert "broken.jpg" in dialog.lines[1].state.text()
    assert dialog.state.text() == "All is done but one photo; what is wrong is said below it."
    assert versions(edited) == 1
    dialog.lines[2].remove.click()
    assert "broken.jpg" in dialog.lines[1].state.text(), "another line was removed"
    before = others[1].read_bytes()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(others[1]), ""))
    dialog.sheet_button.click()
    until(lambda: "is the photo itself" in dialog.state.text())
    assert others[1].read_bytes() == before


def test_each_photo_gets_the_change_in_its_own_words(
    edited: MainWindow, until: Until, others: list[Path], monkeypatch: pytest.MonkeyPatch, sample: Sample
) -> None:
    edited.editor.say_in_words(f"{sample.caption} in fog")
    until(lambda: edited.editor.pictures.final)
    dialog = paste(edited, monkeypatch, others[:1])
    dialog.lines[0].edit.setText("a lamp on snow")
    dialog.start_button.click()
    until(lambda: not edited.pasting.run.at_work)
    (version,) = Session.open(others[0]).project.versions
    assert version.recipe.prompt == "a lamp on snow in fog"


def test_only_the_photo_whose_edit_it_is_is_left_out_and_that_is_said(
    edited: MainWindow, until: Until, others: list[Path], photo: Path, monkeypatch: pytest.MonkeyPatch, sample_edit: str
) -> None:
    dialog = paste(edited, monkeypatch, [photo])
    assert dialog.entries == ()
    assert dialog.state.text() == f"“{photo.name}” has this edit already."
    edited.opening.open_path(others[0])
    until(lambda: edited.editor.session is not None and edited.editor.session.photo.path == others[0])
    edited.pasting.add([others[0], photo])
    assert [entry.title for entry in dialog.entries] == [others[0].name]
    dialog.start_button.click()
    until(lambda: not edited.pasting.run.at_work)
    (version,) = Session.open(others[0]).project.versions
    assert version.recipe.prompt == sample_edit


def test_without_photos_there_is_nothing_to_begin(edited: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = paste(edited, monkeypatch, [])
    dialog.start_button.click()
    assert dialog.state.text() == "There are no photos yet; add some."


def test_closing_the_window_ends_both(
    edited: MainWindow,
    service: GatedBench,
    until: Until,
    others: list[Path],
    close: Close,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story(edited, "in fog")
    service.hold()
    edited.story.dialog.start_button.click()
    paste(edited, monkeypatch, others).start_button.click()
    begun = len(service.begun)
    until(lambda: len(service.begun) > begun - 1)
    service.let_go(PLENTY)
    close(edited)
    assert not edited.story.run.at_work
    assert not edited.pasting.run.at_work


@pytest.mark.usefixtures("service")
def test_there_is_nothing_to_tell_before_a_photo_is_prepared(open_window: OpenWindow) -> None:
    window = open_window()
    assert not window.actions_by_name["tell_story"].isEnabled()
    assert not window.actions_by_name["apply_to_others"].isEnabled()
