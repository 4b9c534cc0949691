"""Laying an edit back into the photo: exact where nothing was asked for, sharp where something was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.errors import PhotoError
from nti_desktop.photo import composite as composite_module
from nti_desktop.photo.composite import Finish, Layer, replaced_fraction
from nti_desktop.photo.frame import Frame, frame_image, whole_photo
from nti_desktop.photo.mask import soften_inwards
from nti_desktop.photo.patch import Patch
from nti_desktop.photo.raster import Raster
from tests.picture_files import noisy_picture, smooth_picture

CLOSED = (False, False, False, False)


def seen(pixels: NDArray[np.uint8], frame: Frame) -> NDArray[np.float32]:
    return frame_image(Raster(pixels), frame).astype(np.float32) / 255


def composite(
    pixels: NDArray[np.uint8],
    frame: Frame,
    edit: NDArray[np.float32],
    source: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    finish: Finish,
) -> NDArray[np.uint8]:
    """An edit laid into an 8-bit sRGB photo."""
    out = composite_module.composite(Raster(pixels), Layer(frame, edit, source, mask, finish)).pixels
    assert out.dtype == np.uint8
    return out


def at_photo_size(mask: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """The mask's pixel that each photo pixel's centre lies in, written out one by one."""
    height, width = mask.shape
    rows = [int((y + 0.5) * height / frame.height) for y in range(frame.height)]
    columns = [int((x + 0.5) * width / frame.width) for x in range(frame.width)]
    return mask[np.ix_(rows, columns)]


def some_mask(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Blobs, single pixels and soft values."""
    mask = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(0, 4)):
        y, x = rng.integers(height), rng.integers(width)
        mask[y : y + rng.integers(1, height), x : x + rng.integers(1, width)] = rng.choice([1.0, 0.5])
    mask[rng.integers(height), rng.integers(width)] = 1
    return mask


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), feather=st.floats(0, 0.2))
def test_pixels_outside_the_mask_are_the_photos_own(seed: int, feather: float) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 150, 2)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, y = rng.integers(0, width // 4), rng.integers(0, height // 4)
    frame = Frame(int(x), int(y), int(width - x - rng.integers(0, 5)), int(height - y - rng.integers(0, 5)), 24, 16)
    edit, source = rng.random((2, 16, 24, 3), dtype=np.float32)
    mask = some_mask(rng, 16, 24)
    out = composite(pixels, frame, edit, source, mask, Finish(feather))
    inside = np.zeros((height, width), bool)
    inside[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width] = at_photo_size(mask, frame) > 0
    assert np.array_equal(out[~inside], pixels[~inside])
    assert out.dtype == np.uint8


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_equal_edit_and_source_give_the_photo_back_bit_for_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (90, 130, 3), dtype=np.uint8)
    frame = whole_photo(130, 90, 32, 8)
    source = rng.random((frame.model_height, frame.model_width, 3), dtype=np.float32)
    mask = some_mask(rng, *source.shape[:2]) if seed % 2 else None
    assert np.array_equal(composite(pixels, frame, source.copy(), source, mask, Finish()), pixels)


def test_an_empty_mask_gives_the_photo_back() -> None:
    pixels, frame = noisy_picture(80, 120), whole_photo(120, 80, 32, 8)
    shape = (frame.model_height, frame.model_width)
    edit, source = np.ones((*shape, 3), np.float32), np.zeros((*shape, 3), np.float32)
    assert np.array_equal(composite(pixels, frame, edit, source, np.zeros(shape, np.float32), Finish()), pixels)


def test_the_photo_itself_is_never_written_to() -> None:
    pixels = noisy_picture(80, 120)
    pixels.flags.writeable = False
    frame = whole_photo(120, 80, 32, 8)
    source = seen(pixels, frame)
    out = composite(pixels, frame, 1 - source, source, None, Finish())
    out[0, 0] = 0
    assert np.array_equal(pixels, noisy_picture(80, 120))


def test_a_colour_change_keeps_the_photos_fine_detail() -> None:
    """Red to blue, with a weave that the model at an eighth of the size cannot see."""
    detail = np.random.default_rng(1).normal(0, 12, (256, 384, 1))
    red, blue = np.array((170.0, 60, 50)), np.array((50.0, 70, 180))
    photo, truth = (np.clip(np.rint(colour + detail), 0, 255).astype(np.uint8) for colour in (red, blue))
    frame = Frame(0, 0, 384, 256, 48, 32)
    source = seen(photo, frame)
    edit = source + ((blue - red) / 255).astype(np.float32)
    out = composite(photo, frame, edit, source, None, Finish())
    assert np.abs(out.astype(int) - truth).max() <= 2


def test_a_recoloured_thing_keeps_its_sharp_outline_and_grain() -> None:
    rng = np.random.default_rng(2)
    grain = rng.normal(0, 8, (256, 256, 1))
    inside = np.zeros((256, 256, 1), bool)
    inside[75:181, 75:181] = True
    photo, truth = (
        np.clip(np.where(inside, colour, (110, 120, 100)) + grain, 0, 255).astype(np.uint8)
        for colour in ((200, 60, 40), (190, 160, 40))
    )
    frame = Frame(0, 0, 256, 256, 32, 32)
    source, edit = seen(photo, frame), seen(truth, frame)
    out = composite(photo, frame, edit, source, None, Finish())
    deep = (slice(90, 166), slice(90, 166))
    assert np.abs(out[deep].astype(int) - truth[deep]).max() <= 6
    assert replaced_fraction(edit, source).max() < 0.2


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


def test_strips_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noisy_picture(97, 141)
    frame = whole_photo(141, 97, 40, 8)
    rng = np.random.default_rng(4)
    edit, source = rng.random((2, frame.model_height, frame.model_width, 3), dtype=np.float32)
    mask = some_mask(rng, frame.model_height, frame.model_width)
    whole = composite(pixels, frame, edit, source, mask, Finish())
    monkeypatch.setattr(composite_module, "STRIP_PIXELS", 141 * 3)
    strips = composite(pixels, frame, edit, source, mask, Finish())
    assert np.abs(whole.astype(int) - strips).max() <= 1  # rounding of the last float bit


def test_a_photo_smaller_than_the_models_picture_is_edited_too() -> None:
    pixels = np.full((20, 30, 3), 100, np.uint8)
    frame = Frame(0, 0, 30, 20, 96, 64)
    source = np.full((64, 96, 3), 100 / 255, np.float32)
    mask = np.zeros((64, 96), np.float32)
    mask[:, 48:] = 1
    out = composite(pixels, frame, source + 0.2, source, mask, Finish())
    assert (out[:, :15] == 100).all()
    assert (out[:, 20:] == 151).all()


def test_bright_changes_stop_at_white() -> None:
    pixels, frame = np.full((32, 32, 3), 250, np.uint8), Frame(0, 0, 32, 32, 16, 16)
    source = np.full((16, 16, 3), 0.5, np.float32)
    assert (composite(pixels, frame, source + 0.4, source, None, Finish()) == 255).all()


@pytest.mark.parametrize("feather", [-0.01, 0.21, float("nan")])
def test_a_feather_outside_its_range_is_refused(feather: float) -> None:
    with pytest.raises(ValueError, match="feather"):
        Finish(feather)


def test_a_frame_of_another_photo_is_refused() -> None:
    picture = np.zeros((16, 16, 3), np.float32)
    with pytest.raises(PhotoError, match="does not lie within this photo"):
        composite(smooth_picture(), Frame(0, 0, 600, 400, 16, 16), picture, picture, None, Finish())


def test_the_feather_follows_the_distance_in_every_direction() -> None:
    mask = np.ones((31, 31), np.float32)
    mask[15, 15] = 0
    rows, columns = np.indices(mask.shape)
    distance = np.hypot(rows - 15, columns - 15)
    assert np.allclose(soften_inwards(mask, 8, CLOSED), np.clip((distance - 1) / 8, 0, 1), atol=1e-6)
