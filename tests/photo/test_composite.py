"""Laying an edit back into the photo: exact where nothing was asked for, sharp where something was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import PhotoError, RecipeError
from nti_desktop.photo.colour import tone_curve
from nti_desktop.photo.compositing import composite as composite_module
from nti_desktop.photo.compositing.box_filter import window_maximum, window_mean
from nti_desktop.photo.compositing.composite import Finish, Layer, fitted_mask, mixed_as_light
from nti_desktop.photo.compositing.detail import detail_gain, replaced_fraction
from nti_desktop.photo.compositing.guided_filter import guided_coefficients
from nti_desktop.photo.compositing.mask import soften_inwards
from nti_desktop.photo.compositing.patch import Patch
from nti_desktop.photo.frame import Frame, frame_image, whole_photo
from nti_desktop.photo.raster import Pixels, Raster
from tests.picture_files import noisy_picture, smooth_picture
from tests.profiles import DISPLAY_P3, PRO_PHOTO

CLOSED = (False, False, False, False)
PROFILES = {"sRGB": None, "Display P3": DISPLAY_P3, "ProPhoto": PRO_PHOTO}
DEPTHS: dict[str, type[np.uint8 | np.uint16]] = {"8 bits": np.uint8, "16 bits": np.uint16}


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


def blocky(mask: NDArray[np.bool_], block: int) -> NDArray[np.float32]:
    """A mask as a model makes it: any block with some of it, soft by interpolation, never 0 where it is true."""
    height, width = mask.shape
    blocks = mask.reshape(height // block, block, width // block, block).any(axis=(1, 3)).astype(np.float32)
    soft = Image.fromarray(blocks).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.array(soft), 0, 1)


def woven(height: int, width: int, seed: int = 1) -> NDArray[np.float64]:
    """Light and shade of a fabric too fine for a model to see, (height, width, 1), about 1."""
    return 1 + np.random.default_rng(seed).normal(0, 0.06, (height, width, 1))


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


def test_the_guided_filter_finds_the_line_that_a_plane_follows() -> None:
    guide = np.random.default_rng(11).random((3, 24, 32), dtype=np.float32)
    target = (0.5 * guide[0] - 0.25 * guide[2] + 0.125)[None]
    slope, offset = guided_coefficients(target, guide, 3, 1e-6)
    assert np.allclose(slope[0, :, 8, 8], (0.5, 0, -0.25), atol=1e-3)
    assert np.allclose(offset, 0.125, atol=1e-3)


@pytest.mark.parametrize("reach", [1, 4, 30])
def test_a_window_mean_is_the_mean_of_the_window(reach: int) -> None:
    plane = np.random.default_rng(12).random((20, 31), dtype=np.float32)
    padded = np.pad(plane, reach, mode="edge")
    size = 2 * reach + 1
    expected = [[padded[y : y + size, x : x + size].mean() for x in range(31)] for y in range(20)]
    assert np.allclose(window_mean(plane, reach), expected, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 1, 4, 30])
def test_a_window_maximum_is_the_maximum_of_the_window(reach: int) -> None:
    plane = np.random.default_rng(14).random((20, 31), dtype=np.float32)
    padded, size = np.pad(plane, reach, mode="edge"), 2 * reach + 1
    expected = [[padded[y : y + size, x : x + size].max() for x in range(31)] for y in range(20)]
    assert np.array_equal(window_maximum(plane, reach), expected)


@pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize("size", [(300, 200), (13, 9)])
def test_enlarging_strip_by_strip_is_resampling_the_whole(size: tuple[int, int], how: Image.Resampling) -> None:
    plane = np.random.default_rng(13).random((18, 26), dtype=np.float32)
    whole = np.array(Image.fromarray(plane).resize(size, how))
    frame, (width, height) = Frame(0, 0, *size, 26, 18), size
    strips = [Patch(frame, top, min(top + 7, height), 0, width) for top in range(0, height, 7)]
    assert np.allclose(np.concatenate([strip.enlarge(plane, how) for strip in strips]), whole, atol=1e-5)


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
    with pytest.raises(RecipeError, match="Soft edge"):
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
