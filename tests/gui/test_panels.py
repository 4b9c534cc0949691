"""The panels by themselves: what they show and what they send."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from nti_desktop.core.progress import Progress
from nti_desktop.gui import preferences, theme
from nti_desktop.gui.controllers import comparing, trying
from nti_desktop.gui.editor.comparison_dialog import ComparisonDialog, Way, Wording
from nti_desktop.gui.editor.diff_view import DiffView, changes_in_words, diff_words
from nti_desktop.gui.editor.mask_panel import MaskPanel
from nti_desktop.gui.editor.model_panel import ModelPanel
from nti_desktop.gui.editor.prompt_bar import PromptBar
from nti_desktop.gui.editor.structure_panel import StructurePanel
from nti_desktop.gui.editor.words_panel import WordsPanel
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Action, Message, MessageBar, Topic
from nti_desktop.gui.widgets.pause_edit import PauseEdit
from nti_desktop.gui.widgets.sliders import ValueSlider
from nti_desktop.gui.widgets.work_strip import WorkStrip
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.parameters import STRENGTH
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from nti_desktop.recipe.words import Change
from tests.gui.conftest import OpenWindow

BALL = (WordRef(Side.EDIT, 2, "ball"),)


def test_the_diff_says_what_became_of_each_word(qtbot: QtBot) -> None:
    view = DiffView()
    qtbot.addWidget(view)
    view.show_words(diff_words("a red ball on sand", "a big blue ball"))
    assert [w.change for w in view.words] == [
        Change.KEPT,
        Change.ADDED,
        Change.SWAPPED,
        Change.KEPT,
        Change.REMOVED,
        Change.REMOVED,
    ]
    assert view.accessibleDescription() == "a, added big, red becomes blue, ball, removed on, removed sand"
    assert view.heightForWidth(120) > view.heightForWidth(900)
    assert not view.grab().isNull()


@pytest.mark.slow
def test_typing_settles_after_a_pause_at_the_end_of_a_word_only(qtbot: QtBot) -> None:
    line = PauseEdit()
    qtbot.addWidget(line)
    line.show()
    settled: list[str] = []
    line.settled.connect(settled.append)
    qtbot.keyClicks(line, "a re ball")
    line.setCursorPosition(3)
    qtbot.wait(700)
    assert settled == []  # the caret stands within “re”
    qtbot.keyClicks(line, "x")
    line.setCursorPosition(len(line.text()))
    assert settled == []
    qtbot.waitUntil(lambda: settled == ["a rxe ball"], timeout=3000)
    qtbot.keyClicks(line, "s")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert settled == ["a rxe ball", "a rxe balls"]


def test_the_published_way_of_preparing_takes_its_fifty_steps(qtbot: QtBot) -> None:
    panel = ModelPanel()
    qtbot.addWidget(panel)
    defaults = built_in().defaults
    panel.show_preparing(defaults, built_in().methods, defaults.method)
    assert panel.preparing() == (defaults.method, defaults.steps)
    with qtbot.waitSignal(panel.preparing_changed):
        panel.ways.setFocus()
        qtbot.keyClick(panel.ways, Qt.Key.Key_Home)
    assert panel.preparing() == (Method.NULL_TEXT, 50)
    assert "27.03 dB" in panel.about_way.text()
    qtbot.keyClick(panel.ways, Qt.Key.Key_Down)
    assert panel.preparing() == (Method.PINNED, defaults.steps)
    assert "27.22 dB" in panel.about_way.text()


def test_there_is_a_slider_for_every_word_and_a_double_click_puts_it_back(qtbot: QtBot) -> None:
    panel = WordsPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.show_recipe(EditRecipe("a red, red ball", words=(WordControl(3, "red", 2.5),)))
    moved: list[tuple[int, float]] = []
    panel.weight_moved.connect(lambda position, weight: moved.append((position, weight)))
    assert [(s.key, s.value) for s in panel.sliders] == [(0, 1.0), (1, 1.0), (3, 2.5), (4, 1.0)]
    slider = panel.sliders[2].findChild(type(panel.sliders[2]._slider))
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton)
    assert moved == [(3, 1.0)]
    panel.sliders[0].slide_to(-2)
    assert moved[-1] == (0, -2.0)


def test_mask_words_are_clicked_on_and_off_and_keep_words_wait_for_a_place(qtbot: QtBot) -> None:
    panel = MaskPanel()
    qtbot.addWidget(panel)
    source, recipe = "a red ball on sand", EditRecipe("a blue ball")
    panel.show_recipe(source, recipe, 0.01)
    sent: list[tuple[tuple[WordRef, ...], tuple[WordRef, ...]]] = []
    panel.words_chosen.connect(lambda places, keeps: sent.append((places, keeps)))
    assert [b.text() for b in panel.places.buttons] == ["a", "red → blue", "ball", "on", "sand"]
    panel.keeps.buttons[4].click()
    panel.show_recipe(source, recipe, 0.01)
    assert "Choose at least one word" in panel.coverage.text()
    panel.places.buttons[2].click()
    assert sent[-1] == ((WordRef(Side.EDIT, 2, "ball"),), (WordRef(Side.SOURCE, 4, "sand"),))
    panel.show_recipe(source, EditRecipe("a blue ball", blend=Blend(*sent[-1])), 0.01)
    panel.show_coverage(0.62, whole=True)
    assert "covers 62 % of the photo. A higher threshold" in panel.coverage.text()
    panel.show_coverage(0.62, whole=False)
    assert "covers 62 % of the area. A higher threshold" in panel.coverage.text()
    panel.clear_button.click()
    assert sent[-1] == ((), ())
    panel.show_recipe(source, EditRecipe("a blue ball", within=(rectangle(0, 0, 1, 0.62),)), 0.01)
    panel.show_coverage(0.62, whole=True)
    assert panel.coverage.text() == "The mask covers 62 % of the photo.", "what is marked by hand has no threshold"


def test_messages_stay_until_dismissed_or_outdated_and_none_is_lost(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    done: list[str] = []
    for number in range(5):
        bar.say(Message(f"Sentence {number}."))
    bar.say(Message("About the model.", topic=Topic.MODEL, actions=(Action("How", lambda: done.append("how")),)))
    bar.say(Message("About the model, again.", topic=Topic.MODEL, actions=(Action("How", lambda: done.append("how")),)))
    assert [m.text for m in bar.messages][:2] == ["About the model, again.", "Sentence 4."]
    assert len(bar.messages) == 6
    bar._strips[0].buttons[0].click()
    assert done == ["how"]
    assert len(bar.messages) == 5
    bar.say(Message("Late.", topic=Topic.RENDER))
    bar.clear(((Topic.RENDER, ""), (Topic.MODEL, "")))
    assert [m.text for m in bar.messages] == [f"Sentence {n}." for n in (4, 3, 2, 1, 0)]


def test_progress_says_phase_step_and_time_left(qtbot: QtBot) -> None:
    strip = WorkStrip()
    qtbot.addWidget(strip)
    strip.show_progress(Progress("Following the photo", 11, 50, 31.0), "Preparing")
    assert strip.text.text() == "Preparing: following the photo · step 12 of 50 · about 31 s left"


def test_dropping_a_photo_opens_it(qtbot: QtBot, prepared: MainWindow, tmp_path: Path) -> None:
    from PySide6.QtCore import QMimeData, QPointF, QUrl
    from PySide6.QtGui import QDropEvent

    other = tmp_path / "other.png"
    other.write_bytes(prepared.editor.session.photo.path.read_bytes())  # type: ignore[union-attr]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(other)), QUrl.fromLocalFile(str(tmp_path / "second.png"))])
    prepared.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(lambda: prepared.editor.session.photo.path == other, timeout=60_000)  # type: ignore[union-attr]
    assert preferences.last_folder() == str(tmp_path), "where the next one is looked for"


def test_a_suggestion_says_what_changes_with_neighbours_together() -> None:
    source = "a blue cone on sand in a studio"

    def said(edit: str) -> tuple[str, ...]:
        return changes_in_words(diff_words(source, edit))

    assert said("a blue cone on sand at sunset") == ("in a studio → at sunset",)
    assert said("a shiny blue ball on sand in a studio") == ("+ shiny", "cone → ball")
    assert said("a cone on sand in a studio") == ("− blue",)
    assert said(source) == ()


def test_the_window_fits_a_small_screen(
    open_window: OpenWindow, until: Callable[[Callable[[], bool]], None], photo: Path
) -> None:
    """1280x720 less a desktop's own bars, before and after a photo is open."""
    window = open_window()
    window.resize(1240, 640)
    start = window.editor_view.start
    until(lambda: len(start.buttons) == 12)
    until(lambda: not start.horizontalScrollBar().isVisible() and not start.verticalScrollBar().isVisible())
    assert all(start.viewport().rect().contains(b.mapTo(start.viewport(), b.rect().center())) for b, _ in start.buttons)
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    smallest = window.minimumSizeHint()
    assert smallest.width() <= 1240
    assert smallest.height() <= 640
    assert (window.width(), window.height()) == (1240, 640)


@pytest.mark.parametrize("wording", [comparing.WORDING, trying.WORDING])
def test_the_comparison_of_the_ways_fits_its_screen_and_can_be_closed_there(qtbot: QtBot, wording: Wording) -> None:
    dialog = ComparisonDialog(wording)
    qtbot.addWidget(dialog)
    ways = [
        Way(method, row.title, row.sentence, "Takes about 3 s.") for method, row in METHODS.items() if row.described
    ]
    dialog.ask("a red ball on sand", "a blue ball on sand", ways)
    qtbot.waitExposed(dialog)
    room = dialog.screen().availableSize()
    assert dialog.width() < room.width()
    assert dialog.height() < room.height()
    (close,) = [button for button in dialog.findChildren(QPushButton) if button.text() == "Close"]
    assert close.icon().isNull()
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_a_slider_keeps_its_length_while_it_is_dragged(qtbot: QtBot, qapp: QApplication) -> None:
    theme.dress(qapp)
    slider = ValueSlider("strength", STRENGTH)
    qtbot.addWidget(slider)
    slider.resize(300, 30)
    slider.show()
    lengths = set()
    for value in (1.0, 0.0, 0.5, 1.24, 1.5):
        slider.slide_to(value)
        QApplication.processEvents()
        lengths.add(slider._slider.width())
    assert len(lengths) == 1


def test_the_wheel_chooses_nothing_that_it_only_passes(qtbot: QtBot) -> None:
    structure, model = StructurePanel(), ModelPanel()
    model.show_preparing(built_in().defaults, built_in().methods, built_in().defaults.method)
    for panel, controls in ((structure, (structure.reweighting,)), (model, (model.ways, model.steps))):
        qtbot.addWidget(panel)
        panel.show()
        structure.advanced.setChecked(True)
        panel.activateWindow()
        for control in controls:
            control.clearFocus()
            was = value_of(control)
            turn_the_wheel(control)
            assert value_of(control) == was
            assert control.focusPolicy() is Qt.FocusPolicy.StrongFocus  # the wheel gives it none
            control.setFocus()
            qtbot.waitUntil(control.hasFocus)
            turn_the_wheel(control)
            assert value_of(control) != was


def value_of(control: QComboBox | QSpinBox) -> int:
    return control.currentIndex() if isinstance(control, QComboBox) else control.value()


def turn_the_wheel(control: QWidget) -> None:
    """One notch down over its middle, as the desktop sends it."""
    middle = QPointF(control.rect().center())
    QApplication.sendEvent(
        control,
        QWheelEvent(
            middle,
            control.mapToGlobal(middle),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


def test_what_the_model_does_best_with_is_not_shown_as_changed_and_a_double_click_leads_there(qtbot: QtBot) -> None:
    structure, mask = StructurePanel(), MaskPanel()
    usual = EditRecipe("a blue ball in fog", automatic=True, guidance_scale=1.25, blend=Blend(BALL, threshold=0.8))
    structure.show_recipe(usual, usual, (Kind.COLOUR, Kind.WEATHER), Method.RESIDUAL.row, prepared_for=2.0)
    mask.show_recipe("a red ball", usual, 0.01, usual=0.8)
    guidance, threshold = structure.sliders["guidance_scale"], mask.threshold
    for slider, value in ((guidance, 1.2), (threshold, 0.8)):
        qtbot.addWidget(slider)
        assert not slider._number.font().bold()
        slider.slide_to(1.0)
        assert slider._number.font().bold()
        with qtbot.waitSignal(slider.moved) as answer:
            qtbot.mouseDClick(slider._slider, Qt.MouseButton.LeftButton)
        assert answer.args[-1] == pytest.approx(value)


def test_every_title_has_the_room_that_it_needs(qtbot: QtBot) -> None:
    structure, mask = StructurePanel(), MaskPanel()
    for panel in (structure, mask):
        qtbot.addWidget(panel)
        panel.show()
    structure.advanced.setChecked(True)
    for method in Method:
        recipe = EditRecipe("a blue ball", automatic=True)
        structure.show_recipe(recipe, recipe, (), method.row, prepared_for=2.0)
        QApplication.processEvents()
        for panel in (structure, mask):
            for slider in panel.findChildren(ValueSlider):
                needed = slider._title.fontMetrics().horizontalAdvance(slider.title)
                assert slider._title.width() >= needed, slider.title


def test_the_kinds_of_change_are_one_sentence(qtbot: QtBot) -> None:
    panel = StructurePanel()
    qtbot.addWidget(panel)
    recipe = EditRecipe("a blue ball")
    for kinds, said in (
        ((), "no word yet"),
        ((Kind.COLOUR,), "a colour"),
        ((Kind.COLOUR, Kind.LIGHT), "a colour and the light"),
        ((Kind.COLOUR, Kind.GROUND, Kind.LIGHT), "a colour, the ground and the light"),
    ):
        panel.show_recipe(recipe, recipe, kinds, Method.RESIDUAL.row, prepared_for=2.0)
        assert panel.kinds.text() == f"The edit changes {said}."


def test_what_can_be_tried_stands_on_one_line_with_what_leads_there(qtbot: QtBot, qapp: QApplication) -> None:
    theme.dress(qapp)
    bar = PromptBar()
    qtbot.addWidget(bar)
    bar.resize(700, 200)
    bar.show_source("a red ball")
    bar.show_edit("a red ball")
    bar.show_suggestions(("a blue ball",))
    bar.show()
    qtbot.waitExposed(bar)
    (lead,) = [label for label in bar.findChildren(QLabel) if label.text() == "Try:"]
    chip = bar.findChild(QPushButton, "a blue ball")
    assert isinstance(chip, QPushButton)
    assert lead.geometry().center().y() == chip.geometry().center().y()


def test_what_the_photo_is_described_with_is_no_suggestion(qtbot: QtBot) -> None:
    bar = PromptBar()
    qtbot.addWidget(bar)
    bar.show_source("a blue ball")
    bar.show_suggestions(("a blue ball", "a red ball"))
    assert bar.findChild(QPushButton, "a blue ball") is None
    assert bar.findChild(QPushButton, "a red ball") is not None


def test_an_order_to_try_is_there_in_full_until_one_is_given(qtbot: QtBot) -> None:
    bar = PromptBar()
    qtbot.addWidget(bar)
    bar.show_method(Method.INSTRUCT.row, described=False)
    bar.show_source("")
    bar.show_edit("")
    bar.show_suggestions(("put the mug on its side",))
    bar.show()
    qtbot.waitExposed(bar)
    chip = bar.findChild(QPushButton, "put the mug on its side")
    assert isinstance(chip, QPushButton)
    assert chip.text() == "put the mug on its side"
    with qtbot.waitSignal(bar.edit_settled) as settled:
        chip.click()
    assert settled.args == ["put the mug on its side"]
    assert not chip.isVisible()
    bar.show_edit("")
    assert chip.isVisible()


def test_a_long_suggestion_makes_no_window_wider(qtbot: QtBot) -> None:
    bar = PromptBar()
    qtbot.addWidget(bar)
    bar.show_source("a")  # while a description is typed, a suggestion says nearly all of its sentence
    bar.show_edit("a")
    needed = bar.minimumSizeHint().width()
    bar.show_suggestions(("a " + "red ball and " * 20 + "mug",))
    bar.resize(600, 300)
    bar.show()
    qtbot.waitExposed(bar)
    assert bar.minimumSizeHint().width() == needed
    (chip,) = [button for button in bar.findChildren(QPushButton) if button.toolTip().startswith("a red ball")]
    assert chip.parentWidget().rect().contains(chip.geometry())


def test_a_long_name_of_a_photo_makes_no_window_wider(qtbot: QtBot) -> None:
    strip = WorkStrip()
    qtbot.addWidget(strip)
    strip.show_opening("short.jpg", 0.0)
    needed = strip.minimumSizeHint().width()
    strip.show_opening("long" * 50 + ".jpg", 0.0)
    assert strip.minimumSizeHint().width() == needed
