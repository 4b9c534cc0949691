"""The open edit, without a window: what becomes of it when the photo is prepared."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.desk import Desk
from nti_desktop.editing.document import Document
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_list import VersionList
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import BLUE, GREEN, invert, inverted, with_a_version

SOURCE, EDIT = "a red cube", "a blue cube"


@pytest.fixture
def work(photo: Path) -> Document:
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    work.describe(SOURCE)
    work.say_in_words(EDIT)
    return work


def prepare(work: Document, method: Method, explained: float | None = None) -> EditRecipe:
    """The edit after the photo was prepared by a method, with the model's usual guidance."""
    made = inverted(work.session, method=method)
    settings = InversionSettings(SOURCE, method, made.settings.steps, STUDIO_DEFAULTS.guidance_scale)
    made = replace(made, settings=settings, figures=replace(made.figures, explained=explained))
    work.prepared(built_in(), [AreaInversion(work.whole, "0" * 64, made)])
    assert work.state is not None
    return work.state.recipe


def test_a_drafted_edit_is_guided_as_the_preparation_found_its_description_to_explain(work: Document) -> None:
    assert work.state is not None
    assert (work.state.recipe.automatic, work.state.recipe.guidance_scale) == (True, 1.25)
    assert prepare(work, Method.RESIDUAL, explained=0.0).guidance_scale == 1.12


def test_a_description_of_blanks_only_is_none(work: Document) -> None:
    work.describe("   ")
    assert work.edit_text == EDIT
    assert not work.can_be_prepared
    work.describe(SOURCE)
    assert work.can_be_prepared


def test_prepared_again_by_null_text_an_edit_has_the_guidance_that_was_learned(work: Document) -> None:
    assert prepare(work, Method.RESIDUAL, explained=1.0).guidance_scale == 1.25
    again = prepare(work, Method.NULL_TEXT, explained=1.0)
    assert (again.prompt, again.guidance_scale) == (EDIT, None)


def test_prepared_again_by_null_text_a_guidance_said_by_hand_goes_too(work: Document) -> None:
    prepare(work, Method.RESIDUAL)
    work.edit("guidance", lambda recipe: replace(recipe, automatic=False, guidance_scale=3.0))
    assert prepare(work, Method.PINNED).guidance_scale == 3.0
    assert prepare(work, Method.NULL_TEXT).guidance_scale is None


@pytest.fixture
def begun(photo: Path) -> Document:
    """A photo that was prepared on the command line, which adds no version."""
    session = Session.open(photo)
    session.keep_inversion(built_in(), "0" * 64, inverted(session))
    session.save()
    return Document(Session.open(photo), STUDIO_DEFAULTS)


def test_a_photo_that_was_prepared_elsewhere_is_edited_without_preparing_it_again(begun: Document) -> None:
    (inversion,) = begun.session.project.inversions
    assert begun.up_to_date
    assert begun.description == begun.edit_text == inversion.settings.prompt
    assert begun.is_the_photo
    assert not begun.session.working_copy.dirty
    assert not begun.has_unsaved_desk

    assert begun.say_in_words("a blue cube")
    (version,) = begun.session.project.versions
    assert (version.inversion, version.recipe.prompt) == (inversion.id, "a blue cube")
    assert begun.undo()
    assert begun.edit_text == inversion.settings.prompt
    assert begun.is_the_photo
    assert begun.redo()
    assert begun.edit_text == "a blue cube"


def test_such_a_photo_described_otherwise_needs_preparing_until_the_words_are_back(begun: Document) -> None:
    before = begun.description
    begun.describe("a dog on a lawn")
    assert not begun.up_to_date
    begun.describe(before)
    assert begun.up_to_date
    assert begun.is_the_photo
    begun.work_on(Area(0, 0, 32, 32))
    assert (begun.up_to_date, begun.description) == (False, "")
    begun.work_on(begun.whole)
    assert (begun.up_to_date, begun.edit_text) == (True, before)


@pytest.mark.parametrize(("deleted", "shown"), [("First", "Second"), ("Second", "Third"), ("Third", "Second")])
def test_where_a_version_was_deleted_the_next_one_is_shown_else_the_one_before(
    photo: Path, deleted: str, shown: str
) -> None:
    session = Session.open(photo)
    invert(session)
    for name in ("First", "Second", "Third"):
        session.add_version(name, BLUE)
    document = Document(session, STUDIO_DEFAULTS)
    document.go_to(next(version.id for version in session.project.versions if version.name == deleted))
    document.delete_version()
    assert session.project.version(document.version_id).name == shown


def test_what_another_program_changed_is_told_by_the_version_that_is_shown(photo: Path) -> None:
    document = Document(with_a_version(photo), STUDIO_DEFAULTS)
    session = document.session
    document.copy_version()
    document.say_in_words("a green ball on a table")
    first, shown = session.project.versions
    before = session.project
    session.change_version(first.id, recipe=GREEN)
    assert not document.take_in(before), "another one than that which is shown"
    assert document.edit_text == "a green ball on a table"
    before = session.project
    session.change_version(shown.id, recipe=BLUE)
    assert document.take_in(before)
    assert document.edit_text == BLUE.prompt


def test_undo_goes_on_where_it_was_left_unless_versions_came_or_went(photo: Path) -> None:
    session = with_a_version(photo)
    versions = VersionList(session)
    version = session.project.versions[0]
    versions.copy(version)
    left = versions.histories, versions.done, versions.undone
    again = VersionList(session)
    again.take_up(*left)
    assert again.done == versions.done != ()
    session.add_version("Green", GREEN)
    elsewhere = VersionList(session)
    elsewhere.take_up(*left)
    assert elsewhere.done == ()
    assert len(elsewhere.histories) == 3
    fewer = VersionList(session)
    fewer.take_up({}, versions.done, ())
    assert fewer.done == ()


def test_of_several_areas_that_were_prepared_elsewhere_the_last_is_shown(photo: Path) -> None:
    document = Document(Session.open(photo), STUDIO_DEFAULTS)
    document.describe(SOURCE)
    areas = [Area(0, 0, 48, 32), Area(8, 0, 48, 32), Area(16, 0, 48, 32)]
    document.work_on(Area(30, 10, 48, 32))
    made = [AreaInversion(area, "0" * 64, inverted(document.session, area=area)) for area in areas]
    document.prepared(built_in(), made)
    assert document.area == areas[-1]
    assert len(document.session.project.versions) == 1


def test_what_was_left_open_is_taken_up_unless_it_leaves_the_photo(photo: Path) -> None:
    session = with_a_version(photo)
    for area, fits in ((Area(60, 40, 36, 24), True), (Area(60, 40, 37, 24), False), (Area(60, 40, 36, 25), False)):
        left = Desk("a green ball", "a blue cube", area)
        document = Document(session, STUDIO_DEFAULTS, desk=left)
        assert (document.area == area) is fits
        assert (document.description == "a green ball") is fits
