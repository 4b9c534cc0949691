"""Edits of several frames in one photo."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from nti_desktop.photo.compositing.composite import Layer, composite, fitted_mask
from nti_desktop.photo.compositing.detail import visible_change
from nti_desktop.photo.compositing.layers import lay_in_all
from nti_desktop.photo.compositing.patch import Patch
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.raster import Pixels, Raster
from tests.photo.layers_laid import some_mask
from tests.picture_files import noisy_picture

GREY = np.full((120, 160, 3), 120, np.uint8)


def painted(frame: Frame, colour: tuple[float, float, float], part: tuple[slice, slice]) -> Layer:
    """An edit that paints a part of its frame of the grey photo, at the size the model sees it."""
    source = np.full((frame.model_height, frame.model_width, 3), 120 / 255, np.float32)
    edit = source.copy()
    edit[part] = colour
    return Layer(frame, edit, source)


def laid(photo: Pixels, *layers: Layer) -> Pixels:
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


def laid_frame_by_frame(photo: Pixels, *layers: Layer) -> Pixels:
    """The same written plainly: each layer in the photo as it was, and over its whole frame what those beneath did."""
    done, white = photo.copy(), Raster(photo).white
    for layer in layers:
        frame = layer.frame
        part = np.s_[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]
        covers = visible_change(layer.edit, layer.source) * fitted_mask(Raster(photo), layer)
        covered = Patch(frame, 0, frame.height, 0, frame.width).enlarge(covers, Image.Resampling.BILINEAR)
        beneath = (1 - covered.clip(0, 1)[..., None]) * (done[part].astype(np.float32) - photo[part])
        alone = composite(Raster(photo), layer).pixels
        done[part] = np.rint(alone[part] + beneath).clip(0, white).astype(photo.dtype)
    return done


def some_layer(rng: np.random.Generator, size: tuple[int, int]) -> Layer:
    """An edit of some things in a frame that the model sees larger or smaller than it is."""
    width, height = (int(rng.integers(20, side + 1)) for side in size)
    x, y = (int(rng.integers(0, side - of + 1)) for side, of in zip(size, (width, height), strict=True))
    seen = rng.choice([0.4, 1.0, 1.7])
    frame = Frame(x, y, width, height, round(width * seen), round(height * seen))
    plane = frame.model_height, frame.model_width
    source = rng.uniform(0.2, 0.8, (*plane, 3)).astype(np.float32)
    edit = source + some_mask(rng, *plane)[..., None] * rng.uniform(-0.2, 0.2, 3).astype(np.float32)
    return Layer(frame, edit, source, some_mask(rng, *plane) if rng.random() < 0.8 else None)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_is_kept_of_the_photo_under_a_layer_is_enough(depth: type[np.uint8 | np.uint16]) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        photo = rng.integers(0, np.iinfo(depth).max, (90, 120, 3), depth, endpoint=True)
        layers = [some_layer(rng, (120, 90)) for _ in range(3)]
        assert np.array_equal(laid(photo, *layers), laid_frame_by_frame(photo, *layers))


def test_a_small_change_over_a_large_one_takes_little_memory() -> None:
    photo = Raster(np.full((2000, 3000, 3), 120, np.uint8))
    small = painted(Frame(0, 0, 3000, 2000, 96, 64), GREEN, np.s_[30:34, 40:44])
    mask = np.zeros((64, 96), np.float32)
    mask[28:36, 38:46] = 1
    layers = [Layer(small.frame, small.edit, small.source, mask)] * 3
    tracemalloc.start()
    lay_in_all(photo, layers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < photo.pixels.nbytes / 2
