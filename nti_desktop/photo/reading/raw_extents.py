"""How far a raw file says that it reaches, found without decoding anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.tiff import Directory, Layout
from nti_desktop.photo.reading.containers import file_size, read_at

_TIFFS = (b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # also Panasonic's and Olympus'
_WIDTH, _LENGTH, _PHOTOMETRIC, _SUB_IFDS = 256, 257, 262, 330
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS = 322, 323, 324
_STRETCHES = ((273, 279), (_TILE_OFFSETS, 325), (513, 514), (0x0118, 0x0117))  # strips, tiles, a JPEG, Panasonic's data
_SENSOR = (32803, 34892)  # photometric interpretations of DNG: a mosaic, and linear colours
_RAF, _RAF_DATA = b"FUJIFILMCCD-RAW ", (84, 92, 100)  # where offset and length of JPEG, tags and sensor data lie
_MOST_BOXES = 1 << 12
_MOST_DIRECTORIES = 64


@dataclass(frozen=True)
class Extents:
    """end: offset behind the last byte that the file says it has; lacks_tiles: whether fewer tiles of the sensor's
    picture are listed than it is made of.
    """

    end: int
    lacks_tiles: bool = False


def raw_extents(file: BinaryIO) -> Extents:
    """Find how far a raw file says that it reaches; no further than it does where it cannot be followed."""
    head = read_at(file, 0, 16)
    ends = [file_size(file)]
    lacks_tiles = False
    if head[:4] in _TIFFS:
        layout = Layout("<" if head[:2] == b"II" else ">", big=False)
        for directory in islice(_directories(file, layout, layout.number(head[4:8])), _MOST_DIRECTORIES):
            ends += _ends(file, layout, directory)
            lacks_tiles = lacks_tiles or _lacks_tiles(file, layout, directory)
    elif head == _RAF:
        for at in _RAF_DATA:
            place = read_at(file, at, 8)
            ends.append(int.from_bytes(place[:4]) + int.from_bytes(place[4:]))
    elif head[4:8] == b"ftyp":
        ends.append(_end_of_boxes(file, ends[0]))
    return Extents(max(ends), lacks_tiles)


def _directories(file: BinaryIO, layout: Layout, at: int) -> Iterator[Directory]:
    for directory in tiff.directories(file, layout, at):
        yield directory
        for place in tiff.integers_of(file, layout, directory.find(_SUB_IFDS)):
            yield from tiff.directories(file, layout, place)


def _ends(file: BinaryIO, layout: Layout, directory: Directory) -> Iterator[int]:
    for offsets_tag, counts_tag in _STRETCHES:
        offsets = tiff.integers_of(file, layout, directory.find(offsets_tag))
        counts = tiff.integers_of(file, layout, directory.find(counts_tag))
        yield from (offset + count for offset, count in zip(offsets, counts, strict=False))


def _lacks_tiles(file: BinaryIO, layout: Layout, directory: Directory) -> bool:
    def one(tag: int) -> int:
        return (tiff.integers_of(file, layout, directory.find(tag)) or (0,))[0]

    across, down = one(_TILE_WIDTH), one(_TILE_LENGTH)
    if not across or not down or one(_PHOTOMETRIC) not in _SENSOR:
        return False
    tiles = -(-one(_WIDTH) // across) * -(-one(_LENGTH) // down)
    entry = next((entry for entry in directory.entries if entry.tag == _TILE_OFFSETS), None)
    return entry is None or entry.at is None or entry.count < tiles


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Find where the last outermost box of an ISO base media file ends, as it says itself (ISO/IEC 14496-12, 4.2)."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = read_at(file, at, 16)
        length = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4])
        if at + 8 > size or length < 8:
            break
        at += length
    return at
