"""Edits of several frames in one photo."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.photo.compositing.composite import Layer, composite
from nti_desktop.photo.compositing.layers import lay_in_all
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.raster import Raster
from tests.picture_files import noisy_picture

GREY = np.full((120, 160, 3), 120, np.uint8)


def painted(frame: Frame, colour: tuple[float, float, float], part: tuple[slice, slice]) -> Layer:
    """An edit that paints a part of its frame of the grey photo, at the size the model sees it."""
    source = np.full((frame.model_height, frame.model_width, 3), 120 / 255, np.float32)
    edit = source.copy()
    edit[part] = colour
    return Layer(frame, edit, source)


def laid(photo: NDArray[np.uint8], *layers: Layer) -> NDArray[np.generic]:
    raster = Raster(photo.copy())
    lay_in_all(raster, layers)
    return raster.pixels


WHOLE, CORNER, FAR = Frame(0, 0, 160, 120, 80, 60), Frame(0, 0, 80, 60, 80, 60), Frame(100, 80, 40, 30, 40, 30)
YELLOW, GREEN = (0.9, 0.9, 0.1), (0.1, 0.8, 0.2)


def test_frames_apart_are_laid_in_as_each_alone() -> None:
    one = painted(CORNER, YELLOW, np.s_[20:40, 20:60])
    two = painted(FAR, GREEN, np.s_[10:20, 10:30])
    both = laid(GREY, one, two)
    alone = composite(Raster(composite(Raster(GREY), one).pixels), two).pixels
    assert np.array_equal(both, alone)


def test_where_a_later_layer_changes_something_it_covers_the_earlier_one() -> None:
    below = painted(WHOLE, YELLOW, np.s_[:, :])
    above = painted(CORNER, GREEN, np.s_[20:40, 20:60])
    both, alone = laid(GREY, below, above), composite(Raster(GREY), above).pixels
    assert np.abs(both[25:35, 25:55].astype(int) - alone[25:35, 25:55]).max() <= 1
    assert abs(int(both[30, 40, 1]) - 204) <= 3


def test_where_a_later_layer_changes_nothing_the_earlier_one_stays() -> None:
    below = painted(WHOLE, YELLOW, np.s_[:, :])
    above = painted(CORNER, GREEN, np.s_[25:35, 30:50])
    both, alone = laid(GREY, below, above), composite(Raster(GREY), below).pixels
    assert np.array_equal(both[60:], alone[60:])
    assert np.abs(both[:12, :].astype(int) - alone[:12, :]).max() <= 1


def test_a_later_layer_that_asks_for_nothing_changes_nothing() -> None:
    photo = noisy_picture(120, 160)
    below = painted(WHOLE, YELLOW, np.s_[10:50, 10:70])
    nothing = Layer(CORNER, np.full((60, 80, 3), 0.4, np.float32), np.full((60, 80, 3), 0.4, np.float32))
    assert np.array_equal(laid(photo, below, nothing), laid(photo, below))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_last_of_two_layers_wins(order: tuple[int, int]) -> None:
    layers = [painted(WHOLE, YELLOW, np.s_[10:50, 10:70]), painted(WHOLE, GREEN, np.s_[10:50, 10:70])]
    both = laid(GREY, *(layers[at] for at in order))
    alone = composite(Raster(GREY), layers[order[-1]]).pixels
    assert np.abs(both[40:80, 40:120].astype(int) - alone[40:80, 40:120]).max() <= 1
