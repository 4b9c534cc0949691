"""What the window remembers: read at once, written whenever the drive lets it be."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from nti_desktop.gui import preferences
from tests.gui.conftest import OpenWindow


def test_nobody_waits_until_what_is_remembered_is_written(tmp_path: Path) -> None:
    with preferences._writing:  # as a drive that does not answer
        preferences.remember_folder(tmp_path / "first")
        preferences.remember_folder(tmp_path / "second")
        assert preferences.last_folder() == str(tmp_path / "second")
        assert stored("folders/photos") is None
    preferences.settle()
    assert stored("folders/photos") == preferences.last_folder() == str(tmp_path / "second")


def test_what_is_remembered_while_another_thing_is_written_is_written_too() -> None:
    for number in range(20):
        preferences.remember_saves_after(number)
        preferences.remember_device(str(number))
    preferences.settle()
    assert (stored("saving/after"), stored("engine/device")) == (19, "19")
    assert (preferences.saves_after(), preferences.device()) == (19, "19")


@pytest.mark.parametrize("damaged", ["9" * 10, "9" * 5000, "soon"])
def test_the_window_opens_when_what_it_remembers_of_saving_is_damaged(damaged: str, open_window: OpenWindow) -> None:
    QSettings(str(preferences._file()), QSettings.Format.IniFormat).setValue("saving/after", damaged)
    assert open_window(None).autosave.chosen == "save_soon"


def stored(name: str) -> object:
    """As another start of the program would read it."""
    return QSettings(str(preferences._file()), QSettings.Format.IniFormat).value(name)
