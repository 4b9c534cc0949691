"""TIFF's directories of tags, which EXIF blocks are made of too: TIFF 6.0, section 2, and BigTIFF.

Every offset and count is a claim, checked against the size of the file or block before it is followed.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from nti_desktop.photo.reading.containers import file_size, read_at

Order = Literal["<", ">"]

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
TYPE_BYTES: Mapping[int, int] = {
    BYTE: 1,
    ASCII: 1,
    SHORT: 2,
    LONG: 4,
    RATIONAL: 8,
    6: 1,
    UNDEFINED: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,  # IFD, TIFF technical note 1
    16: 8,  # LONG8, SLONG8, IFD8: BigTIFF
    17: 8,
    18: 8,
    129: 1,  # UTF-8, EXIF 3.0
}
_INTEGERS = {BYTE: "B", SHORT: "H", LONG: "L", 13: "L", 16: "Q", 18: "Q"}
_MOST_INTEGERS = 1 << 16
_LONGEST_CHAIN = 64


@dataclass(frozen=True)
class Layout:
    """order: of the bytes in numbers, as struct writes it; big: BigTIFF, whose offsets have 8 bytes instead of 4."""

    order: Order
    big: bool

    @property
    def slot(self) -> int:
        """Bytes of an offset, and of a value inside an entry."""
        return 8 if self.big else 4

    @property
    def entry_bytes(self) -> int:
        """Size of an entry of a directory."""
        return 20 if self.big else 12

    @property
    def count_bytes(self) -> int:
        """Size of the number of entries."""
        return 8 if self.big else 2

    def number(self, data: bytes) -> int:
        """Read an unsigned number of any size in the file's byte order."""
        return int.from_bytes(data, "little" if self.order == "<" else "big")

    def packed(self, value: int, size: int) -> bytes:
        """Write an unsigned number in the file's byte order. size: in bytes."""
        return value.to_bytes(size, "little" if self.order == "<" else "big")


@dataclass(frozen=True)
class Entry:
    """One tag. raw: the entry itself; at: offset of its value, None where that cannot be followed; size: its bytes."""

    tag: int
    type: int
    count: int
    raw: bytes
    at: int | None
    size: int


@dataclass(frozen=True)
class Directory:
    """at, size: its table in bytes, the link to the next directory included; next: that link, 0 at the chain's end."""

    at: int
    size: int
    entries: tuple[Entry, ...]
    next: int

    def find(self, tag: int) -> Entry | None:
        """The first entry with this tag whose value can be followed."""
        return next((entry for entry in self.entries if entry.tag == tag and entry.at is not None), None)


@dataclass(frozen=True)
class Field:
    """A tag's value to be written. data: in the byte order of the file it goes to."""

    type: int
    count: int
    data: bytes


def read_layout(file: BinaryIO) -> tuple[Layout, int] | None:
    """Layout of a TIFF file or EXIF block and the offset of its first directory, None when it is neither."""
    head = read_at(file, 0, 16)
    order: Order = "<" if head[:2] == b"II" else ">"
    if head[:4] in (b"II*\0", b"MM\0*") and len(head) >= 8:
        layout = Layout(order, big=False)
        return layout, layout.number(head[4:8])
    if head[:4] in (b"II+\0", b"MM\0+") and len(head) == 16:
        layout = Layout(order, big=True)
        return layout, layout.number(head[8:16])
    return None


def read_directory(file: BinaryIO, layout: Layout, at: int) -> Directory | None:
    """The directory at an offset, None when it does not lie in the file."""
    size = file_size(file)
    if not 8 <= at <= size - layout.count_bytes:
        return None
    count = layout.number(read_at(file, at, layout.count_bytes))
    start = at + layout.count_bytes
    end = start + count * layout.entry_bytes
    if not 0 < count <= 0xFFFF or end > size:
        return None
    table = read_at(file, start, end - start)
    link = read_at(file, end, layout.slot)
    entries = tuple(
        _entry(layout, table[place : place + layout.entry_bytes], start + place, size)
        for place in range(0, len(table), layout.entry_bytes)
    )
    return Directory(at, end + len(link) - at, entries, layout.number(link) if len(link) == layout.slot else 0)


def directories(file: BinaryIO, layout: Layout, at: int) -> Iterator[Directory]:
    """The chain of directories from an offset on; it ends where it cannot be followed or bites its own tail."""
    seen: set[int] = set()
    while at not in seen and len(seen) < _LONGEST_CHAIN and (directory := read_directory(file, layout, at)):
        yield directory
        seen.add(at)
        at = directory.next


def value_of(file: BinaryIO, entry: Entry | None, most: int) -> bytes:
    """The bytes of a tag's value; empty without the tag and where they are more than `most`."""
    if entry is None or entry.at is None or entry.size > most:
        return b""
    return read_at(file, entry.at, entry.size)


def integers_of(file: BinaryIO, layout: Layout, entry: Entry | None) -> tuple[int, ...]:
    """The value of a tag of whole numbers; empty without the tag and where it is of another type."""
    if entry is None or entry.at is None or entry.type not in _INTEGERS or entry.count > _MOST_INTEGERS:
        return ()
    return struct.unpack(f"{layout.order}{entry.count}{_INTEGERS[entry.type]}", read_at(file, entry.at, entry.size))


def inline_integer(layout: Layout, entry: Entry) -> int | None:
    """The one whole number that a classic entry holds in itself, None when it holds anything else."""
    if entry.count != 1 or entry.type not in (BYTE, SHORT, LONG, 13):
        return None
    return layout.number(entry.raw[8 : 8 + TYPE_BYTES[entry.type]])


def directory_bytes(
    layout: Layout, at: int, fields: Mapping[int, Field], verbatim: Mapping[int, bytes] | None = None
) -> bytes:
    """A classic directory for the even offset `at`, tags in order, then its values; the link to the next is 0.

    verbatim: whole entries by tag, whose values lie elsewhere already; a field of the same tag goes before them.
    """
    entries = dict(verbatim or {})
    beyond = bytearray()
    values_at = at + 2 + 12 * len(entries.keys() | fields.keys()) + 4
    for tag, field in fields.items():
        data = field.data
        if len(data) > 4:
            place = values_at + len(beyond)
            beyond += data + b"\0" * (len(data) % 2)
            data = layout.packed(place, 4)
        entries[tag] = struct.pack(layout.order + "HHL", tag, field.type, field.count) + data.ljust(4, b"\0")
    table = b"".join(entry for _, entry in sorted(entries.items()))
    return layout.packed(len(entries), 2) + table + b"\0\0\0\0" + bytes(beyond)


def _entry(layout: Layout, raw: bytes, start: int, file_bytes: int) -> Entry:
    tag, kind = layout.number(raw[:2]), layout.number(raw[2:4])
    count = layout.number(raw[4 : 4 + layout.slot])
    size = count * TYPE_BYTES.get(kind, 0)
    at: int | None = start + layout.entry_bytes - layout.slot
    if size > layout.slot:
        at = layout.number(raw[-layout.slot :])
        if at + size > file_bytes:
            at = None
    return Entry(tag, kind, count, raw, at if kind in TYPE_BYTES else None, size)
