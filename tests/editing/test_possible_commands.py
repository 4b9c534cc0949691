"""Which commands have something to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.document import Document
from nti_desktop.editing.possible_commands import possible_commands
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import Lot
from tests.sessions import BLUE, SOURCE, inverted

LOOKING = {"fit", "full_size", "zoom_in", "zoom_out"}
OPEN = LOOKING | {"save_as", "export", "export_again", "draw_area", "compare", "show_before", "show_mask"}
OF_A_DRAFT = OPEN | {"reset_structure", "mark_place", "take_look"}
OF_A_READY_EDIT = {"add_version", "tell_story", "apply_to_others"}
OF_AN_EDIT = OF_A_DRAFT | OF_A_READY_EDIT | {"save", "ask_for_name"}
OF_SEVERAL = {"delete_version", "next_version", "previous_version"}


def possible(
    document: Document | None,
    opening: bool = False,
    can_prepare: bool = False,
    comparable: bool = False,
    can_render: bool = False,
    returns: bool = False,
) -> set[str]:
    answers = possible_commands(
        document,
        opening=opening,
        can_prepare=can_prepare,
        comparable=comparable,
        can_render=can_render,
        returns=returns,
    )
    return {name for name, enabled in answers.items() if enabled}


@pytest.fixture
def document(photo: Path) -> Document:
    return Document(Session.open(photo), STUDIO_DEFAULTS)


def prepare(document: Document, method: Method = Method.RESIDUAL) -> None:
    document.describe(SOURCE)
    made = inverted(document.session, method=method)
    document.prepared(built_in(), [AreaInversion(document.area, "0" * 64, made)])


def test_without_a_photo_there_is_nothing_to_do() -> None:
    assert possible(None) == set()
    assert possible(None, can_prepare=True, comparable=True, can_render=True, returns=True) == set()


def test_a_photo_that_is_being_opened_can_be_looked_at_whatever_is_open_already(document: Document) -> None:
    prepare(document)
    for before in (None, document):
        told = possible(before, opening=True, can_prepare=True, comparable=True, can_render=True, returns=True)
        assert told == LOOKING


def test_a_photo_is_looked_at_and_exported_and_parts_of_it_chosen(document: Document) -> None:
    assert possible(document) == OPEN
    document.work_on(Area(0, 0, 48, 48))
    assert possible(document) == OPEN | {"work_on_whole"}


def test_what_is_told_of_the_photo_decides_the_rest(document: Document) -> None:
    assert possible(document, can_prepare=True) == OPEN | {"prepare"}
    assert possible(document, comparable=True) == OPEN | {"compare_ways"}
    assert possible(document, returns=True) == OPEN | {"return_to_editor"}
    assert possible(document, can_render=True) == OPEN | {"render_edit"}


def test_a_drafted_edit_is_changed_and_undone(document: Document) -> None:
    document.describe(SOURCE)
    document.say_in_words(BLUE.prompt)
    assert possible(document) == OF_A_DRAFT | {"undo"}
    document.undo()
    assert possible(document) == OF_A_DRAFT | {"redo"}


def test_an_edit_is_saved_tried_and_kept_as_a_version(document: Document) -> None:
    prepare(document)
    assert possible(document) == OF_AN_EDIT
    document.session.save()
    assert possible(document) == OF_AN_EDIT - {"save"}
    document.say_in_words(BLUE.prompt)
    assert possible(document) == OF_AN_EDIT | {"undo", "show_tries"}
    document.describe("another description")  # which waits to be prepared
    assert possible(document) == OF_AN_EDIT - OF_A_READY_EDIT


def test_another_version_can_be_gone_to_and_one_deleted(document: Document) -> None:
    prepare(document)
    document.copy_version()
    assert possible(document) == OF_AN_EDIT | OF_SEVERAL | {"undo"}
    document.undo()
    assert possible(document) == OF_AN_EDIT | {"redo"}


def test_what_is_drawn_by_lot_can_be_drawn_again(document: Document) -> None:
    prepare(document, Method.RESAMPLE)
    document.edit("lot", lambda recipe: replace(recipe, lot=Lot.SEED))
    assert "another_try" in possible(document)
    document.edit("lot", lambda recipe: replace(recipe, lot=Lot.OWN))
    assert "another_try" not in possible(document)


def test_marks_can_be_taken_away_once_there_are_some(document: Document) -> None:
    prepare(document)
    document.mark((rectangle(0, 0, 0.5, 0.5),))
    assert "clear_marks" in possible(document)
    document.mark(())
    assert "clear_marks" not in possible(document)
