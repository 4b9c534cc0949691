"""Teaching a word in the window: from the Models page to a word that the list shows, with the real engine thread."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import NtiError
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.editing.teaching import Lesson, check_lesson
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.teach_dialog import TeachDialog
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.places import read_places
from nti_desktop.recipe.jobs import Figures, Measured, MeasureJob
from nti_desktop.recipe.teaching import LEARNING, VECTORS, Taught, TeachJob
from tests.editing.test_teaching import write_photos
from tests.gui.gated import GatedBench
from tests.gui.models.page import Until, choose, rested, rows, said


class Pupil(GatedBench):
    """Learns at once, or once it is let; asked: what it was to learn; fault: what a lesson ends with."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[TeachJob] = []

    def teach(self, job: TeachJob, report: Report, cancel: CancelToken) -> Taught:
        self.asked.append(job)
        report(Progress(LEARNING.name, 3, 120, 60.0))
        while not self._go.acquire(timeout=0.01):
            if cancel.cancelled:
                job.keep({"steps": np.full(1, 3, np.float32)})
            cancel.check()
        if self.fault is not None:
            raise self.fault
        return Taught(job.word, (np.ones((VECTORS, 128), np.float32),), Figures(1.0, 0))


@pytest.fixture
def pupil(monkeypatch: pytest.MonkeyPatch) -> Pupil:
    pupil = Pupil()
    monkeypatch.setattr("nti_desktop.gui.main_window.load_service", lambda: pupil)
    return pupil


@pytest.fixture
def dialog(
    pupil: Pupil, opened: Callable[[], MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> TeachDialog:
    """All that a lesson needs is typed and chosen, and the time is told."""
    photos = write_photos(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in photos], ""))
    dialog = asked_for(opened(), until)
    assert "about about" not in dialog.state.text()
    return dialog


def asked_for(window: MainWindow, until: Until) -> TeachDialog:
    choose(window, "studio")
    window.models.page.list.additions.teach.click()
    dialog = window.teaching.dialog
    dialog.name.setText("my mug")
    dialog.kind.setText("mug")
    dialog.choose.click()
    until(lambda: "takes about" in dialog.state.text())
    return dialog


def window_of(dialog: TeachDialog) -> MainWindow:
    window = dialog.parentWidget().parentWidget()
    assert isinstance(window, MainWindow)
    return window


def test_a_word_is_taught_and_listed_with_a_sentence_on_how_to_use_it(
    dialog: TeachDialog, pupil: Pupil, until: Until
) -> None:
    window = window_of(dialog)
    pupil.let_go()
    dialog.teach.click()
    until(lambda: "knows “my_mug” now" in dialog.state.text())
    rested(window, until)
    assert [(job.word, job.kind) for job in pupil.asked] == [("my_mug", "mug")]
    assert "with my_mug.safetensors" in rows(window)["studio"].words
    assert "write it in a sentence" in said(window.models.page)
    assert [row.about.text() for row in window.models.page.list.additions.rows] == [
        "my_mug.safetensors: embedding, “my_mug” in a sentence"
    ]
    assert window.editor.model.entry.additions == built_in().additions != ()


def test_the_learning_is_seen_stopped_and_taken_up_again(dialog: TeachDialog, pupil: Pupil, until: Until) -> None:
    dialog.teach.click()
    until(lambda: dialog.state.text().startswith(f"{LEARNING.name} · step 4 of 120 · "))
    assert (dialog.bar.value(), dialog.bar.maximum(), dialog.name.isEnabled()) == (3, 120, False)
    dialog.stop.click()
    until(lambda: dialog.state.text() == "Stopped; “Teach” goes on where it stood.")
    assert dialog.name.isEnabled()
    assert read_places().additions == ()
    pupil.let_go()
    dialog.teach.click()
    until(lambda: "knows “my_mug” now" in dialog.state.text())
    assert [int(job.begun["steps"][0]) if job.begun else 0 for job in pupil.asked] == [0, 3]
    rested(window_of(dialog), until)


def test_a_lesson_that_is_stopped_while_it_is_looked_at_is_not_learned(
    dialog: TeachDialog, pupil: Pupil, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, window = threading.Event(), window_of(dialog)

    def slow(lesson: Lesson) -> str:
        assert answers.wait(60)
        return check_lesson(lesson)

    monkeypatch.setattr("nti_desktop.gui.controllers.teaching.check_lesson", slow)
    pupil.let_go(2)
    for _ in range(2):
        dialog.teach.click()
        assert dialog.state.text() == "Looking at the photos"
        dialog.stop.click()
        assert dialog.state.text() == "Stopped; “Teach” goes on where it stood."
    dialog.teach.click()
    answers.set()
    until(lambda: "knows “my_mug” now" in dialog.state.text())
    rested(window, until)
    assert len(pupil.asked) == 1


def test_closing_the_dialog_stops_the_learning(dialog: TeachDialog, pupil: Pupil, until: Until) -> None:
    dialog.teach.click()
    until(lambda: bool(pupil.asked))
    dialog.close()
    until(lambda: "Stopped" in dialog.state.text())
    assert read_places().additions == ()


def test_closing_the_window_stops_the_learning_and_the_next_window_goes_on_there(
    dialog: TeachDialog,
    pupil: Pupil,
    opened: Callable[[], MainWindow],
    close: Callable[[MainWindow], None],
    until: Until,
) -> None:
    dialog.teach.click()
    until(lambda: bool(pupil.asked))
    close(window_of(dialog))
    assert read_places().additions == ()
    again = asked_for(opened(), until)
    pupil.let_go()
    again.teach.click()
    until(lambda: "knows “my_mug” now" in again.state.text())
    assert [int(job.begun["steps"][0]) if job.begun else 0 for job in pupil.asked] == [0, 3]
    rested(window_of(again), until)


def test_the_line_of_the_window_tells_of_the_learning_and_stops_it(
    dialog: TeachDialog, pupil: Pupil, until: Until
) -> None:
    strip = window_of(dialog).editor_view.strip
    dialog.teach.click()
    until(lambda: "Teaching a word: learning the word" in strip.text.text())
    strip.cancel_button.click()
    until(lambda: "Stopped" in dialog.state.text())


def test_the_line_of_the_window_stops_the_measuring_for_a_lesson(
    dialog: TeachDialog, pupil: Pupil, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_job: MeasureJob, report: Report, cancel: CancelToken) -> Measured:
        report(Progress("Looking at the photo", 0, 1))
        while True:
            cancel.check()

    strip = window_of(dialog).editor_view.strip
    monkeypatch.setattr(pupil, "measure", slow)
    dialog.photos_changed.emit()
    until(lambda: "Measuring" in strip.text.text())
    strip.cancel_button.click()
    until(lambda: strip.cancel_button.isHidden())


@pytest.mark.parametrize(
    ("name", "kind", "sentence", "fault"),
    [
        ("", "mug", None, "has no name"),
        ("mug", "mug", None, "means something to"),
        ("<b>mug</b>", "mug", None, "would split the word"),
        ("my mug", "dragon", None, "does not know “dragon”"),
        ("my mug", "", None, "not said what the word is"),
        ("my mug", "mug", "a mug on sand", "“my mug” is not in “a mug on sand”"),
    ],
)
def test_what_cannot_be_taught_is_said_and_nothing_typed_is_lost(
    dialog: TeachDialog, pupil: Pupil, until: Until, name: str, kind: str, sentence: str | None, fault: str
) -> None:
    dialog.name.setText(name)
    dialog.kind.setText(kind)
    if sentence is not None:
        dialog.rows[1].sentence.setText(sentence)
    dialog.teach.click()
    until(lambda: fault in dialog.state.text())
    assert (dialog.name.text(), dialog.kind.text(), len(dialog.rows)) == (name, kind, 3)
    assert dialog.teach.isVisible()
    assert pupil.asked == []


def test_a_lesson_that_fails_says_why(dialog: TeachDialog, pupil: Pupil, until: Until) -> None:
    pupil.fault = NtiError("The device has no more memory for this; choose another.")
    pupil.let_go()
    dialog.teach.click()
    until(lambda: dialog.state.text() == str(pupil.fault))
    assert dialog.teach.isVisible()


def test_sentences_follow_the_name_until_they_are_typed(dialog: TeachDialog) -> None:
    dialog.rows[0].sentence.setText("my mug at night")
    dialog.name.setText("his mug")
    assert [row.sentence.text() for row in dialog.rows] == [
        "my mug at night",
        "a photo of his mug",
        "a photo of his mug",
    ]


def test_a_photo_is_taken_out_again_and_none_is_there_twice(dialog: TeachDialog) -> None:
    path = dialog.rows[0].path
    dialog.add_photos([path, path])
    assert len(dialog.rows) == 3
    dialog.rows[0].findChildren(QPushButton)[0].click()
    assert path not in [row.path for row in dialog.rows]


def test_all_of_it_has_a_name_for_screen_readers_and_is_reached_by_keyboard(dialog: TeachDialog, qtbot: QtBot) -> None:
    assert [row.sentence.accessibleName() for row in dialog.rows] == [
        f"What {row.path.name} shows" for row in dialog.rows
    ]
    assert dialog.bar.accessibleName() == "Progress"
    for button in dialog.findChildren(QPushButton):
        assert button.text() or button.accessibleName()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    for field in (dialog.name, dialog.kind):
        assert isinstance(field, QLineEdit)
        assert field.toolTip()
    assert isinstance(dialog.bar, QProgressBar)
