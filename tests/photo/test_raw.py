"""Raw files: neutral development with known answers, identity without metadata, the camera's preview."""

import io
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.reading import header
from nti_desktop.photo.reading.header import RAW_SUFFIXES
from nti_desktop.photo.reading.raw import develop, embedded_preview, raw_identity, read_raw_header
from tests.picture_files import encoded, smooth_picture
from tests.raw_files import NEUTRAL, WHITE, XYZ_TO_SRGB, dng_file, mosaic

# CSS Color Module Level 4, sec. 18: XYZ (D65) to linear Display P3.
XYZ_TO_P3 = np.array(
    [
        [446124 / 178915, -333277 / 357830, -72051 / 178915],
        [-14852 / 17905, 63121 / 35810, 423 / 17905],
        [11844 / 330415, -50337 / 660830, 316169 / 330415],
    ]
)
COLOURS = ((1, 1, 1), (0.18, 0.18, 0.18), (0.02, 0.02, 0.02), (0.6, 0.1, 0.1), (0.1, 0.5, 0.1), (0.1, 0.1, 0.4))
PATCH = 32
exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


def patches() -> NDArray[np.float64]:
    """Six squares of one colour each, two rows of three; linear light, sRGB primaries."""
    return np.repeat(np.repeat(np.array(COLOURS, float).reshape(2, 3, 3), PATCH, 0), PATCH, 1)


def centres(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """(6, 3): the colour in the middle of each square."""
    return pixels[PATCH // 2 :: PATCH, PATCH // 2 :: PATCH].reshape(-1, 3).astype(float)


def srgb_curve(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def corners(height: int = 48, width: int = 64) -> NDArray[np.uint16]:
    """A sensor whose four corners differ."""
    return mosaic(0.1 + 0.8 * smooth_picture(height, width) / 255)


def saved(folder: Path, data: bytes, name: str = "photo.dng") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("sampled", ["mosaic", "whole colours"])
def test_known_sensor_values_become_the_computed_display_p3_values(tmp_path: Path, sampled: str) -> None:
    linear = patches()
    whole = np.round(linear * NEUTRAL * WHITE).astype(np.uint16)
    data = dng_file(mosaic(linear)) if sampled == "mosaic" else dng_file(whole, black=0)
    developed = develop(saved(tmp_path, data))
    in_p3 = np.array(COLOURS) @ (XYZ_TO_P3 @ np.linalg.inv(XYZ_TO_SRGB)).T
    expected = np.clip(srgb_curve(in_p3), 0, 1) * 65535
    assert developed.pixels.dtype == np.uint16
    assert np.abs(centres(developed.pixels) - expected).max() < 65535 * 0.001


def test_neutral_greys_stay_neutral(tmp_path: Path) -> None:
    greys = centres(develop(saved(tmp_path, dng_file(mosaic(patches())))).pixels)[:3]
    assert np.ptp(greys, axis=1).max() < 65535 * 0.0005


def test_seen_through_its_profile_a_developed_picture_has_the_colours_the_sensor_saw(tmp_path: Path) -> None:
    developed = develop(saved(tmp_path, dng_file(mosaic(patches()))))
    image = Image.fromarray(np.round(centres(developed.pixels) / 257).astype(np.uint8)[None])
    profile = ImageCms.ImageCmsProfile(io.BytesIO(developed.profile))
    seen = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert np.abs(np.asarray(seen, float)[0] - srgb_curve(np.array(COLOURS)) * 255).max() <= 1.5


def test_how_bright_a_grey_becomes_does_not_depend_on_what_is_beside_it(tmp_path: Path) -> None:
    greys = set()
    for beside in (0.01, 0.5, 0.9, 1.0):
        linear = np.full((64, 64, 3), 0.18)
        linear[:, 32:] = beside
        greys.add(tuple(develop(saved(tmp_path, dng_file(mosaic(linear)))).pixels[32, 16].tolist()))
    assert len(greys) == 1


def test_where_the_white_level_is_a_guess_the_brightest_value_becomes_white(tmp_path: Path) -> None:
    linear = np.full((64, 64, 3), 0.9)
    guessed = develop(saved(tmp_path, dng_file(mosaic(linear)), "photo.nef"))
    stated = develop(saved(tmp_path, dng_file(mosaic(linear))))
    assert guessed.pixels[32, 32].min() == 65535 > stated.pixels[32, 32].max()
    assert guessed.development != stated.development


def test_without_a_white_balance_daylight_is_taken_and_told(tmp_path: Path) -> None:
    with_balance = develop(saved(tmp_path, dng_file(mosaic(patches()))))
    without = develop(saved(tmp_path, dng_file(mosaic(patches()), neutral=None)))
    assert ("white balance", "as shot") in with_balance.development.settings
    assert ("white balance", "daylight") in without.development.settings
    assert np.abs(centres(with_balance.pixels) - centres(without.pixels)).max() < 65535 * 0.0005


def test_another_white_balance_gives_another_picture_with_the_same_identity(tmp_path: Path) -> None:
    one = saved(tmp_path, dng_file(corners()), "one.dng")
    other = saved(tmp_path, dng_file(corners(), neutral=(0.7, 1.0, 0.4)), "other.dng")
    assert not np.array_equal(develop(one).pixels, develop(other).pixels)
    assert raw_identity(one) == raw_identity(other)


def test_a_sensor_without_colours_becomes_grey(tmp_path: Path) -> None:
    path = saved(tmp_path, dng_file(corners()[..., None]))
    pixels = develop(path).pixels
    assert pixels.shape == (48, 64, 3)
    assert (pixels == pixels[..., :1]).all()
    assert np.ptp(pixels) > 20_000


def test_equal_developments_give_equal_pixels_and_can_be_kept_as_json(tmp_path: Path) -> None:
    path = saved(tmp_path, dng_file(corners()))
    first, second = develop(path), develop(path)
    assert first.development == second.development
    assert np.array_equal(first.pixels, second.pixels)
    kept = json.loads(json.dumps(asdict(first.development)))
    assert kept["library"].startswith("LibRaw 0.")
    assert ["demosaicing", "AHD"] in kept["settings"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_raw_file_is_developed_upright(tmp_path: Path, orientation: int) -> None:
    path = saved(tmp_path, dng_file(corners(), orientation=orientation))
    stored = develop(saved(tmp_path, dng_file(corners()), "stored.dng")).pixels
    head = read_raw_header(path)
    developed = develop(path)
    pixels = developed.pixels
    assert head.orientation == developed.orientation == orientation
    assert head.size == pixels.shape[1::-1]
    assert np.array_equal(pixels, turned(stored, orientation))


def test_an_orientation_given_replaces_the_files_own(tmp_path: Path) -> None:
    turned_file = saved(tmp_path, dng_file(corners(), orientation=6))
    stored = develop(turned_file, orientation=1).pixels
    assert stored.shape == (48, 64, 3)
    assert np.array_equal(develop(turned_file, orientation=8).pixels, turned(stored, 8))


@exiftool
def test_exiftools_orientation_is_honoured(tmp_path: Path) -> None:
    path = saved(tmp_path, dng_file(corners()))
    stored = develop(path).pixels
    subprocess.run(["exiftool", "-q", "-n", "-overwrite_original", "-Orientation=6", path], check=True)
    assert read_raw_header(path).orientation == 6
    assert np.array_equal(develop(path).pixels, turned(stored, 6))


def test_the_header_tells_the_size_without_the_margins(tmp_path: Path) -> None:
    path = saved(tmp_path, dng_file(corners(), margin=4))
    assert read_raw_header(path).size == (56, 40)
    assert develop(path).pixels.shape == (40, 56, 3)


def test_the_header_needs_no_sensor_data(tmp_path: Path) -> None:
    assert read_raw_header(saved(tmp_path, dng_file(corners())[:-500])).size == (64, 48)


def test_the_bits_are_those_of_the_sensors_white(tmp_path: Path) -> None:
    assert develop(saved(tmp_path, dng_file(corners()))).bits == 14


@exiftool
@pytest.mark.parametrize("preview", [None, encoded(smooth_picture(16, 16), "JPEG")], ids=["plain", "with a preview"])
def test_a_star_rating_keeps_the_identity(tmp_path: Path, preview: bytes | None) -> None:
    path = saved(tmp_path, dng_file(corners(), preview=preview))
    before, data = raw_identity(path), path.read_bytes()
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-Rating=5", "-Artist=someone", path], check=True)
    assert path.read_bytes() != data
    assert raw_identity(path) == before


def test_orientation_and_preview_keep_the_identity_and_one_sensor_value_changes_it(tmp_path: Path) -> None:
    sensor = corners()
    plain = raw_identity(saved(tmp_path, dng_file(sensor)))
    preview = encoded(smooth_picture(16, 16), "JPEG")
    assert raw_identity(saved(tmp_path, dng_file(sensor, orientation=6, preview=preview))) == plain
    sensor[47, 63] += 1
    assert raw_identity(saved(tmp_path, dng_file(sensor))) != plain


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_preview_is_upright(tmp_path: Path, orientation: int) -> None:
    stored = smooth_picture(16, 16)
    path = saved(tmp_path, dng_file(corners(), orientation=orientation, preview=encoded(stored, "JPEG", quality=95)))
    preview = embedded_preview(path)
    assert preview is not None
    assert preview.dtype == np.uint8
    assert np.abs(preview.astype(int) - turned(stored, orientation)).mean() < 4
    again = embedded_preview(path, orientation=8)
    assert again is not None
    assert np.abs(again.astype(int) - turned(stored, 8)).mean() < 4


def test_no_preview_and_a_broken_one_are_none(tmp_path: Path) -> None:
    assert embedded_preview(saved(tmp_path, dng_file(corners()))) is None
    jpeg = encoded(smooth_picture(16, 16), "JPEG")
    assert embedded_preview(saved(tmp_path, dng_file(corners(), preview=jpeg[:200] + bytes(len(jpeg) - 200)))) is None


@pytest.mark.parametrize("function", [develop, raw_identity])
def test_sensor_data_cut_short_is_told(tmp_path: Path, function: Callable[[Path], object]) -> None:
    path = saved(tmp_path, dng_file(corners())[:-500])
    with pytest.raises(PhotoError, match=r"“photo\.dng” is cut short or damaged"):
        function(path)


@pytest.mark.parametrize("function", [read_raw_header, develop, raw_identity, embedded_preview])
def test_a_file_that_libraw_does_not_know_is_told(tmp_path: Path, function: Callable[[Path], object]) -> None:
    path = saved(tmp_path, b"a text that calls itself a raw file " * 100, "note.nef")
    with pytest.raises(PhotoError, match=r"“note\.nef”.* does not know its camera yet; export a 16-bit TIFF"):
        function(path)


def test_more_pixels_than_can_be_opened_are_refused_before_developing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, dng_file(corners()))
    monkeypatch.setattr(header, "MOST_PIXELS", 48 * 64 - 1)
    with pytest.raises(PhotoError, match="megapixels"):
        develop(path)


def test_a_name_that_is_no_utf_8_opens(tmp_path: Path) -> None:
    path = tmp_path / "\udce4.dng"
    try:
        path.write_bytes(dng_file(corners()))
    except (OSError, UnicodeError):
        pytest.skip("this file system keeps names in Unicode")
    assert read_raw_header(path).size == (64, 48)
    assert develop(path).pixels.shape == (48, 64, 3)


def test_the_suffixes_are_lower_case_with_a_dot() -> None:
    assert {".dng", ".nef", ".cr3", ".arw", ".raf"} <= RAW_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in RAW_SUFFIXES)


@pytest.mark.slow
def test_flipped_and_missing_bytes_raise_only_photo_errors(tmp_path: Path) -> None:
    whole = dng_file(corners(32, 48), preview=encoded(smooth_picture(16, 16), "JPEG"))
    chance = random.Random("flips in a DNG")
    opened = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            data[chance.randrange(min(len(data), 600))] = chance.randrange(256)
        path = saved(tmp_path, bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
        for function in (read_raw_header, develop, raw_identity, embedded_preview):
            try:
                function(path)
                opened += 1
            except PhotoError:
                continue
    assert 50 < opened < 550
