"""Tries of one edit side by side: what is rendered for them, what using one changes, what closing leaves.

Preparing takes no time here, and renders end when they are let go.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from nti_desktop.core.errors import EngineError
from nti_desktop.editing.edits import with_number
from nti_desktop.editing.tries import LOTS, STRENGTHS
from nti_desktop.gui.editor.comparison_dialog import WayCell
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.samples import Sample
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import STRENGTH
from tests.gui.conftest import OpenWindow
from tests.gui.gated import PLENTY, GatedBench
from tests.gui.test_comparing import describe, prepare_and_edit

Until = Callable[[Callable[[], bool]], None]
Edited = Callable[[Method], MainWindow]


@pytest.fixture
def edited(service: GatedBench, open_window: OpenWindow, until: Until, photo: Path, sample_edit: str) -> Edited:
    """Opens a window with the sample, prepared by a method and edited."""

    def opened(method: Method) -> MainWindow:
        window = open_window()
        describe(window, until, photo)
        window.editor.model.choose_way(method, 2)
        prepare_and_edit(window, until, sample_edit)
        return window

    return opened


def tries(window: MainWindow) -> dict[str, WayCell]:
    action = window.actions_by_name["show_tries"]
    assert action.isEnabled()
    action.trigger()
    assert window.trying.dialog.isVisible()
    return window.trying.dialog.cells


def tried(window: MainWindow, until: Until) -> dict[str, WayCell]:
    cells = tries(window)
    until(lambda: all(cell.shown.picture is not None for cell in cells.values()))
    assert not window.trying.plan.at_work
    return cells


def strength(window: MainWindow) -> float:
    assert window.editor.document is not None
    assert window.editor.document.state is not None
    return window.editor.document.state.recipe.strength


def test_an_edit_is_shown_at_several_strengths_and_the_one_that_is_used_can_be_taken_back(
    edited: Edited, service: GatedBench, until: Until
) -> None:
    window = edited(Method.RESIDUAL)
    before = len(service.done)
    cells = tried(window, until)
    assert {edit.recipe.strength for edit in service.done[before:]} <= set(STRENGTHS)
    assert all(edit.steps is not None for edit in service.done[before:])  # coarse ones
    assert [cell.title.text() for cell in cells.values()] == [f"Strength {s:.0%}".replace("%", " %") for s in STRENGTHS]
    now = [key for key, cell in cells.items() if not cell.use_button.isEnabled()]
    assert [cells[key].use_button.text() for key in now] == ["The one it is now"]
    assert STRENGTHS[int(now[0])] == strength(window) == 1.0
    cells["1"].use_button.click()
    assert not window.trying.dialog.isVisible()
    assert strength(window) == STRENGTHS[1]
    until(lambda: window.editor.pictures.final)
    window.actions_by_name["undo"].trigger()
    assert strength(window) == 1.0


def test_what_is_drawn_by_lot_is_shown_by_several_lots(edited: Edited, service: GatedBench, until: Until) -> None:
    window = edited(Method.RESAMPLE)
    cells = tried(window, until)
    assert len(cells) == LOTS
    assert {edit.recipe.seed for edit in service.done} == set(range(LOTS))
    assert cells["0"].title.text() == "Lot 1"
    cells["4"].use_button.click()
    assert window.editor.document is not None
    assert window.editor.document.state is not None
    assert window.editor.document.state.recipe.seed == 4
    assert tries(window)["0"].title.text() == "Lot 5"  # and so on from there


def test_closing_renders_no_more(edited: Edited, service: GatedBench, until: Until) -> None:
    window = edited(Method.RESIDUAL)
    service.hold()
    before = len(service.begun)
    cells = tries(window)
    until(lambda: len(service.begun) > before)
    window.trying.dialog.close()
    assert not window.trying.plan.at_work
    service.let_go(PLENTY)
    until(lambda: window.engine._queue.running is None)
    assert len(service.begun) == before + 1
    assert all(cell.shown.picture is None for cell in cells.values())
    assert strength(window) == 1.0


def test_tries_can_be_asked_for_again_of_another_edit_while_they_are_drawn(
    edited: Edited, service: GatedBench, until: Until, sample: Sample
) -> None:
    window = edited(Method.RESIDUAL)
    service.hold()
    tries(window)
    window.editor.say_in_words(sample.edits[1])
    cells = tries(window)
    service.let_go(PLENTY)
    until(lambda: all(cell.shown.picture is not None for cell in cells.values()))


@pytest.mark.parametrize("what", ["area", "version"])
def test_tries_end_when_another_edit_is_gone_to(edited: Edited, until: Until, what: str) -> None:
    window = edited(Method.RESIDUAL)
    tried(window, until)
    window.editor.edit("strength", partial(with_number, parameter=STRENGTH, value=0.5))
    assert window.trying.dialog.isVisible()
    if what == "area":
        window.areas.choose(Area(0, 0, 64, 64))
    else:
        window.versions.add_version()
    assert not window.trying.dialog.isVisible()


def test_what_cannot_be_rendered_is_said_of_each(edited: Edited, service: GatedBench, until: Until) -> None:
    window = edited(Method.RESIDUAL)
    service.fault = EngineError("The engine is out of order; try again.")
    cells = tries(window)
    until(lambda: not window.trying.plan.at_work)
    said = {cell.state.text() for cell in cells.values() if cell.shown.picture is None}
    assert said == {"The engine is out of order; try again."}
    assert not any(cell.bar.isVisible() for cell in cells.values())


def test_another_photo_ends_the_tries(edited: Edited, service: GatedBench, until: Until, tmp_path: Path) -> None:
    window = edited(Method.RESIDUAL)
    service.hold()
    tries(window)
    session = window.editor.session
    assert session is not None
    other = tmp_path / "other.png"
    other.write_bytes(session.photo.path.read_bytes())
    window.opening.open_path(other)
    until(lambda: window.editor.session is not None and window.editor.session.photo.path == other)
    assert not window.trying.dialog.isVisible()
    assert not window.trying.plan.at_work
    assert window.trying._tries is None  # nothing holds the photo before
    assert not window.actions_by_name["show_tries"].isEnabled()
    service.let_go(PLENTY)
    until(lambda: window.engine._queue.running is None)


@pytest.mark.usefixtures("service")
def test_there_is_nothing_to_try_without_an_edit(open_window: OpenWindow, until: Until, photo: Path) -> None:
    window = open_window()
    assert not window.actions_by_name["show_tries"].isEnabled()
    describe(window, until, photo)
    window.editor_view.prompts.prepare_button.click()
    until(lambda: window.editor.document is not None and window.editor.document.up_to_date)
    assert not window.actions_by_name["show_tries"].isEnabled()
