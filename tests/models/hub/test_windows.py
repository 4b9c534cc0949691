"""What one window does with a download while another one is at it, or after it was broken off."""

from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken, Progress
from nti_desktop.models.hub import transfer
from nti_desktop.models.hub.client import download
from nti_desktop.models.library.store import incoming, remove_incoming
from tests.hub_server import LocalHub
from tests.models.hub.downloads import MODEL, SINGLE, WEIGHTS, fetched, refusal
from tests.rights import open_folder, without_rights


def test_two_windows_do_not_fetch_the_same_model_at_once(server: LocalHub, store: Path, offered: str) -> None:
    sentences = []

    def another(progress: Progress) -> None:
        with pytest.raises(ModelError) as refused:
            fetched(offered, store)
        sentences.append(str(refused.value))

    download(offered, store, another, CancelToken())
    assert set(sentences) == {f"“{SINGLE}” is being downloaded, in another window; wait for that, or stop it there."}


def test_what_a_broken_off_download_left_can_be_removed(server: LocalHub, store: Path) -> None:
    server.statuses[".safetensors"] = (500, "")
    refusal(MODEL, store)
    (begun,) = incoming(store)
    assert begun.wanted == MODEL
    remove_incoming(begun)
    assert incoming(store) == ()


def test_what_is_being_downloaded_in_another_window_cannot_be_removed(
    server: LocalHub, store: Path, offered: str
) -> None:
    sentences = []

    def another(progress: Progress) -> None:
        for under_way in incoming(store):
            with pytest.raises(ModelError) as refused:
                remove_incoming(under_way)
            sentences.append(str(refused.value))

    assert download(offered, store, another, CancelToken()).read_bytes() == WEIGHTS
    assert set(sentences) == {f"“{offered}” is being downloaded, in another window; wait for that, or stop it there."}


def test_what_arrived_where_nothing_may_be_written_stays_and_says_so(server: LocalHub, offered: str) -> None:
    server.cuts = [100_000] + [0] * transfer.PATIENCE
    with open_folder() as store:
        refusal(offered, store)
        (begun,) = incoming(store)
        with without_rights(), pytest.raises(ModelError, match="cannot be deleted"):
            remove_incoming(begun)
