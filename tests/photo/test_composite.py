"""Laying an edit back into the photo: exact where nothing was asked for, in every depth and colour space."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.compositing import composite as composite_module
from nti_desktop.photo.compositing.composite import Finish, Layer
from nti_desktop.photo.frame import Frame, whole_photo
from nti_desktop.photo.raster import Pixels, Raster
from tests.photo.layers_laid import at_photo_size, composite, seen, some_mask
from tests.picture_files import noisy_picture, smooth_picture
from tests.profiles import DISPLAY_P3, PRO_PHOTO

PROFILES = {"sRGB": None, "Display P3": DISPLAY_P3, "ProPhoto": PRO_PHOTO}
DEPTHS: dict[str, type[np.uint8 | np.uint16]] = {"8 bits": np.uint8, "16 bits": np.uint16}


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


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("space", PROFILES)
def test_pixels_outside_the_mask_keep_their_bits_in_every_depth_and_colour_space(depth: str, space: str) -> None:
    photo, frame = any_photo(depth, space), Frame(7, 4, 120, 81, 24, 16)
    edit, source = np.random.default_rng(5).random((2, 16, 24, 3), dtype=np.float32)
    mask = np.zeros((16, 24), np.float32)
    mask[3:9, 5:20] = 1
    out = composite_module.composite(photo, Layer(frame, edit, source, mask)).pixels
    inside = np.zeros(out.shape[:2], bool)
    inside[4:85, 7:127] = at_photo_size(mask, frame) > 0
    assert out.dtype == photo.pixels.dtype
    assert np.array_equal(out[~inside], photo.pixels[~inside])
    assert (out[inside] != photo.pixels[inside]).any(axis=-1).mean() > 0.6


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("space", PROFILES)
@pytest.mark.parametrize("masked", [True, False])
def test_an_equal_edit_and_source_keep_every_bit_in_every_depth_and_colour_space(
    depth: str, space: str, masked: bool
) -> None:
    photo, rng = any_photo(depth, space), np.random.default_rng(6)
    source = rng.random((16, 24, 3), dtype=np.float32)
    mask = some_mask(rng, 16, 24) if masked else None
    out = composite_module.composite(photo, Layer(Frame(0, 0, 130, 90, 24, 16), source.copy(), source, mask)).pixels
    assert np.array_equal(out, photo.pixels)


@pytest.mark.parametrize("space", PROFILES)
def test_16_bits_are_edited_as_8_bits_are(space: str) -> None:
    """With tones between those of 8 bits, or the depth would be for nothing."""
    narrow = Raster(smooth_picture(90, 130), PROFILES[space])
    wide = Raster(narrow.pixels.astype(np.uint16) * 257, narrow.profile)
    rng, mask = np.random.default_rng(7), np.zeros((16, 24), np.float32)
    mask[3:12, 5:20] = 1
    source = np.full((16, 24, 3), 0.4, np.float32)
    layer = Layer(Frame(0, 0, 130, 90, 24, 16), source + 0.2 * rng.random((16, 24, 3), dtype=np.float32), source, mask)
    eight, sixteen = (composite_module.composite(photo, layer).pixels for photo in (narrow, wide))
    assert np.abs(sixteen / 257 - eight).max() <= 0.51
    assert (sixteen % 257 != 0).mean() > 0.2


def any_photo(depth: str, space: str) -> Raster:
    kind = DEPTHS[depth]
    pixels: Pixels = np.random.default_rng(8).integers(0, np.iinfo(kind).max + 1, (90, 130, 3)).astype(kind)
    return Raster(pixels, PROFILES[space])


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


def test_a_frame_of_another_photo_is_refused() -> None:
    picture = np.zeros((16, 16, 3), np.float32)
    with pytest.raises(PhotoError, match="does not lie within this photo"):
        composite(smooth_picture(), Frame(0, 0, 600, 400, 16, 16), picture, picture, None, Finish())
