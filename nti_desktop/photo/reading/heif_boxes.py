"""The boxes of HEIC and AVIF files (ISO/IEC 14496-12, 23008-12), followed without decoding anything.

Every length, offset and count in a file is a claim: it is checked against the size of the file and a cap before it is
followed, so a walk ends, within bounded memory, for any bytes whatsoever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from nti_desktop.photo.reading.containers import Part, file_size, read_at

HeifKind = Literal["HEIC", "AVIF"]

MOST_BOXES = 1 << 16
MOST_ENTRIES = 1 << 16
MOST_TABLE_BYTES = 1 << 20

# ISO/IEC 23008-12, annexes B.4 and D.2; AV1 Image File Format 1.1, sec. 6.
_BRANDS: dict[bytes, HeifKind] = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
}
_ANY_CODEC = {b"mif1", b"mif2", b"msf1"}
_SEQUENCES = {b"msf1", b"avis", b"hevc", b"hevx", b"hevm", b"hevs"}
_IN_FILE, _IN_IDAT = 0, 1


@dataclass(frozen=True)
class Item:
    """Something the file holds: a coded picture, a grid of them, EXIF, XMP.

    kind: "hvc1", "av01", "grid", "Exif", "mime" ...; extents: where its data lies, in order, None when that is not in
    this file; properties: the payloads of its property boxes in the order in which they apply, named after the boxes.
    """

    kind: bytes
    content_type: bytes
    extents: tuple[Part, ...] | None
    properties: tuple[Part, ...]


@dataclass(frozen=True)
class Reference:
    """One item's references of one kind to others. targets: in order; box: the payload that says so."""

    targets: tuple[int, ...]
    box: Part


@dataclass(frozen=True)
class HeifBoxes:
    """What a file says it holds.

    primary: the item to show, always one of `items`; references: by kind ("dimg", "auxl", "cdsc" ...) and source item.
    """

    primary: int
    items: Mapping[int, Item]
    references: Mapping[tuple[bytes, int], Reference]

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """The items that `source` refers to by this kind of reference."""
        reference = self.references.get((kind, source))
        return reference.targets if reference else ()


def heif_kind(head: bytes) -> HeifKind | None:
    """Recognise a HEIC or AVIF picture by its first bytes (64 will do); None when the file is neither.

    The major brand decides, then the compatible ones in their order. A file that names only the container ("mif1")
    counts as HEIC.
    """
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head))
    brands = [head[at : at + 4] for at in (8, *range(16, end, 4)) if at + 4 <= end]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
    return "HEIC" if _ANY_CODEC.intersection(brands) else None


def read_boxes(file: BinaryIO) -> HeifBoxes | None:
    """The items of a HEIF file and how they belong together, None when they cannot be followed."""
    size = file_size(file)
    meta = _child(file, Part(b"", 0, size), b"meta")
    if meta is None:
        return None
    try:
        return _read_meta(file, meta, size)
    except EOFError:
        return None


def top_boxes(file: BinaryIO) -> list[Part]:
    """The payloads of a file's outermost boxes, named after them."""
    return list(_boxes(file, Part(b"", 0, file_size(file))))


def child_boxes(file: BinaryIO, parent: Part) -> list[Part]:
    """The payloads of the boxes in a payload."""
    return list(_boxes(file, parent))


def is_animated(file: BinaryIO) -> bool:
    """Tell whether the file is first of all a sequence, by its major brand, and holds more than one picture of it."""
    if read_at(file, 8, 4) not in _SEQUENCES:
        return False
    movie = _child(file, Part(b"", 0, file_size(file)), b"moov")
    return any(_frame_count(file, box) > 1 for box in _boxes(file, movie) if box.name == b"trak") if movie else False


class _Fields:
    """The fields of a box's payload one after another, big-endian; EOFError where it ends before them."""

    def __init__(self, file: BinaryIO, box: Part) -> None:
        if box.size > MOST_TABLE_BYTES:
            raise EOFError
        self._data = read_at(file, box.start, box.size)
        self._at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise EOFError
        self._at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def version_and_flags(self) -> tuple[int, int]:
        return self.number(1), self.number(3)

    def text(self) -> bytes:
        """Up to the next zero byte or the end, which some writers leave out and some forget."""
        taken, zero, _ = self._data[self._at :].partition(b"\0")
        self._at += len(taken) + len(zero)
        return taken


def _boxes(file: BinaryIO, parent: Part, skip: int = 0) -> Iterator[Part]:
    """The payloads of the boxes in a payload, from `skip` bytes on, up to the first that reaches beyond its end."""
    at, end = parent.start + skip, parent.start + parent.size
    for _ in range(MOST_BOXES):
        if at + 8 > end:
            return
        head = read_at(file, at, 16)
        size, header = int.from_bytes(head[:4]), 8
        if size == 1:
            size, header = int.from_bytes(head[8:]), 16
        elif size == 0:
            size = end - at
        if size < header or at + size > end:
            return
        yield Part(head[4:8], at + header, size - header)
        at += size


def _child(file: BinaryIO, parent: Part, *names: bytes) -> Part | None:
    return next((box for box in _boxes(file, parent) if box.name in names), None)


def _frame_count(file: BinaryIO, track: Part) -> int:
    """Count the pictures of a picture track; 0 for other tracks (ISO/IEC 14496-12, 8.7.3)."""
    table = media = _child(file, track, b"mdia")
    handler = _child(file, media, b"hdlr") if media else None
    if handler is None or read_at(file, handler.start + 8, 4) != b"pict":
        return 0
    for names in ((b"minf",), (b"stbl",), (b"stsz", b"stz2")):
        table = _child(file, table, *names) if table else None
    return int.from_bytes(read_at(file, table.start + 8, 4)) if table and table.size >= 12 else 0


def _read_meta(file: BinaryIO, meta: Part, size: int) -> HeifBoxes:
    tables: dict[bytes, Part] = {}
    for box in _boxes(file, meta, skip=4):
        tables.setdefault(box.name, box)
    if not {b"pitm", b"iinf", b"iloc", b"iprp"} <= tables.keys():
        raise EOFError
    head = _Fields(file, tables[b"pitm"])
    version, _ = head.version_and_flags()
    primary = head.number(4 if version else 2)
    extents = _read_locations(file, tables[b"iloc"], tables.get(b"idat"), size)
    properties = _read_properties(file, tables[b"iprp"])
    items = {
        number: Item(kind, content_type, extents.get(number, ()), properties.get(number, ()))
        for number, kind, content_type in _read_infos(file, tables[b"iinf"])
    }
    if primary not in items:
        raise EOFError
    return HeifBoxes(primary, items, _read_references(file, tables.get(b"iref")))


def _read_infos(file: BinaryIO, table: Part) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, kind and MIME type of each item (ISO/IEC 14496-12, 8.11.6)."""
    version = int.from_bytes(read_at(file, table.start, 1))
    for box in _boxes(file, table, skip=8 if version else 6):
        fields = _Fields(file, box)
        version, _ = fields.version_and_flags()
        if box.name != b"infe" or version < 2:
            continue
        number, _protection = fields.number(4 if version > 2 else 2), fields.number(2)
        kind, _name = fields.take(4), fields.text()
        yield number, kind, fields.text() if kind == b"mime" else b""


def _read_locations(file: BinaryIO, table: Part, idat: Part | None, size: int) -> Mapping[int, tuple[Part, ...] | None]:
    """Read where each item's data lies (ISO/IEC 14496-12, 8.11.3); None for an item that is not all in this file."""
    fields = _Fields(file, table)
    version, _ = fields.version_and_flags()
    packed = fields.number(2)
    offset_size, length_size, base_size, index_size = (packed >> shift & 15 for shift in (12, 8, 4, 0))
    if version > 2 or not {offset_size, length_size, base_size, index_size} <= {0, 4, 8}:
        raise EOFError
    sources = {_IN_FILE: Part(b"", 0, size)} | ({_IN_IDAT: idat} if idat else {})
    found: dict[int, tuple[Part, ...] | None] = {}
    total = 0
    for _ in range(fields.number(4 if version == 2 else 2)):
        number = fields.number(4 if version == 2 else 2)
        method = fields.number(2) & 15 if version else _IN_FILE
        source = sources.get(method) if fields.number(2) == 0 else None
        base, count = fields.number(base_size), fields.number(2)
        total += count
        if total > MOST_ENTRIES:
            raise EOFError
        parts = []
        for _ in range(count):
            fields.number(index_size if version else 0)
            offset, length = base + fields.number(offset_size), fields.number(length_size)
            if source and offset + length <= source.size:
                parts.append(Part(b"", source.start + offset, length or source.size - offset))
        found[number] = tuple(parts) if len(parts) == count else None
    return found


def _read_properties(file: BinaryIO, table: Part) -> Mapping[int, tuple[Part, ...]]:
    """The properties that belong to each item (ISO/IEC 23008-12, 9.3)."""
    container = _child(file, table, b"ipco")
    if container is None:
        raise EOFError
    known = list(_boxes(file, container))
    found: dict[int, list[Part]] = {}
    total = 0
    for box in _boxes(file, table):
        if box.name != b"ipma":
            continue
        fields = _Fields(file, box)
        version, flags = fields.version_and_flags()
        index_size, index_mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
        for _ in range(fields.number(4)):
            number = fields.number(4 if version else 2)
            indices = [fields.number(index_size) & index_mask for _ in range(fields.number(1))]
            total += 1 + len(indices)
            if max(indices, default=0) > len(known) or total > MOST_ENTRIES:
                raise EOFError
            found.setdefault(number, []).extend(known[index - 1] for index in indices if index)
    return {number: tuple(properties) for number, properties in found.items()}


def _read_references(file: BinaryIO, table: Part | None) -> Mapping[tuple[bytes, int], Reference]:
    """Read which items refer to which (ISO/IEC 14496-12, 8.11.12)."""
    found: dict[tuple[bytes, int], Reference] = {}
    if table is None:
        return found
    width = 2 if read_at(file, table.start, 1) == b"\0" else 4
    total = 0
    for box in _boxes(file, table, skip=4):
        fields = _Fields(file, box)
        source, count = fields.number(width), fields.number(2)
        total += count
        if total > MOST_ENTRIES:
            raise EOFError
        targets = tuple(fields.number(width) for _ in range(count))
        found.setdefault((box.name, source), Reference(targets, box))
    return found
