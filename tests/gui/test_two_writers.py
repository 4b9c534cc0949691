"""Another program saves the project of the photo that is open here."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Message, Topic
from nti_desktop.photo.raster import Raster
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import OpenWindow
from tests.sessions import SOURCE, invert, scene

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def sidecar(photo: Path) -> Path:
    """Of a photo with one version."""
    session = Session.open(photo)
    invert(session)
    session.add_version("Version 1", EditRecipe(SOURCE))
    session.save()
    return session.sidecar


@pytest.fixture
def window(open_window: OpenWindow, photo: Path, sidecar: Path, until: Until) -> MainWindow:
    window = open_window(100_000)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def names(sidecar: Path) -> set[str]:
    return {version.name for version in read_sidecar(sidecar).project.versions}


def said(window: MainWindow, topic: Topic) -> list[Message]:
    return [message for message in window.editor_view.messages.messages if message.topic is topic]


def rename(window: MainWindow, name: str) -> None:
    assert window.editor.document is not None
    window.versions.rename(window.editor.document.version_id, name)


def shown(window: MainWindow) -> list[str]:
    versions = window.editor_view.versions_panel.list
    return [versions.item(row).text() for row in range(versions.count())]


def test_what_another_program_saved_is_shown_and_said(
    window: MainWindow, photo: Path, sidecar: Path, until: Until
) -> None:
    other = Session.open(photo)
    green = other.add_version("Green", EditRecipe("a green ball on a table"))
    other.working_copy.keep_preview(green.id, encode_preview(Raster(scene(2))))
    other.save()
    rename(window, "Bolder")
    window.leaving.save()
    until(lambda: green.id in window.editor.pictures.of_versions)
    assert names(sidecar) == {"Bolder", "Green"}
    assert shown(window) == ["Bolder", "Green"]
    (message,) = said(window, Topic.ARRIVED)
    assert "“Green”" in message.text
    assert not window.isWindowModified()
    window.editing.undo()
    assert shown(window) == ["Version 1", "Green"]


def test_the_version_on_screen_that_was_changed_elsewhere_is_shown_as_it_is_now(
    window: MainWindow, photo: Path, sidecar: Path, until: Until
) -> None:
    window.versions.add_version()
    document = window.editor.document
    assert document is not None
    first = document.session.project.versions[0].id
    window.versions.choose(first)
    window.editor.stored_previews.thumbnails[first] = QImage(8, 8, QImage.Format.Format_RGB888)
    other = Session.open(photo)
    other.change_version(first, recipe=EditRecipe("a green ball on a table"))
    other.save()
    window.leaving.save()
    until(lambda: document.edit_text == "a green ball on a table")
    assert window.editor.stored_previews.thumbnails.get(first) is None, "as it was before"
    assert window.editor_view.prompts.edit.text() == "a green ball on a table"
    window.editing.undo()
    assert document.edit_text == SOURCE


# What cannot be saved where it lies


def answering(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Whoever asks for a file is given this one."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments, **_options: (str(path), ""))


def press(window: MainWindow, title: str) -> None:
    (message,) = said(window, Topic.SAVE)
    next(action for action in message.actions if action.title == title).do()


def test_a_sidecar_deleted_meanwhile_is_simply_written_again(window: MainWindow, sidecar: Path, until: Until) -> None:
    rename(window, "Bolder")
    sidecar.unlink()
    window.leaving.save()
    until(lambda: not window.isWindowModified())
    assert names(sidecar) == {"Bolder"}
    assert said(window, Topic.SAVE) == []


@pytest.mark.parametrize("leaving", ["staying", "closing", "opening another"])
def test_a_refused_save_leads_to_another_name(
    open_window: OpenWindow,
    photo: Path,
    sidecar: Path,
    tmp_path: Path,
    until: Until,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    leaving: str,
) -> None:
    """Its folder was renamed."""
    folder = tmp_path / "card"
    folder.mkdir()
    for file in (photo, sidecar):
        shutil.move(file, folder)
    other = Path(shutil.copy(folder / photo.name, tmp_path / "other.jpg"))
    window = open_window(100_000)
    window.opening.open_path(folder / photo.name)
    until(lambda: window.editor.document is not None)
    rename(window, "Bolder")
    folder.rename(tmp_path / "renamed")
    {
        "staying": window.leaving.save,
        "closing": window.close,
        "opening another": lambda: window.opening.open_path(other),
    }[leaving]()
    until(lambda: bool(said(window, Topic.SAVE)))
    assert window.isVisible()
    assert "folder is gone" in said(window, Topic.SAVE)[0].text
    answering(monkeypatch, tmp_path / "kept.nti")
    press(window, "Save as…")
    until((tmp_path / "kept.nti").exists)
    until(lambda: not window.editor.file_tasks.saving)
    assert names(tmp_path / "kept.nti") == {"Bolder"}
    if leaving == "opening another":
        until(lambda: window.editor.session is not None and window.editor.session.photo.path == other)
    else:
        assert not window.isWindowModified()


def test_a_new_name_is_asked_for_and_kept(
    window: MainWindow, sidecar: Path, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "mine.nti"
    answering(monkeypatch, tmp_path / "mine")
    window.saving_as.save_as()
    until(own.exists)
    rename(window, "Bolder")
    window.leaving.save()
    until(lambda: not window.isWindowModified())
    assert (names(own), names(sidecar)) == ({"Bolder"}, {"Version 1"})
    (message,) = said(window, Topic.ARRIVED)
    assert str(own) in message.text
