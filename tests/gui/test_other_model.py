"""A photo whose model is missing, has changed, or lies elsewhere by now."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from nti_desktop.editing.engine_queue import PrepareJob, Ticket
from nti_desktop.editing.pictures import AS_LAST_SEEN
from nti_desktop.editing.session import Session
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.places import read_places, write_places
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.recipe import EditRecipe, WordControl
from tests.gui.conftest import OpenWindow, export_to
from tests.other_models import WISH, change_model, prepare, write_model
from tests.sessions import SOURCE, inverted

pytestmark = pytest.mark.slow

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "models" / "my model")


def opened(open_window: OpenWindow, photo: Path, until: Until) -> MainWindow:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def about_the_model(window: MainWindow) -> list[Message]:
    return [m for m in window.editor_view.messages.messages if m.topic is Topic.MADE_WITH]


def missed(window: MainWindow, until: Until) -> Message:
    until(lambda: bool(about_the_model(window)))
    (message,) = about_the_model(window)
    return message


def act(window: MainWindow, message: Message, title: str) -> None:
    next(action for action in message.actions if action.title.startswith(title)).do()


def test_without_its_model_a_photo_opens_with_all_that_is_kept(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, tmp_path: Path
) -> None:
    prepare(photo, model)
    shutil.rmtree(model)
    window = opened(open_window, photo, until)
    place, editor = window.editor_view, window.editor
    message = missed(window, until)
    assert message.text == (
        "The model “my model” that this photo was prepared with is not on this computer, so its edits are shown as "
        "they were last seen."
    )
    assert [action.title for action in message.actions] == ["Prepare with Studio (built in)", "Find the model…"]
    assert (place.view.after, editor.pictures.badge) == (editor.pictures.after, AS_LAST_SEEN)
    assert editor.pictures.after is not None
    assert place.prompts.description.text() == SOURCE
    assert place.prompts.edit.text() == WISH.prompt
    assert place.versions_panel.list.count() == 1
    assert [(s.key, s.value) for s in place.words_panel.sliders][1] == (1, 1.5)
    assert [b.text() for b in place.mask_panel.places.buttons if b.isChecked()] == ["ball"]
    assert editor.model.entry.built_in

    # Another wish is kept, and has no picture; nor can the old one be exported.
    place.words_panel.sliders[1].slide_to(2.0)
    assert editor.document is not None
    assert editor.document.state is not None
    assert editor.document.state.recipe.words[0].weight == 2.0
    export_to(window, tmp_path / "edited.png")
    assert missed(window, until)
    until(lambda: not editor.exports.queue.waiting)
    assert not (tmp_path / "edited.png").exists()
    (error,) = [m.text for m in place.messages.messages if m.tone is Tone.ERROR]
    assert error.startswith("“edited.png” was not written. ")


def test_preparing_with_another_model_keeps_what_was_made_with_the_first(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, close: Callable[[MainWindow], None]
) -> None:
    prepare(photo, model)
    before = read_sidecar(photo.with_name(photo.name + ".nti")).project
    shutil.rmtree(model)
    window = opened(open_window, photo, until)
    editor, message = window.editor, missed(window, until)
    window.editor_view.model_panel.steps.setValue(6)
    act(window, message, "Prepare with Studio")
    window.library.look()  # what is looked for meanwhile does not get in its way
    until(lambda: editor.session is not None and len(editor.session.project.versions) == 2)
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    assert not about_the_model(window)
    assert editor.document is not None
    assert editor.document.edit_text == WISH.prompt
    close(window)

    sidecar = photo.with_name(photo.name + ".nti")
    stored = read_sidecar(sidecar)
    project = stored.project
    assert project.inversions[0] == before.inversions[0]
    assert project.versions[0] == before.versions[0]
    assert stored.arrays(project.inversions[0].id)["pivot"].shape[0] == 6
    assert [inversion.model for inversion in project.inversions] == [str(model), "studio"]
    assert {inversion.settings.prompt for inversion in project.inversions} == {SOURCE}
    recipe = project.versions[1].recipe.recipe()
    usual = window.editor.model.entry.defaults
    assert (recipe.prompt, recipe.words) == (WISH.prompt, WISH.words)
    windows = (recipe.automatic, recipe.cross_until, recipe.self_until)
    assert windows == (False, WISH.cross_until, WISH.self_until)  # they were chosen
    assert recipe.blend is not None
    assert recipe.blend.words == WISH.blend.words  # type: ignore[union-attr]
    assert (recipe.blend.positions, recipe.blend.threshold) == (usual.blend_positions, usual.blend_threshold)

    again = opened(open_window, photo, until)
    until(lambda: again.editor.pictures.final)
    again.versions.previous_version()
    until(lambda: again.editor.pictures.after is not None)
    assert missed(again, until)
    again.versions.next_version()
    until(lambda: again.editor.pictures.final and not about_the_model(again))


CORNER, WALL = Area(0, 0, 200, 200), EditRecipe("a green wall", words=(WordControl(1, "green", 1.2),))


def prepare_corner(photo: Path, entry: ModelEntry) -> None:
    """Edit a part of a photo beside the whole, which has a project; the part is the one worked on."""
    session = Session.open(photo)
    made = inverted(session)
    wider = {"pivot": np.repeat(made.arrays["pivot"], 2, axis=1)}
    made = replace(made, settings=replace(made.settings, prompt="a grey wall"), arrays=wider)
    corner = session.keep_inversion(entry, fingerprint(entry), made, CORNER)
    version = session.project.versions[0]
    session.add_version("Both", WALL, Finish(0.05), corner.id, version.id, version.parts)
    session.save()


@pytest.mark.parametrize("own", [CORNER, Area(0, 0, 512, 512)])
def test_all_areas_of_a_missing_model_are_asked_for_once_and_become_one_version(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, own: Area
) -> None:
    prepare_corner(photo, prepare(photo, model))
    shutil.rmtree(model)
    window = opened(open_window, photo, until)
    editor, message = window.editor, missed(window, until)
    window.areas.choose(own)
    document = editor.document
    assert document is not None
    assert document.area == own
    window.editor_view.model_panel.steps.setValue(4)
    act(window, message, "Prepare with Studio")
    said: list[Message] = []
    editor.said.connect(said.append)
    until(lambda: editor.pictures.after is not None and editor.pictures.final)
    assert not said

    project, version = document.session.project, document.version
    assert [v.name for v in project.versions] == ["Blue", "Both", "Version 1"]
    assert version is not None
    assert version.made_from == project.versions[1].id
    assert document.area == own
    parts = {document.session.frame(part.inversion).area: part for part in version.parts}
    inversions = {area: project.inversion(part.inversion) for area, part in parts.items()}
    assert {inversion.model for inversion in inversions.values()} == {"studio"}
    assert inversions[CORNER].settings.prompt == "a grey wall"
    assert inversions[document.whole].settings.prompt == SOURCE
    assert parts[CORNER].recipe.recipe().words == WALL.words
    assert parts[CORNER].finish.feather == 0.05
    assert parts[document.whole].recipe.recipe().words == WISH.words
    assert len(project.inversions) == 4  # those of the missing model are kept


@pytest.mark.parametrize("before_it_is_seen", [True, False])
def test_stopping_between_areas_keeps_what_is_prepared_and_begins_no_more(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, before_it_is_seen: bool
) -> None:
    prepare_corner(photo, prepare(photo, model))
    shutil.rmtree(model)
    window = opened(open_window, photo, until)
    editor = window.editor
    window.editor_view.model_panel.steps.setValue(4)
    begun: list[Ticket] = []
    window.engine.started_job.connect(begun.append)
    came, seen = window.engine.inverted, editor.preparing._inverted
    if before_it_is_seen:
        came.disconnect(seen)
    came.connect(editor.cancel)
    if before_it_is_seen:
        came.connect(seen)
    act(window, missed(window, until), "Prepare with Studio")
    until(lambda: not editor.preparing.plan.busy)
    document = editor.document
    assert document is not None
    assert document.version is not None
    inversions = [document.session.project.inversion(part.inversion) for part in document.version.parts]
    assert sorted(inversion.model for inversion in inversions) == sorted(["studio", str(model)])
    assert len(document.session.project.versions) == 3
    assert not before_it_is_seen or sum(isinstance(ticket.job, PrepareJob) for ticket in begun) == 1
    assert missed(window, until)  # the other is asked for as before


def test_a_changed_model_is_another_one(open_window: OpenWindow, until: Until, photo: Path, model: Path) -> None:
    prepare(photo, model)
    change_model(model, 0.0125)
    window = opened(open_window, photo, until)
    assert "The model “my model” has changed since this photo was prepared" in missed(window, until).text
    assert window.editor.model.entry.built_in


@pytest.mark.parametrize("place", ["store", "added", "cache"])
def test_a_model_that_was_moved_is_used_from_where_it_lies_now(
    place: str, open_window: OpenWindow, until: Until, photo: Path, model: Path, tmp_path: Path, home: Path
) -> None:
    entry = prepare(photo, model)
    target = {
        "store": read_places().store / "renamed",
        "added": tmp_path / "other drive" / "models" / "x",
        "cache": home / "cache" / "huggingface" / "hub" / "models--a--b" / "snapshots" / ("0" * 40),
    }[place]
    target.parent.mkdir(parents=True)
    model.rename(target)
    if place == "added":
        write_places(read_places().with_added(target))
    if place == "cache":
        (target.parents[1] / "refs").mkdir()
        (target.parents[1] / "refs" / "main").write_text("0" * 40)
    window = opened(open_window, photo, until)
    until(lambda: window.editor.pictures.final)
    assert window.editor.pictures.badge == ""
    assert window.editor.model.entry.id == str(target)  # and it prepares the next photo
    assert (
        fingerprint(window.editor.model.entry)
        == read_sidecar(photo.with_name(photo.name + ".nti")).project.inversions[0].model_fingerprint
    )
    assert entry.id != window.editor.model.entry.id
    assert not window.editor_view.messages.messages


def test_a_missing_model_is_found_on_the_models_page(
    open_window: OpenWindow,
    until: Until,
    photo: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(photo, model)
    elsewhere = tmp_path / "unplugged drive" / "my model"
    elsewhere.parent.mkdir()
    model.rename(elsewhere)
    window = opened(open_window, photo, until)
    act(window, missed(window, until), "Find the model…")
    page = window.models.page
    assert page.isVisible()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    page.list.add_folder.click()
    until(lambda: window.editor.pictures.final)
    assert not about_the_model(window)
    assert window.editor.model.entry.id == str(elsewhere)


def test_the_window_goes_on_while_a_model_is_read(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    from nti_desktop.editing import model_lookup

    prepare(photo, model)
    may_end, find = Event(), model_lookup.find_made_with

    def slow_drive(*asked: object) -> ModelEntry:
        may_end.wait(60)
        return find(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(model_lookup, "find_made_with", slow_drive)
    window = opened(open_window, photo, until)
    assert window.editor.pictures.badge == AS_LAST_SEEN
    window.editor_view.words_panel.sliders[1].slide_to(2.0)
    window.versions.add_version()
    assert not about_the_model(window)
    may_end.set()
    until(lambda: window.editor.pictures.final)


def test_closing_while_models_are_read_ends_cleanly(
    open_window: OpenWindow, until: Until, photo: Path, model: Path, close: Callable[[MainWindow], None]
) -> None:
    prepare(photo, model)
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    close(window)
    assert not window.models_thread.isRunning()
