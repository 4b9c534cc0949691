"""The metadata of raw files that are no TIFF files, or not quite, each of which keeps its EXIF in a way of its own."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.blocks import MOST_BYTES, LeftOut, Metadata
from nti_desktop.photo.metadata.exif import EXIF_IFD, GPS_IFD, has_thumbnail
from nti_desktop.photo.metadata.exif_from_tiff import exif_from_tiff, joined_exif
from nti_desktop.photo.metadata.reading import read_metadata
from nti_desktop.photo.metadata.tiff import Layout
from nti_desktop.photo.reading.containers import Part, file_size, kind_of, read_at
from nti_desktop.photo.reading.heif_boxes import child_boxes, top_boxes

_RAF = b"FUJIFILMCCD-RAW "
_RAF_JPEG = 84  # where the offset and the length of its JPEG lie
_MRW, _MRW_EXIF = b"\0MRM", b"\0TTW"
_X3F, _X3F_DIRECTORY, _X3F_JPEG = b"FOVb", b"SECd", 18
_X3F_SECTION_HEAD = 28
_OTHER_TIFFS = (b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # Panasonic and Leica, Olympus
_FIRST_TAG_OF_TIFF = 0x00FE  # Panasonic's own lie below
_CR3 = b"ftypcrx "
_CR3_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CR3_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CR3_BLOCKS = {b"CMT1": None, b"CMT2": EXIF_IFD, b"CMT4": GPS_IFD}
_UUID_BYTES = 16
_MOST_SECTIONS = 32


def read_raw_metadata(file: BinaryIO) -> Metadata | None:
    """Read what an RW2, RWL, ORF, RAF, CR3, X3F or MRW file says beside its pixels; None for others and where that
    cannot be followed. Maker notes whose offsets count from elsewhere come along as bytes.
    """
    head = read_at(file, 0, len(_RAF))
    if head[:4] in _OTHER_TIFFS:
        return _of_tiff_like(file, head)
    if head == _RAF:
        place = read_at(file, _RAF_JPEG, 8)
        return _of_jpeg(file, int.from_bytes(place[:4]), int.from_bytes(place[4:]))
    if head[:4] == _MRW:
        return _of_mrw(file)
    if head[:4] == _X3F:
        return _of_x3f(file)
    return _of_cr3(file) if head[4:12] == _CR3 else None


def left_out_of_raw(file: BinaryIO) -> tuple[LeftOut, ...]:
    """List what of these raw files' metadata no edit's file takes over, in LeftOut's order."""
    found = read_raw_metadata(file)
    if found is None:
        return (LeftOut.RAW_METADATA,)
    is_cr3 = read_at(file, 4, 8) == _CR3  # whose maker note is a block of its own
    return ((LeftOut.PREVIEW,) if has_thumbnail(found.exif) else ()) + ((LeftOut.MAKER_NOTE,) if is_cr3 else ())


def _of_tiff_like(file: BinaryIO, head: bytes) -> Metadata | None:
    layout = Layout("<" if head[:2] == b"II" else ">", big=False)
    first = tiff.read_directory(file, layout, layout.number(head[4:8]))
    if first is None:
        return None
    described = tuple(entry for entry in first.entries if entry.tag >= _FIRST_TAG_OF_TIFF)
    return _found(exif_from_tiff(file, layout, replace(first, entries=described)))


def _of_jpeg(file: BinaryIO, start: int, size: int) -> Metadata | None:
    """The metadata of the JPEG that a camera leaves beside the sensor's data."""
    jpeg = io.BytesIO(read_at(file, start, min(size, MOST_BYTES)))
    return read_metadata(jpeg, "JPEG") if kind_of(jpeg) == "JPEG" else None


def _of_mrw(file: BinaryIO) -> Metadata | None:
    at, end = 8, 8 + int.from_bytes(read_at(file, 4, 4))
    for _ in range(_MOST_SECTIONS):
        head = read_at(file, at, 8)
        size = int.from_bytes(head[4:])
        if len(head) < 8 or at >= end:
            return None
        if head[:4] == _MRW_EXIF and size <= MOST_BYTES:
            return _found(joined_exif({None: read_at(file, at + 8, size)}))
        at += 8 + size
    return None


def _of_x3f(file: BinaryIO) -> Metadata | None:
    directory = int.from_bytes(read_at(file, max(0, file_size(file) - 4), 4), "little")
    head = read_at(file, directory, 12)
    if head[:4] != _X3F_DIRECTORY:
        return None
    for number in range(min(int.from_bytes(head[8:], "little"), _MOST_SECTIONS)):
        entry = read_at(file, directory + 12 + 12 * number, 12)
        start, size = int.from_bytes(entry[:4], "little"), int.from_bytes(entry[4:8], "little")
        section = read_at(file, start, _X3F_SECTION_HEAD)
        if entry[8:] in (b"IMAG", b"IMA2") and int.from_bytes(section[12:16], "little") == _X3F_JPEG:
            found = _of_jpeg(file, start + _X3F_SECTION_HEAD, size - _X3F_SECTION_HEAD)
            if found is not None and found.exif:
                return found
    return None


def _of_cr3(file: BinaryIO) -> Metadata | None:
    blocks: dict[int | None, bytes] = {}
    xmp = b""
    outermost = top_boxes(file)
    inner = [box for head in outermost if head.name == b"moov" for box in child_boxes(file, head)]
    for box in _named(file, [*outermost, *inner]):
        if box.name == _CR3_XMP and box.size <= MOST_BYTES:
            xmp = read_at(file, box.start, box.size)
        elif box.name == _CR3_CANON:
            for part in child_boxes(file, box):
                if part.name in _CR3_BLOCKS and part.size <= MOST_BYTES:
                    blocks[_CR3_BLOCKS[part.name]] = read_at(file, part.start, part.size)
    return _found(joined_exif(blocks), xmp)


def _named(file: BinaryIO, boxes: list[Part]) -> Iterator[Part]:
    """Find those of the boxes that have names of 16 bytes, named by these."""
    for box in boxes:
        if box.name == b"uuid" and box.size >= _UUID_BYTES:
            yield Part(read_at(file, box.start, _UUID_BYTES), box.start + _UUID_BYTES, box.size - _UUID_BYTES)


def _found(exif: bytes, xmp: bytes = b"") -> Metadata | None:
    return Metadata(exif, xmp) if exif else None
