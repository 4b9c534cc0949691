"""While a large photo is read it can be seen, and what was there before waits; nothing jumps, nothing is lost."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, QRectF
from pytestqt.qtbot import QtBot

from nti_desktop.core.errors import PhotoError
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.photo_view import PhotoView
from nti_desktop.gui.canvas.picture import make_picture
from nti_desktop.gui.controllers import file_tasks
from nti_desktop.gui.controllers.file_tasks import Glimpse, Opening
from nti_desktop.gui.editor.editor_view import LOADING
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.reading.decode import Report
from nti_desktop.project.sidecar import read_sidecar
from tests.gui.conftest import OpenWindow
from tests.gui.test_story import errors
from tests.picture_files import smooth_picture, tiff_file
from tests.sessions import with_a_version

Until = Callable[[Callable[[], bool]], None]

SIZE = (6000, 1000)  # longer than thrice a first view


class Gate:
    """Lets photos be read only once it is opened; `fault` is what then comes instead of them."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reads: list[Path] = []
        self.reports: list[Report | None] = []
        self.fault: PhotoError | None = None

    def read(self, path: Path, report: Report | None = None) -> Session:
        self.reads.append(path)
        self.reports.append(report)
        while not self.open.wait(0.01):
            if report is not None:
                report(0.5)
        if self.fault is not None:
            raise self.fault
        return Session.open(path, report)


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is prepared or rendered here."""
    monkeypatch.setattr(MainWindow, "_start_engine", lambda _window: None)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(file_tasks, "Session", type("Gated", (), {"open": gate.read}))
    yield gate
    gate.open.set()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A long JPEG, quick to make."""
    path = tmp_path / "large.jpg"
    Image.fromarray(smooth_picture(100, 600)).resize(SIZE).save(path, quality=90)
    return path


def shown(window: MainWindow) -> object:
    return window.editor_view.stack.currentWidget()


def test_a_large_photo_is_seen_before_it_is_read_and_stays_where_it_is(
    gate: Gate, large: Path, open_window: OpenWindow, until: Until, qtbot: QtBot
) -> None:
    window = open_window()
    place = window.editor_view
    window.opening.open_path(large)
    until(lambda: shown(window) is place.first_view)
    assert place.first_view.badge == LOADING
    assert window.editor.document is None
    assert not place.prompts.isEnabled()
    assert not window.actions_by_name["export"].isEnabled()
    assert window.actions_by_name["zoom_in"].isEnabled()
    assert window.windowTitle().startswith("large.jpg")

    qtbot.wait(50)  # until the panels have taken their places
    fitting = place.first_view.viewport.photo_rect
    assert fitting.width() / fitting.height() == pytest.approx(6)
    window.actions_by_name["full_size"].trigger()
    place.first_view.zoom_to(0.5, QPointF(20, 30))
    before, zoom = place.first_view.viewport.photo_rect, place.strip.zoom.text()
    assert zoom == "50 %"

    gate.open.set()
    until(lambda: window.editor.document is not None)
    assert shown(window) is place.view
    assert window.editor.pictures.before is not None
    assert (window.editor.pictures.before.width, window.editor.pictures.before.height) == SIZE
    assert place.prompts.isEnabled()
    assert window.actions_by_name["export"].isEnabled()
    assert place.view.badge == ""
    qtbot.wait(50)
    assert nearly(place.view.viewport.photo_rect, before)
    assert place.strip.zoom.text() == zoom
    assert len(gate.reads) == 1


def middle(view: PhotoView) -> tuple[float, float]:
    """Which point of the photo is in the middle of the window, as fractions of its sides."""
    rect = view.viewport.photo_rect
    return (view.width() / 2 - rect.x()) / rect.width(), (view.height() / 2 - rect.y()) / rect.height()


def nearly(one: QRectF, other: QRectF) -> bool:
    """Whether two places in the window are the same to the pixel."""
    places = ((place.x(), place.y(), place.width(), place.height()) for place in (one, other))
    return all(abs(a - b) <= 1 for a, b in zip(*places, strict=True))


def test_a_photo_that_fits_the_window_does_not_change_its_size_when_the_whole_comes(
    gate: Gate, large: Path, open_window: OpenWindow, until: Until, qtbot: QtBot
) -> None:
    window = open_window()
    window.opening.open_path(large)
    until(lambda: shown(window) is window.editor_view.first_view)
    qtbot.wait(50)
    before = window.editor_view.first_view.viewport.photo_rect
    gate.open.set()
    until(lambda: window.editor.document is not None)
    qtbot.wait(50)
    assert nearly(window.editor_view.view.viewport.photo_rect, before)


def test_a_photo_that_fails_after_its_first_view_leaves_what_was_there_before(
    gate: Gate, large: Path, photo: Path, open_window: OpenWindow, until: Until, qtbot: QtBot
) -> None:
    window = open_window()
    place = window.editor_view
    gate.open.set()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    document, before = window.editor.document, window.editor.pictures.before
    window.editor.describe("a small boat")
    place.view.zoom_to(2.0)
    rect, at = place.view.viewport.photo_rect, middle(place.view)

    gate.open.clear()
    gate.fault = PhotoError("“large.jpg” is cut short; copy it again.")
    window.opening.open_path(large)
    until(lambda: shown(window) is place.first_view)
    gate.open.set()
    until(lambda: bool(errors(window)))
    assert errors(window) == ["“large.jpg” is cut short; copy it again."]
    assert shown(window) is place.view
    assert window.editor.document is document
    assert window.editor.pictures.before is before
    assert place.view.viewport.photo_rect.size() == rect.size()
    assert middle(place.view) == pytest.approx(at)
    assert place.prompts.isEnabled()
    assert place.prompts.description.text() == "a small boat"
    assert window.windowTitle().startswith(photo.name)


def test_a_first_photo_that_fails_leads_back_to_the_start(
    gate: Gate, large: Path, open_window: OpenWindow, until: Until
) -> None:
    window = open_window()
    gate.fault = PhotoError("“large.jpg” is cut short; copy it again.")
    window.opening.open_path(large)
    until(lambda: shown(window) is window.editor_view.first_view)
    gate.open.set()
    until(lambda: bool(errors(window)))
    assert shown(window) is window.editor_view.start
    assert not window.editor_view.prompts.isVisible()
    assert window.editor_view.strip.text.text() == ""


def test_what_is_changed_while_another_photo_is_read_is_saved(
    gate: Gate, large: Path, photo: Path, open_window: OpenWindow, until: Until
) -> None:
    version = with_a_version(photo).project.versions[0].id
    window = open_window()
    gate.open.set()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    assert window.editor.session is not None
    session = window.editor.session
    gate.open.clear()
    window.opening.open_path(large)
    session.change_version(version, name="Bluer")
    gate.open.set()
    until(lambda: window.editor.session is not session and not window.background.busy)
    assert read_sidecar(session.sidecar).project.version(version).name == "Bluer"


def test_of_two_photos_the_later_one_is_opened(
    gate: Gate, large: Path, photo: Path, open_window: OpenWindow, until: Until
) -> None:
    window = open_window()
    window.opening.open_path(large)
    until(lambda: shown(window) is window.editor_view.first_view)
    window.opening.open_path(photo)
    assert shown(window) is window.editor_view.start
    gate.open.set()
    opened: list[str] = []
    window.editor.opened.connect(lambda: opened.append(window.editor.document.session.photo.path.name))  # type: ignore[union-attr]
    until(lambda: not window.background.busy)
    assert opened == [photo.name]
    assert not errors(window)


def test_opening_shows_how_far_it_is_and_can_be_stopped(
    gate: Gate, large: Path, open_window: OpenWindow, until: Until
) -> None:
    window = open_window()
    strip = window.editor_view.strip
    window.opening.open_path(large)
    assert strip.text.text() == "Opening “large.jpg”…"
    until(lambda: "%" in strip.text.text())
    assert strip.text.text() == "Opening “large.jpg”… 35 %"
    assert strip.bar.isVisible()
    strip.cancel_button.click()
    assert strip.text.text() == ""
    assert not strip.bar.isVisible()
    assert shown(window) is window.editor_view.start
    until(lambda: not window.background.busy)
    assert window.editor.document is None
    assert not errors(window)

    gate.open.set()
    window.actions_by_name["cancel"].trigger()
    window.opening.open_path(large)
    until(lambda: window.editor.document is not None)


def test_a_compressed_photo_is_seen_as_soon_as_it_is_read(
    tmp_path: Path, open_window: OpenWindow, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packed.tif"
    pixels = np.broadcast_to(smooth_picture(1, SIZE[0]), (SIZE[1], SIZE[0], 3))
    path.write_bytes(tiff_file(pixels.tobytes(), *SIZE, deflate=True))
    order: list[str] = []
    window = open_window()
    made = file_tasks.make_picture

    def noted(raster: object, *rest: object) -> object:
        order.append(f"{raster.size[0]}")  # type: ignore[attr-defined]
        return made(raster, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(file_tasks, "make_picture", noted)
    window.editor.glimpsed.connect(lambda: order.append("seen"))
    window.editor.opened.connect(lambda: order.append("opened"))
    window.opening.open_path(path)
    until(lambda: window.editor.document is not None)
    assert [entry for entry in order if entry.isdigit()] == ["2000", "6000"]  # the small one first
    assert [entry for entry in order if not entry.isdigit()] == ["seen", "opened"]


def test_a_project_shows_the_first_view_of_its_photo(
    gate: Gate, large: Path, open_window: OpenWindow, until: Until
) -> None:
    session = Session.open(large)
    session.working_copy.snapshot().write()
    window = open_window()
    window.opening.open_path(session.sidecar)
    until(lambda: shown(window) is window.editor_view.first_view)
    gate.open.set()
    until(lambda: window.editor.document is not None)


def test_closing_does_not_wait_for_a_photo_that_is_being_opened(
    gate: Gate, large: Path, open_window: OpenWindow, close: Callable[[MainWindow], None], until: Until
) -> None:
    window = open_window()
    window.opening.open_path(large)
    until(lambda: shown(window) is window.editor_view.first_view)
    close(window)  # with the gate still closed: its next report is refused
    assert gate.reads == [large]
    assert window.editor.document is None


def test_what_comes_of_a_photo_that_was_given_up_is_not_shown(open_window: OpenWindow, large: Path) -> None:
    window = open_window()
    late = Glimpse(make_picture(Raster(smooth_picture())), SIZE)
    window.editor.file_tasks._show_glimpse(Opening(large), late)
    assert window.editor.glimpse is None
    assert shown(window) is window.editor_view.start
