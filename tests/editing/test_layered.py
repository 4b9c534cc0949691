"""The mask that is exported beside the photo."""

from pathlib import Path

import numpy as np

from nti_desktop.editing.composition import RenderedPart
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
