"""Raw files that end too early are refused, also where LibRaw reads on in silence; whole ones open, always the same."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.reading.raw import develop, raw_identity
from nti_desktop.photo.reading.raw_extents import raw_extents
from tests.picture_files import tiff_file
from tests.raw_files import dng_file

WIDTH, HEIGHT = 448, 320
DATA_AT = 4096


def panasonic_file(*, states_its_length: bool = True) -> bytes:
    """An RW2 whose sensor data LibRaw unpacks from blocks of 16 kB, 14 small values in 16 bytes."""
    data = np.random.default_rng(0).integers(0, 5, WIDTH * HEIGHT * 8 // 7 + 0x4000, dtype=np.uint8).tobytes()
    data = data[: len(data) // 0x4000 * 0x4000]
    texts = {0x010F: b"Panasonic\0", 0x0110: b"DMC-LX3\0"}
    numbers = {
        0x0002: WIDTH, 0x0003: HEIGHT, 0x0004: 0, 0x0005: 0, 0x0006: HEIGHT, 0x0007: WIDTH, 0x0008: 1, 0x0009: 4,
        0x000A: 12, 0x000B: 34316, 0x000E: 4095, 0x000F: 4095, 0x0010: 4095, 0x0017: 80, 0x0024: 570, 0x0025: 256,
        0x0026: 400, 0x0112: 1,
    }  # fmt: skip
    longs = {0x0111: 0xFFFFFFFF, 0x0117: len(data) if states_its_length else 0, 0x0118: DATA_AT}
    entries, beyond = {}, b""
    for tag, text in texts.items():
        entries[tag] = struct.pack("<HHLL", tag, 2, len(text), 2048 + len(beyond))
        beyond += text
    entries |= {tag: struct.pack("<HHLL", tag, 3, 1, value) for tag, value in numbers.items()}
    entries |= {tag: struct.pack("<HHLL", tag, 4, 1, value) for tag, value in longs.items()}
    entries[1] = struct.pack("<HHL4s", 1, 7, 4, b"0300")
    table = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return ((b"IIU\0" + struct.pack("<L", 8) + table).ljust(2048, b"\0") + beyond).ljust(DATA_AT, b"\0") + data


def saved(folder: Path, data: bytes, name: str = "photo.rw2") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("states_its_length", [True, False])
def test_a_whole_file_opens_and_is_the_same_at_each_reading(tmp_path: Path, states_its_length: bool) -> None:
    path = saved(tmp_path, panasonic_file(states_its_length=states_its_length))
    assert raw_identity(path) == raw_identity(path) == open_photo(path).identity


@pytest.mark.parametrize("function", [raw_identity, develop, open_photo])
@pytest.mark.parametrize("share", [0.99, 0.9, 0.5, 0.05])
def test_a_file_that_says_it_is_longer_is_refused(
    tmp_path: Path, function: Callable[[Path], object], share: float
) -> None:
    whole = panasonic_file()
    if share == 0.99:  # the last block holds values that belong to no pixel
        whole, share = whole[:-0x4000], 0.97
    path = saved(tmp_path, whole[: int(len(whole) * share)])
    with pytest.raises(PhotoError, match=r"“photo\.rw2” is cut short or damaged"):
        function(path)


@pytest.mark.parametrize("share", [0.3, 0.05])
def test_a_file_too_short_for_its_pixels_is_refused(tmp_path: Path, share: float) -> None:
    whole = panasonic_file(states_its_length=False)
    with pytest.raises(PhotoError, match="is cut short or damaged"):
        raw_identity(saved(tmp_path, whole[: int(len(whole) * share)]))


def test_a_missing_end_that_holds_no_values_is_not_missed(tmp_path: Path) -> None:
    whole = dng_file(np.full((64, 64), 5000, np.uint16))
    at = whole.index(struct.pack("<HHL", 279, 4, 1))
    claiming = whole[:at] + struct.pack("<HHLL", 279, 4, 1, 2 * 64 * 64 + 100) + whole[at + 12 :]
    path = saved(tmp_path, claiming, "photo.dng")
    assert raw_identity(path) == raw_identity(saved(tmp_path, whole, "whole.dng"))


def test_a_mosaic_that_lacks_tiles_is_told_from_one_that_has_them() -> None:
    def lacks(tiles: int) -> bool:
        extra = [(322, 4, [32]), (323, 4, [32]), (324, 4, [400] * tiles), (325, 4, [8] * tiles)]
        data = tiff_file(bytes(64 * 96), 96, 64, bits=(8,), photometric=32803, extra=extra)
        return raw_extents(io.BytesIO(data)).lacks_tiles

    assert not lacks(6)
    assert lacks(5)
    assert lacks(1)


CR3_HEAD = struct.pack(">L4s", 24, b"ftyp") + b"crx \0\0\0\1crx isom"


@pytest.mark.parametrize(
    ("data", "beyond"),
    [
        (b"FUJIFILMCCD-RAW ".ljust(100, b"\0") + struct.pack(">LL", 108, 500) + bytes(500), 0),
        (b"FUJIFILMCCD-RAW ".ljust(100, b"\0") + struct.pack(">LL", 108, 500) + bytes(400), 100),
        (CR3_HEAD + struct.pack(">L4s", 508, b"mdat") + bytes(500), 0),
        (CR3_HEAD + struct.pack(">L4s", 508, b"mdat") + bytes(99), 401),
        (
            CR3_HEAD + struct.pack(">L4sQ", 1, b"mdat", 516)
            + bytes(100),
            400,
        ),
        (b"nothing that is known", 0),
    ],
)  # fmt: skip
def test_how_far_a_file_says_it_reaches_is_read_from_every_kind(data: bytes, beyond: int) -> None:
    assert raw_extents(io.BytesIO(data)).end == len(data) + beyond
