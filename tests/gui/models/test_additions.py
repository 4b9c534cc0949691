"""LoRAs and embeddings on the Models page, in the real window with real files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QSlider
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.models.additions_panel import AdditionsPanel
from nti_desktop.models.library.extending import extend
from nti_desktop.models.library.places import Given, read_places, write_places
from tests.addition_files import as_kohya, write_lora, write_word
from tests.gui.models.page import Until, choose, rested, rows, said
from tests.wild.folders import write_folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_folder(tmp_path / "model", "sd15")
    write_places(read_places().with_added(path))
    return path


@pytest.fixture
def style(tmp_path: Path) -> Path:
    write_lora(tmp_path / "style.safetensors", {"unet.conv_in": (32, 4, 3, 3)}, as_kohya)
    return tmp_path / "style.safetensors"


def panel(window: MainWindow) -> AdditionsPanel:
    return window.models.page.list.additions


def shown(window: MainWindow) -> list[str]:
    return [row.about.text() for row in panel(window).rows]


def test_a_lora_is_given_weighed_and_taken_away(
    opened: Callable[[], MainWindow], model: Path, style: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()
    choose(window, "model")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(style), ""))
    panel(window).add.click()
    until(lambda: read_places().given(model) == (Given(style, 1.0),))
    until(lambda: shown(window) == ["style.safetensors: LoRA"])
    assert "with style.safetensors" in rows(window)["model"].words
    slider = panel(window).rows[0].slider
    assert slider is not None
    slider.slide_to(0.5)
    slider.slide_to(0.75)
    until(lambda: read_places().given(model) == (Given(style, 0.75),))
    rested(window, until)
    assert panel(window).rows[0].slider.number == "0.75"  # type: ignore[union-attr]
    panel(window).rows[0].remove.click()
    until(lambda: shown(window) == [])
    assert read_places().given(model) == ()
    assert style.is_file()
    rested(window, until)


def test_one_that_cannot_be_used_says_why_and_costs_no_other_row(
    opened: Callable[[], MainWindow], model: Path, style: Path, tmp_path: Path, until: Until
) -> None:
    mug = tmp_path / "my mug.safetensors"
    write_word(mug)
    extend(model, style)
    extend(model, mug)
    style.write_bytes(b"nothing")
    window = opened()
    choose(window, "model")
    assert shown(window) == [
        "“style.safetensors” is damaged or incomplete; get it again.",
        "my mug.safetensors: embedding, “my_mug” in a sentence",
    ]
    assert [row.slider for row in panel(window).rows] == [None, None]


def test_a_pickled_embedding_is_refused_in_a_sentence(
    opened: Callable[[], MainWindow], model: Path, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = tmp_path / "word.pt"
    pickled.write_bytes(b"\x80\x02}q\x00.")
    window = opened()
    choose(window, "model")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(pickled), ""))
    panel(window).add.click()
    until(lambda: "“word.pt” is a pickled file, which could run any program" in said(window.models.page))
    assert read_places().given(model) == ()


def test_what_lies_in_usual_places_is_offered(
    opened: Callable[[], MainWindow], model: Path, style: Path, until: Until
) -> None:
    found = read_places().store / "loras" / style.name
    found.parent.mkdir(parents=True)
    style.rename(found)
    window = opened()
    choose(window, "model")
    offered = panel(window).offered
    assert [offered.itemText(i) for i in range(offered.count())] == ["Found on this computer…", "style.safetensors"]
    offered.setCurrentIndex(1)
    offered.activated.emit(1)
    until(lambda: shown(window) == ["style.safetensors: LoRA"])
    assert offered.isHidden()
    rested(window, until)


def test_a_built_in_model_is_given_files_like_any_other(
    opened: Callable[[], MainWindow], tmp_path: Path, until: Until
) -> None:
    mug = tmp_path / "my_mug.safetensors"
    write_word(mug, width=128)
    window = opened()
    choose(window, "studio")
    panel(window).extend_asked.emit(Path("studio"), mug, 1.0)
    until(lambda: shown(window) == ["my_mug.safetensors: embedding, “my_mug” in a sentence"])
    assert [each.file for each in window.editor.model.entry.files.additions] == [mug]
    panel(window).rows[0].remove.click()
    until(lambda: shown(window) == [])
    assert window.editor.model.entry.files.additions == ()
    rested(window, until)


@pytest.mark.parametrize("leave", [lambda window: window.models.page.close(), lambda window: choose(window, "studio")])
def test_a_weight_moved_just_before_the_page_closes_or_another_model_is_chosen_is_kept(
    opened: Callable[[], MainWindow], model: Path, style: Path, until: Until, leave: Callable[[MainWindow], object]
) -> None:
    extend(model, style)
    window = opened()
    choose(window, "model")
    slider = panel(window).rows[0].slider
    assert slider is not None
    slider.slide_to(0.25)
    leave(window)
    until(lambda: read_places().given(model) == (Given(style, 0.25),))
    rested(window, until)


def test_the_model_at_work_goes_on_with_what_it_was_given(
    opened: Callable[[], MainWindow], model: Path, tmp_path: Path, until: Until
) -> None:
    lcm = tmp_path / "lcm-lora.safetensors"
    save_file(
        {
            "lora_unet_conv_in.lora_down.weight": np.ones((2, 4, 3, 3), np.float32),
            "lora_unet_conv_in.lora_up.weight": np.zeros((32, 2, 1, 1), np.float32),
        },
        lcm,
    )
    window = opened()
    choose(window, "model")
    window.models.page.list.use.click()
    assert not window.editor.model.entry.defaults.few_steps
    panel(window).extend_asked.emit(model, lcm, 1.0)
    until(lambda: window.editor.model.entry.defaults.few_steps)
    assert [each.file for each in window.editor.model.entry.files.additions] == [lcm]
    rested(window, until)


def test_tab_goes_through_what_a_model_is_given_as_one_reads(
    opened: Callable[[], MainWindow], model: Path, style: Path, tmp_path: Path, until: Until, qtbot: QtBot
) -> None:
    write_word(tmp_path / "mug.safetensors")
    extend(model, style)
    extend(model, tmp_path / "mug.safetensors")
    window = opened()
    choose(window, "model")
    until(lambda: len(shown(window)) == 2)
    given, mug = panel(window).rows
    slider = given.findChild(QSlider)
    assert isinstance(slider, QSlider)
    slider.setFocus()
    for following in (given.remove, mug.remove, panel(window).teach, panel(window).add):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is following
    rested(window, until)
