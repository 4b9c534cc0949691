"""The window writes down within moments what is not saved, and shows it again after it was killed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from nti_desktop.gui.controllers import journal as controller
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Action
from nti_desktop.photo.metadata import Metadata, with_metadata
from nti_desktop.project import journal
from nti_desktop.project.archive import Unsound
from nti_desktop.project.journal import left_behind
from tests.gui.conftest import OpenWindow
from tests.metadata_files import exif_block
from tests.sessions import BLUE, GREEN, SOURCE, with_a_version

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]

NEVER = 10_000_000  # milliseconds; the project does not save itself


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "AFTER", 20)


class Crash:
    """What lies on the disk at a moment: put back, it is as if the program had been killed then."""

    def __init__(self, photo: Path, kept: Path) -> None:
        self._photo, self._kept = photo, kept
        shutil.copytree(photo.parent, kept / "photos")
        unfinished = shutil.ignore_patterns(".*")  # which come and go
        shutil.copytree(journal.journals_folder(), kept / "journals", ignore=unfinished)

    def happened(self) -> None:
        for source, target in (("photos", self._photo.parent), ("journals", journal.journals_folder())):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(self._kept / source, target)


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, until: Until, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """A window that does not save, with a photo of which two sentences are written."""
    window = open_window(save_after=NEVER)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    window.editor.describe("a dog on a lawn")
    window.editor.say_in_words("a cat on a lawn")
    until(lambda: any(read.desk.edit_text == "a cat on a lawn" for read in _written()))
    return window


def _written() -> Iterator[journal.Left]:
    """All that lies there, also what is being written."""
    for log in journal.journals_folder().glob("*/log"):
        with suppress(OSError, ValueError, Unsound):  # it is being written, or has gone meanwhile
            yield journal.read(log.parent)


def test_a_text_that_is_far_too_long_is_said_to_be_and_stays(window: MainWindow, until: Until) -> None:
    line, estimate = window.editor_view.prompts.description, window.editor_view.prompts.estimate
    pasted = "word " * 2_400
    QApplication.clipboard().setText(pasted)
    line.selectAll()
    line.paste()
    assert estimate.text().startswith(f"A sentence of {len(pasted)} letters is too long; shorten it to 2000")
    line.settle()
    assert line.text() == pasted
    until(lambda: any(read.desk.description == pasted for read in _written()))


NextWindow = Callable[[MainWindow], MainWindow]


@pytest.fixture
def next_window(
    photo: Path, tmp_path_factory: pytest.TempPathFactory, open_window: OpenWindow, until: Until,
    close: Callable[[MainWindow], None],
) -> NextWindow:  # fmt: skip
    """Opens the next window on the photo, after one was killed."""

    def kill(window: MainWindow) -> MainWindow:
        crash = Crash(photo, tmp_path_factory.mktemp("kept"))
        close(window)
        crash.happened()
        again = open_window(save_after=NEVER)
        again.opening.open_path(photo)
        until(lambda: again.editor.document is not None)
        return again

    return kill


@pytest.fixture
def again(window: MainWindow, next_window: NextWindow) -> MainWindow:
    """The next window after one in which two sentences were written."""
    return next_window(window)


@pytest.fixture
def edited(open_window: OpenWindow, photo: Path, until: Until, next_window: NextWindow) -> MainWindow:
    """The next window after one in which a saved version was edited."""
    with_a_version(photo)
    window = open_window(save_after=NEVER)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    window.editor.say_in_words(GREEN.prompt)
    until(lambda: any(read.desk.edit_text == GREEN.prompt for read in _written()))
    return next_window(window)


def prompts(window: MainWindow) -> list[str]:
    session = window.editor.session
    assert session is not None
    return [version.recipe.prompt for version in session.working_copy.saved_project.versions]


def offers(window: MainWindow) -> list[Action]:
    """Buttons that go back to what was saved."""
    messages = window.editor_view.messages.messages
    return [action for message in messages for action in message.actions if action.title == "Discard it"]


def texts(window: MainWindow) -> list[str]:
    return [message.text for message in window.editor_view.messages.messages]


def test_what_was_written_is_there_again_and_one_line_says_so(again: MainWindow) -> None:
    assert again.editor_view.prompts.description.text() == "a dog on a lawn"
    assert again.editor_view.prompts.edit.text() == "a cat on a lawn"
    (line,) = [text for text in texts(again) if "when the program ended" in text]
    assert line.endswith("is here again.")


def test_discarded_it_is_gone_for_good(again: MainWindow, until: Until) -> None:
    (discard,) = offers(again)
    discard.do()
    assert again.editor.document is not None
    assert again.editor.document.edit_text != "a cat on a lawn"
    until(lambda: not list(journal.journals_folder().iterdir()))


def test_after_discarding_it_what_is_edited_is_saved_whatever_is_cancelled(edited: MainWindow, until: Until) -> None:
    document = edited.editor.document
    assert document is not None
    assert document.edit_text == GREEN.prompt
    (discard,) = offers(edited)
    discard.do()
    edited.progress.cancel()
    assert edited.editor.document is not None
    assert edited.editor.document.edit_text == BLUE.prompt
    edited.editor.say_in_words("a yellow ball on a table")
    edited.leaving.save()
    until(lambda: prompts(edited) == ["a yellow ball on a table"])


def test_once_it_is_saved_it_is_taken_back_by_undo_and_no_longer_by_discarding_it(
    edited: MainWindow, until: Until
) -> None:
    assert offers(edited)
    edited.editor.save(by_itself=True)
    until(lambda: not offers(edited))
    assert prompts(edited) == [GREEN.prompt]
    edited.editor.undo()
    assert edited.editor.document is not None
    assert edited.editor.document.edit_text == BLUE.prompt


def test_words_that_nothing_was_prepared_with_are_there_again_after_an_orderly_end_without_a_line(
    window: MainWindow, photo: Path, open_window: OpenWindow, until: Until, close: Callable[[MainWindow], None]
) -> None:
    close(window)
    (left,) = left_behind()
    assert left.ended
    again = open_window(save_after=NEVER)
    again.opening.open_path(photo)
    until(lambda: again.editor.document is not None)
    assert again.editor_view.prompts.edit.text() == "a cat on a lawn"
    assert not [text for text in texts(again) if "when the program ended" in text]


def test_the_open_photo_opened_again_keeps_what_is_written(window: MainWindow, photo: Path, until: Until) -> None:
    document = window.editor.document
    window.opening.open_path(photo)
    until(lambda: window.editor.file_tasks.opening is None)
    assert window.editor.document is document
    assert window.editor_view.canvas is window.editor_view.view
    assert window.editor_view.prompts.isEnabled()
    assert window.editor_view.prompts.edit.text() == "a cat on a lawn"


def test_the_open_photo_opened_again_is_shown_as_another_program_saved_it_with_what_is_written(
    window: MainWindow, photo: Path, until: Until
) -> None:
    with_a_version(photo)
    window.opening.open_path(photo)
    until(lambda: prompts(window) == [BLUE.prompt])
    assert window.editor.document is not None
    assert window.editor_view.prompts.edit.text() == window.editor.document.edit_text == "a cat on a lawn"
    until(
        lambda: [(len(left.project.versions), left.desk.edit_text) for left in _written()] == [(1, "a cat on a lawn")]
    )
    window.editor.describe(SOURCE)
    assert window.editor.document.edit_text == BLUE.prompt
    until(lambda: not list(_written()))


def test_the_open_photo_opened_again_after_another_program_turned_it_keeps_what_is_written(
    window: MainWindow, photo: Path, until: Until
) -> None:
    document = window.editor.document
    photo.write_bytes(with_metadata(photo.read_bytes(), "JPEG", Metadata(exif_block(orientation=6))))
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not document)
    assert window.editor_view.prompts.edit.text() == "a cat on a lawn"


def test_the_open_photo_opened_again_is_shown_as_another_program_saved_it(
    open_window: OpenWindow, photo: Path, until: Until
) -> None:
    window = open_window(save_after=NEVER)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    with_a_version(photo)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None and window.editor.document.edit_text == BLUE.prompt)


def test_once_everything_is_saved_no_journal_is_left(prepared: MainWindow, sample_edit: str, until: Until) -> None:
    prepared.editor.say_in_words(sample_edit)
    until(lambda: bool(list(_written())))
    session = prepared.editor.session
    assert session is not None

    def saved() -> bool:
        prepared.leaving.save()  # again, where a picture was done after the last save
        return not session.working_copy.dirty and not list(journal.journals_folder().glob("*"))

    until(saved)


def test_looking_at_a_sample_writes_no_journal(
    open_window: OpenWindow, photo: Path, until: Until, close: Callable[[MainWindow], None]
) -> None:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None and bool(window.editor.document.description))
    close(window)
    assert list(photo.parent.iterdir()) == [photo]
    assert not list(journal.journals_folder().glob("*"))
