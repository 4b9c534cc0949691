"""A description is completed by what the model sees around: on asking, taken back, cancelled, or too late."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import samples
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import LookJob
from nti_desktop.recipe.look import Look
from tests.gui.conftest import OpenWindow
from tests.gui.gated import PLENTY, GatedBench
from tests.gui.test_comparing import describe

Until = Callable[[Callable[[], bool]], None]
TOLD = "a photo of a cup on sand at sunset"


@pytest.fixture
def window(service: GatedBench, open_window: OpenWindow, until: Until, photo: Path) -> MainWindow:
    """A window with a photo of which little is said, and an edit; looks are told at once."""
    service.look = Look("at sunset", ground="on sand")
    window = open_window()
    describe(window, until, photo)
    type_in(window, "a cup", "a blue cup")
    service.let_go(PLENTY)
    return window


def type_in(window: MainWindow, description: str, edit: str) -> None:
    for line, text in ((window.editor_view.prompts.description, description), (window.editor_view.prompts.edit, edit)):
        line.setText(text)
        line.textEdited.emit(text)
        line.settle()


def sentences(window: MainWindow) -> tuple[str, str]:
    """As the document has them; the lines show the same."""
    document, prompts = window.editor.document, window.editor_view.prompts
    assert document is not None
    assert (prompts.description.text(), prompts.edit.text()) == (document.description, document.edit_text)
    return document.description, document.edit_text


def offers(window: MainWindow) -> list[QPushButton]:
    chips = window.editor_view.prompts.offers.findChildren(QPushButton)
    return [chip for chip in chips if chip.isVisible() and "say more" in chip.text()]


def said(window: MainWindow) -> str:
    return " ".join(message.text for message in window.editor_view.messages.messages)


def test_a_button_completes_both_sentences_and_another_takes_that_back(window: MainWindow, until: Until) -> None:
    (chip,) = offers(window)
    chip.click()
    until(lambda: sentences(window) == (TOLD, "a photo of a blue cup on sand at sunset"))
    assert f"Described as the model sees it: “{TOLD}”" in said(window)
    assert offers(window) == []
    (message,) = (each for each in window.editor_view.messages.messages if TOLD in each.text)
    message.actions[0].do()
    assert sentences(window) == ("a cup", "a blue cup")
    assert TOLD not in said(window)
    assert len(offers(window)) == 1


@pytest.mark.parametrize("what", ["area", "version"])
def test_what_was_completed_is_not_taken_back_anywhere_else(
    window: MainWindow, service: GatedBench, until: Until, what: str
) -> None:
    document = window.editor.document
    assert document is not None
    window.editor_view.prompts.prepare_button.click()
    until(lambda: document.version is not None)
    first = document.version_id
    window.versions.add_version()
    service.look = Look("at night", ground="on sand")
    window.actions_by_name["complete_description"].trigger()
    until(lambda: "Described as" in said(window))
    (message,) = (each for each in window.editor_view.messages.messages if "Described as" in each.text)
    if what == "area":
        window.areas.choose(Area(0, 0, 64, 64))
    else:
        window.versions.choose(first)
    assert "Described as" not in said(window)
    before = sentences(window)
    message.actions[0].do()
    assert sentences(window) == before


def test_a_photo_whose_description_says_enough_is_offered_nothing(window: MainWindow) -> None:
    type_in(window, "a cup on snow at night", "")
    assert offers(window) == []
    assert window.actions_by_name["complete_description"].isEnabled()  # weather and film may still be asked for
    type_in(window, "", "")
    assert not window.actions_by_name["complete_description"].isEnabled()


def test_it_is_prepared_with_what_was_told(window: MainWindow, until: Until) -> None:
    window.actions_by_name["complete_description"].trigger()
    until(lambda: sentences(window)[0] == TOLD)
    window.editor_view.prompts.prepare_button.click()
    until(lambda: window.editor.document is not None and window.editor.document.version is not None)
    assert window.editor.document is not None
    assert window.editor.document.inversion is not None
    assert window.editor.document.inversion.settings.prompt == TOLD
    assert "Take it back" not in [
        action.title for each in window.editor_view.messages.messages for action in each.actions
    ]


def test_where_nothing_is_seen_that_is_said_and_nothing_changes(
    window: MainWindow, service: GatedBench, until: Until
) -> None:
    service.look = Look()
    type_in(window, "a photo of a cup", "")
    window.actions_by_name["complete_description"].trigger()
    until(lambda: "nothing more" in said(window))
    assert sentences(window)[0] == "a photo of a cup"


@pytest.mark.parametrize("what", ["cancel", "description", "area", "photo"])
def test_an_answer_that_comes_too_late_changes_nothing(
    window: MainWindow, service: GatedBench, until: Until, what: str
) -> None:
    until(lambda: window.engine._queue.running is None)
    service.hold()
    window.actions_by_name["complete_description"].trigger()
    until(lambda: isinstance(getattr(window.engine._queue.running, "job", None), LookJob))
    match what:
        case "cancel":
            window.actions_by_name["cancel"].trigger()
        case "description":
            type_in(window, "a red cup", "a blue cup")
        case "area":
            window.areas.choose(Area(0, 0, 64, 64))
        case "photo":
            other = samples()[1].path
            window.opening.open_path(other)
            until(lambda: window.editor.session is not None and window.editor.session.photo.path == other)
    before = sentences(window)
    service.let_go(PLENTY)
    until(lambda: window.engine._queue.running is None and not window.completing.reader.waits)
    assert sentences(window) == before
    assert "Described as" not in said(window)


def test_nothing_is_suggested_beside_a_text_that_is_too_long(window: MainWindow) -> None:
    chips = window.editor_view.prompts._chips
    type_in(window, "a red cube", "a red cube")
    window.editor.suggest(samples()[0])
    assert chips.isVisible()
    window.editor.describe("a red cube " * 300)
    assert not chips.isVisible()
