"""How the areas of a photo are listed, and which may be taken out of the version."""

from pathlib import Path

import pytest

from nti_desktop.editing.area_rows import AreaRow, area_rows, whole_row
from nti_desktop.editing.document import Document
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_areas import parts_beside
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.recipe import EditRecipe
from tests.sessions import SOURCE, inverted

CORNER, EDGE = Area(0, 0, 48, 48), Area(48, 0, 48, 64)
WHOLE = AreaRow(Area(0, 0, 96, 64), "Whole photo", "96 × 64 pixels of 96 × 64", can_leave=False)


def row(area: Area, number: int, can_leave: bool) -> AreaRow:
    return AreaRow(area, f"Area {number}", f"{area.width} × {area.height} pixels of 96 × 64", can_leave)


@pytest.fixture
def session(photo: Path) -> Session:
    return Session.open(photo)


def edit(session: Session, area: Area) -> None:
    """Edit an area, beside what is edited already."""
    inversion = session.keep_inversion(built_in(), "0" * 64, inverted(session), area)
    others = parts_beside(session.project, inversion.id)
    session.add_version("Edited", EditRecipe(SOURCE), Finish(), inversion.id, others=others)


def document_of(session: Session) -> Document:
    return Document(session, STUDIO_DEFAULTS)


def test_the_whole_photo_is_listed_before_anything_is_prepared(session: Session) -> None:
    assert area_rows(document_of(session)) == (WHOLE,) == (whole_row(Area(0, 0, 96, 64)),)


def test_a_new_area_can_be_left_at_once(session: Session) -> None:
    document = document_of(session)
    document.work_on(CORNER)
    assert area_rows(document) == (WHOLE, row(CORNER, 1, can_leave=True))


def test_the_only_edit_of_a_version_stays(session: Session) -> None:
    edit(session, CORNER)
    document = document_of(session)
    assert area_rows(document) == (WHOLE, row(CORNER, 1, can_leave=False))
    document.work_on(EDGE)
    assert area_rows(document) == (WHOLE, row(CORNER, 1, can_leave=False), row(EDGE, 2, can_leave=True))


def test_one_of_several_edits_can_be_taken_out(session: Session) -> None:
    edit(session, CORNER)
    edit(session, EDGE)
    rows = area_rows(document_of(session))
    assert rows == (WHOLE, row(CORNER, 1, can_leave=True), row(EDGE, 2, can_leave=True))


def test_nothing_is_taken_out_of_a_project_that_may_not_be_changed(session: Session) -> None:
    edit(session, CORNER)
    edit(session, EDGE)
    session.working_copy.read_only = "A newer program wrote it."
    document = document_of(session)
    assert area_rows(document) == (WHOLE, row(CORNER, 1, can_leave=False), row(EDGE, 2, can_leave=False))
    document.work_on(Area(0, 0, 16, 16))
    assert area_rows(document)[-1] == row(Area(0, 0, 16, 16), 3, can_leave=True)
