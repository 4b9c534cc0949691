"""An area's edit leaves no outline of the area where the photo goes on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.compositing.levelling import levelled
from nti_desktop.photo.frame import Frame
from tests.photo.layers_laid import composite, seen

AREA = Frame(100, 50, 200, 150, 64, 48)
EVERYWHERE = np.ones((48, 64), np.bool_)
OPEN = (True, True, True, True)


def a_photo() -> NDArray[np.uint8]:
    """A smooth one, 400 by 300."""
    ramp = np.linspace(90, 160, 400)[None, :, None] + np.linspace(0, 30, 300)[:, None, None]
    return np.broadcast_to(ramp, (300, 400, 3)).astype(np.uint8)


def drifted(source: NDArray[np.float32], levels: float) -> NDArray[np.float32]:
    """Shifted by so many levels everywhere, a little more to the right, and with a red spot in the middle."""
    edit = source + np.float32(levels / 255) * np.linspace(0.8, 1.2, source.shape[1], dtype=np.float32)[None, :, None]
    edit[18:30, 24:40] = (0.8, 0.1, 0.1)
    return edit.clip(0, 1)


def test_a_slight_shift_of_the_whole_area_is_taken_out_and_the_edit_stays() -> None:
    photo = a_photo()
    source = seen(photo, AREA)
    out = composite(photo, AREA, drifted(source, 3), source, None, Finish()).astype(int)
    changed = np.abs(out - photo.astype(int)).max(-1)
    around = np.ones_like(changed, np.bool_)
    around[50 + 40 : 50 + 110, 100 + 60 : 100 + 140] = False  # the spot and what is next to it
    assert changed[around].max() <= 1
    assert np.abs(out[125, 200] - np.array([204, 26, 26])).max() <= 6


@pytest.mark.parametrize("levels", [-40, 20])
def test_a_change_that_can_be_seen_is_meant(levels: int) -> None:
    source = np.full((3, 48, 64), 0.5, np.float32)
    edit = source + np.float32(levels / 255)
    assert np.array_equal(levelled(edit, source, EVERYWHERE, OPEN), edit)


def test_what_leaves_the_border_as_it_was_stays_to_the_last_bit() -> None:
    source = np.random.default_rng(0).random((3, 48, 64)).astype(np.float32)
    edit = source.copy()
    edit[:, 12:36, 16:48] = 0.3
    assert np.array_equal(levelled(edit, source, EVERYWHERE, OPEN), edit)


@pytest.mark.parametrize("side", range(4))
def test_only_where_the_photo_goes_on_the_border_says_what_is_too_much(side: int) -> None:
    """The nearest of it says most."""
    source = np.full((3, 48, 64), 0.5, np.float32)
    shift = np.zeros((48, 64), np.float32)
    row = [shift[:8], shift[-8:], shift[:, :8], shift[:, -8:]]
    row[side][...] = 3 / 255
    only = [number == side for number in range(4)]
    even = levelled(source + shift, source, EVERYWHERE, (only[0], only[1], only[2], only[3]))
    border = [even[:, 0], even[:, -1], even[:, :, 0], even[:, :, -1]]
    assert np.abs(border[side] - 0.5).max() < 0.5 / 255
    closed = levelled(source + shift, source, EVERYWHERE, (False, False, False, False))
    assert np.array_equal(closed, source + shift)


def test_where_the_mask_leaves_the_border_alone_nothing_is_taken_out() -> None:
    source = np.full((3, 48, 64), 0.5, np.float32)
    edit = source + np.float32(3 / 255)
    inside = np.zeros((48, 64), np.bool_)
    inside[10:30, 10:30] = True
    assert np.array_equal(levelled(edit, source, inside, OPEN), edit)
