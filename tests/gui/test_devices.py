"""The device that computes, chosen in the window; what preparing takes of memory, in words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nti_desktop.core.errors import DeviceStopped
from nti_desktop.editing import feedback
from nti_desktop.gui import preferences
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Device, Measured
from nti_desktop.recipe.memory import Forecast, Need, Saving
from nti_desktop.recipe.methods import Method
from tests.gui.conftest import OpenWindow
from tests.gui.gated import GatedBench

HERE = Speeds(Rates(1.0, 2.0, 2.0))

Until = Callable[[Callable[[], bool]], None]


def test_devices_are_listed_when_the_engine_has_looked_and_a_choice_is_remembered(
    open_window: OpenWindow, photo: object, until: Until
) -> None:
    window = open_window()
    panel = window.editor_view.model_panel
    assert [panel.devices.itemText(i) for i in range(panel.devices.count())] == ["Best available"]
    window.opening.open_path(photo)  # type: ignore[arg-type]
    until(lambda: panel.devices.count() > 1)
    assert panel.devices.itemText(panel.devices.count() - 1).startswith("Processor, ")
    assert "precision" in panel.precision.text()
    until(lambda: "GB of memory" in window.editor_view.prompts.estimate.text())
    last = panel.devices.count() - 1
    panel.devices.setCurrentIndex(last)
    panel.devices.activated.emit(last)
    assert preferences.device() == "cpu"
    until(lambda: panel.precision.text().startswith("Processor, "))
    assert panel.devices.currentIndex() == last
    other = open_window()
    shown = other.editor_view.model_panel.devices
    assert [shown.itemText(i) for i in range(shown.count())] == ["Best available", "Processor"]
    assert shown.currentIndex() == 1


def test_a_remembered_device_that_is_gone_is_said_and_can_be_chosen_away(
    open_window: OpenWindow, photo: object, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences.remember_device("mps")
    window = open_window()
    panel = window.editor_view.model_panel
    window.opening.open_path(photo)  # type: ignore[arg-type]
    until(lambda: any("Apple graphics" in said.text for said in window.editor_view.messages.messages))
    panel.devices.activated.emit(0)
    until(lambda: "Takes" in window.editor_view.prompts.estimate.text())
    assert preferences.device() is None


def test_the_window_says_why_a_card_is_not_used_and_lists_each_of_several(
    open_window: OpenWindow, service: GatedBench, photo: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = (Device("cuda:0", "Graphics card 1: A"), Device("cuda:1", "Graphics card 2: B"), Device("cpu", "Processor"))
    reason = "“Graphics card 1: A” is not used, as its driver is too old for this PyTorch; update the driver."
    found = Measured(40.0, HERE, "Processor", devices=cards, precision="full precision", passed_over=(reason,))
    monkeypatch.setattr(service, "measure", lambda *_: found)
    preferences.remember_device("cuda:1")
    window = open_window()
    panel = window.editor_view.model_panel
    assert panel.devices.currentText() == "Graphics card"
    window.opening.open_path(photo)
    until(lambda: reason in panel.precision.text())
    assert panel.devices.currentText() == "Graphics card 2: B"
    assert panel.precision.wordWrap()


def test_when_a_card_stops_another_device_is_measured_and_the_window_says_why(
    open_window: OpenWindow, until: Until, photo: Path, service: GatedBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = "The graphics card stopped in the middle of its work; try again."
    reason = "“Graphics card: A” is not used, as it stopped in the middle of its work; start the program again."
    listed = (Device("cuda", "Graphics card: A, not used"), Device("cpu", "Processor"))
    answers = iter([DeviceStopped(stopped)])

    def measure(*_: object) -> Measured:
        for error in answers:
            raise error
        return Measured(40.0, HERE, "Processor", devices=listed, precision="full precision", passed_over=(reason,))

    monkeypatch.setattr(service, "measure", measure)
    window = open_window()
    window.opening.open_path(photo)
    panel = window.editor_view.model_panel
    until(lambda: reason in panel.precision.text())
    titles = [panel.devices.itemText(n) for n in range(panel.devices.count())]
    assert titles == ["Best available", "Graphics card: A, not used", "Processor"]
    assert any(stopped in message.text for message in window.editor_view.messages.messages)


def measured(need: Need, kind: str = "cpu", editing: Need | None = None) -> Measured:
    forecast = Forecast(need, need, editing or need, room=8_000_000_000)
    return Measured(30.0, HERE, "Processor, 2 threads", kind, (Device("cpu", "here"),), "full precision", forecast)


def test_time_and_memory_stand_in_one_line() -> None:
    plain = measured(Need(5_040_000_000, Saving.NONE, True))
    assert feedback.takes("about 40 s", plain, Method.NULL_TEXT) == (
        "Takes about 40 s and 5.0 GB of memory on this processor."
    )
    assert "on the graphics card." in feedback.takes(
        "about 4 s", measured(plain.forecast.learning, "cuda"), Method.PINNED
    )  # type: ignore[union-attr]
    assert (
        feedback.takes("about 4 s", Measured(30.0, HERE, "here"), Method.PINNED) == "Takes about 4 s on this computer."
    )
    assert feedback.measured_on(plain) == "Measured on: Processor, 2 threads, full precision."


def test_what_edits_need_is_said_where_it_is_noticeably_more() -> None:
    preparing = Need(3_350_000_000, Saving.NONE, True)
    for size, said in (
        (6_010_000_000, "Takes about 40 s and 3.4 GB of memory on the graphics card; edits need 6.0 GB."),
        (3_800_000_000, "Takes about 40 s and 3.4 GB of memory on the graphics card."),
        (2_000_000_000, "Takes about 40 s and 3.4 GB of memory on the graphics card."),
    ):
        both = measured(preparing, "cuda", Need(size, Saving.NONE, True))
        assert feedback.takes("about 40 s", both, Method.NULL_TEXT) == said


NO_ROOM = "There is room for 8.0 GB only{}: close other programs, or choose another device or a smaller model."
LONGER = "It fits with savings, which take a little longer."
SLOW = "{} with all savings and will be slow; another device or a smaller model is faster."


@pytest.mark.parametrize(
    ("preparing", "editing", "said"),
    [
        (Need(1, Saving.NONE, True), Need(1, Saving.NONE, True), None),
        (Need(1, Saving.NONE, True), Need(1, Saving.SLICES, True), None),
        (Need(1, Saving.CHECKPOINTS, True), Need(1, Saving.SLICES, True), LONGER),
        (Need(1, Saving.OFFLOAD, True), Need(1, Saving.OFFLOAD, True), SLOW.format("It only fits")),
        (Need(1, Saving.TILES, True), Need(1, Saving.OFFLOAD, True), SLOW.format("Edits only fit")),
        (Need(1, Saving.SLICES, False), Need(1, Saving.SLICES, False), NO_ROOM.format("")),
        (Need(1, Saving.SLICES, False), Need(1, Saving.SLICES, True), NO_ROOM.format("")),
        (Need(1, Saving.NONE, True), Need(1, Saving.SLICES, False), NO_ROOM.format(", too little for edits")),
        (Need(1, Saving.OFFLOAD, True), Need(1, Saving.OFFLOAD, False), NO_ROOM.format(", too little for edits")),
    ],
)  # fmt: skip
def test_what_hardly_fits_or_does_not_is_said_with_what_helps(preparing: Need, editing: Need, said: str | None) -> None:
    assert feedback.tight(measured(preparing, editing=editing), Method.NULL_TEXT) == said


def test_that_edits_will_not_fit_is_said_in_the_window_before_preparing(
    open_window: OpenWindow, photo: object, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nti_desktop.engine.memory.forecast import Forecaster  # torch

    forecast = Forecaster.forecast

    def too_little(*asked: Any) -> Forecast:
        return replace(forecast(*asked), editing=Need(9_100_000_000, Saving.SLICES, False), room=8_000_000_000)

    monkeypatch.setattr(Forecaster, "forecast", too_little)
    window = open_window()
    window.resize(1280, 800)
    window.opening.open_path(photo)  # type: ignore[arg-type]
    prompts = window.editor_view.prompts
    until(lambda: "edits need 9.1 GB. There is room for 8.0 GB only, too little for edits:" in prompts.estimate.text())
    assert prompts.prepare_button.isEnabled()  # a forecast may be wrong
    until(lambda: prompts.estimate.height() >= prompts.estimate.heightForWidth(prompts.estimate.width()))
