"""EXIF blocks written anew: of a TIFF file, whose descriptive tags lie scattered, of several parts, or shorter."""

import io
from collections.abc import Mapping
from typing import BinaryIO

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.blocks import MOST_BYTES
from nti_desktop.photo.metadata.exif import (
    C2PA,
    EXIF_IFD,
    GPS_IFD,
    ICC_PROFILE,
    IMAGE_RESOURCES,
    INTEROP_IFD,
    IPTC,
    MAKER_NOTE,
    SUB_IFDS,
    XMP,
)
from nti_desktop.photo.metadata.tiff import Directory, Field, Layout, Order

_POINTERS = {EXIF_IFD, GPS_IFD, INTEROP_IFD}
_NEVER_MOVED = (13, 16, 17, 18)  # offsets of directories, and numbers that only BigTIFF has

# Tags of a TIFF directory that say how a picture is stored instead of what it shows.
PICTURE_TAGS = frozenset(
    {
        *range(0x00FE, 0x010D),  # subfile type, width, length, bits, compression, photometric, cells, fill order
        0x0111,  # strips
        *range(0x0115, 0x011A),  # samples per pixel, rows per strip, strip sizes, least and greatest sample
        0x011C,  # planar configuration
        0x011D,  # page name, position and number
        *range(0x0120, 0x0128),  # free space, grey response, fax options
        *range(0x0129, 0x012E),
        *range(
            0x013D, 0x0160
        ),  # predictor to JPEG tables: primaries, palette, halftone, tiles, inks, samples, clip path
        *range(0x0190, 0x01B2),  # profiles of TIFF/FX
        *range(0x0200, 0x0215),  # old JPEG, YCbCr
        *range(0x5001, 0x5114),  # thumbnails and tables of GDI+
        *range(0x80E3, 0x80E7),  # mattes and data types of SGI and Pixar
        0x828D,  # colour filter array
        0x828E,
        0x830E,  # GeoTIFF: which place on Earth each pixel is
        0x8480,
        0x8482,
        0x85D8,
        *range(0x87AF, 0x87B2),
        0x935C,  # Photoshop's layers
        *range(0xA480, 0xA482),  # GDAL
        *range(0xC4F1, 0xC4F4),
        *range(0xC612, 0xC62F),  # DNG, but for the camera's serial number and its lens
        *range(0xC631, 0xCE00),  # DNG, C2PA
        SUB_IFDS,
        XMP,
        IPTC,
        IMAGE_RESOURCES,
        ICC_PROFILE,
        C2PA,
    }
)


def exif_from_tiff(file: BinaryIO, layout: Layout, first: Directory) -> bytes:
    """A small EXIF block in the file's byte order: descriptive tags and the Exif, GPS and Interoperability directories.

    All values are moved together, so a maker note whose offsets count from the start of the TIFF file comes along as
    bytes but can no longer be followed by readers; one that counts from its own start can. Values that do not lie in
    the file are left out. Empty where nothing descriptive is left.
    """
    moved = _MovedDirectories(layout.order)
    return moved.block(moved.add(file, layout, first))


def joined_exif(blocks: Mapping[int | None, bytes]) -> bytes:
    """One EXIF block of the first directories of several that lie apart, in the byte order of the main one.

    blocks: by the tag that points to them, EXIF_IFD or GPS_IFD; None for the main one. Empty without a main one.
    """
    opened = {tag: found for tag, block in blocks.items() if (found := _first_of(block))}
    if None not in opened:
        return b""
    moved = _MovedDirectories(opened[None][1].order)
    below = {
        tag: place
        for tag, found in opened.items()
        if tag is not None and found[1].order == opened[None][1].order and (place := moved.add(*found, depth=1))
    }
    return moved.block(moved.add(*opened[None], below=below))


def shortened_exif(exif: bytes, most: int) -> tuple[bytes, bool]:
    """The block without its maker note, and what belongs to nothing, in at most `most` bytes; and whether it keeps all
    else: where that is too long, the longest values go too. Empty for a block that cannot be followed.
    """
    found = _first_of(exif)
    if found is None:
        return b"", False
    for longest in (most, most // 4, most // 64, 64):
        moved = _MovedDirectories(found[1].order, longest=longest, without=frozenset((MAKER_NOTE,)))
        block = moved.block(moved.add(*found))
        if len(block) <= most:
            return block, not moved.lost
    return b"", False


def _first_of(block: bytes) -> tuple[BinaryIO, Layout, Directory] | None:
    file = io.BytesIO(block)
    head = tiff.read_layout(file)
    first = tiff.read_directory(file, *head) if head else None
    return (file, head[0], first) if head and first else None


class _MovedDirectories:
    """Directories written anew one behind the other, those pointed to first, within the limit of one block.

    longest: bytes of a value; without: tags that are left behind. lost: whether a value was longer.
    """

    def __init__(self, order: Order, *, longest: int = MOST_BYTES, without: frozenset[int] = frozenset()) -> None:
        self._to = Layout(order, big=False)
        self._data = bytearray(8)
        self._left = MOST_BYTES
        self._longest = longest
        self._without = without
        self.lost = False

    def block(self, first: int | None) -> bytes:
        """The block with its first directory at this place; empty for None."""
        if first is None:
            return b""
        mark = b"II*\0" if self._to.order == "<" else b"MM\0*"
        return mark + self._to.packed(first, 4) + bytes(self._data[8:])

    def add(
        self, file: BinaryIO, layout: Layout, source: Directory, depth: int = 0, below: Mapping[int, int] | None = None
    ) -> int | None:
        """Write a directory, and first those that it points to; return where it lies now, None when nothing of it could
        be moved. depth: how far it lies below the first one, 0 to 2; below: where others lie already, by tag.
        """
        fields = self._fields(file, source)
        placed = dict(below or {})
        for tag in sorted(_POINTERS - placed.keys()) if depth < 2 else ():
            places = tiff.integers_of(file, layout, source.find(tag))
            directory = tiff.read_directory(file, layout, places[0]) if places else None
            place = self.add(file, layout, directory, depth + 1) if directory else None
            if place:
                placed[tag] = place
        fields |= {tag: Field(tiff.LONG, 1, self._to.packed(place, 4)) for tag, place in placed.items()}
        if not fields:
            return None
        at = len(self._data)
        self._data += tiff.directory_bytes(self._to, at, fields)
        return at

    def _fields(self, file: BinaryIO, source: Directory) -> dict[int, Field]:
        fields: dict[int, Field] = {}
        for entry in source.entries:
            if entry.at is None or entry.type in _NEVER_MOVED or entry.size > self._left or entry.tag in self._without:
                continue
            if entry.tag in fields or entry.tag in PICTURE_TAGS or entry.tag in _POINTERS:
                continue
            if entry.size > self._longest:
                self.lost = True
                continue
            self._left -= entry.size
            fields[entry.tag] = Field(entry.type, entry.count, tiff.value_of(file, entry, entry.size))
        return fields
