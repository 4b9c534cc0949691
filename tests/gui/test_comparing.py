"""One edit by every method, side by side: what is shown of each, what using one keeps, what closing leaves.

The first test goes through a whole comparison with the real engine; in the others preparing takes no time, and renders
end when they are let go.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.changes import Change
from nti_desktop.editing.comparison import comparison_of
from nti_desktop.editing.edits import with_number
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.gui.editor.comparison_dialog import WayCell
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.samples import Sample
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.jobs import RenderJob
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.parameters import GUIDANCE
from tests.gui.conftest import OpenWindow
from tests.gui.gated import PLENTY, GatedBench

Until = Callable[[Callable[[], bool]], None]
Close = Callable[[MainWindow], None]


@pytest.fixture
def described(service: GatedBench, open_window: OpenWindow, until: Until, photo: Path) -> Iterator[MainWindow]:
    """A window with the sample."""
    window = open_window()
    describe(window, until, photo)
    yield window
    service.let_go(PLENTY)


@pytest.fixture
def edited(described: MainWindow, until: Until, sample_edit: str) -> MainWindow:
    """The same, prepared and edited."""
    prepare_and_edit(described, until, sample_edit)
    return described


def describe(window: MainWindow, until: Until, photo: Path) -> None:
    """Open the sample, to be prepared in as few steps as can be."""
    window.opening.open_path(photo)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    window.editor_view.model_panel.steps.setValue(2)


def prepare_and_edit(window: MainWindow, until: Until, edit: str) -> None:
    window.editor_view.prompts.prepare_button.click()
    until(lambda: versions(window) == 1)
    window.editor.say_in_words(edit)
    until(lambda: window.editor.pictures.final)


def compare(window: MainWindow) -> dict[str, WayCell]:
    """Ask for the comparison; its cells by method."""
    action = window.actions_by_name["compare_ways"]
    assert action.isEnabled()
    action.trigger()
    assert window.comparing.dialog.isVisible()
    return window.comparing.dialog.cells


def compared(window: MainWindow, until: Until) -> dict[str, WayCell]:
    cells = compare(window)
    until(lambda: not window.comparing.plan.at_work)
    return cells


def is_rendering(started: list[Ticket]) -> bool:
    """Whether the window was told of a render, which the engine begins before."""
    return bool(started) and isinstance(started[-1].job, RenderJob)


def versions(window: MainWindow) -> int:
    assert window.editor.session is not None
    return len(window.editor.session.project.versions)


@pytest.mark.slow
@pytest.mark.usefixtures("learns_little")
def test_every_way_gets_a_picture_and_the_one_that_is_used_becomes_a_version_that_shows_the_edit(
    open_window: OpenWindow, until: Until, close: Close, photo: Path, sample_edit: str
) -> None:
    window = open_window()
    describe(window, until, photo)
    prepare_and_edit(window, until, sample_edit)
    assert window.editor.document is not None
    own = window.editor.document.inversion
    assert own is not None
    cells = compare(window)
    assert list(cells)[-1] == Method.NULL_TEXT
    assert all(cell.state.text().startswith("Takes about ") for cell in cells.values())
    until(lambda: not window.comparing.plan.at_work)
    assert set(cells) == set(built_in().methods)
    for method, cell in cells.items():
        assert cell.title.text() == METHODS[Method(method)].title
        assert cell.shown.picture is not None
        assert "UNet rows, 2 steps; edited in " in cell.state.text()
        assert "Left alone, the photo comes back at " in cell.state.text()
        assert cell.bar.isHidden()
        assert cell.use_button.isEnabled() == (method != own.settings.method)
    assert window.comparing.dialog.isVisible()

    window.editor.say_in_words("something else that was typed meanwhile")
    cells[Method.NULL_TEXT].use_button.click()
    assert not window.comparing.dialog.isVisible()
    document = window.editor.document
    assert document.inversion is not None
    assert versions(window) == 2
    assert document.inversion.settings.method is Method.NULL_TEXT
    assert document.edit_text == sample_edit
    until(lambda: window.editor.pictures.final)
    assert window.editor.pictures.after is not None
    assert window.editor.rendering.plan.last is not None
    assert window.editor.rendering.plan.last.wanted.inversion == document.inversion.id
    close(window)
    project = read_sidecar(photo.with_name(photo.name + ".nti")).project
    assert [record.settings.method for record in project.inversions][1:] == [Method.NULL_TEXT]


def test_an_edit_that_was_never_prepared_is_compared_and_kept(
    described: MainWindow, until: Until, sample_edit: str
) -> None:
    described.editor.say_in_words(sample_edit)
    cells = compared(described, until)
    assert all(cell.use_button.isEnabled() for cell in cells.values())
    cells[Method.PINNED].use_button.click()
    document = described.editor.document
    assert document is not None
    assert document.inversion is not None
    assert document.inversion.settings.method is Method.PINNED
    assert document.edit_text == sample_edit
    until(lambda: described.editor.pictures.final)


def test_a_way_is_kept_for_the_version_that_it_was_tried_for_and_what_is_written_meanwhile_stays(
    edited: MainWindow, until: Until, sample_edit: str
) -> None:
    editor = edited.editor
    assert editor.document is not None
    tried_for = editor.document.version_id
    cells = compared(edited, until)
    edited.versions.add_version()
    editor.say_in_words("another edit of another version")
    editor.document.go_to(tried_for)
    editor.describe("a scene that was described anew")
    edited.versions.choose(editor.session.project.versions[1].id)  # type: ignore[union-attr]
    cells[Method.PINNED].use_button.click()
    version = editor.document.version
    assert version is not None
    assert (version.made_from, version.recipe.prompt) == (tried_for, sample_edit)
    assert editor.document.description == "a scene that was described anew"
    until(lambda: not edited.background.busy)


@pytest.mark.usefixtures("service")
def test_there_is_nothing_to_compare_without_an_edit_or_where_nothing_may_be_kept(
    open_window: OpenWindow, until: Until, photo: Path, sample_edit: str
) -> None:
    window = open_window()
    action = window.actions_by_name["compare_ways"]
    assert not action.isEnabled()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None and bool(window.editor.document.description))
    assert not action.isEnabled()
    window.editor.say_in_words(sample_edit)
    assert action.isEnabled()
    assert window.editor.session is not None
    window.editor.session.working_copy.read_only = "Opened for looking only."
    window.editor.tell(Change.EDIT)
    assert not action.isEnabled()


def test_each_way_gets_the_edit_as_it_is_meant(edited: MainWindow) -> None:
    editor = edited.editor
    editor.edit("guidance", lambda recipe: with_number(recipe, GUIDANCE, 5.0))
    document = editor.document
    assert document is not None
    comparison = comparison_of(document, editor.model.entry, editor.model.way, editor.preparing.plan.estimates, None)
    assert comparison is not None
    recipes = {way.method: comparison.edit(way, None).recipe for way in comparison.ways}
    assert document.state is not None
    for method in (Method.NULL_TEXT, Method.EDICT):  # which hold for one guidance only
        assert recipes.pop(method) == replace(document.state.recipe, guidance_scale=None)
    assert set(recipes.values()) == {document.state.recipe}
    assert not document.state.recipe.automatic


def test_the_published_guidance_of_one_way_is_not_that_of_the_others(edited: MainWindow, until: Until) -> None:
    editor = edited.editor
    entry = editor.model.entry
    editor.model.choose(replace(entry, defaults=replace(entry.defaults, guidance_scale=7.5)))
    editor.model.choose_way(Method.EDICT, 4)
    editor.prepare()
    document = editor.document
    assert document is not None
    until(lambda: document.inversion is not None and document.inversion.settings.method is Method.EDICT)
    comparison = comparison_of(document, editor.model.entry, editor.model.way, editor.preparing.plan.estimates, None)
    assert comparison is not None
    guidances = {way.method: way.guidance_scale for way in comparison.ways}
    assert guidances.pop(Method.EDICT) == Method.EDICT.row.guidance
    assert set(guidances.values()) == {editor.model.entry.defaults.guidance_scale}
    assert [way.method for way in comparison.ways if comparison.is_own(way)] == [Method.EDICT]


def test_closing_stops_what_is_tried_and_keeps_nothing(edited: MainWindow, service: GatedBench, until: Until) -> None:
    session = edited.editor.session
    assert session is not None
    edited.editor.save()
    until(lambda: not session.working_copy.dirty)
    project = session.project
    started: list[Ticket] = []
    edited.engine.started_job.connect(started.append)
    service.hold()
    before = len(service.begun)
    compare(edited)
    until(lambda: len(service.begun) > before and is_rendering(started))
    edited.comparing.dialog.close()
    assert not edited.comparing.plan.at_work
    assert started[-1].cancel.cancelled
    service.let_go(PLENTY)
    until(lambda: edited.engine._queue.running is None)
    assert len(service.begun) == before + 1
    assert session.project == project
    assert not session.working_copy.dirty


def test_escape_stops_the_comparison_and_leaves_what_is_there_to_be_used(
    edited: MainWindow, service: GatedBench, until: Until
) -> None:
    service.hold()
    service.let_go(4)  # the photo alone and the edit, by two ways
    cells = compare(edited)
    first, second = list(cells)[:2]
    until(lambda: cells[second].shown.picture is not None)
    until(lambda: edited.progress._running is not None)
    edited.actions_by_name["cancel"].trigger()
    assert not edited.comparing.plan.at_work
    assert cells[first].shown.picture is not None
    assert not cells[first].use_button.isEnabled(), "the way in use"
    assert cells[second].use_button.isEnabled()
    assert cells[Method.NULL_TEXT].state.text() == "Not tried, as the comparison was stopped."
    assert cells[Method.NULL_TEXT].bar.isHidden()


def test_what_fails_in_one_way_is_its_sentence_and_leaves_the_others(
    edited: MainWindow, service: GatedBench, until: Until
) -> None:
    service.broken = Method.NEGATIVE_PROMPT
    cells = compared(edited, until)
    failed = cells[Method.NEGATIVE_PROMPT]
    assert failed.state.text() == "This way does not work today; use another."
    assert not failed.use_button.isEnabled()
    assert [method for method, cell in cells.items() if cell.shown.picture is None] == [Method.NEGATIVE_PROMPT]


def test_a_newer_edit_goes_first_and_does_not_stop_the_comparison(
    edited: MainWindow, service: GatedBench, until: Until, sample: Sample
) -> None:
    started: list[Ticket] = []
    edited.engine.started_job.connect(started.append)
    service.hold()
    before = len(service.begun)
    cells = compare(edited)
    until(lambda: len(service.begun) > before and is_rendering(started))
    so_far = len(started)
    edited.editor.say_in_words(sample.edits[1])
    service.let_go(PLENTY)
    until(lambda: not edited.comparing.plan.at_work and edited.editor.pictures.final)
    assert not started[so_far].queued
    assert all(cell.shown.picture is not None for cell in cells.values())


def test_closing_the_window_ends_a_comparison(
    edited: MainWindow, service: GatedBench, until: Until, close: Close
) -> None:
    service.hold()
    service.let_go(2)
    cells = compare(edited)
    until(lambda: any(cell.shown.picture is not None for cell in cells.values()))
    service.let_go(PLENTY)
    close(edited)
    assert not edited.comparing.dialog.isVisible()
    assert cells[Method.NULL_TEXT].shown.picture is None
