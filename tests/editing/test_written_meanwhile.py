"""What is written while the photo is prepared, without a window, stays, and becomes no edit that nobody asked for."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.open_edit import StartingPoint
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from tests.sessions import BLUE, inverted, with_a_version

SOURCE, EDIT, FOGGY = "a red cube", "a blue cube", "a red cube in fog"


def come_home(work: Document, start: StartingPoint, description: str) -> None:
    """The whole photo was prepared as it was described when that was asked for."""
    made = inverted(work.session)
    made = replace(made, settings=replace(made.settings, prompt=description))
    work.prepared(built_in(), [AreaInversion(work.whole, "0" * 64, made)], start)


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
