"""Metadata of raw files that are no TIFF files: in exports all the same, or it is said that they are not."""

import io
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.photo.export.export import Exported, export_picture
from nti_desktop.photo.metadata import left_out_of_raw, read_raw_metadata
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.reading.raw_extents import raw_extents
from tests.picture_files import encoded, smooth_picture
from tests.witnesses import tags_read_by_exiftool

DATE = "2024:05:06 07:08:09"


def block(order: str = "<", *, exif: bool = True) -> bytes:
    """An EXIF block; its Exif directory alone in a block's first place where exif is False."""
    made = Image.Exif()
    made.endian = order
    made[0x010F], made[0x0110], made[0x0112] = "A maker", "A camera", 6
    if exif:
        made.get_ifd(0x8769)[0x9003] = DATE
    return made.tobytes().removeprefix(b"Exif\0\0")


def first_directory(tags: dict[int, object]) -> bytes:
    made = Image.Exif()
    made.endian = "<"
    for tag, value in tags.items():
        made[tag] = value
    return made.tobytes().removeprefix(b"Exif\0\0")


def with_mark(mark: bytes) -> bytes:
    data = block("<" if mark[:2] == b"II" else ">")
    return mark + data[4:]


def jpeg() -> bytes:
    return encoded(smooth_picture(), "JPEG", exif=b"Exif\0\0" + block())


def raf() -> bytes:
    head = b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">LL", 200, len(jpeg()))
    return head.ljust(200, b"\0") + jpeg() + bytes(1000)


def x3f() -> bytes:
    section = b"SECi" + struct.pack("<LLLLLL", 0x20000, 2, 18, 60, 40, 0) + jpeg()
    directory = b"SECd" + struct.pack("<LL", 0x20000, 1) + struct.pack("<LL4s", 40, len(section), b"IMA2")
    return b"FOVb".ljust(40, b"\0") + section + directory + struct.pack("<L", 40 + len(section))


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", 8 + len(data)) + name + data


def cr3() -> bytes:
    main = box(b"CMT1", block(exif=False)) + box(b"CMT2", first_directory({0x9003: DATE}))
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(b"CNCV", b"CanonCR3") + main
    place = box(b"CMT4", first_directory({1: "N"}))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", canon + place)) + box(b"mdat", bytes(999))


def mrw() -> bytes:
    parts = b"\0PRD" + struct.pack(">L", 8) + bytes(8) + b"\0TTW" + struct.pack(">L", len(block(">"))) + block(">")
    return b"\0MRM" + struct.pack(">L", len(parts)) + parts + bytes(99)


RAWS: dict[str, Callable[[], bytes]] = {
    "photo.rw2": lambda: with_mark(b"IIU\0"),
    "photo.orf": lambda: with_mark(b"IIRO"),
    "small.orf": lambda: with_mark(b"IIRS"),
    "old.orf": lambda: with_mark(b"MMOR"),
    "photo.raf": raf,
    "photo.x3f": x3f,
    "photo.cr3": cr3,
    "photo.mrw": mrw,
}


def exported(folder: Path, data: bytes, name: str) -> Exported:
    (folder / name).write_bytes(data)
    return export_picture(Raster(smooth_picture()), folder / "edit.jpg", original=folder / name)


@pytest.mark.parametrize("name", RAWS)
def test_camera_and_date_of_a_raw_file_are_in_its_export(tmp_path: Path, name: str) -> None:
    done = exported(tmp_path, RAWS[name](), name)
    assert done.path is not None
    tags = tags_read_by_exiftool(done.path)
    assert tags["IFD0:Make"] == "A maker"
    assert tags["IFD0:Model"] == "A camera"
    assert tags["IFD0:Orientation"] == "Horizontal (normal)"
    assert tags["ExifIFD:DateTimeOriginal"] == DATE
    assert "ExifTool:Warning" not in tags
    maker_note = "Not copied, as it can be followed in the raw file only: the camera's maker note."
    assert done.notes == ((maker_note,) if name == "photo.cr3" else ())


@pytest.mark.parametrize("data", [b"II\x1a\0\0\0HEAPCCDR" + bytes(99), b"FOVb" + bytes(99), b"\0MRM" + bytes(99)])
def test_metadata_of_a_raw_file_that_cannot_be_read_is_said_to_be_left_out(tmp_path: Path, data: bytes) -> None:
    assert exported(tmp_path, data, "photo.crw").notes == (
        "Not copied, as it cannot be read: the metadata of this kind of raw file.",
    )


@pytest.mark.parametrize("name", RAWS)
def test_a_raw_file_cut_short_anywhere_does_no_harm(name: str) -> None:
    whole = RAWS[name]()
    for length in range(0, len(whole), max(1, len(whole) // 150)):
        read_raw_metadata(io.BytesIO(whole[:length]))


@pytest.mark.parametrize("name", RAWS)
def test_flipped_bytes_do_no_harm(name: str) -> None:
    whole, chance = RAWS[name](), random.Random(name)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            data[chance.randrange(min(len(data), 800))] = chance.randrange(256)
        file = io.BytesIO(bytes(data))
        left_out_of_raw(file)
        assert raw_extents(file).end >= len(data)


def test_boxes_within_boxes_without_end_are_not_followed() -> None:
    data = b""
    for _ in range(3000):
        data = box(b"moov", data)
    assert read_raw_metadata(io.BytesIO(box(b"ftyp", b"crx \0\0\0\1crx isom") + data)) is None


class Counted(io.BytesIO):
    """Counts what is asked of it at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.most = max(self.most, len(self.getbuffer()) if size is None or size < 0 else size)
        return super().read(size)


def test_lengths_that_cannot_be_are_not_followed() -> None:
    section = b"SECi".ljust(12, b"\0") + struct.pack("<L", 18) + bytes(12)
    directory = b"SECd".ljust(8, b"\0") + struct.pack("<L", 1) + struct.pack("<LL", 40, 0) + b"IMAG"
    negative = b"FOVb".ljust(40, b"\0") + section + directory + struct.pack("<L", 40 + len(section))
    file = Counted(negative + bytes(1 << 20) + negative[-4:])
    assert read_raw_metadata(file) is None
    assert file.most < 1000
    endless = b"\0\0\0\1ftypcrx " + b"\xff" * 8 + bytes(100)
    assert raw_extents(io.BytesIO(endless)).end >= len(endless)
