"""TIFF files as other programs read them."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.export import tiff_writer
from nti_desktop.photo.export.tiff_writer import write_tiff
from nti_desktop.photo.metadata import Metadata, read_metadata
from tests.metadata_files import CAMERA_IPTC, CAMERA_PACKET, directory, exif_block, tags_of
from tests.picture_files import gamma_profile

ORDERS = {"<": exif_block("<", orientation=1), ">": exif_block(">", orientation=1), "none": b""}
PROFILE = gamma_profile(1.8)
Samples = NDArray[np.uint8] | NDArray[np.uint16]


def noise(*shape: int, bits: int = 8) -> Samples:
    """Noise over a slope, so that neighbours differ by anything."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(1).integers(0, 2**bits, shape, dtype=dtype)


def written(pixels: Samples, metadata: Metadata | None = None) -> bytes:
    file = io.BytesIO()
    write_tiff(file, pixels, PROFILE, metadata or Metadata())
    return file.getvalue()


def as_imagemagick_reads(folder: Path, data: bytes, *, channels: str = "rgb") -> Samples:
    """The samples in 16 bits, as (pixels, channels), from a reader that is libtiff and no code of this project."""
    (folder / "picture.tif").write_bytes(data)
    command = ["convert", str(folder / "picture.tif"), "-depth", "16", "-endian", "LSB", f"{channels}:-"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert all(b"PixelXDimension" in line or b"Unknown field" in line for line in raw.stderr.splitlines())  # of EXIF
    return np.frombuffer(raw.stdout, "<u2").reshape(-1, 1 if channels == "gray" else len(channels))


@pytest.mark.parametrize("order", ORDERS)
def test_16_bits_of_either_byte_order_are_read_back_by_another_program(tmp_path: Path, order: str) -> None:
    pixels = noise(37, 53, 3, bits=16)
    data = written(pixels, Metadata(ORDERS[order]))
    assert data[:4] == (b"MM\0*" if order == ">" else b"II*\0")
    assert np.array_equal(as_imagemagick_reads(tmp_path, data), pixels.reshape(-1, 3))


@pytest.mark.parametrize("order", ORDERS)
def test_8_bits_are_read_back_by_pillow(order: str) -> None:
    pixels = noise(37, 53, 3)
    opened = Image.open(io.BytesIO(written(pixels, Metadata(ORDERS[order]))))
    assert np.array_equal(np.asarray(opened), pixels)
    assert opened.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("bits", [8, 16])
def test_transparency_is_read_back_beside_colours_it_was_not_multiplied_with(tmp_path: Path, bits: int) -> None:
    pixels = noise(20, 31, 4, bits=bits)
    found = as_imagemagick_reads(tmp_path, written(pixels), channels="rgba")
    assert np.array_equal(found >> (16 - bits), pixels.reshape(-1, 4))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300_000), (700, 400), (2_000, 1)])
def test_pictures_of_one_and_of_many_strips_are_read_back(height: int, width: int) -> None:
    pixels = noise(height, width, 3)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(written(pixels)))), pixels)


def test_a_picture_that_lies_in_memory_in_any_manner_is_written_as_it_looks() -> None:
    base = noise(40, 60, 4)
    for pixels in (base[::-1, ::2, :3], base.transpose(1, 0, 2)[..., 2::-1], np.asfortranarray(base[..., :3])):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(written(pixels)))), pixels)


def test_writing_leaves_the_picture_as_it_was() -> None:
    pixels = noise(30, 30, 3, bits=16)
    before = pixels.copy()
    written(pixels, Metadata(ORDERS[">"]))
    assert np.array_equal(pixels, before)


def test_compression_makes_a_smooth_picture_smaller() -> None:
    slope = np.arange(400 * 600 * 3, dtype=np.uint16).reshape(400, 600, 3)
    assert len(written(slope)) < slope.nbytes / 20


@pytest.mark.parametrize("order", "<>")
def test_the_file_begins_with_the_exif_block_but_for_where_its_first_directory_is(order: str) -> None:
    block = ORDERS[order]
    data = written(noise(4, 4, 3), Metadata(block, CAMERA_PACKET, CAMERA_IPTC))
    assert data[:4] == block[:4]
    assert data[8 : len(block)] == block[8:]
    found = read_metadata(io.BytesIO(data), "TIFF")
    assert (found.xmp, found.iptc) == (CAMERA_PACKET, CAMERA_IPTC)


def test_a_block_of_odd_length_and_what_it_says_about_its_own_storage_make_no_broken_file(tmp_path: Path) -> None:
    tags = {0x0103: (3, [6]), 0x010F: (2, b"Acme"), 0x0213: (3, [2]), 0x0117: (4, [99]), 0x02BC: (1, b"x")}
    block = b"II*\0\x08\0\0\0" + directory("<", 8, tags) + b"!"
    pixels = noise(9, 7, 3)
    data = written(pixels, Metadata(block))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    (tmp_path / "edit.tif").write_bytes(data)
    (tags_read,) = tags_of(tmp_path / "edit.tif")
    assert tags_read["IFD0:Make"] == "Acme"
    assert tags_read["IFD0:Compression"] == 8
    assert not {"IFD0:YCbCrPositioning", "ExifTool:Warning", "ExifTool:Error"} & tags_read.keys()


def test_a_grey_picture_of_16_bits_is_read_back_by_another_program(tmp_path: Path) -> None:
    grey = noise(12, 18, bits=16)
    data = written(grey)
    assert np.array_equal(as_imagemagick_reads(tmp_path, data, channels="gray"), grey.reshape(-1, 1))
    assert "icc_profile" not in Image.open(io.BytesIO(data)).info


def test_a_file_is_refused_when_it_outgrows_its_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(500, 500, 3)
    monkeypatch.setattr(tiff_writer, "_MOST_FILE_BYTES", 600_000)
    with pytest.raises(ValueError, match="4 GiB"):
        written(pixels)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_arrays_that_are_no_pictures_are_refused(pixels: Samples) -> None:
    with pytest.raises(ValueError, match="No picture"):
        written(pixels)
