"""EXIF blocks, patched where they lie: CIPA DC-008 (EXIF 2.32), 4.6.

Nothing in a block is ever moved. Maker notes count their offsets from the block's start, in ways that only their
makers know, so they stay readable only when every byte of them stays where it was.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nti_desktop.photo.metadata import tiff
from nti_desktop.photo.metadata.maker_places import named_places
from nti_desktop.photo.metadata.tiff import Directory, Entry, Layout

IMAGE_WIDTH, IMAGE_LENGTH, ORIENTATION = 0x0100, 0x0101, 0x0112
X_RESOLUTION, Y_RESOLUTION = 0x011A, 0x011B
EXIF_IFD, GPS_IFD, INTEROP_IFD, SUB_IFDS = 0x8769, 0x8825, 0xA005, 0x014A
MAKER_NOTE = 0x927C
COLOR_SPACE, INTEROP_INDEX = 0xA001, 0x0001
PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION = 0xA002, 0xA003
XMP, IPTC, IMAGE_RESOURCES, ICC_PROFILE, C2PA = 0x02BC, 0x83BB, 0x8649, 0x8773, 0xCD41

_PICTURE_DATA = ((0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202))  # offsets and sizes of strips, tiles, a JPEG
_NEVER_EXPORTED = {
    *(tag for pair in _PICTURE_DATA for tag in pair),
    SUB_IFDS,
    XMP,
    IPTC,
    IMAGE_RESOURCES,
    ICC_PROFILE,
    C2PA,
}

_SRGB, _ADOBE_RGB, UNCALIBRATED = 1, 2, 0xFFFF  # values of COLOR_SPACE
_OF_SRGB, _OF_ADOBE_RGB = b"R98\0", b"R03\0"  # values of INTEROP_INDEX
_SUBJECT = {0x9214, 0xA214}  # SubjectArea and SubjectLocation, in pixels
_MOST_POINTERS = 16

_Stretch = tuple[int, int]  # first byte, byte behind the last


@dataclass(frozen=True)
class _Block:
    file: io.BytesIO
    layout: Layout
    first: Directory

    def pointed(self, directory: Directory, tag: int) -> list[Directory]:
        """The directories that a directory's entries with this tag lead to."""
        places = [place for entry in directory.entries if entry.tag == tag for place in self.integers(entry)]
        found = (tiff.read_directory(self.file, self.layout, place) for place in places[:_MOST_POINTERS])
        return [directory for directory in found if directory]

    def thumbnails(self) -> list[Directory]:
        """IFD1 and what follows it, and sub-directories: smaller copies of the picture as it was."""
        chain = list(tiff.directories(self.file, self.layout, self.first.next))
        return chain + self.pointed(self.first, SUB_IFDS)

    def picture_data(self, directory: Directory) -> Iterator[_Stretch]:
        for offsets_tag, counts_tag in _PICTURE_DATA:
            offsets = self.integers(directory.find(offsets_tag))
            for start, size in zip(offsets, self.integers(directory.find(counts_tag)), strict=False):
                yield start, start + size

    def integers(self, entry: Entry | None) -> tuple[int, ...]:
        """The whole numbers of an entry; empty where it holds none."""
        return tiff.integers_of(self.file, self.layout, entry)


def is_followable(exif: bytes) -> bool:
    """Tell whether the block has a header and a first directory that lies within it."""
    return _open(exif) is not None


def exif_orientation(exif: bytes) -> int | None:
    """Read how the stored picture is turned, 1 to 8 (tag 0x0112); None when the block does not say or says nonsense."""
    block = _open(exif)
    entry = block.first.find(ORIENTATION) if block else None
    value = tiff.inline_integer(block.layout, entry) if block and entry else None
    return value if value is not None and 1 <= value <= 8 else None


def is_adobe_rgb(exif: bytes) -> bool:
    """Tell whether the block says that the colours are those of Adobe RGB: by the option file of DCF 2.0, or by the
    colour space 2, which some cameras write.
    """
    block = _open(exif)
    if block is None:
        return False
    directories = block.pointed(block.first, EXIF_IFD)[:1]
    spaces = [space for found in directories for space in block.integers(found.find(COLOR_SPACE))]
    tables = [table for found in directories for table in block.pointed(found, INTEROP_IFD)]
    indices = [tiff.value_of(block.file, table.find(INTEROP_INDEX), 4) for table in tables]
    return spaces == [_ADOBE_RGB] or (spaces != [_SRGB] and _OF_ADOBE_RGB in indices)


def has_thumbnail(exif: bytes) -> bool:
    """Tell whether a smaller copy of the picture lies in the block."""
    block = _open(exif)
    return block is not None and any(
        any(block.picture_data(directory)) for directory in (block.first, *block.thumbnails())
    )


def stated_size(exif: bytes) -> tuple[int, int] | None:
    """Read the stored picture's (width, height) in pixels; None where the block does not say."""
    block = _open(exif)
    if block is None:
        return None
    sides = [
        block.integers(directory.find(tag))
        for directory in block.pointed(block.first, EXIF_IFD)[:1]
        for tag in (PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION)
    ]
    return (sides[0][0], sides[1][0]) if sides and all(sides) else None


def patched_exif(
    exif: bytes,
    size: tuple[int, int],
    *,
    location: bool,
    swap_resolutions: bool = False,
    moved: bool = False,
    srgb: bool = True,
) -> bytes:
    """The block for an upright picture of size (width, height) in pixels: as long as before, everything in its place.

    Orientation becomes 1, and the picture's sizes and colour space are set where the block states them; where
    swap_resolutions is True, those across and down change places. Thumbnails, sub-directories and what a file says
    elsewhere (XMP, IPTC, ICC profile, image resources) lose their entries, and their bytes become zeros; so do the GPS
    directory and its values unless location is True, and the names of places in the maker notes that are known. Else
    those stay, with all they hold: some cameras keep a preview there, too. Empty for a block that cannot be followed or
    has nothing left. moved: whether a pixel lies elsewhere than in the stored picture, so that it is no longer said
    where the subject is; srgb: whether the colours are sRGB's.
    """
    block = _open(exif)
    if block is None:
        return b""
    first = block.first
    exif_ifds = block.pointed(first, EXIF_IFD)[:1]
    gps_ifds = [gps for directory in (first, *exif_ifds) for gps in block.pointed(directory, GPS_IFD)]
    gone = _NEVER_EXPORTED | (set() if location else {GPS_IFD}) | (_SUBJECT if moved else set())
    kept = {
        directory.at: [entry for entry in directory.entries if entry.tag not in gone]
        for directory in (first, *exif_ifds)
    }
    if not kept[first.at]:
        return b""

    dead = [(first.at, first.at + first.size), *block.picture_data(first)]
    dead += [stretch for directory in block.thumbnails() for stretch in block.picture_data(directory)]
    dead += _stretches(block.thumbnails() + ([] if location else gps_ifds))
    dead += _values(entry for directory in (first, *exif_ifds) for entry in directory.entries)
    live = [(0, 8), *_values(entry for entries in kept.values() for entry in entries)]
    others = [interop for directory in exif_ifds for interop in block.pointed(directory, INTEROP_IFD)]
    live += _stretches(exif_ifds + others + (gps_ifds if location else []))

    data = bytearray(exif)
    for start, end in _merged(dead, len(data)):
        data[start:end] = bytes(end - start)
    for start, end in _merged(live, len(data)):
        data[start:end] = exif[start:end]
    for note in [] if location else [entry for directory in exif_ifds for entry in directory.entries]:
        if note.tag == MAKER_NOTE:
            for start, end in named_places(exif, block.layout, note):
                data[start:end] = bytes(end - start)
    width, height = size
    sizes = {IMAGE_WIDTH: width, IMAGE_LENGTH: height, PIXEL_X_DIMENSION: width, PIXEL_Y_DIMENSION: height}
    numbers = {ORIENTATION: 1, COLOR_SPACE: _SRGB if srgb else UNCALIBRATED, **sizes}
    for directory in (first, *exif_ifds):
        entries = [_with_number(block.layout, entry, numbers) for entry in kept[directory.at]]
        if swap_resolutions:
            entries = _with_swapped_resolutions(block.layout, entries)
        _put(data, block.layout, directory, entries, follow=0)
    for index in (interop.find(INTEROP_INDEX) for interop in others):
        if srgb and index is not None and index.at is not None and data[index.at : index.at + 4] == _OF_ADOBE_RGB:
            data[index.at : index.at + 4] = _OF_SRGB
    return bytes(data)


def exif_without_orientation(exif: bytes) -> bytes:
    """The block without the tag 0x0112, everything else in its place; empty where nothing is left."""
    block = _open(exif)
    entries = [entry.raw for entry in block.first.entries if entry.tag != ORIENTATION] if block else []
    if block is None or not entries:
        return b""
    data = bytearray(exif)
    _put(data, block.layout, block.first, entries, follow=block.first.next)
    return bytes(data)


def _open(exif: bytes) -> _Block | None:
    file = io.BytesIO(exif)
    head = tiff.read_layout(file)
    if head is None or head[0].big:
        return None
    layout, at = head
    first = tiff.read_directory(file, layout, at)
    return _Block(file, layout, first) if first else None


def _put(data: bytearray, layout: Layout, directory: Directory, entries: Sequence[bytes], *, follow: int) -> None:
    """Write a directory anew where it lies, with no more entries than before; the bytes left over become zeros."""
    table = layout.packed(len(entries), 2) + b"".join(entries) + layout.packed(follow, 4)
    data[directory.at : directory.at + directory.size] = table.ljust(directory.size, b"\0")[: directory.size]


def _with_number(layout: Layout, entry: Entry, numbers: Mapping[int, int]) -> bytes:
    """The entry's bytes, with its number set where one is given for its tag and it holds one."""
    number = numbers.get(entry.tag)
    if number is None or tiff.inline_integer(layout, entry) is None:
        return entry.raw
    kind = tiff.SHORT if entry.type != tiff.LONG and number <= 0xFFFF else tiff.LONG
    return (
        entry.raw[:2]
        + layout.packed(kind, 2)
        + entry.raw[4:8]
        + layout.packed(number, tiff.TYPE_BYTES[kind]).ljust(4, b"\0")
    )


def _with_swapped_resolutions(layout: Layout, entries: Iterable[bytes]) -> list[bytes]:
    """The same entries, in the order of their tags, with the two resolutions under one another's tags."""
    other = {X_RESOLUTION: Y_RESOLUTION, Y_RESOLUTION: X_RESOLUTION}
    tags = [(layout.number(entry[:2]), entry[2:]) for entry in entries]
    renamed = sorted(((other.get(tag, tag), rest) for tag, rest in tags), key=lambda entry: entry[0])
    return [layout.packed(tag, 2) + rest for tag, rest in renamed]


def _stretches(found: Iterable[Directory]) -> Iterator[_Stretch]:
    """Find the stretches of bytes in which directories and their values lie."""
    for directory in found:
        yield directory.at, directory.at + directory.size
        yield from _values(directory.entries)


def _values(entries: Iterable[Entry]) -> Iterator[_Stretch]:
    """Find the stretches of bytes in which entries' values lie, within the entry itself where it holds its value."""
    return ((entry.at, entry.at + entry.size) for entry in entries if entry.at is not None)


def _merged(stretches: Iterable[_Stretch], end: int) -> Iterator[_Stretch]:
    """The same bytes, each once: many entries may claim one stretch."""
    done = 0
    for start, stop in sorted(stretches):
        start, stop = max(start, done), min(stop, end)
        if start < stop:
            yield start, stop
            done = stop
