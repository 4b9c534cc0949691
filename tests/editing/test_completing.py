"""The open edit, without a window: the model says more of the photo, in the description and in the edit."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.document import Document
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.recipe.look import Look
from tests.sessions import invert

SOURCE = "a red cube"
AROUND = Look("at night", "in fog", ground="on sand")
TOLD = "a photo of a red cube on sand at night in fog"


@pytest.fixture
def work(photo: Path) -> Document:
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    work.describe(SOURCE)
    return work


@pytest.fixture
def prepared(photo: Path) -> Document:
    session = Session.open(photo)
    invert(session)
    return Document(session, STUDIO_DEFAULTS)


def test_a_description_is_completed_with_its_edit_whose_own_words_and_weights_stay(work: Document) -> None:
    work.say_in_words("a blue cube at sunset")
    work.edit("weight", lambda recipe: replace(recipe, words=(replace(recipe.words[0], weight=1.5),)))
    work.complete(AROUND)
    assert work.description == TOLD
    assert work.edit_text == "a photo of a blue cube on sand at sunset in fog"
    assert work.state is not None
    assert work.state.recipe.prompt == work.edit_text
    assert [(each.position, each.text, each.weight) for each in work.state.recipe.weighted] == [(4, "blue", 1.5)]


def test_an_unchanged_edit_follows_a_completed_description_and_no_edit_stays_none(photo: Path) -> None:
    work = Document(Session.open(photo), STUDIO_DEFAULTS)
    work.describe(SOURCE)
    work.complete(AROUND)
    assert (work.description, work.edit_text) == (TOLD, TOLD)
    work.complete(AROUND)
    assert work.description == TOLD


def test_a_prepared_photo_that_is_completed_needs_preparing_and_nothing_changes_where_all_was_said(
    prepared: Document,
) -> None:
    before = prepared.description
    prepared.say_in_words("a blue cube")
    prepared.complete(Look())
    assert (prepared.up_to_date, prepared.description, prepared.edit_text) == (True, before, "a blue cube")
    prepared.complete(AROUND)
    assert not prepared.up_to_date
    assert prepared.edit_text == "a photo of a blue cube on sand at night in fog"
    prepared.describe(before)
    assert (prepared.up_to_date, prepared.edit_text) == (True, "a blue cube")
