"""The Models page in the real window, with a Hub on this machine that offers the built-in model as somebody's."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.core.resources import resource
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.widgets.message_bar import Tone, Topic
from nti_desktop.gui.widgets.row_list import Row
from nti_desktop.models.hub import transfer
from nti_desktop.models.library.catalog import BUILT_IN
from nti_desktop.models.library.places import places_file, read_places
from tests.gui.conftest import OpenWindow
from tests.hub_server import LocalHub, in_place_of_the_hub
from tests.preview_decoders import write_tiny
from tests.wild.files import write_original, write_original_vae
from tests.wild.folders import write_folder

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]
MODEL = "someone/still-lifes"
NAME = "someone--still-lifes"


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


def rested(window: MainWindow, until: Until) -> None:
    """Wait until nothing is looked at or fetched."""
    until(lambda: window.library.contents is not None and not window.library.looking and not window.transfers.doing)
    until(lambda: not window.models_thread.busy and not window.transfers_thread.busy)


def rows(window: MainWindow) -> dict[str, Row]:
    return {Path(row.key).name: row for row in window.models.page.list.list.rows}


def choose(window: MainWindow, name: str) -> None:
    key = rows(window)[name].key
    assert window.models.page.list.list.select(key)


def said(page: ModelsPage, tone: Tone | None = None) -> str:
    return " ".join(m.text for m in page.messages.messages if tone in (None, m.tone))


def answer(window: MainWindow, title: str) -> None:
    """Press a button of the question that is asked."""
    question = window.models.page.list.question
    assert isinstance(question, QMessageBox)
    next(button for button in question.buttons() if button.text() == title).click()


def asked_for(window: MainWindow, wanted: str, until: Until) -> None:
    """Look a model of the Hub up."""
    page = window.models.page
    page.tabs.setCurrentWidget(page.downloads)
    page.downloads.name.setText(wanted)
    page.downloads.look.click()
    rested(window, until)


def test_the_window_is_there_before_anything_was_looked_for(open_window: OpenWindow, until: Until) -> None:
    window = open_window()
    assert window.library.contents is None
    models = window.editor_view.model_panel.models
    assert [models.itemText(n) for n in range(models.count())] == ["Studio (built in)"]
    assert window.models.page.list.list.rows == ()
    rested(window, until)
    titles = [row.name for row in BUILT_IN.values()]
    assert [row.title for row in window.models.page.list.list.rows] == [f"{titles[0]}  —  in use", *titles[1:]]
    assert window.editor.model.entry.built_in


def test_looking_is_said_and_does_not_hold_the_window(
    open_window: OpenWindow, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    from nti_desktop.gui.controllers import model_library

    may_end, look = Event(), model_library._look

    def slow_drive() -> model_library.Contents:
        may_end.wait(60)
        return look()

    monkeypatch.setattr(model_library, "_look", slow_drive)
    window = open_window()
    window.models.show_page()
    assert window.models.page.list.looking.isVisible()
    assert window.library.contents is None
    may_end.set()
    rested(window, until)
    assert not window.models.page.list.looking.isVisible()


def test_models_are_listed_used_verified_and_removed(
    opened: Callable[[], MainWindow], copied: Callable[[Path], Path], until: Until, tmp_path: Path, home: Path
) -> None:
    store, comfy = read_places().store, home / "ComfyUI" / "models" / "checkpoints"
    mine = copied(store / NAME)
    comfy.mkdir(parents=True)
    (comfy / "broken.safetensors").write_bytes(b"no model")
    window = opened()
    page = window.models.page
    assert "in the models folder" in rows(window)[NAME].lines[0]
    assert "Stable Diffusion 1" in rows(window)[NAME].lines[0]
    assert "21.8 MB" in rows(window)[NAME].lines[0]
    assert "found in ComfyUI" in rows(window)["broken.safetensors"].lines[0]
    assert rows(window)["broken.safetensors"].warning

    choose(window, "broken.safetensors")
    assert not page.list.use.isEnabled()
    choose(window, NAME)
    page.list.use.click()
    assert window.editor.model.entry.id == str(mine)
    assert "in use" in rows(window)[NAME].title
    panel = window.editor_view.model_panel.models
    assert panel.currentText() == MODEL
    assert panel.count() == len(BUILT_IN) + 1

    page.list.verify.click()
    rested(window, until)
    assert "is whole" in said(page)

    page.list.remove.click()
    answer(window, "Keep")
    assert mine.exists()
    page.list.remove.click()
    answer(window, "Delete")
    until(lambda: NAME not in rows(window))
    assert not mine.exists()
    assert "is deleted" in said(page)
    assert window.editor.model.entry.built_in  # nobody works with what is gone
    assert panel.count() == len(BUILT_IN)


def test_a_model_elsewhere_is_added_where_it_is_and_only_forgotten(
    opened: Callable[[], MainWindow],
    copied: Callable[[Path], Path],
    until: Until,
    close: Close,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = copied(tmp_path / "my model")
    window = opened()
    page = window.models.page
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "empty"))
    page.list.add_folder.click()
    until(lambda: bool(said(page, Tone.ERROR)))
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"no model")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    page.list.add_file.click()
    until(lambda: "“model.safetensors” is damaged" in said(page, Tone.ERROR))
    assert read_places().added == ()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(mine))
    page.list.add_folder.click()
    until(lambda: mine.name in rows(window))
    rested(window, until)
    assert page.list.list.key == str(mine)  # ready to be used
    assert "used where it is" in said(page)
    assert read_places().added == (mine,)  # the command line knows it too
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    page.list.show_folder.click()
    assert [Path(url.toLocalFile()) for url in shown] == [mine]
    close(window)

    again = opened()
    assert mine.name in rows(again)
    choose(again, mine.name)
    again.models.page.list.remove.click()
    answer(again, "Take off the list")
    until(lambda: mine.name not in rows(again))
    assert (mine / "model_index.json").exists()
    assert read_places().added == ()


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
    assert said(page, Tone.ERROR) == "The Hub cannot be reached; check the connection and try again."
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


def test_another_drive_is_the_store_and_an_unplugged_one_is_said(
    server: LocalHub,
    opened: Callable[[], MainWindow],
    copied: Callable[[Path], Path],
    until: Until,
    close: Close,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = copied(read_places().store / "here").parent
    drive = tmp_path / "drive" / "models"
    window = opened()
    page = window.models.page
    assert str(before) in page.store.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(drive))
    page.change.click()
    until(lambda: str(drive) in page.store.text())
    assert f"Models that are in “{before}” stay there" in said(page)
    assert (before / "here").exists()
    assert read_places().store == drive
    close(window)

    drive.rmdir()
    window = opened()
    page = window.models.page
    assert "plug in its drive" in said(page, Tone.ERROR)
    asked_for(window, MODEL, until)
    assert server.requests == []
    drive.mkdir()
    window.models.show_page()
    rested(window, until)
    assert not any(m.topic is Topic.MODELS_FOLDER for m in page.messages.messages)


def test_a_damaged_list_of_places_is_said_and_healed_by_choosing_a_folder(
    server: LocalHub,
    opened: Callable[[], MainWindow],
    until: Until,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places_file().parent.mkdir(parents=True, exist_ok=True)
    places_file().write_text("{")
    window = opened()
    page = window.models.page
    assert "is damaged" in said(page, Tone.ERROR)
    assert "is damaged" in window.editor_view.messages.messages[0].text
    asked_for(window, MODEL, until)  # gigabytes would go where nobody wanted them
    assert server.requests == []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "store"))
    page.change.click()
    until(lambda: str(tmp_path / "store") in page.store.text())
    rested(window, until)
    assert not any(m.topic is Topic.MODELS_FOLDER for m in page.messages.messages)
    assert not window.editor_view.messages.messages
    assert places_file().with_name("models.json.damaged-1").read_text() == "{"


def test_too_little_room_is_said_before_the_licence_can_be_accepted(
    opened: Callable[[], MainWindow], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nti_desktop.gui.workers import transfers

    monkeypatch.setattr(transfers, "free_space", lambda _: 2_000_000_000)
    window = opened()
    page = window.models.page
    page.downloads.list.setCurrentRow(0)
    page.downloads.download.click()
    rested(window, until)
    assert "2.0 GB are free; that is too little" in page.downloads.terms.about.text()
    assert not page.downloads.terms.accept_box.isEnabled()


def test_the_page_fits_a_small_screen(qtbot: QtBot) -> None:
    page = ModelsPage()
    qtbot.addWidget(page)
    assert isinstance(page, QDialog)
    assert not page.isModal()
    assert page.minimumSizeHint().height() <= 640
    assert page.minimumSizeHint().width() <= 1200


def test_a_file_without_a_vae_is_given_one_where_that_is_said(
    opened: Callable[[], MainWindow], until: Until, close: Close, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_original(tmp_path / "without.safetensors", "sd15", without="vae")
    vae, broken = write_original_vae(tmp_path / "vae.safetensors"), tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    window = opened()
    page = window.models.page
    answers = [file, broken, vae]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(answers.pop(0)), ""))
    page.list.add_file.click()
    until(lambda: "lacks the model's autoencoder (VAE)" in said(page, Tone.ERROR))
    assert file.name not in rows(window)
    until(lambda: bool(offered(page)))
    offered(page)[0].click()
    until(lambda: "“broken.safetensors” is damaged" in said(page, Tone.ERROR))
    assert read_places().added == ()
    until(lambda: bool(offered(page)))  # another one can be chosen
    offered(page)[0].click()
    until(lambda: file.name in rows(window))
    rested(window, until)
    assert read_places().autoencoders == ((file, vae),)
    assert "with the VAE “vae.safetensors”" in rows(window)[file.name].words
    close(window)


def test_a_vae_is_swapped_and_the_model_at_hand_goes_on_with_it_and_back(
    opened: Callable[[], MainWindow], until: Until, close: Close, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_original(tmp_path / "whole.safetensors", "sd15")
    vae = write_original_vae(tmp_path / "vae.safetensors")
    window = opened()
    page = window.models.page
    assert not page.list.vae.isEnabled()  # what is built in has its own
    answers = [file, "", vae]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(answers.pop(0)), ""))
    page.list.add_file.click()
    until(lambda: file.name in rows(window))
    rested(window, until)
    choose(window, file.name)
    page.list.use.click()
    assert not page.list.own_vae.isVisible()
    page.list.vae.click()  # and nothing is chosen
    page.list.vae.click()
    until(lambda: window.editor.model.entry.files.autoencoder_file == vae)
    rested(window, until)
    assert "with the VAE “vae.safetensors”" in rows(window)[file.name].words
    assert "in use" in rows(window)[file.name].title
    choose(window, file.name)
    page.list.own_vae.click()
    until(lambda: window.editor.model.entry.files.autoencoder_file is None)
    rested(window, until)
    assert "VAE" not in rows(window)[file.name].words
    assert window.editor.model.entry.id == str(file)
    assert not page.list.own_vae.isVisible()
    close(window)


def test_a_listed_file_without_a_vae_is_given_one_by_its_row(
    opened: Callable[[], MainWindow], until: Until, close: Close, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = read_places().store
    store.mkdir(parents=True)
    file = write_original(store / "without.safetensors", "sd15", without="vae")
    (store / "broken.safetensors").write_bytes(b"no model")
    vae = write_original_vae(tmp_path / "vae.safetensors")
    window = opened()
    page = window.models.page
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(vae), ""))
    choose(window, "broken.safetensors")
    assert not page.list.vae.isEnabled()
    choose(window, file.name)
    assert not page.list.use.isEnabled()
    page.list.vae.click()
    until(lambda: page.list.use.isEnabled())
    rested(window, until)
    assert rows(window)[file.name].warning == ""
    close(window)


def offered(page: ModelsPage) -> list[QPushButton]:
    """The buttons beside what is said that choose a VAE."""
    return [b for b in page.messages.findChildren(QPushButton) if b.text() == "Choose a VAE…" and b.isVisible()]
