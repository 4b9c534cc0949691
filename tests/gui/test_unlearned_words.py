"""Words the model never learned are marked as one types, and nothing else moves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from nti_desktop.gui import theme
from nti_desktop.gui.editor.prompt_bar import PromptBar
from nti_desktop.gui.editor.prompt_line import PromptLine
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.one_line import OneLine
from nti_desktop.models.library.catalog import ModelEntry, built_in
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]
LEARNED = frozenset({"a", "red", "ball", "on", "sand"})


def marked(line: PromptLine) -> list[str]:
    return [word.text for word in line.unlearned]


def waved(line: PromptLine) -> list[int]:
    """The columns in which the colour of the wave is seen."""
    image = line.grab().toImage()
    ratio = image.devicePixelRatio()

    def is_wave(x: int, y: int) -> bool:
        colour = image.pixelColor(x, y)
        return colour.red() - colour.blue() > 60 and abs(colour.hue() - theme.WARNING.hue()) < 10

    return [round(x / ratio) for x in range(image.width()) if any(is_wave(x, y) for y in range(image.height()))]


@pytest.fixture
def line(qtbot: QtBot) -> PromptLine:
    line = PromptLine()
    qtbot.addWidget(line)
    line.resize(300, line.sizeHint().height())
    line.show_learned(LEARNED)
    line.show()
    return line


@pytest.fixture
def bar(qtbot: QtBot) -> PromptBar:
    bar = PromptBar()
    qtbot.addWidget(bar)
    bar.resize(770, bar.sizeHint().height())
    studio = replace(built_in(), words=LEARNED)
    bar.show_models(studio, studio)
    bar.show()
    return bar


def test_a_word_is_let_be_while_it_is_typed_and_marked_after_it(qtbot: QtBot, line: PromptLine) -> None:
    qtbot.keyClicks(line, "a red zebra")
    assert marked(line) == []
    qtbot.keyClicks(line, " on")
    assert marked(line) == ["zebra"]
    qtbot.keyClicks(line, " gri")
    assert marked(line) == ["zebra"]
    qtbot.waitUntil(lambda: marked(line) == ["zebra", "gri"], timeout=5000)  # a pause ends a word too
    for _ in "gri":
        qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert marked(line) == ["zebra"]
    line.replace_text("a red ball")
    assert marked(line) == []


def test_without_a_list_of_words_nothing_is_marked(line: PromptLine) -> None:
    line.show_text("a zebra")
    assert marked(line) == ["zebra"]
    line.show_learned(None)
    assert marked(line) == []
    assert waved(line) == []


def test_the_wave_runs_under_the_word_alone(line: PromptLine) -> None:
    line.show_text("a red ball on sand")
    assert waved(line) == []
    line.show_text("a red zebra on sand")
    width = line.fontMetrics().horizontalAdvance
    before = waved(line)
    start = before[0]
    assert before[-1] - start == pytest.approx(width("zebra"), abs=4)
    line.setCursorPosition(7)
    line.setFocus()
    assert waved(line)[0] == pytest.approx(start, abs=1)  # wherever the caret stands
    line.show_text("a red ball on zebra")
    assert waved(line)[0] - start == pytest.approx(width("a red ball on ") - width("a red "), abs=2)


@pytest.mark.parametrize("before", ["🐈🐈🐈 ", "a 👨\u200d👩\u200d👧 𝒶 ", "cafe\u0301 "])
def test_the_wave_runs_under_its_word_behind_emoji_too(line: PromptLine, before: str) -> None:
    line.show_learned(LEARNED | {"café", "𝒶"})
    line.show_text(f"{before}zebra on")
    assert marked(line) == ["zebra"]
    found = waved(line)
    room = QTextLayout(line.text(), line.font())
    room.beginLayout()
    row = room.createLine()
    room.endLayout()
    start = len(before.encode("utf-16-le")) // 2
    left, right = (float(row.cursorToX(place)[0]) for place in (start, start + len("zebra")))
    line.show_text("zebra on")
    shift = waved(line)[0]
    assert found[0] == pytest.approx(left + shift, abs=2)
    assert found[-1] == pytest.approx(right + shift, abs=4)


def test_a_word_behind_emoji_is_let_be_while_it_is_typed(qtbot: QtBot, line: PromptLine) -> None:
    line.setText("🐈🐈🐈🐈🐈🐈 ")
    line.setCursorPosition(13)
    qtbot.keyClicks(line, "zebra")
    assert marked(line) == []
    qtbot.keyClicks(line, " on")
    assert marked(line) == ["zebra"]


def test_the_wave_scrolls_with_a_long_text_and_stays_inside_the_line(line: PromptLine) -> None:
    line.show_text("zebra " + "a red ball on sand " * 6 + "zebra")
    line.setCursorPosition(0)
    first = waved(line)
    line.setCursorPosition(len(line.text()))
    last = waved(line)
    assert first[-1] < line.width() / 3
    assert last[0] > line.width() * 2 / 3
    assert last[-1] < line.width()


def test_the_sentence_is_said_once_for_both_lines_and_moves_nothing(qtbot: QtBot, bar: PromptBar) -> None:
    before = bar.sizeHint(), bar.edit.geometry(), bar.prepare_button.geometry()
    qtbot.keyClicks(bar.description, "a zebra on sand")
    bar.show_edit("a zebra on sand")
    assert (
        bar.unlearned.sentence == "The model “Studio (built in)” never learned “zebra”; the edit may do nothing there."
    )
    assert bar.unlearned.text() == bar.unlearned.sentence
    assert (bar.sizeHint(), bar.edit.geometry(), bar.prepare_button.geometry()) == before
    bar.description.replace_text("a ball on sand")
    assert "zebra" in bar.unlearned.sentence
    bar.show_edit("a ball on sand")
    assert bar.unlearned.sentence == ""


def test_an_edit_that_differs_only_in_signs_is_told_so_once(bar: PromptBar) -> None:
    bar.show_source("a red ball on sand")
    for edit in ("A Red ball on sand.", "a red ball, on sand"):
        bar.show_edit(edit)
        assert bar.same.text() == "The edit differs only in capitals or punctuation, which change nothing."
        assert (bar.same.isVisible(), bar.diff.isVisible()) == (True, False)
    bar.show_edit("a red ball on  sand\u200b")  # looks the same
    assert (bar.same.isVisible(), bar.diff.isVisible()) == (False, False)
    bar.show_edit("A blue ball on sand.")
    assert (bar.same.isVisible(), bar.diff.isVisible()) == (False, True)


def test_each_line_is_read_by_its_own_model(bar: PromptBar) -> None:
    toys = replace(built_in(), built_in=False, name="toys", words=frozenset({"a", "zebra"}))
    bar.description.show_text("a zebra")
    bar.edit.show_text("a red zebra")
    models: list[tuple[ModelEntry | None, ModelEntry | None, list[list[str]]]] = [
        (toys, toys, [[], ["red"]]),
        (replace(toys, words=None), toys, [[], ["red"]]),
        (replace(toys, words=None), None, [[], []]),
    ]
    for preparing, editing, found in models:
        bar.show_models(preparing, editing)
        assert [marked(bar.description), marked(bar.edit)] == found
    assert not bar.unlearned.isVisible()  # no list, no line kept for it


def test_what_does_not_fit_is_whole_in_the_tooltip(qtbot: QtBot) -> None:
    label = OneLine()
    qtbot.addWidget(label)
    label.resize(100, 20)
    label.say("A sentence that is far too long for so narrow a label.")
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == label.sentence
    label.resize(900, 20)
    assert (label.text(), label.toolTip()) == (label.sentence, "")


@pytest.mark.slow
def test_in_the_window_an_unknown_word_is_marked_and_a_known_one_is_not(
    open_window: OpenWindow, until: Until, qtbot: QtBot, tmp_path: Path
) -> None:
    picture = tmp_path / "grey.png"
    Image.new("RGB", (120, 90), "#808080").save(picture)
    window = open_window()
    window.resize(1280, 800)
    window.opening.open_path(picture)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    prompts, view = window.editor_view.prompts, window.editor_view.view
    prompts.description.setFocus()
    qtbot.keyClicks(prompts.description, "a red ball on sand")
    until(lambda: not prompts.description.is_being_typed)
    before = view.geometry()
    qtbot.keyClicks(prompts.description, " with a blal")
    until(lambda: marked(prompts.description) == ["with", "blal"])
    assert marked(prompts.edit) == ["with", "blal"]  # the edit begins as the description
    assert prompts.unlearned.sentence == (
        "The model “Studio (built in)” never learned “with” and “blal”; the edit may do nothing there. "
        "Did you mean “ball”?"
    )
    assert view.geometry() == before
    _nothing_is_cut_off(window)

    prompts.description.selectAll()
    qtbot.keyClicks(prompts.description, "a red ball on sand")
    until(lambda: not prompts.description.is_being_typed)
    assert marked(prompts.description) == []
    assert prompts.unlearned.sentence == ""
    assert view.geometry() == before

    prompts.edit.setFocus()
    prompts.edit.selectAll()
    qtbot.keyClicks(prompts.edit, "a zebra on sand")
    assert (marked(prompts.description), marked(prompts.edit)) == ([], ["zebra"])
    assert "“zebra”" in prompts.unlearned.sentence
    assert prompts.prepare_button.isEnabled()
    _nothing_is_cut_off(window)


def test_an_edit_is_read_by_the_model_the_photo_was_prepared_with(prepared: MainWindow, qtbot: QtBot) -> None:
    prompts, chosen = prepared.editor_view.prompts, replace(built_in(), id="another", words=frozenset({"a"}))
    prepared.editor.model.choose(chosen)  # for the next preparing
    assert marked(prompts.description)
    assert not marked(prompts.edit)
    qtbot.keyClicks(prompts.description, "!")  # now that next preparing is what the edit waits for
    assert marked(prompts.edit) == marked(prompts.description)


def _nothing_is_cut_off(window: MainWindow) -> None:
    assert (window.width(), window.height()) == (1280, 800)
    prompts = window.editor_view.prompts
    assert prompts.unlearned.text() == prompts.unlearned.sentence
    inside = prompts.rect()
    for widget in (
        *prompts.findChildren(QLabel),
        *prompts.findChildren(QPushButton),
        prompts.description,
        prompts.edit,
    ):
        if widget.isVisibleTo(prompts):
            assert inside.contains(widget.rect().translated(widget.mapTo(prompts, widget.rect().topLeft())))
            assert widget.height() >= min(widget.minimumSizeHint().height(), widget.sizeHint().height())
