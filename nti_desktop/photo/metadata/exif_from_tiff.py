"""The EXIF block of a TIFF file, whose descriptive tags lie scattered among those of its picture."""

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
    SUB_IFDS,
    XMP,
)
from nti_desktop.photo.metadata.tiff import Directory, Field, Layout

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
        *range(0xC612, 0xCE00),  # DNG, C2PA
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
    moved = _MovedDirectories(file, layout)
    at = moved.add(first)
    return moved.block(at) if at else b""


class _MovedDirectories:
    """Directories written anew one behind the other, those pointed to first, within the limit of one block."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file = file
        self._from = layout
        self._to = Layout(layout.order, big=False)
        self._data = bytearray(8)
        self._left = MOST_BYTES

    def block(self, first: int) -> bytes:
        mark = b"II*\0" if self._to.order == "<" else b"MM\0*"
        return mark + self._to.packed(first, 4) + bytes(self._data[8:])

    def add(self, source: Directory, depth: int = 0) -> int | None:
        """Write a directory, and first those that it points to; return where it lies now, None when nothing of it could
        be moved. depth: how far it lies below the first one, 0 to 2.
        """
        fields = self._fields(source)
        for tag in sorted(_POINTERS) if depth < 2 else ():
            places = tiff.integers_of(self._file, self._from, source.find(tag))
            directory = tiff.read_directory(self._file, self._from, places[0]) if places else None
            place = self.add(directory, depth + 1) if directory else None
            if place:
                fields[tag] = Field(tiff.LONG, 1, self._to.packed(place, 4))
        if not fields:
            return None
        at = len(self._data)
        self._data += tiff.directory_bytes(self._to, at, fields)
        return at

    def _fields(self, source: Directory) -> dict[int, Field]:
        fields: dict[int, Field] = {}
        for entry in source.entries:
            if entry.at is None or entry.type in _NEVER_MOVED or entry.size > self._left:
                continue
            if entry.tag in fields or entry.tag in PICTURE_TAGS or entry.tag in _POINTERS:
                continue
            self._left -= entry.size
            fields[entry.tag] = Field(entry.type, entry.count, tiff.value_of(self._file, entry, entry.size))
        return fields
