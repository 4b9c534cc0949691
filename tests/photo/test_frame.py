"""What the model sees of a photo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.frame import Area, Frame, area_around, check_frame, frame_image, frame_of, whole_photo
from nti_desktop.photo.orientation import combined, turned, turned_area, undone
from nti_desktop.photo.raster import Raster
from tests.picture_files import noisy_picture, smooth_picture


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_place_on_the_photo_is_found_in_the_frame_as_its_model_sees_it_and_back(turn: int) -> None:
    pixels = noisy_picture(60, 80)
    sides = (40, 60) if turn < 5 else (60, 40)
    frame = Frame(8, 10, 60, 40, *sides[::-1], turn)
    seen = frame_image(Raster(pixels), frame)
    for column, row in ((9, 10), (31, 26), (66, 48)):
        x, y = frame.seen(column + 0.5, row + 0.5)
        assert np.array_equal(seen[int(y * seen.shape[0]), int(x * seen.shape[1])], pixels[row, column])
        assert frame.in_photo((x, y)) == pytest.approx((column + 0.5, row + 0.5))


def test_a_square_photo_is_seen_at_the_models_own_size() -> None:
    assert whole_photo(3000, 3000, 512, 64) == Frame(0, 0, 3000, 3000, 512, 512)


def test_a_3_to_2_photo_keeps_its_aspect_ratio_and_the_models_area() -> None:
    frame = whole_photo(6000, 4000, 512, 8)
    assert (frame.model_width, frame.model_height) == (624, 416)


def test_an_upright_photo_is_a_wide_one_turned() -> None:
    wide, tall = whole_photo(6000, 4000, 512, 8), whole_photo(4000, 6000, 512, 8)
    assert (wide.model_width, wide.model_height) == (tall.model_height, tall.model_width)


@given(
    st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([64, 128, 512, 768]), st.sampled_from([8, 16, 64])
)
def test_any_photo_gets_even_multiples_and_about_the_models_area(
    width: int, height: int, native: int, multiple: int
) -> None:
    frame = whole_photo(width, height, native, multiple)
    assert (frame.x, frame.y, frame.width, frame.height) == (0, 0, width, height)
    assert frame.model_width % multiple == frame.model_height % multiple == 0
    assert min(frame.model_width, frame.model_height) >= multiple
    short, long = sorted((frame.model_width, frame.model_height))
    assert short * long <= (native + multiple / 2) ** 2 * 1.1 + multiple * long / 2
    assert (width <= height) or frame.model_width >= frame.model_height


@pytest.mark.parametrize(("native", "multiple"), [(256, 16), (512, 8), (1024, 8)])
def test_no_usual_photo_is_squeezed_by_more_than_three_in_a_hundred(native: int, multiple: int) -> None:
    for width in range(3000, 6001, 10):
        frame = whole_photo(width, 3000, native, multiple)
        assert abs(np.log(frame.model_width / frame.model_height / (width / 3000))) < 0.03
        assert 0.85 < frame.model_width * frame.model_height / native**2 < 1.15


def test_a_frame_at_the_photos_own_size_is_the_photo() -> None:
    pixels = noisy_picture(40, 64)
    assert np.array_equal(frame_image(Raster(pixels), Frame(0, 0, 64, 40, 64, 40)), pixels)


def test_a_frame_shows_its_own_part_of_the_photo() -> None:
    pixels = noisy_picture(40, 64)
    assert np.array_equal(frame_image(Raster(pixels), Frame(8, 16, 24, 16, 24, 16)), pixels[16:32, 8:32])


def test_a_smaller_picture_has_the_photos_colours() -> None:
    pixels = smooth_picture(400, 600)
    small = frame_image(Raster(pixels), Frame(0, 0, 600, 400, 60, 40))
    assert small.shape == (40, 60, 3)
    assert np.abs(small.astype(int) - pixels[5::10, 5::10]).max() <= 4


def test_the_picture_of_a_frame_can_be_written_to() -> None:
    pixels = smooth_picture()
    pixels.flags.writeable = False
    frame_image(Raster(pixels), whole_photo(60, 40, 32, 8))[0, 0] = 0


@pytest.mark.parametrize("frame", [(0, 0, 61, 40), (0, 0, 60, 41), (-1, 0, 10, 10), (60, 0, 1, 1), (0, 0, 0, 10)])
def test_a_frame_outside_the_photo_is_refused(frame: tuple[int, int, int, int]) -> None:
    with pytest.raises(PhotoError, match="does not lie within this photo"):
        frame_image(Raster(smooth_picture()), Frame(*frame, 16, 16))


def test_an_area_gets_all_of_the_models_resolution_in_its_own_aspect_ratio() -> None:
    frame = frame_of(Area(1000, 500, 900, 600), 512, 8)
    assert frame.area == Area(1000, 500, 900, 600)
    assert (frame.model_width, frame.model_height) == (624, 416)
    assert frame.detail == pytest.approx(0.48, abs=0.01)
    assert whole_photo(6000, 4000, 512, 8).detail == pytest.approx(1 / 92, rel=0.02)
    assert frame_of(Area(0, 0, 300, 200), 512, 8).detail == 1


def test_an_area_around_a_word_holds_its_place_with_room_around_it() -> None:
    place = np.zeros((16, 16), np.float32)
    place[4:8, 10:12] = 1
    place[0, 0] = 0.3  # a stray glance
    area = area_around(place, Frame(0, 0, 4000, 4000, 512, 512), (4000, 4000), 512)
    assert area.x < 2500 < 3000 < area.x + area.width
    assert area.y < 1000 < 2000 < area.y + area.height
    assert area == Area(1750, 500, 2000, 2000)  # a square around it, twice as long as its longer side


def test_an_area_around_a_tall_thing_is_square_as_far_as_the_photo_goes() -> None:
    place = np.zeros((16, 24), np.float32)
    place[2:14, 2:5] = 1
    whole = whole_photo(6000, 4000, 512, 8)
    assert area_around(place, whole, (6000, 4000), 512) == Area(0, 0, 4000, 4000)
    assert area_around(place.T, whole_photo(4000, 6000, 512, 8), (4000, 6000), 512) == Area(0, 0, 4000, 4000)
    long = np.zeros((16, 24), np.float32)
    long[7:9, 4:20] = 1
    assert area_around(long, whole, (6000, 4000), 512) == Area(0, 0, 6000, 4000)


@given(st.integers(0, 15), st.integers(0, 15), st.integers(100, 5000), st.integers(100, 5000))
def test_an_area_around_a_word_lies_in_the_photo_and_wastes_no_resolution(
    row: int, column: int, width: int, height: int
) -> None:
    place = np.zeros((16, 16), np.float32)
    place[row, column] = 1
    area = area_around(place, whole_photo(width, height, 512, 8), (width, height), 512)
    assert area.x >= 0 <= area.y
    assert area.x + area.width <= width
    assert area.y + area.height <= height
    assert area.width >= min(512, width)
    assert area.height >= min(512, height)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_of_a_turned_photo_shows_the_model_what_it_saw_before(orientation: int) -> None:
    pixels = noisy_picture(48, 72)
    before = Frame(8, 16, 32, 24, 32, 24)
    x, y, width, height = turned_area((8, 16, 32, 24), (72, 48), orientation)
    after = Frame(x, y, width, height, 32, 24, turn=undone(orientation))
    seen = frame_image(Raster(turned(pixels, orientation)), after)
    assert np.array_equal(seen, frame_image(Raster(pixels), before))
    assert np.array_equal(after.upright(seen), turned(pixels, orientation)[y : y + height, x : x + width])


@pytest.mark.parametrize("first", range(1, 9))
@pytest.mark.parametrize("then", range(1, 9))
def test_two_turns_are_one(first: int, then: int) -> None:
    pixels = noisy_picture(5, 7)
    assert np.array_equal(turned(turned(pixels, first), then), turned(pixels, combined(first, then)))
    assert np.array_equal(turned(turned(pixels, first), undone(first)), pixels)


@given(st.integers(20, 3000), st.integers(20, 3000), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_frame_lies_in_every_smaller_copy_of_its_photo(width: int, height: int, divisor: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    frame = Frame(x, y, int(rng.integers(1, width - x + 1)), int(rng.integers(1, height - y + 1)), 64, 64)
    small = frame.reduced(divisor)
    check_frame((-(-width // divisor), -(-height // divisor)), small)
    assert abs(small.x * divisor - x) < divisor
    assert abs((small.x + small.width) * divisor - (x + frame.width)) < divisor
