"""Models are looked up, fetched, given up and gone on with, on the Models page in the real window."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.gui.workers import transfers
from nti_desktop.models.library.catalog import BUILT_IN
from nti_desktop.models.library.places import read_places
from tests.gui.models.page import MODEL, NAME, Close, Until, answer, asked_for, choose, rested, rows, said
from tests.hub_server import LocalHub
from tests.preview_decoders import write_tiny
from tests.wild.folders import write_folder


def test_nothing_connects_before_a_button_was_pressed(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until
) -> None:
    window = opened()
    page = window.models.page
    page.tabs.setCurrentWidget(page.downloads)
    assert page.downloads.list.rows[0].title == "Stable Diffusion 1.5"
    assert "4.3 GB" in page.downloads.list.rows[0].lines[1]
    page.downloads.list.setCurrentRow(0)
    page.downloads.download.click()  # of an offered one all is known
    rested(window, until)
    assert page.downloads.currentWidget() is page.downloads.terms
    assert "CreativeML Open RAIL-M" in page.downloads.terms.licence.text()
    assert "stable-diffusion-license" in page.downloads.terms.licence.text()
    assert "4.3 GB" in page.downloads.terms.about.text()
    page.downloads.terms.decline.click()
    page.downloads.name.setText(MODEL)
    assert server.requests == []
    page.downloads.look.click()
    rested(window, until)
    assert server.paths() == [f"/api/models/{MODEL}"]


def test_a_download_needs_its_licence_accepted_and_can_be_used_at_once(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until
) -> None:
    window = opened()
    page = window.models.page
    asked_for(window, MODEL, until)
    terms = page.downloads.terms
    assert "openrail++" in terms.licence.text()
    assert not terms.download.isEnabled()
    terms.download.click()
    terms._accept()
    assert not window.transfers.doing
    assert len(server.requests) == 1
    terms.accept_box.click()
    terms.download.click()
    assert page.strip.isVisible()
    page.downloads.name.setText("someone/else")
    assert not page.downloads.look.isEnabled()  # one at a time
    until(lambda: "verified byte for byte" in said(page))
    rested(window, until)
    assert not page.strip.isVisible()
    assert "licence: openrail++" in rows(window)[NAME].lines[0]
    (message,) = [m for m in page.messages.messages if m.actions]
    message.actions[0].do()
    assert window.editor.model.entry.name == MODEL
    assert window.editor_view.model_panel.models.currentText() == MODEL
    choose(window, NAME)
    page.list.verify.click()
    until(lambda: "as it was downloaded" in said(page))


def test_a_preview_decoder_is_fetched_and_said_with_the_models_that_it_draws_for(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until, tmp_path: Path
) -> None:
    tiny = write_tiny(tmp_path / "tiny")
    server.repositories["madebyollin/taesd"] = {path.name: path.read_bytes() for path in tiny.iterdir()}
    write_folder(read_places().store / "mine", "sd15")
    window = opened()
    page = window.models.page
    assert "small decoder" not in rows(window)["mine"].words
    asked_for(window, "madebyollin/taesd", until)
    page.downloads.terms.accept_box.click()
    page.downloads.terms.download.click()
    until(lambda: "draws previews with Stable Diffusion 1 and Stable Diffusion 2" in said(page, Tone.NOTE))
    rested(window, until)
    assert said(page, Tone.ERROR) == ""
    assert "previews by a small decoder" in rows(window)["mine"].lines[0]
    assert set(rows(window)) == {*BUILT_IN, "mine"}
    weights = read_places().store / "madebyollin--taesd" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    window.library.look()
    rested(window, until)
    assert "small decoder" not in rows(window)["mine"].lines[0]
    assert "is damaged or incomplete" in rows(window)["mine"].warning


@pytest.mark.slow
def test_a_cancelled_download_keeps_its_pieces_and_goes_on_without_asking_again(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until
) -> None:
    weights = "unet/diffusion_pytorch_model.safetensors"
    size = len(server.repositories[MODEL][weights])
    server.delays = [0.0] * 2 + [2.0]  # the UNet comes last
    window = opened()
    page = window.models.page
    asked_for(window, MODEL, until)
    page.downloads.terms.accept_box.click()
    page.downloads.terms.download.click()
    until(lambda: " MB" in page.strip.text.text() and server.sent(weights) > size // 3)
    page.strip.cancel.click()
    assert page.strip.text.text() == "Stopping…"
    rested(window, until)
    assert "what has arrived is kept" in said(page)
    assert not said(page, Tone.ERROR)
    assert "have arrived" in rows(window)[NAME].lines[0]
    kept = sum(path.stat().st_size for path in read_places().store.rglob("*.part"))
    assert 0 < kept < size

    server.requests.clear()
    choose(window, NAME)
    assert page.list.use.text() == "Go on"
    page.list.use.click()
    until(lambda: "verified byte for byte" in said(page))
    rested(window, until)
    assert server.sent() == size - kept
    assert "in the models folder" in rows(window)[NAME].lines[0]


def test_a_download_that_broke_off_can_be_deleted(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until
) -> None:
    server.statuses["unet/diffusion_pytorch_model.safetensors"] = (403, "")
    window = opened()
    page = window.models.page
    asked_for(window, MODEL, until)
    page.downloads.terms.accept_box.click()
    page.downloads.terms.download.click()
    until(lambda: "does not let you" in said(page, Tone.ERROR))
    rested(window, until)
    choose(window, NAME)
    page.list.remove.click()
    answer(window, "Delete")
    until(lambda: NAME not in rows(window))
    assert list(read_places().store.rglob("*.part")) == []


def test_what_the_hub_refuses_is_one_sentence_on_the_page(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until
) -> None:
    window = opened()
    page = window.models.page
    asked_for(window, "someone/not-here", until)
    assert "check the name" in said(page, Tone.ERROR)
    server.statuses[MODEL] = (503, "")
    asked_for(window, MODEL, until)
    assert said(page, Tone.ERROR) == "The Hub is too busy to answer; download again in a few minutes."
    assert page.downloads.currentWidget() is not page.downloads.terms
    server.statuses.clear()
    asked_for(window, MODEL, until)
    assert said(page, Tone.ERROR) == ""


def test_closing_the_window_stops_a_download_and_keeps_its_pieces(
    server: LocalHub, opened: Callable[[], MainWindow], until: Until, close: Close
) -> None:
    weights = "unet/diffusion_pytorch_model.safetensors"
    size = len(server.repositories[MODEL][weights])
    server.delays = [0.0] * 2 + [1.0]
    window = opened()
    asked_for(window, MODEL, until)
    terms = window.models.page.downloads.terms
    terms.accept_box.click()
    terms.download.click()
    until(lambda: server.sent(weights) > size // 3)
    close(window)
    assert not window.transfers_thread.isRunning()
    assert not window.models_thread.isRunning()
    assert 0 < sum(path.stat().st_size for path in read_places().store.rglob("*.part")) < size
    assert NAME not in [path.name for path in read_places().store.iterdir()]


def test_too_little_room_is_said_before_the_licence_can_be_accepted(
    opened: Callable[[], MainWindow], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "free_space", lambda _: 2_000_000_000)
    window = opened()
    page = window.models.page
    page.downloads.list.setCurrentRow(0)
    page.downloads.download.click()
    rested(window, until)
    assert "2.0 GB are free; that is too little" in page.downloads.terms.about.text()
    assert not page.downloads.terms.accept_box.isEnabled()
