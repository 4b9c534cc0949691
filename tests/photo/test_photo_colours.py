"""Opening photos in the colours that their files state: by numbers, by channels, by profiles a little off."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import from_srgb, is_srgb, mended, profile_name, srgb_profile, to_srgb
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.photo import Photo, full_raster, open_photo
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.reading.first_view import first_view
from tests.heif_files import avif, heic
from tests.picture_files import encoded, gamma_profile, noisy_picture, png_chunk, png_file, smooth_picture, tiff_file
from tests.profiles import DISPLAY_P3, LUT_PROFILE, P3_PRIMARIES, table_profile

PICTURE = noisy_picture(16, 24)
SMOOTH = smooth_picture(64, 64)
PQ, HLG = 16, 18


def opened(folder: Path, data: bytes, name: str = "photo.tif") -> Photo:
    path = folder / name
    path.write_bytes(data)
    return open_photo(path)


def largest_difference(one: NDArray[np.generic], other: NDArray[np.generic]) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def with_channels(*channels: int, kinds: tuple[int, ...] | None, picture: NDArray[np.uint8] = PICTURE) -> bytes:
    """A TIFF with further channels of one level each. kinds: as ExtraSamples says; None leaves it unsaid."""
    planes = picture.reshape(16, 24, -1)
    further = [np.full((16, 24, 1), level, np.uint8) for level in channels]
    rows = np.concatenate([planes, *further], axis=2)
    extra = [(338, 3, kinds)] if kinds is not None else []
    photometric = 1 if planes.shape[2] == 1 else 2
    return tiff_file(rows.tobytes(), 24, 16, bits=(8,) * rows.shape[2], photometric=photometric, extra=extra)


@pytest.mark.parametrize("kinds", [(0,), (0, 0), (0, 0, 0), None])
def test_a_saved_selection_is_no_transparency(tmp_path: Path, kinds: tuple[int, ...] | None) -> None:
    photo = opened(tmp_path, with_channels(*[0] * len(kinds or (0,)), kinds=kinds))
    assert np.array_equal(photo.pixels, PICTURE)
    assert photo.notes == ()


def test_a_selection_saved_with_a_grey_picture_is_no_transparency(tmp_path: Path) -> None:
    photo = opened(tmp_path, with_channels(0, kinds=(0,), picture=PICTURE[..., 0]))
    assert np.array_equal(photo.pixels[..., 1], PICTURE[..., 0])


@pytest.mark.parametrize(("channels", "kinds"), [((0, 51), (0, 2)), ((51, 0), (2, 0)), ((0, 0, 51), (0, 0, 2))])
def test_transparency_is_found_before_and_behind_a_saved_selection(
    tmp_path: Path, channels: tuple[int, ...], kinds: tuple[int, ...]
) -> None:
    photo = opened(tmp_path, with_channels(*channels, kinds=kinds))
    assert largest_difference(photo.pixels, np.rint(PICTURE * 0.2 + 255 * 0.8)) <= 1
    assert "white" in photo.notes[0]


def test_colours_multiplied_with_their_transparency_are_laid_on_white_behind_a_saved_selection(tmp_path: Path) -> None:
    photo = opened(tmp_path, with_channels(0, 128, kinds=(0, 1), picture=PICTURE // 2))
    assert largest_difference(photo.pixels, PICTURE // 2 + np.uint8(127)) <= 2


def ycbcr_tiff(bits: int = 8, **options: object) -> bytes:
    """The smooth picture in YCbCr of TIFF's default coefficients."""
    ycbcr = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))
    rows = ycbcr.tobytes() if bits == 8 else (ycbcr.astype("<u2") << 8).tobytes()
    extra = [(530, 3, [1, 1])]
    return tiff_file(rows, 64, 64, bits=(bits,) * 3, photometric=6, extra=extra, **options)


@pytest.mark.parametrize("options", [{}, {"deflate": True}, {"bits": 16}])
def test_ycbcr_in_a_tiff_is_shown_in_its_colours(tmp_path: Path, options: dict) -> None:
    photo = opened(tmp_path, ycbcr_tiff(**options))
    assert largest_difference(photo.pixels, SMOOTH) <= 3
    assert photo.notes == ()


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg", "quality": 95}])
def test_ycbcr_as_pillow_writes_it_is_shown_in_its_colours(tmp_path: Path, options: dict) -> None:
    data = encoded(Image.fromarray(SMOOTH).convert("YCbCr"), "TIFF", **options)
    assert largest_difference(opened(tmp_path, data).pixels, SMOOTH) <= 8


def test_ycbcr_of_its_own_coefficients_and_range_is_shown_in_its_colours(tmp_path: Path) -> None:
    red, green, blue = 0.2126, 0.7152, 0.0722
    rgb = SMOOTH.astype(float)
    y = rgb @ (red, green, blue)
    cb, cr = (rgb[..., 2] - y) / (2 - 2 * blue), (rgb[..., 0] - y) / (2 - 2 * red)
    coded = np.stack([16 + y * 219 / 255, 128 + cb * 112 / 127, 128 + cr * 112 / 127], -1)
    rationals = {
        529: [part for share in (2126, 7152, 722) for part in (share, 10_000)],
        532: [part for level in (16, 235, 128, 240, 128, 240) for part in (level, 1)],
    }
    plain = bytearray(
        tiff_file(
            np.rint(coded).astype(np.uint8).tobytes(), 64, 64, photometric=6,
            extra=[(530, 3, [1, 1]), *((tag, 4, values) for tag, values in rationals.items())],
        )
    )  # fmt: skip
    for tag, values in rationals.items():  # LONGs to RATIONALs: half as many, in the same bytes
        at = plain.index(struct.pack("<HHL", tag, 4, len(values)))
        plain[at : at + 8] = struct.pack("<HHL", tag, 5, len(values) // 2)
    assert largest_difference(opened(tmp_path, bytes(plain)).pixels, SMOOTH) <= 3


def test_ycbcr_with_coarser_colours_is_refused_and_told_why(tmp_path: Path) -> None:
    data = tiff_file(bytes(64 * 96), 64, 64, bits=(8, 8, 8), photometric=6, extra=[(530, 3, [2, 2])])
    with pytest.raises(PhotoError, match="coarser than its brightness"):
        opened(tmp_path, data)


def png_stating(*cicp: int, picture: NDArray[np.uint8] = SMOOTH, profile: bytes | None = None) -> bytes:
    chunks = [png_chunk(b"cICP", bytes(cicp))]
    data = encoded(picture, "PNG", icc_profile=profile)
    return data[:33] + b"".join(chunks) + data[33:]


@pytest.mark.parametrize("curve", [PQ, HLG])
@pytest.mark.parametrize("kind", ["PNG", "HEIC", "AVIF"])
def test_hdr_stated_by_numbers_is_refused(tmp_path: Path, curve: int, kind: str) -> None:
    with pytest.raises(PhotoError, match="is an HDR picture"):
        opened(tmp_path, stating(kind, 9, curve))


@pytest.mark.parametrize("profile", [None, DISPLAY_P3])
def test_the_numbers_of_a_png_go_before_its_profile(tmp_path: Path, profile: bytes | None) -> None:
    photo = opened(tmp_path, png_stating(1, 13, 0, 1, profile=profile))
    assert photo.profile is None
    assert np.array_equal(photo.pixels, SMOOTH)


def test_a_png_in_video_range_is_spread_over_the_whole(tmp_path: Path) -> None:
    grey = np.repeat(np.array([[16, 126, 235, 255]], np.uint8)[..., None], 3, axis=2)
    photo = opened(tmp_path, png_stating(1, 13, 0, 0, picture=grey))
    assert photo.pixels[0, :, 1].tolist() == [0, 128, 255, 255]


def test_a_deep_png_in_video_range_is_spread_over_the_whole(tmp_path: Path) -> None:
    rows = np.array([[4096, 60160]], ">u2").tobytes()
    path = tmp_path / "deep.png"
    path.write_bytes(png_file(2, 1, 16, 0, rows, png_chunk(b"cICP", bytes((1, 13, 0, 0)))))
    photo = open_photo(path)
    assert largest_difference(photo.pixels[0, :, 0], np.array([0, 255])) <= 1
    assert largest_difference(full_raster(photo).pixels[0, :, 0], np.array([0, 65535])) <= 257


def stating(kind: str, primaries: int, curve: int, picture: NDArray[np.uint8] = SMOOTH) -> bytes:
    """A picture whose file states these numbers of H.273."""
    if kind == "PNG":
        return png_stating(primaries, curve, 0, 1, picture=picture)
    data = bytearray(heic(picture, save_nclx_profile=True) if kind == "HEIC" else avif(picture))
    at = data.index(b"nclx")
    data[at + 4 : at + 8] = struct.pack(">HH", primaries, curve)
    return bytes(data)


# Reference: xy of H.273, table 2; white C, D65, DCI's or that of equal energy.
@pytest.mark.parametrize("kind", ["PNG", "HEIC", "AVIF"])
@pytest.mark.parametrize(
    ("primaries", "curve"),
    [(1, 4), (1, 5), (1, 7), (1, 8), (4, 1), (5, 1), (6, 6), (7, 7), (8, 2), (9, 1), (9, 14), (9, 15), (11, 13),
     (12, 4), (22, 1), (2, 4)],
)  # fmt: skip
def test_colours_stated_by_numbers_open_unchanged_with_a_profile_that_says_the_same(
    tmp_path: Path, kind: str, primaries: int, curve: int
) -> None:
    photo = opened(tmp_path, stating(kind, primaries, curve))
    assert largest_difference(photo.pixels, SMOOTH) <= 1
    assert photo.notes == ()
    assert photo.profile is not None
    assert not is_srgb(photo.profile)
    grey = Raster(np.full((1, 1, 3), 128, np.uint8), photo.profile)
    assert np.ptp(to_srgb(grey).astype(int)) <= 1  # white stays white under every primaries


@pytest.mark.parametrize(
    ("primaries", "curve", "green"),
    # Computed apart from this program: linear light by the curve, H.273's xy to XYZ, Bradford to D65, IEC 61966-2-1.
    [(9, 1, (0, 255, 0)), (1, 8, (0, 188, 0)), (1, 4, (0, 128, 0))],
)
def test_a_stated_green_is_the_green_of_the_standard(
    tmp_path: Path, primaries: int, curve: int, green: tuple[int, int, int]
) -> None:
    level = 255 if primaries == 9 else 128
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[..., 1] = level
    photo = opened(tmp_path, png_stating(primaries, curve, 0, 1, picture=picture))
    assert largest_difference(to_srgb(photo.raster)[0, 0], np.array(green)) <= 2


def test_display_p3_by_numbers_is_display_p3_by_profile(tmp_path: Path) -> None:
    photo = opened(tmp_path, png_stating(12, 13, 0, 1))
    colours = np.random.default_rng(0).uniform(0, 1, (8, 8, 3)).astype(np.float32)
    assert np.abs(from_srgb(colours, photo.profile) - from_srgb(colours, DISPLAY_P3)).max() < 0.004


@pytest.mark.parametrize("kind", ["HEIC", "tiled HEIC", "AVIF", "10-bit AVIF"])
def test_a_grey_picture_in_video_range_has_black_and_white(tmp_path: Path, kind: str) -> None:
    levels = np.repeat(np.array([[16, 71, 126, 235]], np.uint8), 64, axis=0).repeat(32, axis=1)
    if kind == "AVIF":
        data = bytearray(encoded(levels, "AVIF", subsampling="4:0:0", quality=100, range="full"))
    elif kind == "10-bit AVIF":
        deep = pyvips.Image.new_from_array(levels.astype(np.uint16) << 8).copy(interpretation="grey16")
        data = bytearray(deep.heifsave_buffer(compression="av1", bitdepth=10, lossless=True, effort=1))
    else:
        data = bytearray(
            heic(levels, "L", save_nclx_profile=True, **({"tile_size": 64} if kind == "tiled HEIC" else {}))
        )
    for at in (at for at in range(len(data)) if data[at : at + 4] == b"nclx"):
        data[at + 10] = 0
    photo = opened(tmp_path, bytes(data), "photo.heic")
    assert largest_difference(photo.pixels[0, ::32, 1], np.array([0, 64, 128, 255])) <= 2


def test_a_grey_picture_of_whole_range_is_left_alone(tmp_path: Path) -> None:
    data = encoded(SMOOTH[..., 0], "AVIF", subsampling="4:0:0", quality=100, range="full")
    assert largest_difference(opened(tmp_path, data).pixels[..., 0], SMOOTH[..., 0]) <= 3


@pytest.mark.parametrize("matrix", [1, 2, 5, 6, 9, 12])
def test_every_matrix_is_undone_as_libavif_does(tmp_path: Path, matrix: int) -> None:
    data = bytearray(encoded(SMOOTH, "AVIF", subsampling="4:4:4", quality=100))
    at = data.index(b"nclx")
    data[at + 8 : at + 10] = matrix.to_bytes(2)
    with Image.open(io.BytesIO(data)) as image:  # by libavif
        assert largest_difference(opened(tmp_path, bytes(data)).pixels, np.asarray(image)) <= 1


def broken_curve(profile: bytes) -> bytes:
    return profile.replace(b"curv", b"xxxx").replace(b"para", b"xxxx")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_a_profile_that_cannot_be_followed_is_ignored_with_a_note(tmp_path: Path, kind: str) -> None:
    data = encoded(SMOOTH, kind, icc_profile=broken_curve(srgb_profile()))
    photo = opened(tmp_path, data)
    assert photo.profile is None
    assert photo.notes == ("The picture's colour profile is damaged and was ignored; colours may look wrong.",)
    assert to_srgb(photo.raster) is photo.pixels


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
def test_colours_whose_profile_only_leads_out_are_converted_with_a_note(tmp_path: Path, kind: str) -> None:
    one_way = table_profile("A scanner", P3_PRIMARIES, 2.2).replace(b"B2A0", b"none")
    photo = opened(tmp_path, encoded(SMOOTH, kind, icc_profile=one_way, quality=100, subsampling="4:4:4"))
    assert photo.profile is None
    assert photo.notes == ("The colours were converted to sRGB, as their profile can only be read, not written in.",)
    assert largest_difference(photo.pixels, to_srgb(Raster(SMOOTH, LUT_PROFILE))) <= (14 if kind == "AVIF" else 4)


@pytest.mark.parametrize("profile", [srgb_profile(), gamma_profile(1.8), DISPLAY_P3], ids=["sRGB", "1.8", "P3"])
def test_a_profile_with_bytes_behind_its_end_is_cut_there(profile: bytes) -> None:
    assert mended(profile) is profile
    assert mended(profile + b"\0\0") == profile
    assert mended(mended(profile + b"\0\0\0") + b"\0") == profile


def test_a_profile_that_ends_too_early_loses_the_tags_that_are_not_whole() -> None:
    short = mended(DISPLAY_P3[:-2])
    assert len(short) == int.from_bytes(short[:4])
    assert int.from_bytes(short[128:132]) == int.from_bytes(DISPLAY_P3[128:132]) - 1


def stated_jpeg(space: int, index: str | None, picture: Image.Image | None = None, **options: bytes) -> bytes:
    """A JPEG whose EXIF says what its colours are. index: of DCF's interoperability."""
    exif = Image.Exif()
    exif[0x8769] = {0xA001: space} | ({0xA005: {1: index}} if index else {})
    return encoded(picture or SMOOTH, "JPEG", quality=100, subsampling=0, exif=exif.tobytes(), **options)


@pytest.mark.parametrize(("space", "index"), [(0xFFFF, "R03"), (2, None), (2, "R98")])
def test_adobe_rgb_that_only_exif_states_is_shown_and_exported_as_that(
    tmp_path: Path, space: int, index: str | None
) -> None:
    photo = opened(tmp_path, stated_jpeg(space, index), "_MG_0001.JPG")
    plain = opened(tmp_path, encoded(SMOOTH, "JPEG", quality=100, subsampling=0), "plain.jpg")
    assert photo.identity == plain.identity
    assert np.array_equal(photo.pixels, plain.pixels)
    assert photo.notes == ()
    assert profile_name(photo.profile) == "Compatible with Adobe RGB (1998)"
    shown = to_srgb(Raster(np.array([[[128, 128, 128], [219, 0, 0], [144, 255, 60]]], np.uint8), photo.profile))
    assert largest_difference(shown, np.array([[[128, 128, 128], [255, 0, 0], [0, 255, 0]]])) <= 3
    view = first_view(tmp_path / "_MG_0001.JPG", 16)
    assert view is not None
    assert view.raster.profile == photo.profile
    for srgb, profile, stated in ((False, photo.profile, 0xFFFF), (True, srgb_profile(), 1)):
        out = tmp_path / f"out {stated}.jpg"
        export_picture(full_raster(photo), out, original=photo.path, settings=ExportSettings(srgb=srgb))
        assert open_photo(out).profile == profile
        with Image.open(out) as image:
            assert image.getexif().get_ifd(0x8769)[0xA001] == stated


@pytest.mark.parametrize(
    "data",
    [
        stated_jpeg(0xFFFF, None),
        stated_jpeg(0xFFFF, "R98"),
        stated_jpeg(1, "R03"),
        stated_jpeg(0xFFFF, "R03", icc_profile=srgb_profile()),
        stated_jpeg(0xFFFF, "R03", Image.new("CMYK", (8, 8))),
    ],
)
def test_exif_makes_no_adobe_rgb_of_other_colours(tmp_path: Path, data: bytes) -> None:
    assert is_srgb(opened(tmp_path, data, "photo.jpg").profile)
