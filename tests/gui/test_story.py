"""The main job in the window, from the photo to the exported edit, on the real model."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from nti_desktop.editing import estimates, feedback
from nti_desktop.editing.pictures import AS_LAST_SEEN
from nti_desktop.gui.canvas.picture import make_picture
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.models.library.samples import Sample
from nti_desktop.photo.photo import open_photo
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.jobs import Figures
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.words import Change, split_words
from tests.gui.conftest import OpenWindow, export_to, prepared_project

Until = Callable[[Callable[[], bool]], None]


def errors(window: MainWindow) -> list[str]:
    return [m.text for m in window.editor_view.messages.messages if m.tone is Tone.ERROR]


def retype(qtbot: QtBot, window: MainWindow, sentence: str) -> None:
    """Replace the edit by typing."""
    line = window.editor_view.prompts.edit
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, sentence)


@pytest.mark.slow
def test_the_whole_story(
    open_window: OpenWindow,
    close: Callable[[MainWindow], None],
    until: Until,
    qtbot: QtBot,
    sample: Sample,
    photo: Path,
    tmp_path: Path,
) -> None:
    window = open_window()
    editor, place = window.editor, window.editor_view

    # Open: the sample's own sentence is filled in, and how long preparing takes is said before it starts.
    window.opening.open_path(photo)
    until(lambda: editor.document is not None)
    assert place.prompts.description.text() == sample.caption
    until(lambda: "Takes" in place.prompts.estimate.text())
    assert editor.document is not None

    # Prepare by a way that takes a while, and cancel: nothing has changed and nothing is complained about.
    usual = editor.model.way[0]
    editor.model.choose_way(Method.RESIDUAL, 50)
    assert window.focusWidget() is place.prompts.description
    place.prompts.prepare_button.click()
    assert window.focusWidget() is place.prompts.edit
    until(lambda: "step" in place.strip.text.text())
    assert place.strip.cancel_button.isVisible()
    place.strip.cancel_button.click()
    until(lambda: not editor.preparing.plan.at_work)
    assert editor.document.version is None
    assert not errors(window)

    # Prepare for good; it is saved by itself.
    editor.model.choose_way(usual, 50)
    place.model_panel.steps.setValue(8)
    place.prompts.prepare_button.click()
    until(lambda: editor.document is not None and editor.document.version is not None)
    session = editor.document.session
    until(lambda: session.sidecar.exists() and not session.working_copy.dirty)

    # Swap a word by typing; the photo follows.
    edit = sample.edits[0]
    retype(qtbot, window, edit)
    assert {word.change for word in place.prompts.diff.words} > {Change.KEPT}
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    assert editor.pictures.after.levels[0] != editor.pictures.before.levels[0]  # type: ignore[union-attr]

    # Drag a slider quickly: fewer renders than moves, and the last one is what is shown.
    words = split_words(edit)
    slider = next(s for s in place.words_panel.sliders if s.key == words[-1].position)
    rendered = editor.rendering.plan.renders
    for tenth in range(1, 11):
        slider.slide_to(1 + tenth / 10)
        qtbot.wait(5)
    until(lambda: editor.pictures.final)
    last = editor.rendering.plan.last
    assert last is not None
    assert [(c.text, c.weight) for c in last.wanted.state.recipe.weighted] == [(words[-1].text, 2.0)]
    assert 1 <= editor.rendering.plan.renders - rendered < 10
    assert place.view.after is last.picture

    # Confine the edit to a word; the mask can be seen.
    chip = next(b for b in place.mask_panel.places.buttons if b.text() not in ("a", "of", "photo"))
    chip.click()
    until(lambda: editor.pictures.final)
    assert "%" in place.mask_panel.coverage.text()
    place.mask_panel.show_mask.click()
    assert place.view.overlay is not None
    shown = editor.rendering.plan.last
    assert shown is not None
    assert shown.rendered.mask is not None

    # Save, close, reopen: the last state is there at once, and the photo needs no preparing.
    window.leaving.save()
    until(lambda: not session.working_copy.dirty)
    state = editor.document.state
    close(window)
    assert len(read_sidecar(session.sidecar).project.inversions) == 1

    again = open_window()
    seen: list[tuple[bool, str]] = []
    again.editor.opened.connect(
        lambda: seen.append((again.editor.pictures.after is not None, again.editor.pictures.badge))
    )
    again.opening.open_path(photo)
    until(lambda: again.editor.document is not None)
    assert seen == [(True, AS_LAST_SEEN)]
    document = again.editor.document
    assert document is not None
    assert document.up_to_date
    assert document.state == state
    assert again.editor_view.prompts.edit.text() == edit
    until(lambda: again.editor.pictures.final)
    assert again.editor.rendering.plan.last is not None
    assert again.editor.rendering.plan.last.picture.levels == shown.picture.levels

    # Export at full size, the photo left as it was.
    target = tmp_path / "edited.png"
    before = photo.read_bytes()
    export_to(again, target)
    until(lambda: any("Exported" in m.text for m in again.editor_view.messages.messages))
    assert make_picture(open_photo(target).raster).levels == shown.picture.levels
    assert photo.read_bytes() == before
    assert not errors(again)


@pytest.mark.slow
def test_versions_are_added_renamed_switched_deleted_and_put_back(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    editor, panel = prepared.editor, prepared.editor_view.versions_panel
    assert editor.document is not None
    retype(qtbot, prepared, sample.edits[0])
    until(lambda: editor.pictures.after is not None and editor.pictures.final)

    panel.add_button.click()
    assert [v.name for v in editor.document.session.project.versions] == ["Version 1", "Version 2"]
    panel.list.item(1).setText("  Bolder ")
    assert panel.list.item(1).text() == "Bolder"
    retype(qtbot, prepared, sample.edits[1])
    until(
        lambda: editor.document is not None and editor.pictures.final and editor.document.edit_text == sample.edits[1]
    )

    panel.list.setCurrentRow(0)
    assert prepared.editor_view.prompts.edit.text() == sample.edits[0]
    panel.list.setCurrentRow(1)
    assert prepared.editor_view.prompts.edit.text() == sample.edits[1]

    panel.delete_button.click()
    assert [v.name for v in editor.document.session.project.versions] == ["Version 1"]
    message = next(m for m in prepared.editor_view.messages.messages if "was deleted" in m.text)
    message.actions[0].do()
    assert [v.name for v in editor.document.session.project.versions] == ["Version 1", "Bolder"]
    assert prepared.editor_view.prompts.edit.text() == sample.edits[1]


@pytest.mark.slow
def test_undo_and_redo_go_through_the_edits(prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample) -> None:
    editor = prepared.editor
    assert editor.document is not None
    untouched = editor.document.state
    retype(qtbot, prepared, sample.edits[0])
    qtbot.keyClick(prepared.editor_view.prompts.edit, Qt.Key.Key_Return)
    swapped = editor.document.state
    prepared.editor_view.words_panel.sliders[0].slide_to(0.0)
    weighted = editor.document.state
    assert len({untouched, swapped, weighted}) == 3

    prepared.editing.undo()
    assert editor.document.state == swapped
    prepared.editing.undo()
    assert editor.document.state == untouched
    until(lambda: editor.pictures.after is None and editor.pictures.final)  # it is the photo again
    assert prepared.editor_view.prompts.edit.text() == sample.caption
    prepared.editing.redo()
    prepared.editing.redo()
    assert editor.document.state == weighted
    until(lambda: editor.pictures.after is not None and editor.pictures.final)


def test_a_changed_description_asks_for_preparing_again(prepared: MainWindow, until: Until, qtbot: QtBot) -> None:
    editor, prompts = prepared.editor, prepared.editor_view.prompts
    assert editor.document is not None
    caption = editor.document.description
    qtbot.keyClicks(prompts.description, "x")
    assert not editor.document.up_to_date
    assert "prepare the photo again" in prompts.estimate.text()
    qtbot.keyClick(prompts.description, Qt.Key.Key_Backspace)
    assert editor.document.up_to_date
    assert editor.document.edit_text == caption


@pytest.mark.slow
def test_a_slow_render_is_previewed_first_and_has_a_button(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, prompts = prepared.editor, prepared.editor_view.prompts
    monkeypatch.setattr(estimates, "SLOW_RENDER", 0.0)  # as if this machine were slow
    retype(qtbot, prepared, sample.edits[0])
    until(lambda: editor.pictures.badge == "Preview")
    assert prompts.render_button.isVisible()
    until(lambda: prepared.editor_view.strip.text.text().endswith("; press Render to see it at full quality."))
    prompts.render_button.click()
    until(lambda: editor.pictures.final)
    assert editor.pictures.badge == ""


def test_one_slow_moment_does_not_leave_the_window_waiting_for_the_button(
    prepared: MainWindow, until: Until, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = prepared.editor
    until(lambda: editor.preparing.plan.estimates.measured is not None)
    monkeypatch.setattr(estimates, "SLOW_RENDER", 1000.0)
    editor.preparing.plan.estimates = editor.preparing.plan.estimates.with_rendered(Figures(1e6, 1))
    editor.say_in_words(sample.edits[0])
    assert editor.pictures.by_hand
    until(lambda: editor.pictures.after is not None and editor.pictures.final)  # as its preview was quick
    assert not editor.pictures.by_hand


def test_after_a_cancelled_render_the_next_change_is_tried_again(
    prepared: MainWindow, until: Until, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, strip = prepared.editor, prepared.editor_view.strip
    until(lambda: editor.preparing.plan.estimates.measured is not None)
    monkeypatch.setattr(estimates, "SLOW_RENDER", math.inf)
    editor.say_in_words(sample.edits[0])
    editor.cancel()
    until(lambda: editor.pictures.stopped)
    assert not editor.pictures.final
    until(lambda: strip.text.text() == "Stopped; press Render to see this edit at full quality.")
    assert prepared.editor_view.prompts.render_button.isVisible()
    editor.describe("a cup")  # which waits to be prepared
    assert not prepared.editor_view.prompts.render_button.isVisible()
    assert "press Render" not in strip.text.text()
    editor.describe(sample.caption)
    assert prepared.editor_view.prompts.render_button.isEnabled()
    assert "press Render" in strip.text.text()
    editor.say_in_words(sample.edits[1])
    assert not editor.pictures.stopped
    until(lambda: editor.pictures.after is not None and editor.pictures.final)


def test_return_in_the_line_of_the_edit_renders_what_is_slow_in_full(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, prompts = prepared.editor, prepared.editor_view.prompts
    monkeypatch.setattr(estimates, "SLOW_RENDER", 0.0)  # as if this machine were slow
    retype(qtbot, prepared, sample.edits[0])
    qtbot.keyClick(prompts.edit, Qt.Key.Key_Return)
    until(lambda: editor.pictures.final and editor.pictures.after is not None)
    assert editor.pictures.badge == ""
    assert editor.document is not None
    assert editor.document.edit_text == sample.edits[0]


@pytest.mark.slow
def test_return_counts_also_before_it_is_known_that_the_machine_is_slow(
    photo: Path, open_window: OpenWindow, until: Until, qtbot: QtBot, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo.with_name(photo.name + ".nti").write_bytes(prepared_project())
    monkeypatch.setattr(estimates, "SLOW_RENDER", 0.0)
    window = open_window()
    editor, prompts = window.editor, window.editor_view.prompts
    window.opening.open_path(photo)
    until(lambda: editor.document is not None)
    assert editor.preparing.plan.estimates.measured is None
    retype(qtbot, window, sample.edits[0])
    qtbot.keyClick(prompts.edit, Qt.Key.Key_Return)
    until(lambda: editor.preparing.plan.estimates.measured is not None)
    until(lambda: editor.pictures.final and editor.pictures.after is not None)


def test_a_change_is_previewed_and_then_rendered_in_full(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = prepared.editor
    monkeypatch.setattr(estimates, "QUICK_RENDER", 0.0)  # as if this machine were neither fast nor slow
    monkeypatch.setattr(estimates, "SLOW_RENDER", math.inf)
    badges: list[str] = []
    editor.pictured.connect(lambda: badges.append(editor.pictures.badge))
    rendered = editor.rendering.plan.renders
    retype(qtbot, prepared, sample.edits[0])
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    assert badges[-2:] == ["Preview", ""]
    assert editor.rendering.plan.renders - rendered == 2
    assert not prepared.editor_view.prompts.render_button.isVisible()

    # The mask's border alone asks the engine nothing.
    editor.set_feather(0.1)
    until(lambda: editor.pictures.final)
    assert badges[-1] == ""
    assert editor.rendering.plan.renders - rendered == 2


@pytest.mark.slow
def test_an_edit_without_effect_offers_to_loosen_the_structure_and_too_much_offers_the_mask(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    editor, bar = prepared.editor, prepared.editor_view.messages
    retype(qtbot, prepared, sample.edits[0])
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    last = editor.rendering.plan.last
    assert last is not None
    assert editor.document is not None
    words = feedback.changed_words(editor.document.source, last.wanted.state.recipe)
    place = feedback.place_of(words, editor.model.entry.words)
    assert place is not None
    word = place.text

    editor.finished.emit(replace(last, rendered=replace(last.rendered, changed=0.0)))
    (message,) = [m for m in bar.messages if m.topic is Topic.EFFECT]
    assert f"“{word}” changed next to nothing" in message.text
    tight = editor.document.state
    message.actions[0].do()
    loose = editor.document.state
    assert tight is not None
    assert loose is not None
    assert loose.recipe.cross_until < tight.recipe.cross_until
    assert loose.recipe.self_until < tight.recipe.self_until

    editor.finished.emit(replace(last, rendered=replace(last.rendered, changed=0.99)))
    (message,) = [m for m in bar.messages if m.topic is Topic.EFFECT]
    message.actions[0].do()
    until(lambda: editor.pictures.final)
    masked = editor.document.state
    assert masked is not None
    assert masked.recipe.blend is not None
    assert [ref.text for ref in masked.recipe.blend.words] == [word]


@pytest.mark.slow
def test_no_mask_is_offered_for_a_sunset_that_changed_the_whole_photo(
    prepared: MainWindow, until: Until, qtbot: QtBot, sample: Sample
) -> None:
    editor, bar = prepared.editor, prepared.editor_view.messages
    sunset = next(edit for edit in sample.edits if edit.endswith("at sunset"))
    retype(qtbot, prepared, sunset)
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    last = editor.rendering.plan.last
    assert last is not None
    editor.finished.emit(replace(last, rendered=replace(last.rendered, changed=0.99)))
    assert not [m for m in bar.messages if m.topic is Topic.EFFECT]
    prepared.feedback.confine()
    assert editor.document is not None
    assert editor.document.state is not None
    assert editor.document.state.recipe.blend is None


@pytest.mark.slow
def test_an_edit_that_asks_for_another_layout_is_offered_as_an_order(
    prepared: MainWindow, until: Until, sample: Sample
) -> None:
    editor, bar = prepared.editor, prepared.editor_view.messages

    def advice() -> list[Message]:
        return [m for m in bar.messages if m.topic is Topic.EFFECT]

    editor.say_in_words(sample.edits[0])
    until(lambda: editor.pictures.final and editor.pictures.after is not None)
    assert not advice()
    asked = sample.caption.replace("a photo of a", "a photo of two", 1)
    editor.say_in_words(asked)
    until(lambda: bool(advice()))
    (message,) = advice()
    assert "an order does it more often" in message.text
    (order,) = [action for action in message.actions if "order" in action.title]
    order.do()
    until(lambda: editor.document is not None and not editor.document.row.described and editor.pictures.final)
    assert editor.document is not None
    assert (editor.document.edit_text, len(editor.document.session.project.versions)) == (asked, 2)
    assert not advice()
