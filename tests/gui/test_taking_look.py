"""A photo takes the look of another one: chosen in a dialog, read by the engine, said in the edit's sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look
from tests.gui.conftest import OpenWindow
from tests.gui.gated import PLENTY, GatedBench
from tests.gui.test_comparing import describe

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def window(service: GatedBench, open_window: OpenWindow, until: Until, photo: Path) -> MainWindow:
    """A window with the sample, which is described and prepared."""
    window = open_window()
    describe(window, until, photo)
    window.editor_view.prompts.prepare_button.click()
    until(lambda: window.editor.document is not None and window.editor.document.version is not None)
    return window


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another photo."""
    return Path(shutil.copy(samples()[1].path, tmp_path / "other light.jpg"))


def take(window: MainWindow, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose it in the dialog."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    action = window.actions_by_name["take_look"]
    assert action.isEnabled()
    action.trigger()


def sentence(window: MainWindow) -> str:
    assert window.editor.document is not None
    return window.editor.document.edit_text


def said(window: MainWindow) -> str:
    return " ".join(message.text for message in window.editor_view.messages.messages)


def test_its_look_comes_into_the_sentence_and_can_be_undone(
    window: MainWindow, other: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sentence(window)
    take(window, other, monkeypatch)
    until(lambda: sentence(window).endswith("at sunset"))
    assert window.editor_view.prompts.edit.text() == sentence(window)
    assert "The look of “other light.jpg”" in said(window)
    until(lambda: window.editor.pictures.final)
    other.unlink()
    window.leaving.save()
    until(lambda: not window.leaving.unsaved)
    window.actions_by_name["undo"].trigger()
    assert sentence(window) == before


def test_what_is_no_photo_changes_nothing_and_says_why(
    window: MainWindow, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, broken = sentence(window), tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    take(window, broken, monkeypatch)
    until(lambda: "“broken.jpg”" in said(window))
    assert sentence(window) == before


def test_it_can_be_cancelled_while_it_is_read(
    window: MainWindow, service: GatedBench, other: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sentence(window)
    until(lambda: window.engine._queue.running is None)
    service.hold()
    take(window, other, monkeypatch)
    until(lambda: isinstance(getattr(window.engine._queue.running, "job", None), LookJob))
    window.actions_by_name["cancel"].trigger()
    service.let_go(PLENTY)
    until(lambda: window.engine._queue.running is None)
    assert sentence(window) == before
    assert not window.taking_look.reader.waits


def test_another_photo_that_was_opened_meanwhile_keeps_its_own_look(
    window: MainWindow, service: GatedBench, other: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.look = Look("at night")
    until(lambda: window.engine._queue.running is None)
    service.hold()
    take(window, other, monkeypatch)
    until(lambda: isinstance(getattr(window.engine._queue.running, "job", None), LookJob))
    window.opening.open_path(other)
    until(lambda: window.editor.session is not None and window.editor.session.photo.path == other)
    service.let_go(PLENTY)
    until(lambda: window.engine._queue.running is None)
    assert "night" not in sentence(window)


def test_another_area_that_is_worked_on_meanwhile_keeps_its_own_look(
    window: MainWindow, service: GatedBench, other: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: window.engine._queue.running is None)
    service.hold()
    take(window, other, monkeypatch)
    until(lambda: isinstance(getattr(window.engine._queue.running, "job", None), LookJob))
    window.areas.choose(Area(0, 0, 64, 64))
    service.let_go(PLENTY)
    until(lambda: not window.taking_look.reader.waits)
    assert sentence(window) == ""
