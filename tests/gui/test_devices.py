"""The device that computes, chosen in the window; what preparing takes of memory, in words."""

from collections.abc import Callable

import pytest

from nti_desktop import advice
from nti_desktop.gui import preferences
from nti_desktop.jobs import Device, Forecast, Judged, Need, Saving
from nti_desktop.recipe.settings import Method
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]


def test_devices_are_listed_when_the_engine_has_looked_and_a_choice_is_remembered(
    open_window: OpenWindow, photo: object, until: Until
) -> None:
    window = open_window()
    panel = window.workplace.model_panel
    assert [panel.devices.itemText(i) for i in range(panel.devices.count())] == ["Best available"]
    window.open_path(photo)  # type: ignore[arg-type]
    until(lambda: panel.devices.count() > 1)
    assert panel.devices.itemText(panel.devices.count() - 1).startswith("Processor, ")
    assert "precision" in panel.precision.text()
    until(lambda: "GB of memory" in window.workplace.prompts.estimate.text())
    last = panel.devices.count() - 1
    panel.devices.setCurrentIndex(last)
    panel.devices.activated.emit(last)
    assert preferences.device() == "cpu"
    until(lambda: panel.precision.text().startswith("Processor, "))
    assert panel.devices.currentIndex() == last
    other = open_window()
    shown = other.workplace.model_panel.devices
    assert [shown.itemText(i) for i in range(shown.count())] == ["Best available", "Processor"]
    assert shown.currentIndex() == 1


def test_a_remembered_device_that_is_gone_is_said_and_can_be_chosen_away(
    open_window: OpenWindow, photo: object, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences.remember_device("mps")
    window = open_window()
    panel = window.workplace.model_panel
    window.open_path(photo)  # type: ignore[arg-type]
    until(lambda: any("Apple graphics" in said.text for said in window.workplace.messages.messages))
    panel.devices.activated.emit(0)
    until(lambda: "Takes" in window.workplace.prompts.estimate.text())
    assert preferences.device() is None


def judged(need: Need, kind: str = "cpu", room: int = 8_000_000_000) -> Judged:
    forecast = Forecast(need, need, need, room)
    return Judged(30.0, 1.0, "Processor, 2 threads", kind, (Device("cpu", "here"),), "full precision", forecast)


def test_time_and_memory_stand_in_one_line() -> None:
    plain = judged(Need(5_040_000_000, Saving.NONE, True))
    assert advice.takes("about 40 s", plain, Method.NULL_TEXT) == (
        "Takes about 40 s and 5.0 GB of memory on this processor."
    )
    assert "on the graphics card." in advice.takes("about 4 s", judged(plain.forecast.learning, "cuda"), Method.PINNED)  # type: ignore[union-attr]
    assert advice.takes("about 4 s", Judged(30.0, 1.0, "here"), Method.PINNED) == "Takes about 4 s on this computer."
    assert advice.measured_on(plain) == "Measured on: Processor, 2 threads, full precision."


def test_what_hardly_fits_or_does_not_is_said_with_what_helps() -> None:
    cases = {
        Need(1, Saving.NONE, True): None,
        Need(1, Saving.CHECKPOINTS, True): "a little longer",
        Need(1, Saving.OFFLOAD, True): "all savings and will be slow",
        Need(1, Saving.SLICES, False): "room for 8.0 GB only: close other programs, or choose another device",
    }
    for need, words in cases.items():
        said = advice.tight(judged(need), Method.NULL_TEXT)
        assert said is None if words is None else said is not None and words in said
