"""The folder that models are kept in: chosen, unplugged, and a list of places that is damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Tone, Topic
from nti_desktop.models.library.places import places_file, read_places
from tests.gui.models.page import MODEL, Close, Until, asked_for, rested, said
from tests.hub_server import LocalHub


def test_another_drive_is_the_store_and_an_unplugged_one_is_said(
    server: LocalHub,
    opened: Callable[[], MainWindow],
    copied: Callable[[Path], Path],
    until: Until,
    close: Close,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = copied(read_places().store / "here").parent
    drive = tmp_path / "drive" / "models"
    window = opened()
    page = window.models.page
    assert str(before) in page.store.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(drive))
    page.change.click()
    until(lambda: str(drive) in page.store.text())
    assert f"Models that are in “{before}” stay there" in said(page)
    assert (before / "here").exists()
    assert read_places().store == drive
    close(window)

    drive.rmdir()
    window = opened()
    page = window.models.page
    assert "plug in its drive" in said(page, Tone.ERROR)
    asked_for(window, MODEL, until)
    assert server.requests == []
    drive.mkdir()
    window.models.show_page()
    rested(window, until)
    assert not any(m.topic is Topic.MODELS_FOLDER for m in page.messages.messages)


def test_a_damaged_list_of_places_is_said_and_healed_by_choosing_a_folder(
    server: LocalHub,
    opened: Callable[[], MainWindow],
    until: Until,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places_file().parent.mkdir(parents=True, exist_ok=True)
    places_file().write_text("{")
    window = opened()
    page = window.models.page
    assert "is damaged" in said(page, Tone.ERROR)
    assert "is damaged" in window.editor_view.messages.messages[0].text
    asked_for(window, MODEL, until)  # gigabytes would go where nobody wanted them
    assert server.requests == []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "store"))
    page.change.click()
    until(lambda: str(tmp_path / "store") in page.store.text())
    rested(window, until)
    assert not any(m.topic is Topic.MODELS_FOLDER for m in page.messages.messages)
    assert not window.editor_view.messages.messages
    assert places_file().with_name("models.json.damaged-1").read_text() == "{"
