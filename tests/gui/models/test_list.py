"""The models that are here: listed, used, verified, added, removed, in the real window."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.gui.controllers import model_library
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.models.library.catalog import BUILT_IN
from nti_desktop.models.library.places import read_places
from tests.gui.conftest import OpenWindow
from tests.gui.models.page import MODEL, NAME, Close, Until, answer, asked_for, choose, rested, rows, said
from tests.hub_server import LocalHub


def test_the_window_is_there_before_anything_was_looked_for(open_window: OpenWindow, until: Until) -> None:
    window = open_window()
    assert window.library.contents is None
    models = window.editor_view.model_panel.models
    assert [models.itemText(n) for n in range(models.count())] == ["Studio (built in)"]
    assert window.models.page.list.list.rows == ()
    rested(window, until)
    titles = [row.name for row in BUILT_IN.values()]
    assert [row.title for row in window.models.page.list.list.rows] == [f"{titles[0]}  —  in use", *titles[1:]]
    assert window.editor.model.entry.built_in


def test_looking_is_said_and_does_not_hold_the_window(
    open_window: OpenWindow, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, look = Event(), model_library._look

    def slow_drive() -> model_library.Contents:
        may_end.wait(60)
        return look()

    monkeypatch.setattr(model_library, "_look", slow_drive)
    window = open_window()
    window.models.show_page()
    assert window.models.page.list.looking.isVisible()
    assert window.library.contents is None
    may_end.set()
    rested(window, until)
    assert not window.models.page.list.looking.isVisible()


def test_models_are_listed_used_verified_and_removed(
    opened: Callable[[], MainWindow], copied: Callable[[Path], Path], until: Until, tmp_path: Path, home: Path
) -> None:
    store, comfy = read_places().store, home / "ComfyUI" / "models" / "checkpoints"
    mine = copied(store / NAME)
    comfy.mkdir(parents=True)
    (comfy / "broken.safetensors").write_bytes(b"no model")
    window = opened()
    page = window.models.page
    assert "in the models folder" in rows(window)[NAME].lines[0]
    assert "Stable Diffusion 1" in rows(window)[NAME].lines[0]
    assert "21.8 MB" in rows(window)[NAME].lines[0]
    assert "found in ComfyUI" in rows(window)["broken.safetensors"].lines[0]
    assert rows(window)["broken.safetensors"].warning

    choose(window, "broken.safetensors")
    assert not page.list.use.isEnabled()
    choose(window, NAME)
    page.list.use.click()
    assert window.editor.model.entry.id == str(mine)
    assert "in use" in rows(window)[NAME].title
    panel = window.editor_view.model_panel.models
    assert panel.currentText() == MODEL
    assert panel.count() == len(BUILT_IN) + 1

    page.list.verify.click()
    rested(window, until)
    assert "is whole" in said(page)

    page.list.remove.click()
    answer(window, "Keep")
    assert mine.exists()
    page.list.remove.click()
    answer(window, "Delete")
    until(lambda: NAME not in rows(window))
    assert not mine.exists()
    assert "is deleted" in said(page)
    assert window.editor.model.entry.built_in  # nobody works with what is gone
    assert panel.count() == len(BUILT_IN)


def test_what_was_asked_about_is_deleted_whatever_is_selected_meanwhile(
    server: LocalHub, opened: Callable[[], MainWindow], copied: Callable[[Path], Path], until: Until
) -> None:
    store = read_places().store
    mine = copied(store / "mine")
    window = opened()
    page = window.models.page
    asked_for(window, MODEL, until)
    choose(window, "mine")
    page.list.remove.click()
    page.downloads.terms.accept_box.click()
    page.downloads.terms.download.click()
    until(lambda: page.list.list.key == str(store / NAME))  # it is here, ready to be used
    answer(window, "Delete")
    until(lambda: not mine.exists())
    rested(window, until)
    assert (store / NAME / "model_index.json").exists()


def test_a_model_elsewhere_is_added_where_it_is_and_only_forgotten(
    opened: Callable[[], MainWindow],
    copied: Callable[[Path], Path],
    until: Until,
    close: Close,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = copied(tmp_path / "my model")
    window = opened()
    page = window.models.page
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "empty"))
    page.list.add_folder.click()
    until(lambda: bool(said(page, Tone.ERROR)))
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"no model")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    page.list.add_file.click()
    until(lambda: "“model.safetensors” is damaged" in said(page, Tone.ERROR))
    assert read_places().added == ()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(mine))
    page.list.add_folder.click()
    until(lambda: mine.name in rows(window))
    rested(window, until)
    assert page.list.list.key == str(mine)  # ready to be used
    assert "used where it is" in said(page)
    assert read_places().added == (mine,)  # the command line knows it too
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    page.list.show_folder.click()
    assert [Path(url.toLocalFile()) for url in shown] == [mine]
    close(window)

    again = opened()
    assert mine.name in rows(again)
    choose(again, mine.name)
    again.models.page.list.remove.click()
    answer(again, "Take off the list")
    until(lambda: mine.name not in rows(again))
    assert (mine / "model_index.json").exists()
    assert read_places().added == ()


def test_the_page_fits_a_small_screen(qtbot: QtBot) -> None:
    page = ModelsPage()
    qtbot.addWidget(page)
    assert isinstance(page, QDialog)
    assert not page.isModal()
    assert page.minimumSizeHint().height() <= 640
    assert page.minimumSizeHint().width() <= 1200
