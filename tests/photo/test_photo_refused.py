"""What is refused as a photo: one clear sentence each, and the next picture opens."""

import errno
import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.photo.reading.failures import failure
from tests.picture_files import encoded, noisy_picture, png_file, smooth_picture, tiff_file
from tests.rights import open_folder, without_rights


def opened(folder: Path, data: bytes, name: str = "photo.jpg") -> Photo:
    path = folder / name
    path.write_bytes(data)
    return open_photo(path)


def refusal(folder: Path, data: bytes, name: str = "photo.jpg") -> str:
    """The sentence a file is refused with; it names the file and is one sentence."""
    with pytest.raises(PhotoError) as caught:
        opened(folder, data, name)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert f"“{name}”" in sentence
    return sentence


def claiming_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose head claims another size than its data have."""
    data = bytearray(encoded(smooth_picture(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    "data", [b"hello, this is a text\n", b"\0" * 100, b"\x89PN", b"GIF89a" + b"\0" * 50, b"\xff\xd8"]
)
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "is not a picture this program reads" in refusal(tmp_path, data)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "is an empty file" in refusal(tmp_path, b"")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"“gone\.jpg” does not exist"):
        open_photo(tmp_path / "gone.jpg")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is a folder"):
        open_photo(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="is not a file"):
        open_photo(tmp_path / "pipe.jpg")


def test_an_unreadable_file_is_refused() -> None:
    with open_folder() as folder:
        path = folder / "secret.png"
        path.write_bytes(encoded(smooth_picture(), "PNG"))
        path.chmod(0)
        with without_rights(), pytest.raises(PhotoError, match=r"“secret\.png” may not be read"):
            open_photo(path)


def test_a_disk_that_fails_while_reading_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(smooth_picture(), "PNG"))

    class FailingFile(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            if self.tell() > 100:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    monkeypatch.setattr(disk, "open_to_read", FailingFile)
    with pytest.raises(PhotoError, match="could not be read from the disk"):
        open_photo(path)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("MPO", {"save_all": True, "append_images": [Image.fromarray(smooth_picture())]}),
    ],
)
def test_a_picture_cut_short_anywhere_is_refused_or_complete(tmp_path: Path, kind: str, options: dict) -> None:
    whole = encoded(noisy_picture(24, 24), kind, **options)
    pixels = opened(tmp_path, whole).pixels
    assert_cuts_are_refused(tmp_path, whole, pixels, most_complete=len(whole) // 2 if kind == "MPO" else 24)


@pytest.mark.parametrize("deflate", [False, True])
def test_a_tiff_with_its_directory_first_cut_short_anywhere_is_refused(tmp_path: Path, deflate: bool) -> None:
    whole = tiff_file(noisy_picture(24, 24).tobytes(), 24, 24, deflate=deflate)
    assert_cuts_are_refused(tmp_path, whole, noisy_picture(24, 24), most_complete=0)


def assert_cuts_are_refused(folder: Path, whole: bytes, pixels: np.ndarray, most_complete: int) -> None:
    """Only cuts in the last `most_complete` bytes may open, and only to the same pixels."""
    path = folder / "cut"
    for length in (*range(1, 40), *range(40, len(whole) - 24, 37), *range(len(whole) - 24, len(whole))):
        path.write_bytes(whole[:length])
        try:
            assert np.array_equal(open_photo(path).pixels, pixels)
            assert length >= len(whole) - most_complete
        except PhotoError as error:
            assert str(error).startswith("“cut” ")  # noqa: PT017 (both outcomes are right, at different lengths)


def test_a_truncated_jpeg_is_told_as_such(tmp_path: Path) -> None:
    whole = encoded(noisy_picture(), "JPEG")
    assert "cut short" in refusal(tmp_path, whole[: len(whole) // 2])


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_zero_sized_png_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert "has no pixels" in refusal(tmp_path, png_file(*size, 8, 2, b""))


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_zero_sized_jpeg_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert "has no pixels" in refusal(tmp_path, claiming_jpeg(*size))


def test_a_zero_sized_tiff_is_refused(tmp_path: Path) -> None:
    assert "has no pixels" in refusal(tmp_path, tiff_file(b"abc", 0, 1, strips=1))


def test_a_12_bit_jpeg_is_refused_as_such(tmp_path: Path) -> None:
    data = bytearray(encoded(smooth_picture(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert "12-bit JPEG" in refusal(tmp_path, bytes(data))


ROWS = bytes(64 * 64 * 3)
WHOLE_BUT_RARE = {
    "12-bit RGB": tiff_file(bytes(64 * 64 * 9 // 2), 64, 64, bits=(12,) * 3),
    "12-bit grey": tiff_file(bytes(64 * 64 * 3 // 2), 64, 64, bits=(12,), photometric=1),
    "24-bit": tiff_file(bytes(64 * 64 * 9), 64, 64, bits=(24,) * 3),
    "4-bit RGB": tiff_file(bytes(64 * 64 * 3 // 2), 64, 64, bits=(4,) * 3),
    "short floats": tiff_file(bytes(64 * 64 * 6), 64, 64, bits=(16,) * 3, extra=[(339, 3, [3] * 3)]),
    "complex numbers": tiff_file(bytes(64 * 64 * 24), 64, 64, bits=(64,) * 3, extra=[(339, 3, [6] * 3)]),
    "signed": tiff_file(ROWS, 64, 64, extra=[(339, 3, [2] * 3)]),
    "JBIG": tiff_file(ROWS, 64, 64, extra=[(259, 3, [34661])]),
    "LERC": tiff_file(ROWS, 64, 64, extra=[(259, 3, [34887])]),
    "JPEG 2000": tiff_file(ROWS, 64, 64, extra=[(259, 3, [34712])]),
    "JPEG XL": tiff_file(ROWS, 64, 64, extra=[(259, 3, [50002])]),
    "Zstandard": tiff_file(ROWS, 64, 64, extra=[(259, 3, [50000])]),
    "deep Lab": tiff_file(bytes(64 * 64 * 6), 64, 64, bits=(16,) * 3, photometric=8),
    "ICC Lab": tiff_file(ROWS, 64, 64, photometric=9),
    "a mosaic": tiff_file(bytes(64 * 64), 64, 64, bits=(8,), photometric=32803),
    "six inks": tiff_file(bytes(64 * 64 * 6), 64, 64, bits=(8,) * 6, photometric=5),
    "coarse YCbCr": tiff_file(bytes(64 * 96), 64, 64, photometric=6),
}


@pytest.mark.parametrize("which", WHOLE_BUT_RARE)
def test_a_whole_tiff_of_a_rare_kind_is_not_called_damaged(tmp_path: Path, which: str) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(WHOLE_BUT_RARE[which])
    try:
        open_photo(path)
    except PhotoError as error:
        said = str(error)
    else:
        return  # some of these may be read one day
    assert "save it" in said
    assert not [words for words in ("damaged", "cut short", "copy it again", "memory") if words in said]


def test_a_12_bit_tiff_is_refused_as_such(tmp_path: Path) -> None:
    assert "is a 12-bit TIFF" in refusal(tmp_path, WHOLE_BUT_RARE["12-bit RGB"])


@pytest.mark.parametrize("process", [0xC3, 0xC5])
def test_a_jpeg_of_a_rare_process_is_not_called_damaged(tmp_path: Path, process: int) -> None:
    data = bytearray(encoded(smooth_picture(), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = process
    assert "stored in a rare way" in refusal(tmp_path, bytes(data))


@pytest.mark.parametrize("codec", [b"vvc1", b"unci", b"j2k1", b"avc1"])
def test_a_heif_of_a_rare_codec_is_not_called_damaged(tmp_path: Path, codec: bytes) -> None:
    data = encoded(smooth_picture(64, 64), "AVIF").replace(b"av01", codec)
    assert "stored in a rare way" in refusal(tmp_path, data, "photo.heif")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "too large for this computer's memory"),
        (pyvips.Error("vips_tracked: out of memory --- size == 900MB"), "too large for this computer's memory"),
        (MemoryError("Security limit exceeded: Image size 20000x14000"), "larger than what decodes this kind"),
        (pyvips.Error("heif: Memory allocation error: Security limit exceeded"), "larger than what decodes this kind"),
        (pyvips.Error("VipsJpeg: premature end of JPEG image"), "is cut short or damaged"),
        (OSError("image file is truncated"), "is cut short or damaged"),
        (pyvips.Error("heif: Invalid input: Image tile has different chroma format"), "is stored in a rare way"),
    ],
)
def test_a_decoders_failure_is_told_for_what_it_is(error: Exception, words: str) -> None:
    assert words in str(failure(Path("photo.jpg"), error))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(tmp_path: Path, kind: str) -> None:
    data = encoded(noisy_picture(), kind, save_all=True, append_images=[Image.fromarray(smooth_picture())])
    assert "is animated" in refusal(tmp_path, data)


def test_a_picture_of_measured_values_is_refused(tmp_path: Path) -> None:
    data = encoded(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10), "TIFF")
    with pytest.raises(PhotoError, match="measured values"):
        opened(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [png_file(20_000, 15_100, 8, 2, b""), tiff_file(b"abc", 20_000, 15_100, strips=1), claiming_jpeg(20_000, 15_100)],
    ids=["PNG", "TIFF", "JPEG"],
)
def test_a_picture_of_more_than_300_megapixels_is_refused_before_decoding(tmp_path: Path, data: bytes) -> None:
    assert "302 megapixels, more than the 300" in refusal(tmp_path, data)


def test_after_a_refusal_the_next_picture_opens(tmp_path: Path) -> None:
    refusal(tmp_path, encoded(smooth_picture(), "JPEG")[:-500])
    assert opened(tmp_path, encoded(noisy_picture(), "PNG")).pixels.shape == (40, 60, 3)
