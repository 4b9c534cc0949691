"""What is written while the photo is prepared, without a window, stays, and becomes no edit that nobody asked for."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.open_edit import StartingPoint
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from tests.sessions import BLUE, inverted, with_a_version

SOURCE, EDIT, FOGGY = "a red cube", "a blue cube", "a red cube in fog"


def come_home(work: Document, start: StartingPoint, description: str) -> None:
    """The area was prepared as it was described when that was asked for."""
    made = inverted(work.session, area=start.area)
    made = replace(made, settings=replace(made.settings, prompt=description))
    work.prepared(built_in(), [AreaInversion(start.area, "0" * 64, made)], start)


def test_a_description_that_was_written_on_while_the_photo_was_prepared_stays_and_is_no_edit(photo: Path) -> None:
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    work.describe(SOURCE)
    start = work.starting_point
    work.describe(FOGGY)
    come_home(work, start, SOURCE)
    assert (work.description, work.edit_text, work.up_to_date) == (FOGGY, FOGGY, False)
    (version,) = work.session.project.versions
    assert version.recipe.prompt == SOURCE
    work.describe(SOURCE)
    assert work.up_to_date
    assert work.is_the_photo


def test_what_was_written_on_meanwhile_is_a_draft_and_the_edit_of_then_a_version(work: Document) -> None:
    start = work.starting_point
    work.describe(FOGGY)
    work.say_in_words("a blue cube in fog")
    come_home(work, start, SOURCE)
    (first,) = work.session.project.versions
    assert first.recipe.prompt == EDIT
    assert (work.description, work.edit_text, work.up_to_date) == (FOGGY, "a blue cube in fog", False)
    come_home(work, work.starting_point, FOGGY)
    assert (work.edit_text, work.up_to_date) == ("a blue cube in fog", True)


def test_an_edit_that_was_written_meanwhile_is_the_versions(work: Document) -> None:
    start = work.starting_point
    work.say_in_words("a golden cube")
    come_home(work, start, SOURCE)
    assert (work.edit_text, work.up_to_date) == ("a golden cube", True)


@pytest.mark.parametrize("back", [True, False])
def test_a_look_at_another_version_loses_nothing_that_is_written_while_the_photo_is_prepared(
    photo: Path, back: bool
) -> None:
    made = Document(with_a_version(photo), STUDIO_DEFAULTS)
    first = made.version_id
    made.copy_version()
    second = made.version_id
    made.describe(SOURCE)
    start = made.starting_point
    made.say_in_words("a golden cube")
    made.go_to(first)
    assert made.edit_text == BLUE.prompt
    if back:
        made.go_to(second)
        assert (made.description, made.edit_text) == (SOURCE, "a golden cube")
    come_home(made, start, SOURCE)
    assert made.session.project.version(made.version_id).made_from == second
    assert (made.edit_text, made.up_to_date) == ("a golden cube", True)
    made.go_to(second)
    assert made.edit_text == BLUE.prompt


CORNER, EDGE = Area(0, 0, 48, 32), Area(48, 0, 48, 32)


def test_what_is_written_of_an_area_is_there_again_after_a_look_at_another(photo: Path) -> None:
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    for area, text in ((work.whole, "a whole room"), (CORNER, "a lamp"), (EDGE, "a door")):
        work.work_on(area)
        work.describe(text)
        work.say_in_words(f"{text} in fog")
    assert work.areas == (work.whole, CORNER, EDGE)
    come_home(work, work.starting_point, "a door")
    assert (work.area, work.description, work.up_to_date) == (EDGE, "a door", True)
    for area, text in ((work.whole, "a whole room"), (CORNER, "a lamp")):
        work.work_on(area)
        assert (work.description, work.edit_text, work.up_to_date) == (text, f"{text} in fog", False)
    work.leave(CORNER)
    assert (work.area, work.description) == (EDGE, "a door")
    work.work_on(CORNER)
    assert work.description == "", "it was taken out"
    work.work_on(work.whole)
    assert work.description == "a whole room"


def test_of_a_version_that_is_deleted_and_put_back_what_is_written_comes_back(photo: Path) -> None:
    made = Document(with_a_version(photo), STUDIO_DEFAULTS)
    made.copy_version()
    made.describe("a golden ball")
    deleted = made.delete_version()
    assert made.up_to_date
    made.put_back(deleted)
    assert made.description == "a golden ball"


def test_a_version_that_undo_brings_back_has_what_is_written_for_it(photo: Path) -> None:
    made = Document(with_a_version(photo), STUDIO_DEFAULTS)
    first = made.version_id
    made.copy_version()
    second = made.version_id
    made.describe("a golden ball")
    made.go_to(first)
    assert made.undo(), "the copy"
    assert made.redo()
    assert (made.version_id, made.description) == (second, "a golden ball")
    assert made.desk.left == {}


def test_what_is_too_long_for_an_edit_stays_with_its_version_through_undo(photo: Path) -> None:
    made = Document(with_a_version(photo), STUDIO_DEFAULTS)
    made.copy_version()
    made.work_on(CORNER)
    made.describe("a red cube " * 300)
    assert made.undo(), "the copy"
    assert made.redo()
    assert (made.area, made.description) == (CORNER, "a red cube " * 300)


def test_the_desk_that_is_taken_up_is_the_one_that_was_left(photo: Path) -> None:
    made = Document(with_a_version(photo), STUDIO_DEFAULTS)
    for area in (CORNER, made.whole):
        made.work_on(area)
        made.describe("a golden ball")
    desk = replace(made.desk, area=CORNER)  # as a program may have left it that showed what it had put aside
    assert Document(made.session, STUDIO_DEFAULTS, desk=desk).desk == desk
