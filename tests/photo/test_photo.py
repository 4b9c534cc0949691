"""Opening photos: what is opened, upright and in sRGB, and what is told about it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import to_srgb
from nti_desktop.photo.photo import Photo, full_raster, open_photo
from tests.picture_files import (
    encoded,
    gamma_profile,
    noisy_picture,
    png_file,
    smooth_picture,
    tiff_file,
)

LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}
EVERY_KIND = {"JPEG": {"quality": 95, "subsampling": 0}, **LOSSLESS}


def opened(folder: Path, data: bytes, name: str = "photo.jpg", orientation: int | None = None) -> Photo:
    path = folder / name
    path.write_bytes(data)
    return open_photo(path, orientation)


def largest_difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_lossless_picture_opens_with_the_very_pixels_that_were_saved(tmp_path: Path, kind: str) -> None:
    pixels = noisy_picture()
    photo = opened(tmp_path, encoded(pixels, kind, **LOSSLESS[kind]))
    assert np.array_equal(photo.pixels, pixels)
    assert photo.notes == ()
    assert (photo.orientation, photo.bit_depth) == (1, 8)


def test_a_jpeg_opens_close_to_the_pixels_that_were_saved(tmp_path: Path) -> None:
    photo = opened(tmp_path, encoded(smooth_picture(), "JPEG", **EVERY_KIND["JPEG"]))
    assert largest_difference(photo.pixels, smooth_picture()) <= 6
    assert photo.notes == ()


def test_pixels_cannot_be_written_to(tmp_path: Path) -> None:
    photo = opened(tmp_path, encoded(smooth_picture(), "PNG"))
    with pytest.raises(ValueError, match="read-only"):
        photo.pixels[0, 0] = 0


def test_the_first_picture_of_a_phones_mpo_is_opened_without_a_note(tmp_path: Path) -> None:
    second = Image.fromarray(smooth_picture()[::-1])
    data = encoded(smooth_picture(), "MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
    photo = opened(tmp_path, data)
    assert largest_difference(photo.pixels, smooth_picture()) <= 6
    assert photo.notes == ()


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_is_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = smooth_picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored_for(orientation, upright), kind, exif=exif, **EVERY_KIND[kind])
    photo = opened(tmp_path, data)
    assert photo.orientation == orientation
    assert photo.pixels.shape == upright.shape
    assert largest_difference(photo.pixels, upright) <= (6 if kind == "JPEG" else 0)


def stored_for(orientation: int, upright: np.ndarray) -> np.ndarray:
    """How a camera stores an upright picture under an orientation (EXIF: where row 0 and column 0 of it lie)."""
    seen = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: upright.swapaxes(0, 1)[::-1],
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: upright.swapaxes(0, 1)[:, ::-1],
    }
    return np.ascontiguousarray(seen[orientation])


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_given_orientation_overrides_the_files_own(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    data = encoded(stored_for(6, smooth_picture()), kind, exif=exif, **EVERY_KIND[kind])
    photo = opened(tmp_path, data, orientation=6)
    assert photo.orientation == 6
    assert largest_difference(photo.pixels, smooth_picture()) <= (6 if kind == "JPEG" else 0)


def test_a_senseless_orientation_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert opened(tmp_path, encoded(smooth_picture(), "JPEG", exif=exif)).orientation == 1


def test_a_broken_exif_block_does_not_keep_a_photo_from_opening(tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff\x01"
    photo = opened(tmp_path, encoded(smooth_picture(), "JPEG", exif=broken))
    assert photo.orientation == 1


def test_a_palette_picture_opens_in_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(smooth_picture()).quantize(32)
    photo = opened(tmp_path, encoded(image, "PNG"))
    assert np.array_equal(photo.pixels, np.asarray(image.convert("RGB")))
    assert photo.notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_grey_picture_opens_as_equal_channels(tmp_path: Path, kind: str) -> None:
    photo = opened(tmp_path, encoded(smooth_picture()[..., 0], kind))
    assert np.array_equal(photo.pixels[..., 0], photo.pixels[..., 2])
    assert largest_difference(photo.pixels[..., 1], smooth_picture()[..., 0]) <= 6
    assert photo.notes == ()


def test_a_black_and_white_picture_opens(tmp_path: Path) -> None:
    bits = smooth_picture()[..., 0] > 100
    photo = opened(tmp_path, encoded(bits, "TIFF"))
    assert np.array_equal(photo.pixels[..., 0], bits * np.uint8(255))
    assert photo.bit_depth == 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_print_colours_open_converted_with_a_note(tmp_path: Path, kind: str) -> None:
    paper, cyan, black = (0, 0, 0, 0), (255, 0, 0, 0), (0, 0, 0, 255)
    photo = opened(tmp_path, in_print_colours(paper, kind))
    assert photo.notes == ("The colours were converted from print colours (CMYK) without a profile to sRGB.",)
    assert photo.pixels.min() >= 250
    assert opened(tmp_path, in_print_colours(black, kind)).pixels.max() <= 60
    red, green, blue = opened(tmp_path, in_print_colours(cyan, kind)).pixels[4, 4]
    assert red < 60 < green < blue


def in_print_colours(ink: tuple[int, int, int, int], kind: str) -> bytes:
    return encoded(Image.new("CMYK", (8, 8), ink), kind, **EVERY_KIND.get(kind, {}))


def test_lab_colours_open_converted_with_a_note(tmp_path: Path) -> None:
    lab = Image.merge("LAB", [Image.new("L", (8, 8), level) for level in (138, 209, 198)])  # sRGB red
    photo = opened(tmp_path, encoded(lab, "TIFF"))
    assert largest_difference(photo.pixels, np.full((8, 8, 3), (255, 0, 0))) <= 8
    assert any("Lab" in note for note in photo.notes)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_transparent_parts_are_shown_on_white_with_a_note(tmp_path: Path, kind: str) -> None:
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, :20] = 0
    photo = opened(tmp_path, encoded(np.concatenate([noisy_picture(), alpha], axis=-1), kind, **LOSSLESS[kind]))
    assert (photo.pixels[:, :20] == 255).all()
    assert np.array_equal(photo.pixels[:, 20:], noisy_picture()[:, 20:])
    assert any("white" in note for note in photo.notes)


@pytest.mark.parametrize("mode", ["P", "LA", "L"])
def test_every_kind_of_png_transparency_is_shown_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (8, 8), (0, 0) if mode == "LA" else 0)
    if mode == "P":
        image.putpalette([10, 20, 30])
    data = encoded(image, "PNG", **({} if mode == "LA" else {"transparency": 0}))
    photo = opened(tmp_path, data)
    assert (photo.pixels == 255).all()
    assert any("white" in note for note in photo.notes)


def test_an_opaque_alpha_channel_needs_no_note(tmp_path: Path) -> None:
    image = Image.fromarray(noisy_picture())
    image.putalpha(255)
    photo = opened(tmp_path, encoded(image, "PNG"))
    assert np.array_equal(photo.pixels, noisy_picture())
    assert photo.notes == ()


RAMP = np.linspace(0, 65535, 40 * 60).astype(np.uint16).reshape(40, 60)
SIXTEEN_BITS = {
    "grey PNG": lambda: encoded(RAMP, "PNG"),
    "grey TIFF": lambda: tiff_file(RAMP.astype("<u2").tobytes(), 60, 40, bits=(16,), photometric=1),
    "grey packed TIFF": lambda: tiff_file(
        RAMP.astype("<u2").tobytes(), 60, 40, bits=(16,), photometric=1, deflate=True
    ),
    "grey big-endian TIFF": lambda: tiff_file(
        RAMP.astype(">u2").tobytes(), 60, 40, bits=(16,), photometric=1, order=">"
    ),
    "reversed grey TIFF": lambda: tiff_file((65535 - RAMP).astype("<u2").tobytes(), 60, 40, bits=(16,), photometric=0),
    "colour PNG": lambda: png_file(60, 40, 16, 2, np.stack([RAMP] * 3, -1).astype(">u2").tobytes()),
    "colour TIFF": lambda: tiff_file(np.stack([RAMP] * 3, -1).astype("<u2").tobytes(), 60, 40, bits=(16, 16, 16)),
    "colour packed big-endian TIFF": lambda: tiff_file(
        np.stack([RAMP] * 3, -1).astype(">u2").tobytes(), 60, 40, bits=(16, 16, 16), deflate=True, order=">"
    ),
}


@pytest.mark.parametrize("which", SIXTEEN_BITS)
def test_a_16_bit_picture_is_shown_with_8_bits_and_keeps_every_value(tmp_path: Path, which: str) -> None:
    photo = opened(tmp_path, SIXTEEN_BITS[which]())
    assert largest_difference(photo.pixels, np.stack([RAMP // 257] * 3, -1)) <= 1
    assert (photo.bit_depth, photo.notes) == (16, ())
    full = full_raster(photo).pixels
    assert full.dtype == np.uint16
    assert np.array_equal(full, np.stack([RAMP] * 3, -1))


def test_a_16_bit_tiff_that_lies_on_its_side_is_upright(tmp_path: Path) -> None:
    side = stored_for(6, RAMP)
    data = tiff_file(side.astype("<u2").tobytes(), 40, 60, bits=(16,), photometric=1, extra=[(274, 3, [6])])
    photo = opened(tmp_path, data)
    assert largest_difference(photo.pixels[..., 0], RAMP // 257) <= 1
    assert np.array_equal(full_raster(photo).pixels[..., 0], RAMP)


def test_a_picture_that_changed_on_the_disk_is_not_taken_for_the_opened_one(tmp_path: Path) -> None:
    photo = opened(tmp_path, encoded(noisy_picture(), "PNG"))
    photo.path.write_bytes(encoded(smooth_picture(), "PNG"))
    with pytest.raises(PhotoError, match=r"“photo\.jpg” holds another picture than when it was opened"):
        full_raster(photo)


def test_an_srgb_profile_needs_no_note(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = opened(tmp_path, encoded(noisy_picture(), "PNG", icc_profile=profile))
    assert np.array_equal(photo.pixels, noisy_picture())
    assert photo.notes == ()


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_photo_keeps_its_own_colours_and_their_profile(tmp_path: Path, kind: str) -> None:
    pixels, profile = np.full((8, 8, 3), 128, np.uint8), gamma_profile(1.0)
    photo = opened(tmp_path, encoded(pixels, kind, icc_profile=profile, **EVERY_KIND[kind]))
    assert largest_difference(photo.pixels, pixels) <= 1
    assert photo.profile == profile
    assert photo.notes == ()
    linear = 128 / 255
    expected = round((1.055 * linear ** (1 / 2.4) - 0.055) * 255)  # IEC 61966-2-1
    assert largest_difference(to_srgb(photo.raster), np.full((8, 8, 3), expected)) <= 2


def test_a_damaged_profile_is_ignored_with_a_note(tmp_path: Path) -> None:
    photo = opened(tmp_path, encoded(noisy_picture(), "PNG", icc_profile=b"not a profile at all" * 20))
    assert np.array_equal(photo.pixels, noisy_picture())
    assert "damaged" in photo.notes[0]


def test_a_profile_of_another_colour_model_is_ignored_with_a_note(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photo = opened(tmp_path, encoded(noisy_picture(), "PNG", icc_profile=profile))
    assert np.array_equal(photo.pixels, noisy_picture())
    assert "does not fit" in photo.notes[0]


def test_a_grey_picture_with_a_colour_profile_is_converted(tmp_path: Path) -> None:
    photo = opened(tmp_path, encoded(np.full((8, 8), 128, np.uint8), "PNG", icc_profile=gamma_profile(1.0)))
    assert largest_difference(to_srgb(photo.raster), np.full((8, 8, 3), 188)) <= 2


def test_the_first_page_of_a_tiff_is_opened_with_a_note(tmp_path: Path) -> None:
    pages = encoded(noisy_picture(), "TIFF", save_all=True, append_images=[Image.fromarray(smooth_picture())])
    photo = opened(tmp_path, pages)
    assert np.array_equal(photo.pixels, noisy_picture())
    assert photo.notes == ("This file holds several pictures; the first one is opened.",)


@pytest.mark.slow
def test_a_100_megapixel_jpeg_is_opened_and_edited_in_sane_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.new("RGB", (11_600, 8_700), (200, 30, 40)).save(path, quality=50)
    script = """
import re, sys
from pathlib import Path
import numpy as np
from nti_desktop.photo.compositing.composite import Layer, composite
from nti_desktop.photo.frame import frame_image, whole_photo
from nti_desktop.photo.photo import open_photo

photo = open_photo(Path(sys.argv[1]))
frame = whole_photo(11_600, 8_700, 512, 8)
source = frame_image(photo.raster, frame).astype(np.float32) / 255
mask = np.zeros(source.shape[:2], np.float32)
mask[100:200, 100:200] = 1
out = composite(photo.raster, Layer(frame, 1 - source, source, mask)).pixels
assert out.shape == (8_700, 11_600, 3)
assert not np.array_equal(out, photo.pixels)
# Not ru_maxrss, which keeps the peak of the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 1_500_000  # KiB; the picture is 0.3 GB, and 0.4 GB inside the decoder
