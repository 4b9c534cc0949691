"""The open edit, without a window: what becomes of it when the photo is prepared."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.desk import Desk, from_json
from nti_desktop.editing.document import Document
from nti_desktop.editing.history import EditState
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_list import VersionList
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import BLUE, GREEN, invert, inverted, with_a_version
from tests.sessions import SOURCE as UNCHANGED

SOURCE, EDIT = "a red cube", "a blue cube"


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


def test_words_that_are_no_sentence_stand_in_the_lines_and_the_edit_waits_until_they_are_shortened(
    work: Document,
) -> None:
    prepare(work, Method.RESIDUAL)
    work.say_in_words(SOURCE)
    work.edit("strength", lambda recipe: replace(recipe, strength=0.7))
    pasted = "word " * 4000
    work.describe(pasted)
    assert (work.description, work.edit_text) == (pasted, pasted)
    assert work.state is not None
    assert work.basis.automatic(work.state.recipe).prompt == SOURCE
    assert from_json(work.desk.to_json()) == work.desk
    work.describe("a red ball")
    assert (work.edit_text, work.state.recipe.prompt, work.state.recipe.strength) == ("a red ball", "a red ball", 0.7)


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


CORNER = Area(0, 0, 48, 32)


@pytest.fixture
def made(photo: Path) -> Document:
    """Prepared, with one edit; each change is one step of undo."""
    clock = iter(range(0, 10_000, 60))
    return Document(with_a_version(photo), STUDIO_DEFAULTS, lambda: float(next(clock)))


def prepare_corner(document: Document) -> None:
    document.work_on(CORNER)
    document.describe(SOURCE)
    document.say_in_words(EDIT)
    document.prepared(built_in(), [AreaInversion(CORNER, "0" * 64, inverted(document.session, area=CORNER))])


def test_the_last_of_several_areas_can_be_left_and_comes_back_by_undo(made: Document) -> None:
    prepare_corner(made)
    assert set(made.edited_areas) == {made.whole, CORNER}
    assert made.leave(CORNER)
    assert (made.area, made.edit_text) == (made.whole, BLUE.prompt)
    assert set(made.edited_areas) == {made.whole}
    made.leave(CORNER)  # which is none of the version's
    made.leave(made.whole)  # its only one, which stays
    assert set(made.edited_areas) == {made.whole}
    assert made.undo()
    assert set(made.edited_areas) == {made.whole, CORNER}
    assert made.redo()
    assert set(made.edited_areas) == {made.whole}


def test_before_there_is_a_version_an_area_is_left_for_the_whole_photo(work: Document) -> None:
    work.work_on(CORNER)
    assert work.leave(CORNER)
    assert (work.area, work.description) == (work.whole, "a red cube")


def test_a_version_that_was_drawn_aside_is_added_and_what_is_shown_stays(made: Document) -> None:
    shown, state = made.version_id, made.state
    assert state is not None
    other = replace(state, recipe=GREEN)
    assert made.inversion is not None
    drawn_on = made.inversion.id
    added = made.add_aside(drawn_on, other, b"preview")
    assert (made.version_id, made.edit_text) == (shown, BLUE.prompt)
    first, last = made.session.project.versions
    assert added == last
    assert (added.recipe.recipe(), added.made_from) == (GREEN, first.id)
    assert made.session.working_copy.preview_source(added.id).data == b"preview"


def test_a_version_that_was_drawn_aside_stands_on_what_it_was_drawn_on(made: Document) -> None:
    assert made.inversion is not None
    drawn_on, state = made.inversion.id, EditState(GREEN, Finish())
    made.describe(f"{SOURCE} at night")
    settings = InversionSettings(made.description, Method.RESIDUAL, 4)
    again = replace(inverted(made.session, seed=2), settings=settings)
    made.prepared(built_in(), [AreaInversion(made.whole, "0" * 64, again)])
    assert made.inversion.id != drawn_on
    assert made.add_aside(drawn_on, state, b"preview").inversion == drawn_on
    made.describe("a dog")  # which waits to be prepared
    assert made.add_aside(drawn_on, state, b"preview").inversion == drawn_on
    assert made.description == "a dog"


def test_a_version_that_was_drawn_aside_of_a_photo_without_one_is_shown(begun: Document) -> None:
    assert begun.inversion is not None
    begun.add_aside(begun.inversion.id, EditState(GREEN, Finish()), b"preview")
    (version,) = begun.session.project.versions
    assert begun.version_id == version.id
    assert version.made_from is None


def test_a_deleted_version_is_put_back_once_whatever_was_done_since(made: Document) -> None:
    made.copy_version()
    made.say_in_words(GREEN.prompt)
    gone = made.version_id
    deleted = made.delete_version()
    assert made.edit_text == BLUE.prompt
    made.say_in_words("a white ball on a table")
    made.rename_version(made.version_id, "White")
    assert made.put_back(deleted)
    assert (made.version_id, made.edit_text) == (gone, GREEN.prompt)
    assert not made.put_back(deleted)
    assert [version.name for version in made.session.project.versions] == ["White", "Version 1"]
    assert made.undo(), "its own edit"
    assert made.edit_text == BLUE.prompt


def test_a_name_is_changed_back_by_undo_and_the_same_name_is_no_change(made: Document) -> None:
    assert not made.can_undo
    made.rename_version(made.version_id, "Blue")
    assert not made.can_undo
    made.rename_version(made.version_id, "Bold")
    assert made.can_undo
    assert made.undo()
    assert made.session.project.versions[0].name == "Blue"
    assert (made.can_undo, made.can_redo) == (False, True)
    assert made.redo()
    assert made.session.project.versions[0].name == "Bold"


def test_another_way_to_prepare_makes_a_sentence_no_order_and_an_order_no_sentence(work: Document) -> None:
    work.meant_for(replace(STUDIO_DEFAULTS, method=Method.PINNED))
    assert work.edit_text == EDIT, "which is described, too"
    work.meant_for(replace(STUDIO_DEFAULTS, method=Method.INSTRUCT))
    assert (work.edit_text, work.state) == ("", None)
    work.say_in_words("make it blue")
    work.meant_for(STUDIO_DEFAULTS)
    assert (work.edit_text, work.description) == (SOURCE, SOURCE)


def test_after_it_was_prepared_another_way_to_prepare_changes_no_sentence(made: Document) -> None:
    made.meant_for(replace(STUDIO_DEFAULTS, method=Method.INSTRUCT))
    assert made.edit_text == BLUE.prompt


def test_emphasis_in_a_description_is_taken_out_and_told_of(work: Document) -> None:
    work.describe("a (red:1.4) cube")
    emphasis = work.settle_description()
    assert emphasis.weights == ((1, 1.4),)
    assert work.description == SOURCE
    assert work.settle_description().weights == ()
    work.describe("a red cube (2)")
    work.settle_description()
    assert work.description == "a red cube (2)", "plain brackets"


def test_the_finish_is_one_more_thing_that_can_be_undone(made: Document) -> None:
    state = made.state
    assert state is not None
    assert made.finish(Finish(0.2))
    assert not made.finish(Finish(0.2))
    assert made.session.project.versions[0].finish.feather == 0.2
    assert made.undo()
    assert made.state == state


def test_without_a_sentence_there_is_nothing_to_finish_or_to_change(photo: Path) -> None:
    empty = Document(Session.open(photo), STUDIO_DEFAULTS)
    assert not empty.finish(Finish(0.2))
    assert not empty.edit("strength", lambda recipe: replace(recipe, strength=0.5))
    assert not empty.mark((rectangle(0, 0, 0.5, 0.5),))
    assert not empty.copy_version()
    assert (empty.undo(), empty.redo(), empty.is_the_photo) == (False, False, True)
    empty.meant_for(replace(STUDIO_DEFAULTS, method=Method.INPAINT))
    assert empty.mark((rectangle(0, 0, 0.5, 0.5),)), "where it draws into what is marked"
    assert empty.can_be_prepared


def test_the_photo_is_shown_where_nothing_is_asked_for(made: Document) -> None:
    assert made.wanted() is not None
    made.say_in_words(UNCHANGED)
    assert made.wanted() is None
    assert made.rendered_with == ()
    made.undo()
    assert [each.id for each in made.rendered_with] == [made.session.project.versions[0].inversion]
    assert made.asks_for_nothing_here is False
    made.work_on(CORNER)
    assert made.asks_for_nothing_here is False, "the version's picture is still shown"
    made.work_on(Area(made.whole.x, made.whole.y, made.whole.width, made.whole.height))
    made.say_in_words(UNCHANGED)
    assert made.asks_for_nothing_here


def test_an_area_was_prepared_before_where_an_inversion_or_an_edit_is_of_it(begun: Document, made: Document) -> None:
    assert begun.prepared_before
    begun.work_on(CORNER)
    assert not begun.prepared_before
    prepare_corner(made)
    assert made.prepared_before
    made.describe("a dog")
    assert made.prepared_before, "described as it was or otherwise"
    made.work_on(made.whole)
    assert made.prepared_before
    made.work_on(Area(8, 8, 48, 32))
    assert not made.prepared_before
