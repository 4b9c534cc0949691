"""Which model prepares the photo next, when those it was prepared with are found late, later or not at all."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.core.resources import resource
from nti_desktop.editing import model_lookup
from nti_desktop.editing.session import Session
from nti_desktop.gui import preferences
from nti_desktop.gui.controllers import active_model
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.models.library.catalog import ModelEntry, built_in, find_model
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord
from nti_desktop.recipe.jobs import Measured, MeasureJob
from nti_desktop.recipe.recipe import EditRecipe
from tests.gui.conftest import OpenWindow
from tests.gui.gated import GatedBench
from tests.sessions import BLUE, GREEN, inverted

Until = Callable[[Callable[[], bool]], None]
ONE, ANOTHER, GONE = "1" * 64, "2" * 64, "3" * 64  # fingerprints
MODELS = {
    ONE: replace(built_in(), id="one", name="one", built_in=False),
    ANOTHER: replace(built_in(), id="another", name="another", built_in=False),
}
CORNER = Area(0, 0, 200, 200)


class Drive:
    """Where models lie. may_be_read: unset while it is slow; looked_for: fingerprints."""

    def __init__(self) -> None:
        self.may_be_read = Event()
        self.may_be_read.set()
        self.looked_for: list[str] = []

    def find(self, id: str, wanted: str, *_: object) -> ModelEntry:
        self.may_be_read.wait(60)
        self.looked_for.append(wanted)
        if wanted not in MODELS:
            raise ModelGone(f"The model “{id}” is not on this computer")
        return MODELS[wanted]


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Drive:
    drive = Drive()
    monkeypatch.setattr(model_lookup, "find_made_with", drive.find)
    return drive


def add_version(session: Session, fingerprint: str, recipe: EditRecipe, *others: PartRecord) -> None:
    """Edit the whole photo, beside other areas."""
    inversion = session.keep_inversion(MODELS[fingerprint], fingerprint, inverted(session))
    session.add_version(session.free_name(), recipe, Finish(), inversion.id, others=others)


def opened(open_window: OpenWindow, photo: Path, until: Until) -> MainWindow:
    window = open_window()
    window.opening.open_path(photo)
    until(lambda: window.editor.document is not None)
    return window


def test_the_model_of_the_version_that_was_opened_is_chosen_wherever_one_has_gone_meanwhile(
    open_window: OpenWindow, service: GatedBench, drive: Drive, photo: Path, until: Until
) -> None:
    session = Session.open(photo)
    add_version(session, ANOTHER, GREEN)
    add_version(session, ONE, BLUE)
    session.save()
    drive.may_be_read.clear()
    window = opened(open_window, photo, until)
    window.versions.previous_version()
    drive.may_be_read.set()
    until(lambda: window.editor.pictures.final)
    assert set(drive.looked_for) == {ONE, ANOTHER}  # neither waits for the other's drive
    assert window.editor.model.entry == MODELS[ONE]


def test_looking_at_a_version_chooses_no_model_after_someone_has(
    open_window: OpenWindow, service: GatedBench, drive: Drive, photo: Path, until: Until
) -> None:
    session = Session.open(photo)
    add_version(session, ANOTHER, GREEN)
    corner = session.keep_inversion(built_in(), GONE, inverted(session), CORNER)
    part = PartRecord(recipe=RecipeRecord.of(GREEN), finish=FinishRecord(feather=0.0), inversion=corner.id)
    add_version(session, ONE, BLUE, part)
    session.save()
    window = opened(open_window, photo, until)
    until(lambda: drive.looked_for[-1:] == [GONE] and not window.models_thread.busy)
    assert window.editor.model.entry == MODELS[ONE]

    window.editor.model.choose(built_in())
    looked_for = len(drive.looked_for)
    window.library.look()  # the model of the corner may have come
    until(lambda: drive.looked_for[looked_for:] == [GONE] and not window.models_thread.busy)
    window.versions.previous_version()
    until(lambda: window.editor.pictures.final)
    assert drive.looked_for[-1] == ANOTHER
    assert window.editor.model.entry.built_in


def test_what_is_prepared_meanwhile_is_gone_on_with(
    open_window: OpenWindow, service: GatedBench, drive: Drive, photo: Path, until: Until
) -> None:
    session = Session.open(photo)
    add_version(session, ONE, BLUE)
    session.save()
    drive.may_be_read.clear()
    window = opened(open_window, photo, until)
    window.editor.prepare()
    until(lambda: window.editor.document is not None and len(window.editor.document.session.project.versions) == 2)
    drive.may_be_read.set()
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    assert drive.looked_for == [ONE]
    assert window.editor.model.entry.built_in


class Answers(GatedBench):
    """asked_about: the models that were measured, by their folders."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_about: list[Path] = []

    def measure(self, job: MeasureJob, report: Report, cancel: CancelToken) -> Measured:
        self.asked_about.append(job.model.folder)
        return super().measure(job, report, cancel)


def test_the_model_worked_with_last_opens_first_and_no_other_is_loaded_before_it(
    open_window: OpenWindow,
    close: Callable[[MainWindow], None],
    tmp_path: Path,
    photo: Path,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, may_be_read = Answers(), Event()
    monkeypatch.setattr("nti_desktop.gui.main_window.load_service", lambda: bench)
    mine = shutil.copytree(resource("models", "studio"), tmp_path / "mine")
    window = opened(open_window, photo, until)
    window.editor.model.choose(find_model(str(mine)))
    until(lambda: mine in bench.asked_about)
    close(window)
    bench.asked_about.clear()

    def slowly(id: str) -> ModelEntry:
        may_be_read.wait(60)
        return find_model(id)

    monkeypatch.setattr(active_model, "find_model", slowly)
    window = opened(open_window, photo, until)
    may_be_read.set()
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    assert window.editor.model.entry.id == str(mine)
    assert set(bench.asked_about) == {mine}


def test_a_last_model_that_is_gone_is_said_and_the_built_in_one_works(
    open_window: OpenWindow, service: GatedBench, tmp_path: Path, photo: Path, until: Until
) -> None:
    preferences.remember_model(str(tmp_path / "gone"))
    window = opened(open_window, photo, until)
    until(lambda: window.editor.preparing.plan.estimates.measured is not None)
    assert window.editor.model.entry.built_in
    assert any("There is no model folder" in message.text for message in window.editor_view.messages.messages)
