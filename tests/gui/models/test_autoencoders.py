"""A model is given an autoencoder (VAE) on the Models page, another one, and its own again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.models_page import ModelsPage
from nti_desktop.gui.widgets.message_bar import Tone
from nti_desktop.models.library.places import read_places
from tests.gui.models.page import Close, Until, choose, rested, rows, said
from tests.wild.files import write_original, write_original_vae


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
