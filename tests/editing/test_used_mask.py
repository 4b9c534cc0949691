"""Which mask is laid over the photo."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.editing.document import Document
from nti_desktop.editing.edits import with_mask
from nti_desktop.editing.render_plan import Composed
from nti_desktop.editing.session import Session
from nti_desktop.editing.used_mask import used_mask
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Figures, Rendered
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Side, WordRef
from tests.sessions import BLUE, inverted

CORNER = Area(0, 0, 48, 48)
MASKED = with_mask(BLUE, [WordRef(Side.EDIT, 2, "ball")], (), STUDIO_DEFAULTS)
REACH = np.ones((8, 8), np.float32)


@pytest.fixture
def document(photo: Path) -> Document:
    """A corner of the photo is edited, within a mask."""
    session = Session.open(photo)
    inversion = session.keep_inversion(built_in(), "0" * 64, inverted(session), CORNER)
    session.add_version("Masked", MASKED, Finish(), inversion.id)
    return Document(session, STUDIO_DEFAULTS)


@pytest.fixture
def newest(document: Document) -> Composed[str]:
    """Its picture."""
    wanted, picture, maps = document.wanted(), np.zeros((8, 8, 3), np.float32), np.zeros((1, 1, 1), np.float32)
    assert wanted is not None
    rendered = Rendered(MASKED, picture, picture, picture, REACH, 0.6, maps, 1.0, Figures(1.0, 1))
    return Composed(wanted, rendered, (), "picture", REACH, None)


def test_the_mask_shown_is_the_one_that_was_used_where_it_was(document: Document, newest: Composed[str]) -> None:
    mask = used_mask(document, newest)
    assert mask is not None
    assert (mask.reach is REACH, mask.area, mask.coverage) == (True, CORNER, 0.6)


def test_a_mask_that_the_method_found_by_itself_is_shown(photo: Path, newest: Composed[str]) -> None:
    session = Session.open(photo)
    made = inverted(session, method=Method.DIFFEDIT)
    session.add_version("Found", BLUE, Finish(), session.keep_inversion(built_in(), "0" * 64, made).id)
    document = Document(session, STUDIO_DEFAULTS)
    wanted = document.wanted()
    assert wanted is not None
    mask = used_mask(document, replace(newest, wanted=wanted))
    assert mask is not None
    assert mask.area == document.whole


def test_without_a_picture_or_its_mask_there_is_none(document: Document, newest: Composed[str]) -> None:
    assert used_mask(document, None) is None
    assert used_mask(document, replace(newest, rendered=None)) is None
    assert used_mask(document, replace(newest, reach=None)) is None


def test_it_goes_as_soon_as_the_edit_asks_for_none(document: Document, newest: Composed[str]) -> None:
    document.edit("mask", lambda recipe: with_mask(recipe, (), (), STUDIO_DEFAULTS))
    assert used_mask(document, newest) is None
