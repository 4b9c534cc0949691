"""First views: small and quick, upright and in the colours of the photo to come; and what a reading tells."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import Cancelled, PhotoError
from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.raster import Raster, to_eight_bits
from nti_desktop.photo.reading import header
from nti_desktop.photo.reading.first_view import first_view, first_view_of
from tests.picture_files import encoded, gamma_profile, noisy_picture, smooth_picture, tiff_file
from tests.raw_files import dng_file, mosaic

SIDE = 60
WIDE = 30 + smooth_picture(200, 301)  # neither a multiple of the side nor even
DEEP = WIDE.astype(np.uint16) * 257


def tiff(**options: object) -> bytes:
    return tiff_file(WIDE.tobytes(), 301, 200, **options)  # type: ignore[arg-type]


def deep_tiff(order: str = "<", **options: object) -> bytes:
    data = DEEP.astype(order + "u2").tobytes()
    return tiff_file(data, 301, 200, bits=(16, 16, 16), order=order, **options)  # type: ignore[arg-type]


def turned_jpeg(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(WIDE, "JPEG", quality=95, exif=exif)


def turned_tiff(orientation: int) -> bytes:
    return deep_tiff(extra=[(274, 3, [orientation])])


QUICK: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(WIDE, "JPEG", quality=95),
    "grey JPEG": lambda: encoded(WIDE[..., 0], "JPEG", quality=95),
    "progressive JPEG": lambda: encoded(WIDE, "JPEG", quality=95, progressive=True),
    "print colours": lambda: encoded(Image.fromarray(WIDE).convert("CMYK"), "JPEG", quality=95),
    "JPEG with a profile": lambda: encoded(WIDE, "JPEG", quality=95, icc_profile=gamma_profile(1.0)),
    "TIFF": tiff,
    "TIFF of one strip": lambda: tiff(strips=1),
    "TIFF of many strips": lambda: tiff(strips=67),
    "16-bit TIFF": deep_tiff,
    "big-endian TIFF": lambda: deep_tiff(">"),
    "grey TIFF": lambda: tiff_file(WIDE[..., 0].tobytes(), 301, 200, bits=(8,), photometric=1),
    "TIFF with a profile": lambda: encoded(WIDE, "TIFF", icc_profile=gamma_profile(1.0)),
}
SLOW: dict[str, Callable[[], bytes]] = {
    "compressed TIFF": lambda: deep_tiff(deflate=True),
    "reversed grey TIFF": lambda: tiff_file(WIDE[..., 0].tobytes(), 301, 200, bits=(8,), photometric=0),
    "transparent TIFF": lambda: encoded(Image.fromarray(WIDE).convert("RGBA"), "TIFF"),
    "PNG": lambda: encoded(WIDE, "PNG"),
    "WebP": lambda: encoded(WIDE, "WEBP"),
}


def saved(folder: Path, data: bytes, name: str = "photo.jpg") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def seen(raster: Raster) -> np.ndarray:
    """At one small size, in sRGB, as numbers to subtract."""
    image = Image.fromarray(to_eight_bits(to_srgb(raster)))
    return np.asarray(image.resize((24, 24), Image.Resampling.BOX)).astype(int)


@pytest.mark.parametrize("kind", QUICK)
def test_a_first_view_looks_like_the_photo_that_comes_after(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path, QUICK[kind]())
    view, photo = first_view(path, SIDE), open_photo(path)
    assert view is not None
    assert view.size == photo.raster.size == (301, 200)
    assert SIDE <= max(view.raster.size) <= 2 * SIDE + 1
    assert view.raster.profile == photo.profile
    assert np.abs(seen(view.raster) - seen(photo.raster)).max() <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file", [turned_jpeg, turned_tiff])
def test_a_first_view_is_upright(tmp_path: Path, file: Callable[[int], bytes], orientation: int) -> None:
    path = saved(tmp_path, file(orientation))
    view, photo = first_view(path, SIDE), open_photo(path)
    assert view is not None
    assert view.size == photo.raster.size
    assert np.abs(seen(view.raster) - seen(photo.raster)).max() <= 6


def test_only_a_part_of_a_tiffs_rows_is_read(tmp_path: Path) -> None:
    data = bytearray(tiff(strips=200))
    untouched = saved(tmp_path, bytes(data), "whole.tif")
    view = first_view(untouched, SIDE)
    start, row_size = len(data) - WIDE.nbytes, 301 * 3
    rows = 200 * SIDE // 301
    read = {(2 * row + 1) * 200 // (2 * rows) for row in range(rows)}
    for row in set(range(200)) - read:
        data[start + row * row_size : start + (row + 1) * row_size] = bytes(row_size)
    again = first_view(saved(tmp_path, bytes(data), "holes.tif"), SIDE)
    assert view is not None
    assert again is not None
    assert np.array_equal(again.raster.pixels, view.raster.pixels)


@pytest.mark.parametrize("kind", SLOW)
def test_what_has_no_quick_way_has_no_first_view_before_it_is_read(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path, SLOW[kind]())
    assert first_view(path, SIDE) is None
    photo = open_photo(path)
    view = first_view_of(photo.raster, SIDE)
    assert view is not None
    assert view.size == photo.raster.size
    assert np.abs(seen(view.raster) - seen(photo.raster)).max() <= 6


def test_a_small_photo_needs_no_first_view(tmp_path: Path) -> None:
    assert first_view(saved(tmp_path, QUICK["JPEG"]()), 101) is None
    assert first_view_of(Raster(WIDE), 101) is None


@pytest.mark.parametrize(("width", "height"), [(900, 1), (1, 900), (900, 7)])
def test_a_photo_that_is_a_thin_line_has_no_first_view(width: int, height: int) -> None:
    assert first_view_of(Raster(np.zeros((height, width, 3), np.uint8)), SIDE) is None


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_raw_file_brings_the_cameras_own_picture(tmp_path: Path, orientation: int) -> None:
    preview = encoded(smooth_picture(192, 256), "JPEG", quality=95)
    sensor = mosaic(np.full((48, 64, 3), 0.5))
    path = saved(tmp_path, dng_file(sensor, orientation=orientation, preview=preview), "photo.dng")
    view = first_view(path, SIDE)
    assert view is not None
    assert view.size == ((64, 48) if orientation == 1 else (48, 64)) == open_photo(path).raster.size
    assert max(view.raster.size) < 256  # decoded small
    corner = view.raster.pixels[0, 0 if orientation == 1 else -1].astype(int)
    assert corner.max() < 12


def test_a_cameras_picture_of_another_shape_is_not_shown(tmp_path: Path) -> None:
    preview = encoded(smooth_picture(160, 240), "JPEG")
    path = saved(tmp_path, dng_file(mosaic(np.full((48, 64, 3), 0.5)), preview=preview), "photo.dng")
    assert first_view(path, SIDE) is None


@pytest.mark.parametrize("kind", QUICK)
def test_damaged_files_have_no_first_view_or_an_honest_one(tmp_path: Path, kind: str) -> None:
    data = QUICK[kind]()
    for length in (0, 20, 300, len(data) // 2):
        view = first_view(saved(tmp_path, data[:length]), SIDE)
        assert view is None or view.size == (301, 200)
    assert first_view(tmp_path / "missing.jpg", SIDE) is None


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_too_many_pixels_are_refused_before_any_is_decoded(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, QUICK[kind]())
    asked: list[Path] = []
    monkeypatch.setattr("nti_desktop.photo.reading.first_view.loaded", lambda path, *_, **__: asked.append(path))
    monkeypatch.setattr(header, "MOST_PIXELS", 301 * 200 - 1)
    assert first_view(path, SIDE) is None
    assert not asked
    with pytest.raises(PhotoError, match="megapixels"):
        open_photo(path)


def test_pillows_own_limit_is_told_where_it_stands_and_never_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Image.merge("LAB", [Image.new("L", (40, 30), level) for level in (138, 209, 198)])
    preview = encoded(smooth_picture(192, 256), "JPEG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # more than twice as many are an error
    with pytest.raises(PhotoError, match=r"“photo\.jpg” has more pixels than can be opened in Lab colours"):
        open_photo(saved(tmp_path, encoded(lab, "TIFF")))
    raw = saved(tmp_path, dng_file(mosaic(np.full((48, 64, 3), 0.5)), preview=preview), "photo.dng")
    assert first_view(raw, SIDE) is not None
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.slow
def test_a_tiff_of_few_large_strips_is_opened(tmp_path: Path) -> None:
    row = smooth_picture(1, 5000)
    rows = np.broadcast_to(row, (8000, 5000, 3))
    path = saved(tmp_path, tiff_file(rows.tobytes(), 5000, 8000, strips=2), "strips.tif")  # 60 MB each
    view = first_view(path, 1600)
    photo = open_photo(path)
    path.unlink()
    assert np.array_equal(photo.pixels, rows)
    assert view is not None
    assert np.abs(seen(view.raster) - seen(photo.raster)).max() <= 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_reading_tells_how_far_it_is(tmp_path: Path, kind: str) -> None:
    told: list[float] = []
    path = saved(tmp_path, encoded(smooth_picture(2000, 1500), kind))
    photo = open_photo(path, report=told.append)
    assert told == sorted(set(told))
    assert 0 < told[0] <= told[-1] == 1
    assert np.array_equal(photo.pixels, open_photo(path).pixels)


def test_a_reading_stops_when_what_it_tells_is_answered_with_a_refusal(tmp_path: Path) -> None:
    path = saved(tmp_path, encoded(noisy_picture(2000, 1500), "PNG", compress_level=1))
    told: list[float] = []

    def refuse(share: float) -> None:
        told.append(share)
        raise Cancelled("Stopped; nothing was changed.")

    with pytest.raises(Cancelled, match="Stopped"):
        open_photo(path, report=refuse)
    assert len(told) == 1
    assert open_photo(path).raster.size == (1500, 2000)
