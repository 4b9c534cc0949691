"""Windows with their Models page open, and a Hub on this machine that offers the built-in model as somebody's."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nti_desktop.core.resources import resource
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.hub import transfer
from tests.gui.conftest import OpenWindow
from tests.gui.models.page import MODEL, Until, rested
from tests.hub_server import LocalHub, in_place_of_the_hub


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    studio = resource("models", "studio")
    files = {path.relative_to(studio).as_posix(): path.read_bytes() for path in studio.rglob("*") if path.is_file()}
    with in_place_of_the_hub(LocalHub({MODEL: files}), monkeypatch) as hub:
        yield hub


@pytest.fixture
def copied() -> Callable[[Path], Path]:
    """Lays a usable model there: the built-in one under another name."""

    def lay(path: Path) -> Path:
        return shutil.copytree(resource("models", "studio"), path)

    return lay


@pytest.fixture
def opened(open_window: OpenWindow, until: Until) -> Callable[[], MainWindow]:
    """A window with its Models page, which has looked."""

    def make() -> MainWindow:
        window = open_window()
        window.actions_by_name["show_page"].trigger()
        assert window.models.page.isVisible()
        rested(window, until)
        return window

    return make
