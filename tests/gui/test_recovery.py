"""A damaged project is brought back by one button."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.editing.session import Session
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Message
from nti_desktop.project import tensors
from nti_desktop.project.location import data_folder
from nti_desktop.project.sidecar import backup_path
from tests.gui.conftest import OpenWindow
from tests.saved_twice import photo, sidecar
from tests.sessions import BLUE, invert, scene, with_a_version

__all__ = ["photo"]

pytestmark = pytest.mark.usefixtures("service")  # what an edit looks like is no matter here

Until = Callable[[Callable[[], bool]], None]


def offers(window: MainWindow) -> list[Message]:
    return [m for m in window.editor_view.messages.messages if [a.title for a in m.actions] == ["Bring it back"]]


def press(window: MainWindow, title: str = "Bring it back") -> None:
    for strip in window.editor_view.messages._strips:
        for button in strip.buttons:
            if button.text() == title:
                button.click()
                return
    raise AssertionError("there is no such button")


def versions(window: MainWindow) -> list[str]:
    return [version.name for version in window.editor.session.project.versions] if window.editor.session else []


def texts(window: MainWindow) -> str:
    return "\n".join(message.text for message in window.editor_view.messages.messages)


@pytest.mark.parametrize("by", [lambda photo: photo, sidecar], ids=["photo", "project"])
def test_one_button_opens_a_damaged_project_as_it_was_before_its_last_save(
    by: Callable[[Path], Path], photo: Path, open_window: OpenWindow, until: Until
) -> None:
    sidecar(photo).write_bytes(b"damaged")
    window = open_window()
    window.opening.open_path(by(photo))
    until(lambda: bool(offers(window)))
    assert window.editor.document is None
    press(window)
    until(lambda: versions(window) == ["Blue"])
    assert "the damaged file is kept as “still life.png.nti.damaged”" in texts(window)
    assert not offers(window)
    assert sidecar(photo).with_name("still life.png.nti.damaged").read_bytes() == b"damaged"


def test_what_is_open_is_saved_before_another_project_is_brought_back(
    photo: Path, open_window: OpenWindow, until: Until, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(scene(5)).save(other)
    session = with_a_version(other)
    sidecar(photo).write_bytes(b"damaged")
    window = open_window()
    window.opening.open_path(other)
    until(lambda: window.editor.session is not None)
    window.opening.open_path(photo)
    until(lambda: bool(offers(window)))
    assert window.editor.session is not None
    window.editor.session.change_version(session.project.versions[0].id, name="Unsaved")
    press(window)
    until(lambda: window.editor.session is not None and window.editor.session.photo.path == photo)
    assert [version.name for version in Session.open(other).project.versions] == ["Unsaved"]


def test_arrays_that_rotted_are_brought_back_when_a_render_meets_them(
    photo: Path, open_window: OpenWindow, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "HEAD", 1000)  # bytes that opening looks at; these arrays are small
    session = Session.open(photo)
    inversion = session.project.inversions[0].id
    data, rotten = sidecar(photo).read_bytes(), session.working_copy.arrays(inversion)["pivot"].tobytes()
    place = data.index(rotten) + len(rotten) - 50
    sidecar(photo).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: bool(offers(window)))
    assert versions(window) == ["Blue", "Later"]
    press(window)
    until(lambda: versions(window) == ["Blue"])


def test_a_project_that_is_gone_is_offered_too_and_may_be_left_gone(
    photo: Path, open_window: OpenWindow, until: Until
) -> None:
    before = backup_path(sidecar(photo)).read_bytes()
    sidecar(photo).unlink()
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: bool(offers(window)))
    session = window.editor.session
    assert session is not None
    assert versions(window) == []
    invert(session)
    for name in ("Anew", "Once more"):
        session.add_version(name, BLUE)
        session.save()
    assert sidecar(photo).with_name("still life.png.nti.earlier").read_bytes() == before


def test_a_project_that_is_gone_is_brought_back(photo: Path, open_window: OpenWindow, until: Until) -> None:
    sidecar(photo).unlink()
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: bool(offers(window)))
    press(window)
    until(lambda: versions(window) == ["Blue"])
    assert "was brought back" in texts(window)
    assert not offers(window)


def test_without_an_intact_backup_there_is_no_button(photo: Path, open_window: OpenWindow, until: Until) -> None:
    for path in (sidecar(photo), backup_path(sidecar(photo))):
        path.write_bytes(b"damaged")
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: "cannot be opened" in texts(window))
    assert not offers(window)


def test_a_photo_without_a_project_has_no_button(tmp_path: Path, open_window: OpenWindow, until: Until) -> None:
    photo = tmp_path / "plain.png"
    Image.fromarray(scene()).save(photo)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    assert not offers(window)


def test_a_window_that_opens_sweeps_what_killed_processes_left(open_window: OpenWindow, until: Until) -> None:
    data_folder().mkdir(parents=True)
    left = data_folder() / ".0123456789abcdef.nti-tmp"
    left.write_bytes(b"half")
    open_window()
    until(lambda: not left.exists())


def test_one_button_renames_a_project_after_its_photo(photo: Path, open_window: OpenWindow, until: Until) -> None:
    renamed = photo.rename(photo.with_name("wedding.png"))
    window = open_window()
    window.opening.open_path(renamed)
    until(lambda: versions(window) == ["Blue", "Later"])
    assert f"is called “{sidecar(photo).name}”" in texts(window)
    press(window, "Rename it after the photo")
    until(lambda: "lies beside the photo now, as “wedding.png.nti”" in texts(window))
    assert sorted(each.name for each in photo.parent.iterdir()) == ["wedding.png", "wedding.png.nti"]
    assert "is called" not in texts(window)


def test_one_button_moves_a_project_to_the_folder_that_its_photo_is_in_now(
    photo: Path, open_window: OpenWindow, until: Until
) -> None:
    elsewhere = photo.parent / "elsewhere"
    elsewhere.mkdir()
    session = Session.open(photo)
    session.add_version("Last", BLUE)
    session.save()  # which notes where it lies
    moved = photo.rename(elsewhere / photo.name)
    window = open_window()
    window.opening.open_path(moved)
    until(lambda: versions(window) == ["Blue", "Later", "Last"])
    assert f"was found as “{sidecar(photo)}”" in texts(window)
    press(window, "Move it beside the photo")
    until(lambda: "lies beside the photo now" in texts(window))
    assert [each.name for each in photo.parent.iterdir()] == ["elsewhere"]
    assert sidecar(moved).exists()
