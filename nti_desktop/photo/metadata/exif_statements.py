"""What EXIF's first directory says of a picture besides, read and added (CIPA DC-008, EXIF 2.32, 4.6.4)."""

import io
import struct
from collections.abc import Mapping

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.blocks import Metadata, Resolution
from nti_desktop.photo.metadata.exif import X_RESOLUTION, Y_RESOLUTION
from nti_desktop.photo.metadata.tiff import Directory, Field, Layout

_RESOLUTION_UNIT = 0x0128
_INCH = 2
_PER_INCH = {_INCH: 1.0, 3: 2.54}  # of an inch and of a centimetre
UNKNOWN_RESOLUTION = (72.0, 72.0)  # as EXIF 2.32 has it written
_EMPTY = Layout("<", big=False), Directory(8, 0, (), 0)
_HUNDREDTHS = 100

# PNG's keywords for what EXIF has tags for.
TEXTS_IN_EXIF: Mapping[str, int] = {"Description": 0x010E, "Author": 0x013B, "Copyright": 0x8298}


def resolution_of(exif: bytes) -> Resolution | None:
    """Dots per inch across and down; None where the block does not say."""
    file, layout, first = _opened(exif)
    found = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        entry = first.find(tag)
        if entry is None or entry.type != tiff.RATIONAL or entry.count != 1:
            return None
        over, under = struct.unpack(layout.order + "LL", tiff.value_of(file, entry, 8))
        found.append(over / under if under else 0)
    unit = tiff.integers_of(file, layout, first.find(_RESOLUTION_UNIT)) or (_INCH,)
    per_inch = _PER_INCH.get(unit[0], 0)
    across, down = (dots * per_inch for dots in found)
    return (across, down) if across and down else None


def with_statements(exif: bytes, metadata: Metadata) -> bytes:
    """The block, or a new one, that says the resolution and texts of `metadata` where it says nothing of the kind.

    Its first directory is then written anew behind all else, so that nothing of what was there moves.
    """
    _, layout, first = _opened(exif)
    tags = {entry.tag for entry in first.entries}
    fields: dict[int, Field] = {}
    if metadata.resolution and not tags & {X_RESOLUTION, Y_RESOLUTION, _RESOLUTION_UNIT}:
        for tag, dots in zip((X_RESOLUTION, Y_RESOLUTION), metadata.resolution, strict=True):
            over = min(round(dots * _HUNDREDTHS), 2**32 - 1)
            fields[tag] = Field(tiff.RATIONAL, 1, layout.packed(over, 4) + layout.packed(_HUNDREDTHS, 4))
        fields[_RESOLUTION_UNIT] = Field(tiff.SHORT, 1, layout.packed(_INCH, 2))
    for keyword, text in metadata.texts:
        home = TEXTS_IN_EXIF.get(keyword)
        if home is not None and home not in tags:
            value = text.replace("\0", " ").encode(errors="replace") + b"\0"
            fields[home] = Field(tiff.ASCII, len(value), value)
    if not fields:
        return exif
    data = bytearray(exif or b"II*\0\0\0\0\0")
    data[first.at : first.at + first.size] = bytes(first.size)
    at = len(data) + len(data) % 2
    data[4:8] = layout.packed(at, 4)
    kept = {entry.tag: entry.raw for entry in first.entries}
    return bytes(data).ljust(at, b"\0") + tiff.directory_bytes(layout, at, fields, kept)


def _opened(exif: bytes) -> tuple[io.BytesIO, Layout, Directory]:
    file = io.BytesIO(exif)
    head = tiff.read_layout(file)
    first = tiff.read_directory(file, *head) if head else None
    return (file, head[0], first) if head and first else (file, *_EMPTY)
