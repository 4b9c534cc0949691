"""The photo's detail under an edit: kept where it goes with the change, gone with what was replaced."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.compositing.box_filter import window_mean
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.compositing.detail import detail_gain, replaced_fraction
from nti_desktop.photo.compositing.patch import Patch
from nti_desktop.photo.frame import Frame
from tests.photo.layers_laid import composite, seen, woven
from tests.picture_files import smooth_picture


def test_a_colour_change_keeps_the_photos_fine_detail() -> None:
    """Red to blue, with a weave that the model at an eighth of the size cannot see."""
    weave = woven(256, 384)
    red, blue = np.array((170.0, 60, 50)), np.array((50.0, 70, 180))
    photo, truth = (np.clip(np.rint(colour * weave), 0, 255).astype(np.uint8) for colour in (red, blue))
    frame = Frame(0, 0, 384, 256, 48, 32)
    source = seen(photo, frame)
    edit = source + ((blue - red) / 255).astype(np.float32)
    out = composite(photo, frame, edit, source, None, Finish())
    assert np.corrcoef(fine(out), fine(truth))[0, 1] > 0.98
    assert 0.8 < fine(out).std() / fine(truth).std() < 1.2


def fine(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness without what an eighth of the size can show."""
    brightness = pixels.astype(np.float32).mean(axis=-1)
    return (brightness - window_mean(brightness, 4)).ravel()


def test_a_recoloured_thing_keeps_its_sharp_outline_without_a_rim() -> None:
    weave, inside = woven(256, 256, seed=2), np.zeros((256, 256, 1), bool)
    inside[75:181, 75:181] = True
    photo, truth = (
        np.clip(np.where(inside, colour, (110, 120, 100)) * weave, 0, 255).astype(np.uint8)
        for colour in ((200, 60, 40), (190, 160, 40))
    )
    frame = Frame(0, 0, 256, 256, 32, 32)
    source, edit = seen(photo, frame), seen(truth, frame)
    out = composite(photo, frame, edit, source, None, Finish())
    assert replaced_fraction(edit, source).max() < 0.05
    off = np.abs(out.astype(int) - truth)
    assert off.mean() <= 1
    assert off.max() <= 30  # adding the enlarged change alone is off by 80


def test_a_dark_thing_made_light_does_not_show_its_noise_tenfold() -> None:
    noise = np.random.default_rng(9).normal(0, 2, (256, 256, 3))
    photo = np.clip(np.rint(18 + noise), 0, 255).astype(np.uint8)
    frame = Frame(0, 0, 256, 256, 32, 32)
    source = seen(photo, frame)
    out = composite(photo, frame, source + np.float32(0.7), source, None, Finish())
    assert out.astype(float).std() < 3 * noise.std()


def test_no_old_edge_ghosts_through_a_removed_thing() -> None:
    """A sharp dark square is gone from the edit; the photo's own edge, sharper than the model's, must go too."""
    photo = np.full((256, 256, 3), 220, np.uint8)
    photo[77:179, 77:179] = (30, 40, 60)
    frame = Frame(0, 0, 256, 256, 32, 32)
    edit = np.full((32, 32, 3), 220 / 255, np.float32)
    out = composite(photo, frame, edit, seen(photo, frame), None, Finish())
    ghost = np.abs(out.astype(int) - 220)
    assert ghost.max() <= 12
    change, patch = edit - seen(photo, frame), Patch(frame, 0, 256, 0, 256)
    planes = [patch.enlarge(plane, Image.Resampling.BICUBIC) for plane in np.moveaxis(change, -1, 0)]
    carried = photo / 255 + np.stack(planes, axis=-1)
    assert np.abs(carried * 255 - 220).max() > 60  # what carrying the detail alone would leave


def test_noise_of_the_autoencoder_replaces_nothing() -> None:
    rng = np.random.default_rng(3)
    source = seen(smooth_picture(64, 64), Frame(0, 0, 64, 64, 64, 64))
    noisy = source + rng.normal(0, 0.004, source.shape).astype(np.float32)
    assert replaced_fraction(noisy, source).max() < 0.05


def test_a_thing_of_another_shape_is_replaced_with_all_that_is_in_it() -> None:
    """Two sides of a cube become a ball in the colour of one of them: for the model, much of that did not change."""
    rows, columns = np.indices((64, 64))
    source = np.full((64, 64, 3), 0.7, np.float32)
    source[18:46, 18:46] = (0.7, 0.1, 0.1)
    source[18:46, 32:46] = (0.5, 0.06, 0.06)
    edit = np.full((64, 64, 3), 0.7, np.float32)
    edit[np.hypot(rows - 32, columns - 32) < 17] = (0.7, 0.1, 0.1)
    replaced = replaced_fraction(edit, source)
    assert replaced[20:44, 20:44].min() > 0.95
    assert replaced[:4].max() == replaced[:, -4:].max() == 0


def test_a_recoloured_thing_beside_a_replaced_one_is_still_carried() -> None:
    source = np.full((96, 96, 3), 0.7, np.float32)
    source[10:30, 10:30] = (0.7, 0.1, 0.1)
    source[66:86, 66:86] = (0.1, 0.5, 0.2)
    edit = source.copy()
    edit[10:30, 10:30] = (0.1, 0.2, 0.8)
    edit[66:86, 66:86] = 0.7
    replaced = replaced_fraction(edit, source)
    assert replaced[6:34, 6:34].max() < 0.05
    assert replaced[66:86, 66:86].min() > 0.95


def test_equal_pictures_ask_for_no_gain_at_all() -> None:
    source = np.random.default_rng(10).random((3, 24, 32), dtype=np.float32)
    assert not detail_gain(source.copy(), source, 1 - source, np.zeros((24, 32), np.float32)).any()


def test_a_faint_rest_of_the_old_thing_keeps_nothing_of_it() -> None:
    """A tall thing becomes a round one, soft as the model draws, and three tenths of the old one are left in it."""
    rows, columns = np.indices((128, 128))
    old, new = np.full((2, 128, 128, 3), 0.7, np.float32)
    old[34:94, 52:76] = (0.5, 0.3, 0.3)
    old[84:94, 40:88] = (0.5, 0.3, 0.3)
    new[np.hypot(rows - 64, columns - 64) < 30] = (0.6, 0.4, 0.3)
    source, edit = (np.moveaxis(window_mean(np.moveaxis(p, -1, 0), 2), 0, -1) for p in (old, 0.7 * new + 0.3 * old))
    replaced = replaced_fraction(edit, source)
    assert replaced[34:94, 52:76].min() > 0.8
