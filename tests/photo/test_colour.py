"""Colours: from a photo's own to sRGB and back, to a screen's, and as light."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.photo.colour import (
    fits_a_screen,
    from_srgb,
    is_srgb,
    profile_name,
    srgb_profile,
    to_profile,
    to_srgb,
    tone_curve,
)
from nti_desktop.photo.raster import Raster, to_eight_bits
from tests.picture_files import gamma_profile
from tests.profiles import (
    DISPLAY_P3,
    LUT_PROFILE,
    P3_PRIMARIES,
    PRO_PHOTO,
    PRO_PHOTO_PRIMARIES,
    gamma_curve,
    matrix_profile,
)

OWN_COLOURS = {"Display P3": DISPLAY_P3, "ProPhoto": PRO_PHOTO, "table": LUT_PROFILE, "gamma 1.8": gamma_profile(1.8)}


@pytest.mark.parametrize("name", OWN_COLOURS)
def test_srgb_colours_survive_the_way_into_a_profile_and_back(name: str) -> None:
    picture = np.random.default_rng(0).uniform(0.1, 0.9, (20, 30, 3)).astype(np.float32)
    own = np.rint(from_srgb(picture, OWN_COLOURS[name]) * 65535).astype(np.uint16)
    back = to_srgb(Raster(own, OWN_COLOURS[name])).astype(np.float32) / 65535
    assert np.abs(back - picture).max() < (0.035 if name == "table" else 0.003)  # the two tables are not exact inverses
    assert not is_srgb(OWN_COLOURS[name])


def test_red_of_srgb_is_a_duller_red_of_display_p3() -> None:
    red = np.array([[[1.0, 0, 0]]], np.float32)
    assert np.allclose(from_srgb(red, DISPLAY_P3) * 255, (234, 51, 35), atol=1.5)  # CSS Color 4, color(display-p3 ...)


def test_srgb_itself_is_left_alone() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert to_srgb(Raster(pixels)) is pixels
    assert to_srgb(Raster(pixels, srgb_profile())) is pixels


@pytest.mark.parametrize("name", ["Display P3", "ProPhoto"])
def test_eight_bits_are_converted_as_sixteen_are(name: str) -> None:
    within_srgb = np.random.default_rng(2).uniform(0.1, 0.9, (40, 40, 3)).astype(np.float32)
    pixels = np.rint(from_srgb(within_srgb, OWN_COLOURS[name]) * 255).astype(np.uint8)
    exact = to_srgb(Raster(pixels.astype(np.uint16) * 257, OWN_COLOURS[name])).astype(int) // 257
    assert np.abs(to_srgb(Raster(pixels, OWN_COLOURS[name])).astype(int) - exact).max() <= 3


def test_sixteen_bits_stay_sixteen_bits() -> None:
    ramp = np.repeat(np.arange(0, 65536, 16, dtype=np.uint16)[None, :, None], 3, axis=2)
    converted = to_srgb(Raster(ramp, DISPLAY_P3))
    assert converted.dtype == np.uint16
    assert len(np.unique(converted)) > 4000


def test_the_screens_own_profile_leaves_pixels_alone() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    for own, screen in ((DISPLAY_P3, DISPLAY_P3), (None, srgb_profile()), (srgb_profile(), None), (None, None)):
        assert to_profile(Raster(pixels, own), screen) is pixels
    wide = pixels.astype(np.uint16) * 257
    assert np.array_equal(to_profile(Raster(wide, DISPLAY_P3), DISPLAY_P3), pixels)


@pytest.mark.parametrize("gamma", [1.0, 1.8])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_pixels_go_to_the_screens_profile(gamma: float, depth: type[np.uint8 | np.uint16]) -> None:
    white = np.iinfo(depth).max
    dull = np.random.default_rng(4).uniform(0.05, 0.8, (40, 40, 1)) ** (1 / gamma)
    colours = np.clip(dull + np.random.default_rng(5).uniform(-0.02, 0.02, (40, 40, 3)), 0, 1)
    pixels = np.rint(colours * white).astype(depth)
    own = matrix_profile("own", P3_PRIMARIES, gamma_curve(gamma))
    light = (pixels / white) ** (round(gamma * 256) / 256) @ np.array(P3_PRIMARIES).T
    expected = (light @ np.linalg.inv(PRO_PHOTO_PRIMARIES).T) ** (1 / 1.8) * 255
    assert np.abs(to_profile(Raster(pixels, own), PRO_PHOTO) - expected).max() <= 2


@pytest.mark.parametrize("own", [None, DISPLAY_P3])
def test_a_disk_without_room_for_a_file_does_not_matter(
    own: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(6).integers(60, 200, (8, 8, 3), dtype=np.uint8)
    quick = to_profile(Raster(pixels, own), PRO_PHOTO).astype(int)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert np.abs(to_profile(Raster(pixels, own), PRO_PHOTO) - quick).max() <= 2


def test_a_screen_needs_a_whole_profile_of_light_and_dark() -> None:
    assert all(map(fits_a_screen, (srgb_profile(), *OWN_COLOURS.values())))
    black = matrix_profile("black", P3_PRIMARIES, b"curv\0\0\0\0\0\0\0\2\0\0\0\0")
    assert not any(map(fits_a_screen, (b"", b"no profile at all", DISPLAY_P3[:300], black)))


def test_the_curve_of_srgb_is_the_standards() -> None:
    curve = tone_curve(None)
    value = np.linspace(0, 1, len(curve))
    standard = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    assert np.abs(curve - standard).max() < 2e-3


@pytest.mark.parametrize("profile", [None, *OWN_COLOURS.values()])
def test_every_curve_rises_from_black_to_white(profile: bytes | None) -> None:
    curve = tone_curve(profile)
    assert (np.diff(curve) > 0).all()
    assert (curve[0], curve[-1]) == (0, 1)


def test_eight_bits_are_the_nearest_ones() -> None:
    values = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(to_eight_bits(values), np.rint(values / 257))


def test_profiles_have_names() -> None:
    assert profile_name(None) == "sRGB"
    assert profile_name(DISPLAY_P3) == "Display P3"
    assert profile_name(b"no profile at all") == "another colour space"
