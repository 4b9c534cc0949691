"""Windows for tests: the real window, engine and model on the real event loop, closed in the end as a user would."""

import gc
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nti_desktop.core.garbage import kept_for_good
from nti_desktop.editing import estimates
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_jobs import invert_job
from nti_desktop.editing.export_request import ExportRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui import theme
from nti_desktop.gui.controllers.autosave import AFTER
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.workers import engine_thread
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.recipe.settings import InversionSettings
from tests.gui.gated import PLENTY, GatedBench

PATIENCE = 120_000  # milliseconds; a busy machine is no failure

OpenWindow = Callable[..., MainWindow]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Full renders do not wait for their button because something else keeps the machine busy. What is there when an
    engine starts is kept for good only by the window that imports torch; of all windows there would be gigabytes. Those
    after it have an engine that has worked before.
    """
    monkeypatch.setattr(estimates, "SLOW_RENDER", math.inf)
    if "torch" not in sys.modules:
        yield
        return
    from tests.warm_engine import warm_engine  # torch

    monkeypatch.setattr(engine_thread, "kept_for_good", nullcontext)
    with warm_engine():
        yield


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> GatedBench:
    """The engine service of windows that are opened from now on; it lets every render go until it is told to hold."""
    service = GatedBench()
    service.let_go(PLENTY)
    monkeypatch.setattr("nti_desktop.gui.main_window.load_service", lambda: service)
    return service


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    """Let the event loop run until something holds."""

    def wait(holds: Callable[[], bool]) -> None:
        qtbot.waitUntil(holds, timeout=PATIENCE)

    return wait


@pytest.fixture
def close(qtbot: QtBot) -> Callable[[MainWindow], None]:
    """Close a window and wait until it has saved and its threads have ended."""

    def close_and_wait(window: MainWindow) -> None:
        with qtbot.waitSignal(window.closed, timeout=PATIENCE):
            window.close()
        assert not window.engine.isRunning()
        assert not window.background.isRunning()

    return close_and_wait


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, close: Callable[[MainWindow], None]) -> Iterator[OpenWindow]:
    """Makes windows; those still open in the end are closed."""
    qapp.setQuitOnLastWindowClosed(False)
    theme.dress(qapp)
    windows: list[MainWindow] = []
    closed: list[MainWindow] = []

    def make(save_after: int | None = AFTER) -> MainWindow:
        window = MainWindow(save_after)
        window.show()
        qtbot.waitExposed(window)
        windows.append(window)
        window.closed.connect(lambda: closed.append(window))
        return window

    yield make
    for window in windows:
        if window not in closed:  # or while it closes: a thread that runs must not be destroyed
            window.editor.exports.queue.cancel_all()  # else it asks whether to wait for one that has just ended
            close(window)
        window.deleteLater()
    qapp.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # which an event loop does, and there is none
    windows.clear()
    closed.clear()
    gc.collect()


@pytest.fixture
def sample() -> Sample:
    """The first of the program's samples."""
    return samples()[0]


@pytest.fixture
def sample_edit(sample: Sample) -> str:
    """An edit of the first sample that changes its picture."""
    return sample.edits[0]


@pytest.fixture
def photo(sample: Sample, tmp_path: Path) -> Path:
    """A copy of the sample in a folder of its own."""
    copy = tmp_path / sample.path.name
    shutil.copyfile(sample.path, copy)
    return copy


@pytest.fixture
def prepared(open_window: OpenWindow, photo: Path, until: Callable[[Callable[[], bool]], None]) -> MainWindow:
    """A window with the sample, which was prepared in four steps and saved before, and is measured."""
    photo.with_name(photo.name + ".nti").write_bytes(prepared_project())
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    assert window.editor.document is not None
    assert window.editor.document.version is not None
    window.editor_view.model_panel.steps.setValue(4)  # for those who prepare it again
    return window


@cache
def prepared_project() -> bytes:
    """The sidecar of the first sample, prepared in four steps by the real engine, once for all tests."""
    with kept_for_good():
        from nti_desktop.engine.service import EngineService  # torch

    sample, entry = samples()[0], built_in()
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / sample.path.name
        shutil.copyfile(sample.path, photo)
        session = Session.open(photo)
        document = Document(session, entry.defaults)
        document.describe(sample.caption)
        method = entry.defaults.method
        settings = InversionSettings(sample.caption, method, 4, entry.defaults.guidance_of(method))
        made = EngineService().invert(invert_job(session, entry, settings))
        document.prepared(entry, [AreaInversion(document.whole, fingerprint(entry), made)])
        session.save()
        return session.sidecar.read_bytes()


def export_to(window: MainWindow, target: Path, conflict: Conflict = Conflict.OVERWRITE) -> None:
    """Export the open edit under this very name."""
    request = ExportRequest(folder=target.parent, template=target.stem, suffix=target.suffix, conflict=conflict)
    window.exporting.write(request)
