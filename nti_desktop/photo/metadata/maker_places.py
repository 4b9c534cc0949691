"""Names of places in makers' notes, which some cameras write beside EXIF's GPS directory.

Where they lie is nobody's standard; ExifTool's tables of Panasonic and Nikon tell.
"""

import io
from collections.abc import Iterator

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.tiff import Entry, Layout

_PANASONIC = (b"Panasonic\0\0\0", b"LEICA\0\0\0")  # then a directory that counts from the block's start
_PANASONIC_PLACES = {0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x80}  # location, country, state, city, landmark, town
_NIKON, _NIKON_HEAD = b"Nikon\0\2", 10  # bytes; then a block of its own
_NIKON_PLACES = {0x39}


def named_places(exif: bytes, layout: Layout, note: Entry) -> Iterator[tuple[int, int]]:
    """Find where a maker's note of a block names places: first byte, byte behind the last, all within the note."""
    at, end = note.at or 0, (note.at or 0) + note.size
    block, base, tags, directory = io.BytesIO(exif), 0, _PANASONIC_PLACES, None
    for head in _PANASONIC:
        if exif.startswith(head, at):
            directory = tiff.read_directory(block, layout, at + len(head))
    if exif.startswith(_NIKON, at):
        base, tags = at + _NIKON_HEAD, _NIKON_PLACES
        block = io.BytesIO(exif[base:end])
        own = tiff.read_layout(block)
        directory = tiff.read_directory(block, *own) if own else None
    for entry in directory.entries if directory else ():
        if entry.tag in tags and entry.at is not None and at <= base + entry.at <= end - entry.size:
            yield base + entry.at, base + entry.at + entry.size
