"""A Hub on this machine with models to download, a store for them, and a list of the program's own that offers one."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nti_desktop.models.hub import offers, transfer
from nti_desktop.models.hub.offers import Licence, Offer, OfferedFile
from nti_desktop.models.library import checking
from tests.hub_server import REVISION, LocalHub, in_place_of_the_hub
from tests.models.hub.downloads import FULL, HALVES, MODEL, SINGLE, TEXTS, UNWANTED, WEIGHTS


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    files = {MODEL: TEXTS | HALVES | FULL | UNWANTED, "offered/one": {SINGLE: WEIGHTS}}
    with in_place_of_the_hub(LocalHub(files), monkeypatch) as hub:
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a single file in the program's own list."""
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    one = Offer(
        "one", "One", "For tests.", Licence("MIT", "https://x"), "offered/one", REVISION,
        (OfferedFile(SINGLE, len(WEIGHTS), sha256),),
    )  # fmt: skip
    for module in (offers, checking):
        monkeypatch.setattr(module, "offers", lambda: (one,))
    return "one"
