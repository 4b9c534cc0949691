"""Places that are marked on the photo, and the edit of them, without a window."""

from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core.errors import RecipeError
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.marking import can_be_marked, marked, marks_on_photo
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import FILLING_DEFAULTS, STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Figures, Inversion
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import inverted

LINE = ((10.0, 5.0), (30.0, 5.0), (30.0, 25.0))
PLACE = (rectangle(0.25, 0.25, 0.5, 0.5),)


@pytest.fixture
def document(photo: Path) -> Document:
    return Document(Session.open(photo), FILLING_DEFAULTS)


def fill(document: Document) -> None:
    made = Inversion(InversionSettings("", Method.INPAINT, 4), {}, None, Figures(0.0, 0))
    document.prepared(built_in(), [AreaInversion(document.area, "0" * 64, made)])


def test_a_place_is_kept_in_parts_of_the_area_and_shown_where_it_was_drawn(document: Document) -> None:
    area = Area(8, 4, 40, 30)
    document.work_on(area)
    assert document.mark(marked(document, LINE))
    (shown,) = marks_on_photo(document)
    assert np.allclose(shown, LINE, atol=0.01)
    document.mark(marked(document, ((0.0, 0.0), (60.0, 0.0), (60.0, 60.0))))  # held within the area
    assert np.allclose(marks_on_photo(document)[1], [(8, 4), (48, 4), (48, 34)], atol=0.01)
    fill(document)
    assert np.allclose(marks_on_photo(document)[0], LINE, atol=0.01)


def test_marking_alone_is_an_edit_that_removes(document: Document) -> None:
    assert can_be_marked(document)
    assert not document.begins_by_itself
    assert document.mark(PLACE)
    assert document.begins_by_itself
    assert document.can_be_prepared
    assert not document.is_the_photo
    fill(document)
    assert document.state is not None
    assert (document.state.recipe.prompt, document.state.recipe.within) == ("", PLACE)
    assert document.wanted() is not None


def test_what_is_said_goes_into_the_place_and_comes_out_again(document: Document) -> None:
    document.say_in_words("a blue ball")
    assert not document.begins_by_itself  # nothing is marked
    document.mark(PLACE)
    fill(document)
    assert document.edit_text == "a blue ball"
    document.say_in_words("")
    assert document.state is not None
    assert (document.state.recipe.prompt, document.state.recipe.within) == ("", PLACE)
    document.undo()
    assert document.edit_text == "a blue ball"


def test_without_a_place_there_is_nothing_to_draw_into(document: Document) -> None:
    document.say_in_words("a blue ball")
    fill(document)
    assert document.state is not None
    with pytest.raises(RecipeError, match="Nothing is marked"):
        render_job(document.session, document.state.recipe)


def test_an_edit_of_a_description_is_confined_by_a_mark_but_has_to_say_something(photo: Path) -> None:
    document = Document(Session.open(photo), STUDIO_DEFAULTS)
    assert not can_be_marked(document)
    document.describe("a red cube")
    document.prepared(built_in(), [AreaInversion(document.area, "0" * 64, inverted(document.session))])
    document.say_in_words("a blue cube")
    assert document.mark(PLACE)
    with pytest.raises(RecipeError, match="empty"):
        document.say_in_words("")
    assert document.state is not None
    assert (document.state.recipe.prompt, document.state.recipe.within) == ("a blue cube", PLACE)
    document.undo()
    assert not document.state.recipe.within


def test_the_place_is_saved_with_the_edit(document: Document) -> None:
    document.mark(PLACE)
    fill(document)
    document.session.save()
    again = Document(Session.open(document.session.photo.path), STUDIO_DEFAULTS)
    assert again.state is not None
    assert again.state.recipe.within == PLACE
    assert again.edit_text == ""


@pytest.mark.parametrize("said", ["", "a blue ball"])
def test_an_export_says_what_was_drawn_where_something_was_said(document: Document, said: str) -> None:
    document.mark(PLACE)
    fill(document)
    document.say_in_words(said)
    assert document.version is not None
    provenance = document.session.provenance((p.inversion, p.recipe.recipe()) for p in document.version.parts)
    assert provenance.program is not None
    assert provenance.prompts == ((said,) if said else ())


def test_what_was_to_stand_in_a_place_is_no_sentence_to_edit_but_a_sentence_may_stand_there(photo: Path) -> None:
    document = Document(Session.open(photo), STUDIO_DEFAULTS)
    document.describe("a red cube")
    sentences = AreaInversion(document.area, "0" * 64, inverted(document.session))
    document.prepared(built_in(), [sentences])
    document.say_in_words("a blue cube")
    document.mark(PLACE)
    fill(document)
    assert document.state is not None
    assert (document.edit_text, document.state.recipe.within) == ("a blue cube", PLACE)
    document.prepared(built_in(), [sentences])
    assert document.edit_text == sentences.inverted.settings.prompt
    assert not document.state.recipe.within


def test_marks_stay_where_they_are_on_a_photo_that_was_turned_when_it_is_prepared_again(document: Document) -> None:
    session = document.session
    fill(document)  # a version of nothing yet
    (frame,) = session.project.frames
    height, width = frame.model_height, frame.model_width
    session.working_copy.change(
        frames=(frame.model_copy(update={"turn": 6, "model_width": height, "model_height": width}),)
    )
    document.mark(marked(document, LINE))
    assert np.allclose(marks_on_photo(document)[0], LINE, atol=0.01)
    assert document.state is not None
    sideways = document.state.recipe.within
    fill(document)
    assert document.state.recipe.within != sideways
    assert np.allclose(marks_on_photo(document)[0], LINE, atol=0.01)
