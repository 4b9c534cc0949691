"""What was prepared is kept with its own photo, however soon something else is asked for."""

import json
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

from nti_desktop.cli import main
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.known_speeds import speeds_file
from nti_desktop.gui import preferences
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.models.library import fingerprints
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.project.schema import InversionRecord
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.methods import Method
from tests.gui.conftest import PATIENCE, OpenWindow
from tests.other_models import prepare, write_model

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]


@pytest.fixture
def ready(open_window: OpenWindow, until: Until, photo: Path, tmp_path: Path) -> MainWindow:
    """A window with the sample, measured with a model that was not read since it was changed last."""
    window, model = open_window(), write_model(tmp_path / "models" / "my model")
    window.editor.model.choose(find_model(str(model)))
    window.editor.model.choose_way(Method.RESIDUAL, 6)
    window.opening.open_path(photo)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    os.utime(model / "model_index.json", (0, 0))
    return window


@pytest.mark.slow
def test_two_ways_are_offered_where_their_times_lie_far_apart_and_the_choice_is_remembered(
    ready: MainWindow, until: Until, close: Close, photo: Path
) -> None:
    model, preparing = ready.editor.model, ready.editor.preparing
    usual = model.entry.defaults.method
    measured = preparing.plan.estimates.measured
    assert measured is not None

    def chips() -> list[QPushButton]:
        return [b for b in ready.editor_view.prompts.findChildren(QPushButton) if b.isVisible() and "By " in b.text()]

    preparing.plan.estimates = Estimates(replace(measured, speeds=Speeds(Rates(0.001, 0.002, 0.002))))
    model.choose_way(Method.NULL_TEXT, 50)
    assert chips() == []
    preparing.plan.estimates = Estimates(replace(measured, speeds=Speeds(Rates(1.0, 2.0, 2.0))))
    model.choose_way(Method.NULL_TEXT, 50)
    assert [chip.text() for chip in chips()] == ["By null-text, about 19 min", f"By {usual}, about 3 min"]
    assert preferences.method(model.entry.id) is Method.NULL_TEXT
    chips()[1].click()
    until(lambda: ready.editor.document is not None and ready.editor.document.version is not None)
    assert preferences.method(model.entry.id) is None
    close(ready)
    assert len(json.loads(speeds_file().read_bytes())) == 1  # how fast it was
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


@pytest.mark.slow
def test_closing_as_soon_as_the_photo_is_prepared_keeps_it(
    ready: MainWindow, slow_drive: None, qtbot: QtBot, photo: Path
) -> None:
    ready.engine.inverted.connect(ready.close)
    with qtbot.waitSignal(ready.closed, timeout=PATIENCE):
        ready.editor_view.prompts.prepare_button.click()
    assert [record.settings.steps for record in kept(photo)] == [6]


@pytest.mark.slow
def test_opening_another_photo_as_soon_as_one_is_prepared_keeps_it(
    ready: MainWindow, slow_drive: None, qtbot: QtBot, until: Until, photo: Path, other: Path, close: Close
) -> None:
    with qtbot.waitSignal(ready.engine.inverted, timeout=PATIENCE):
        ready.editor_view.prompts.prepare_button.click()
    ready.opening.open_path(other)
    until(lambda: ready.editor.session is not None and ready.editor.session.photo.path == other)
    close(ready)
    assert len(kept(photo)) == 1
    assert not kept(other)


@pytest.fixture
def nearly_done(ready: MainWindow, until: Until, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A photo is being prepared and can no longer be stopped; what comes back lets it be done."""
    from nti_desktop.core.units import decibels
    from nti_desktop.engine import service  # torch

    reached, may_end = Event(), Event()

    def slow(*asked: Any) -> float:
        reached.set()
        may_end.wait(60)
        return decibels(*asked)

    monkeypatch.setattr(service, "decibels", slow)
    ready.editor_view.prompts.prepare_button.click()
    until(reached.is_set)
    yield may_end.set
    may_end.set()


@pytest.mark.slow
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
    prepare(other, Path(ready.editor.model.entry.id))
    before = kept(other)
    ready.opening.open_path(other)
    until(lambda: ready.editor.session is not None and ready.editor.session.photo.path == other)
    assert not ready.editor.preparing.plan.at_work
    nearly_done()
    until(lambda: not ready.editor.preparing.plan.busy)
    close(ready)
    assert len(kept(photo)) == 1
    assert kept(other) == before


def test_what_is_prepared_when_the_photo_was_opened_anew_is_kept_there(
    ready: MainWindow, nearly_done: Callable[[], None], until: Until, close: Close, photo: Path, other: Path
) -> None:
    for path in (other, photo):
        before = ready.editor.session
        ready.opening.open_path(path)
        until(lambda before=before: ready.editor.session is not before)
    nearly_done()
    until(lambda: ready.editor.document is not None and ready.editor.document.version is not None)
    ready.versions.add_version()
    close(ready)
    assert len(kept(photo)) == 1
    assert not [m for m in ready.editor_view.messages.messages if m.tone is Tone.ERROR]


@pytest.mark.slow
def test_choosing_another_model_while_the_photo_is_prepared_keeps_what_comes(
    ready: MainWindow, nearly_done: Callable[[], None], until: Until, close: Close, photo: Path
) -> None:
    prepared_with = ready.editor.model.entry
    ready.editor.model.choose(built_in())
    assert ready.editor.preparing.plan.at_work
    nearly_done()
    until(lambda: not ready.editor.preparing.plan.at_work)
    assert ready.editor.model.entry.built_in
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
    ready.editor_view.prompts.prepare_button.click()
    until(lambda: "Preparing: reading the model" in ready.editor_view.strip.text.text())
    yield may_end.set
    may_end.set()


@pytest.mark.slow
def test_preparing_can_be_stopped_while_the_model_is_read(
    ready: MainWindow, reading: Callable[[], None], until: Until, close: Close, photo: Path
) -> None:
    ready.editor_view.strip.cancel_button.click()
    reading()
    until(lambda: not ready.editor.preparing.plan.at_work)
    assert ready.editor.document is not None
    assert ready.editor.document.version is None
    ready.editor_view.prompts.prepare_button.click()
    until(lambda: ready.editor.document is not None and ready.editor.document.version is not None)
    close(ready)
    assert len(kept(photo)) == 1


@pytest.mark.slow
def test_closing_while_the_model_is_read_ends_cleanly(
    ready: MainWindow, reading: Callable[[], None], qtbot: QtBot, photo: Path
) -> None:
    with qtbot.waitSignal(ready.closed, timeout=PATIENCE):
        ready.close()
        reading()
    assert not any(thread.isRunning() for thread in (ready.engine, ready.background, ready.models_thread))
    assert not kept(photo)


def test_a_model_that_goes_while_it_is_read_is_one_sentence(
    ready: MainWindow, reading: Callable[[], None], until: Until, sample: Sample
) -> None:
    shutil.rmtree(ready.editor.model.entry.id)
    reading()
    until(lambda: not ready.editor.preparing.plan.at_work)
    (message,) = [m for m in ready.editor_view.messages.messages if m.tone is Tone.ERROR]
    assert message.text == "The model in “my model” cannot be read: No such file or directory."
    assert ready.editor_view.prompts.description.text() == sample.caption
    assert ready.editor_view.prompts.prepare_button.isEnabled()


@pytest.mark.slow
def test_a_photo_that_the_command_line_prepared_is_edited_at_once(
    open_window: OpenWindow, until: Until, photo: Path, sample: Sample, sample_edit: str
) -> None:
    assert main(["invert", str(photo), "--prompt", sample.caption]) == 0
    (inversion,) = read_sidecar(photo.with_name(f"{photo.name}.nti")).project.inversions
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    prompts = window.editor_view.prompts
    assert prompts.description.text() == sample.caption
    assert prompts.prepare_button.text() == "Prepare again"
    assert window.focusWidget() is prompts.edit
    assert not window.leaving.unsaved
    assert not window.actions_by_name["add_version"].isEnabled()
    window.editor.say_in_words(sample_edit)
    until(lambda: window.editor.pictures.final)
    assert window.editor.document is not None
    project = window.editor.document.session.project
    assert [version.inversion for version in project.versions] == [inversion.id]
    assert len(project.inversions) == 1
