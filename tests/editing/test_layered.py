"""What edits are laid into: the picture to look at, the one that is kept, and the mask that is exported beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.editing.composition import RenderedPart, raster_of
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Area
from nti_desktop.recipe.jobs import Figures, Rendered
from tests.sessions import BLUE, inverted


def test_the_mask_lies_where_the_edited_area_lies_in_the_photo(photo: Path) -> None:
    session = Session.open(photo)
    area = Area(32, 8, 40, 40)
    inversion = session.keep_inversion(built_in(), "0" * 64, inverted(session, area=area), area)
    session.add_version("Blue", BLUE, Finish(), inversion.id)
    black = np.zeros((128, 128, 3), np.float32)
    rendered = Rendered(BLUE, black + 1, black, black, None, 1.0, np.zeros((1, 1, 1), np.float32), 1.0, Figures(1.0, 1))
    mask = session.composition.layered([RenderedPart(rendered, Finish(), inversion.id)]).mask
    outside = mask.copy()
    outside[area.y : area.y + area.height, area.x : area.x + area.width] = 0
    assert mask.shape == (64, 96)
    assert mask[28, 52] == 255
    assert not outside.any()


@pytest.fixture
def part(photo: Path) -> tuple[Session, RenderedPart]:
    """A white picture laid in where half of it is masked out."""
    session = Session.open(photo)
    inversion = session.keep_inversion(built_in(), "0" * 64, inverted(session))
    frame = session.frame(inversion.id)
    mask = np.zeros((frame.model_height, frame.model_width), np.float32)
    mask[:, : frame.model_width // 2] = 1
    black = np.zeros((*mask.shape, 3), np.float32)
    rendered = Rendered(BLUE, black + 1, black, black, mask, 0.5, np.zeros((1, 1, 1), np.float32), 1.0, Figures(1.0, 1))
    return session, RenderedPart(rendered, Finish(0.0), inversion.id)


def test_what_is_kept_differs_from_the_photo_only_where_the_mask_reaches(
    photo: Path, part: tuple[Session, RenderedPart]
) -> None:
    session, white = part
    before, finished = session.photo.raster.pixels, session.composition.finished([white]).pixels
    np.testing.assert_array_equal(finished[:, 56:], before[:, 56:])
    assert (finished[:, :32] > before[:, :32]).mean() > 0.9
    photo.write_bytes(b"gone")
    with pytest.raises(PhotoError):
        session.composition.finished([white])


def test_a_smaller_picture_is_composed_where_that_is_enough(part: tuple[Session, RenderedPart]) -> None:
    session, white = part
    composition = session.composition
    assert [composition.compose([white], side).size for side in (None, 96, 48, 32, 1000)] == [
        (96, 64), (96, 64), (48, 32), (32, 22), (96, 64)
    ]  # fmt: skip
    copies = composition.copies
    assert copies.reduced(2) is copies.reduced(2)
    assert copies.reduced(1) is copies.reduced(1)
    assert copies.reduced(3).size == (32, 22)
    assert copies.reduced(2).size == (48, 32)


def test_an_edit_without_a_mask_reaches_everywhere_and_says_so(part: tuple[Session, RenderedPart]) -> None:
    session, white = part
    reach = session.composition.reach(white)
    assert reach is not None
    assert (reach[:, :40].min(), reach[:, -40:].max()) == (1, 0)
    everywhere = RenderedPart(replace(white.rendered, mask=None), white.finish, white.inversion)
    assert session.composition.reach(everywhere) is None


def test_a_picture_of_the_engine_becomes_levels() -> None:
    picture = np.array([[[0.0, 0.5, 1.0], [0.2, 1 / 255, 254.4 / 255]]], np.float32)
    np.testing.assert_array_equal(raster_of(picture).pixels, [[[0, 128, 255], [51, 1, 254]]])
