"""What was prepared is kept with its own photo, however soon something else is asked for."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.gui import preferences
from nti_desktop.gui.estimates import Estimates
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.panels.message_bar import Tone
from nti_desktop.models import fingerprints
from nti_desktop.models.catalog import built_in, find_model
from nti_desktop.models.samples import Sample, samples
from nti_desktop.project.schema import InversionRecord
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.settings import Method
from tests.gui.conftest import PATIENCE, OpenWindow
from tests.other_models import prepare, write_model

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]


@pytest.fixture
def ready(open_window: OpenWindow, until: Until, photo: Path, tmp_path: Path) -> MainWindow:
    """A window with the sample, measured with a model that was not read since it was changed last."""
    window, model = open_window(), write_model(tmp_path / "models" / "my model")
    window.desk.model.choose(find_model(str(model)))
    window.desk.model.choose_way(Method.RESIDUAL, 6)
    window.open_path(photo)
    until(lambda: window.desk.preparing.estimates.judged is not None)
    os.utime(model / "model_index.json", (0, 0))
    return window


def test_two_ways_are_offered_where_their_times_lie_far_apart_and_the_choice_is_remembered(
    ready: MainWindow, until: Until, close: Close, photo: Path
) -> None:
    model, preparing = ready.desk.model, ready.desk.preparing
    usual = model.entry.defaults.method
    judged = preparing.estimates.judged
    assert judged is not None

    def chips() -> list[QPushButton]:
        return [b for b in ready.workplace.prompts.findChildren(QPushButton) if b.isVisible() and "By " in b.text()]

    preparing.estimates = Estimates(replace(judged, row_seconds=0.001))
    model.choose_way(Method.NULL_TEXT, 50)
    assert chips() == []
    preparing.estimates = Estimates(replace(judged, row_seconds=1.0))
    model.choose_way(Method.NULL_TEXT, 50)
    assert [chip.text() for chip in chips()] == ["By null-text, about 19 min", f"By {usual}, about 2 min"]
    assert preferences.method(model.entry.id) is Method.NULL_TEXT
    chips()[1].click()
    until(lambda: ready.desk.work is not None and ready.desk.work.version is not None)
    assert preferences.method(model.entry.id) is None
    close(ready)
    assert [record.settings.method for record in kept(photo)] == [usual]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another photo."""
    copy = tmp_path / "other" / samples()[1].path.name
    copy.parent.mkdir()
    shutil.copyfile(samples()[1].path, copy)
    return copy


@pytest.fixture
def slow_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a model takes longer than everything else."""
    digest = fingerprints._digest

    def slow(*asked: Any) -> str:
        time.sleep(2)
        return digest(*asked)

    monkeypatch.setattr(fingerprints, "_digest", slow)


def kept(photo: Path) -> tuple[InversionRecord, ...]:
    sidecar = photo.with_name(photo.name + ".nti")
    return read_sidecar(sidecar).project.inversions if sidecar.exists() else ()


def test_closing_as_soon_as_the_photo_is_prepared_keeps_it(
    ready: MainWindow, slow_drive: None, qtbot: QtBot, photo: Path
) -> None:
    ready.engine.inverted.connect(ready.close)
    with qtbot.waitSignal(ready.closed, timeout=PATIENCE):
        ready.workplace.prompts.prepare_button.click()
    assert [record.settings.steps for record in kept(photo)] == [6]


def test_opening_another_photo_as_soon_as_one_is_prepared_keeps_it(
    ready: MainWindow, slow_drive: None, qtbot: QtBot, until: Until, photo: Path, other: Path, close: Close
) -> None:
    with qtbot.waitSignal(ready.engine.inverted, timeout=PATIENCE):
        ready.workplace.prompts.prepare_button.click()
    ready.open_path(other)
    until(lambda: ready.desk.session is not None and ready.desk.session.photo.path == other)
    close(ready)
    assert len(kept(photo)) == 1
    assert not kept(other)


@pytest.fixture
def nearly_done(ready: MainWindow, until: Until, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A photo is being prepared and can no longer be stopped; what comes back lets it be done."""
    from nti_desktop.engine import workbench  # torch
    from nti_desktop.jobs import decibels

    reached, may_end = Event(), Event()

    def slow(*asked: Any) -> float:
        reached.set()
        may_end.wait(60)
        return decibels(*asked)

    monkeypatch.setattr(workbench, "decibels", slow)
    ready.workplace.prompts.prepare_button.click()
    until(reached.is_set)
    yield may_end.set
    may_end.set()


def test_closing_when_the_photo_is_nearly_prepared_keeps_it(
    ready: MainWindow, nearly_done: Callable[[], None], qtbot: QtBot, photo: Path
) -> None:
    with qtbot.waitSignal(ready.closed, timeout=PATIENCE):
        ready.close()
        nearly_done()
    assert len(kept(photo)) == 1


def test_what_is_prepared_when_another_photo_is_open_already_is_kept_with_its_own(
    ready: MainWindow, nearly_done: Callable[[], None], until: Until, close: Close, photo: Path, other: Path
) -> None:
    prepare(other, Path(ready.desk.model.entry.id))
    before = kept(other)
    ready.open_path(other)
    until(lambda: ready.desk.session is not None and ready.desk.session.photo.path == other)
    assert not ready.desk.preparing.at_work
    nearly_done()
    until(lambda: not ready.desk.preparing.busy)
    close(ready)
    assert len(kept(photo)) == 1
    assert kept(other) == before


def test_what_is_prepared_when_the_photo_was_opened_anew_is_kept_there(
    ready: MainWindow, nearly_done: Callable[[], None], until: Until, close: Close, photo: Path
) -> None:
    before = ready.desk.session
    ready.open_path(photo)
    until(lambda: ready.desk.session is not before)
    nearly_done()
    until(lambda: ready.desk.work is not None and ready.desk.work.version is not None)
    ready.versions.add_version()
    close(ready)
    assert len(kept(photo)) == 1
    assert not [m for m in ready.workplace.messages.messages if m.tone is Tone.ERROR]


def test_choosing_another_model_while_the_photo_is_prepared_keeps_what_comes(
    ready: MainWindow, nearly_done: Callable[[], None], until: Until, close: Close, photo: Path
) -> None:
    prepared_with = ready.desk.model.entry
    ready.desk.model.choose(built_in())
    assert ready.desk.preparing.at_work
    nearly_done()
    until(lambda: not ready.desk.preparing.at_work)
    assert ready.desk.model.entry.built_in
    close(ready)
    assert [record.model for record in kept(photo)] == [prepared_with.id]


@pytest.fixture
def reading(ready: MainWindow, until: Until, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A photo is being prepared and its model is read; what comes back lets that go on."""
    may_end, digest = Event(), fingerprints._digest

    def slow(*asked: Any) -> str:
        may_end.wait(60)
        return digest(*asked)

    monkeypatch.setattr(fingerprints, "_digest", slow)
    ready.workplace.prompts.prepare_button.click()
    until(lambda: "Preparing: reading the model" in ready.workplace.strip.text.text())
    yield may_end.set
    may_end.set()


def test_preparing_can_be_stopped_while_the_model_is_read(
    ready: MainWindow, reading: Callable[[], None], until: Until, close: Close, photo: Path
) -> None:
    ready.workplace.strip.cancel_button.click()
    reading()
    until(lambda: not ready.desk.preparing.at_work)
    assert ready.desk.work is not None
    assert ready.desk.work.version is None
    ready.workplace.prompts.prepare_button.click()
    until(lambda: ready.desk.work is not None and ready.desk.work.version is not None)
    close(ready)
    assert len(kept(photo)) == 1


def test_closing_while_the_model_is_read_ends_cleanly(
    ready: MainWindow, reading: Callable[[], None], qtbot: QtBot, photo: Path
) -> None:
    with qtbot.waitSignal(ready.closed, timeout=PATIENCE):
        ready.close()
        reading()
    assert not any(thread.isRunning() for thread in ready._threads)
    assert not kept(photo)


def test_a_model_that_goes_while_it_is_read_is_one_sentence(
    ready: MainWindow, reading: Callable[[], None], until: Until, sample: Sample
) -> None:
    shutil.rmtree(ready.desk.model.entry.id)
    reading()
    until(lambda: not ready.desk.preparing.at_work)
    (message,) = [m for m in ready.workplace.messages.messages if m.tone is Tone.ERROR]
    assert message.text == "The model in “my model” cannot be read: No such file or directory."
    assert ready.workplace.prompts.description.text() == sample.caption
    assert ready.workplace.prompts.prepare_button.isEnabled()
