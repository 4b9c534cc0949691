"""The mask of an edit: mixed as light, fitted to the thing, softened inwards."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.core.errors import RecipeError
from nti_desktop.photo.colour import tone_curve
from nti_desktop.photo.compositing.composite import Finish, Layer, fitted_mask, mixed_as_light
from nti_desktop.photo.compositing.mask import soften_inwards
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.raster import Raster
from tests.photo.layers_laid import CLOSED, blocky, composite, seen
from tests.photo.test_composite import PROFILES


@pytest.mark.parametrize(("space", "gamma"), [("sRGB", None), ("ProPhoto", 1.8)])
def test_the_mask_mixes_light_and_not_numbers(space: str, gamma: float | None) -> None:
    values = np.linspace(0.02, 0.98, 49, dtype=np.float32)
    before, after = np.meshgrid(values, values)
    strength = np.float32(0.3)
    mixed = mixed_as_light(before, after, np.full_like(before, strength), tone_curve(PROFILES[space]))
    light, dark = (linear(value, gamma) for value in (after, before))
    expected = strength * light + (1 - strength) * dark
    assert np.abs(linear(mixed, gamma) - expected).max() < 1e-3
    assert np.abs(mixed - (before + strength * (after - before))).max() > 0.1


def linear(values: NDArray[np.float32], gamma: float | None) -> NDArray[np.float32]:
    """Light of values by a power, or as sRGB has it (IEC 61966-2-1)."""
    if gamma is not None:
        return values**gamma
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def test_a_blocky_mask_is_fitted_to_the_thing_it_is_about() -> None:
    inside = np.zeros((128, 128), bool)
    inside[37:91, 37:91] = True
    source, edit = (np.where(inside[..., None], np.float32(colour), np.float32(0.6)) for colour in (0.2, 0.9))
    mask = blocky(inside, 8)
    fitted = fitted_of(edit, source, mask)
    assert fitted[inside].min() > 0.95
    beside = (mask > 0.5) & ~inside
    assert fitted[beside].mean() < 0.9 * mask[beside].mean()
    assert (fitted[mask == 0] == 0).all()


@pytest.mark.parametrize("grows", [True, False])
def test_a_fitted_mask_holds_the_new_thing_and_the_old_one(grows: bool) -> None:
    rows, columns = np.indices((128, 128))
    distance = np.hypot(rows - 64, columns - 64)
    small, large = (np.where(distance[..., None] < r, np.float32(0.2), np.float32(0.7)) for r in (16, 35))
    edit, source = (large, small) if grows else (small, large)
    mask = blocky(distance < 33, 8)
    fitted = fitted_of(edit, source, mask)
    assert fitted[distance < 31].min() > 0.8
    doubtful = (distance < 35) & (mask < 0.7)
    assert fitted[doubtful].mean() > mask[doubtful].mean() + 0.15


def fitted_of(edit: NDArray[np.float32], source: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    edit, source = (np.broadcast_to(picture, (128, 128, 3)).astype(np.float32) for picture in (edit, source))
    photo = Raster(np.zeros((256, 256, 3), np.uint8))
    return fitted_mask(photo, Layer(Frame(0, 0, 256, 256, 128, 128), edit, source, mask))


def test_no_seam_shows_in_a_flat_sky() -> None:
    """The edit made the whole sky a little lighter, and the mask ends in it."""
    sky = np.linspace(170, 210, 1536)[:, None, None] + np.zeros((1, 1536, 3))
    photo = sky.round().astype(np.uint8)
    frame, inside = Frame(0, 0, 1536, 1536, 64, 64), np.zeros((64, 64), bool)
    inside[20:44, 20:44] = True
    source = seen(photo, frame)
    out = composite(photo, frame, source + np.float32(8 / 255), source, blocky(inside, 4), Finish())
    change = out.astype(int) - photo
    assert change.max() == 8
    assert max(np.abs(np.diff(change, axis=axis)).max() for axis in (0, 1)) <= 1


def test_the_feather_rises_inside_the_mask_and_reaches_full_strength() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1
    softened = soften_inwards(mask, 4, CLOSED)
    across = softened[20]
    assert across[9] == across[10] == 0
    assert (np.diff(across[10:15]) > 0).all()
    assert (across[14:26] == 1).all()
    assert (softened <= mask).all()


def test_a_wider_feather_is_softer() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[5:35, 5:35] = 1
    assert soften_inwards(mask, 8, CLOSED).sum() < soften_inwards(mask, 2, CLOSED).sum()


def test_a_thin_part_of_a_mask_is_not_lost_to_the_feather() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[5:35, 20:23] = 1
    mask[20, 5] = 1
    softened = soften_inwards(mask, 6, CLOSED)
    assert (softened[10:30, 21] == 1).all()
    assert softened[20, 5] == 1


def test_a_mask_at_the_photos_border_is_not_softened_there() -> None:
    mask = np.zeros((20, 20), np.float32)
    mask[:, :10] = 1
    softened = soften_inwards(mask, 3, CLOSED)
    assert (softened[:, 0] == 1).all()
    assert (softened[:, 9] == 0).all()


def test_a_frame_inside_the_photo_is_softened_at_its_own_border() -> None:
    pixels = np.full((120, 120, 3), 100, np.uint8)
    frame = Frame(30, 30, 60, 60, 30, 30)
    source = np.full((30, 30, 3), 100 / 255, np.float32)
    out = composite(pixels, frame, source + 0.3, source, None, Finish(0.1))
    row = out[60, :, 0].astype(int)
    assert row[29] == 100
    assert abs(row[60] - (100 + 0.3 * 255)) <= 1
    assert np.abs(np.diff(row)).max() <= 20  # no seam


@pytest.mark.parametrize("feather", [-0.01, 0.21, float("nan")])
def test_a_feather_outside_its_range_is_refused(feather: float) -> None:
    with pytest.raises(RecipeError, match="Soft edge"):
        Finish(feather)


def test_the_feather_follows_the_distance_in_every_direction() -> None:
    mask = np.ones((31, 31), np.float32)
    mask[15, 15] = 0
    rows, columns = np.indices(mask.shape)
    distance = np.hypot(rows - 15, columns - 15)
    assert np.allclose(soften_inwards(mask, 8, CLOSED), np.clip((distance - 1) / 8, 0, 1), atol=1e-6)
