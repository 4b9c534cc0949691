"""The project is saved by itself a while after its last change, and not for anything else."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.editing.changes import Change
from nti_desktop.editing.session import Session
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Topic
from nti_desktop.models.library.samples import samples
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import OpenWindow
from tests.gui.test_story import errors
from tests.sessions import SOURCE, invert

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]
SOON = 20  # milliseconds


@pytest.fixture
def sidecar(photo: Path) -> Path:
    return with_a_version(photo)


def with_a_version(photo: Path) -> Path:
    """Leave a project with one version beside the photo."""
    session = Session.open(photo)
    invert(session)
    session.add_version("Version 1", EditRecipe(SOURCE))
    session.save()
    return session.sidecar


def names(sidecar: Path) -> list[str]:
    return [version.name for version in read_sidecar(sidecar).project.versions]


def opened(open_window: OpenWindow, photo: Path, until: Until, save_after: int) -> MainWindow:
    window = open_window(save_after)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def rename(window: MainWindow, name: str) -> None:
    assert window.editor.document is not None
    window.versions.rename(window.editor.document.version_id, name)


def timer_of(window: MainWindow) -> QTimer:
    return window.autosave.findChild(QTimer)


def test_a_change_is_saved_by_itself(open_window: OpenWindow, photo: Path, sidecar: Path, until: Until) -> None:
    window = opened(open_window, photo, until, SOON)
    for name in ("Bolder", "Boldest"):
        rename(window, name)
        until(lambda name=name: names(sidecar) == [name])
        until(lambda: not window.isWindowModified())


def test_the_time_runs_from_the_last_change(open_window: OpenWindow, photo: Path, sidecar: Path, until: Until) -> None:
    window = opened(open_window, photo, until, 100_000)
    timer = timer_of(window)
    assert not timer.isActive()  # opening is no change
    rename(window, "Bolder")
    assert timer.isActive()
    running = timer.timerId()  # another one each time that it is started
    window.editor.tell(Change.EDIT)  # nothing has changed
    assert timer.timerId() == running
    rename(window, "Boldest")
    assert timer.timerId() != running
    rename(window, "Version 1")  # back to what is on the disk
    assert not timer.isActive()
    assert names(sidecar) == ["Version 1"]


def test_saving_by_hand_leaves_nothing_to_be_saved_later(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until
) -> None:
    window = opened(open_window, photo, until, 100_000)
    rename(window, "Bolder")
    window.leaving.save()
    until(lambda: names(sidecar) == ["Bolder"] and not window.editor.file_tasks.saving)
    window.editor.tell(Change.EDIT)
    assert not timer_of(window).isActive()


def dismiss_errors(window: MainWindow) -> None:
    """As a person does who has read them."""
    messages = window.editor_view.messages
    messages.clear(tuple((m.topic, m.of) for m in messages.messages if m.topic is Topic.SAVE))


def offered(window: MainWindow) -> list[QPushButton]:
    """What can be done about what the messages say."""
    return [button for strip in window.editor_view.messages._strips for button in strip.buttons]


@contextmanager
def written_by_someone_else(sidecar: Path) -> Iterator[None]:
    """The project cannot be saved."""
    as_it_was = sidecar.read_bytes()
    sidecar.write_bytes(as_it_was + b"written by someone else")
    try:
        yield
    finally:
        sidecar.write_bytes(as_it_was)


def test_who_asks_while_a_save_by_itself_is_under_way_is_answered(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, qtbot: QtBot
) -> None:
    window, may_go_on = opened(open_window, photo, until, SOON), Event()
    with written_by_someone_else(sidecar):
        with qtbot.waitSignal(window.editor.file_tasks.save_failed):
            rename(window, "Bolder")
        dismiss_errors(window)
        saves = "save", sidecar  # the lane in which they wait for one another
        window.background.submit(lambda: may_go_on.wait(60), lambda _result: None, lambda _error: None, lane=saves)
        rename(window, "Boldest")
        until(lambda: window.editor.file_tasks.saving)
        with qtbot.waitSignal(window.editor.file_tasks.save_failed):
            window.leaving.save()
            may_go_on.set()
        assert len(errors(window)) == 1


def test_what_was_told_of_one_photo_is_told_of_another_that_is_called_the_same(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "another card"
    folder.mkdir()
    other, sidecar_of_other = (Path(shutil.copy(each, folder)) for each in (photo, sidecar))
    window = opened(open_window, photo, until, 100_000)
    with written_by_someone_else(sidecar):
        rename(window, "Bolder")
        window.opening.open_path(other)
        until(lambda: [button.text() for button in offered(window)] == ["Save as…", "Open without saving"])
        with qtbot.waitSignal(window.editor.file_tasks.save_failed):  # it is tried once more
            offered(window)[1].click()
    assert window.editor.session is not None
    assert window.editor.session.photo.path == other
    dismiss_errors(window)
    timer_of(window).setInterval(SOON)
    with written_by_someone_else(sidecar_of_other):
        with qtbot.waitSignal(window.editor.file_tasks.save_failed):
            rename(window, "Bolder")
        assert len(errors(window)) == 1


def test_a_photo_that_was_left_before_it_could_be_saved_is_told_of_until_it_is(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(samples()[1].path, tmp_path / "other"))
    sidecar_of_other = with_a_version(other)
    window, may_go_on = opened(open_window, photo, until, 100_000), Event()
    window.background.submit(lambda: may_go_on.wait(60), lambda _result: None, lambda _error: None)
    window.opening.open_path(other)
    rename(window, "Bolder")  # while the other one is read
    with written_by_someone_else(sidecar):
        with qtbot.waitSignal(window.editor.file_tasks.save_failed):
            may_go_on.set()
        assert window.editor.session is not None
        assert window.editor.session.photo.path == other
        rename(window, "Other")
        window.leaving.save()
        until(lambda: names(sidecar_of_other) == ["Other"] and not window.editor.file_tasks.saving)
        assert len(errors(window)) == 1
    elsewhere, again = offered(window)
    assert elsewhere.text() == "Save as…"
    again.click()
    until(lambda: names(sidecar) == ["Bolder"])
    until(lambda: errors(window) == [])


def test_a_save_that_fails_is_told_once_and_tried_again_at_the_next_change(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, qtbot: QtBot
) -> None:
    window = opened(open_window, photo, until, SOON)
    as_it_was = sidecar.read_bytes()
    sidecar.write_bytes(as_it_was + b"written by someone else")
    with qtbot.waitSignal(window.editor.file_tasks.save_failed):
        rename(window, "Bolder")
    assert len(errors(window)) == 1
    assert not timer_of(window).isActive()

    dismiss_errors(window)
    with qtbot.waitSignal(window.editor.file_tasks.save_failed):
        rename(window, "Boldest")
    assert errors(window) == []
    with qtbot.waitSignal(window.editor.file_tasks.save_failed):
        window.leaving.save()  # who asks is answered
    assert len(errors(window)) == 1

    sidecar.write_bytes(as_it_was)
    rename(window, "Version 2")
    until(lambda: names(sidecar) == ["Version 2"])
    until(lambda: errors(window) == [])


def test_when_it_saves_is_chosen_from_the_menu_and_remembered(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, close: Callable[[MainWindow], None]
) -> None:
    window = open_window(None)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    choices = [window.actions_by_name[name] for name in ("save_soon", "save_after_a_minute", "save_on_closing")]
    assert [choice.isChecked() for choice in choices] == [True, False, False]
    rename(window, "Soon")
    assert timer_of(window).isActive()
    assert timer_of(window).interval() == 10_000
    choices[1].trigger()
    assert timer_of(window).interval() == 60_000
    choices[2].trigger()
    assert not timer_of(window).isActive()
    rename(window, "On closing")
    assert not timer_of(window).isActive()
    close(window)
    assert names(sidecar) == ["On closing"]
    again = open_window(None)
    assert [again.actions_by_name[choice.objectName()].isChecked() for choice in choices] == [False, False, True]


def test_the_line_below_says_when_changes_are_saved(
    open_window: OpenWindow, photo: Path, sidecar: Path, until: Until, qtbot: QtBot
) -> None:
    window = opened(open_window, photo, until, 10_000)
    line = window.editor_view.strip.text
    rename(window, "Bolder")
    until(lambda: line.text() == "Changes are saved in a few seconds")
    window.actions_by_name["save_after_a_minute"].trigger()
    assert line.text() == "Changes are saved within a minute"
    window.actions_by_name["save_on_closing"].trigger()
    assert line.text() == "Changes are saved on closing"
    with written_by_someone_else(sidecar), qtbot.waitSignal(window.editor.file_tasks.save_failed):
        window.leaving.save()
    until(lambda: line.text() == "Changes are not saved yet")
    window.leaving.save()
    until(lambda: line.text() == "Saved")
