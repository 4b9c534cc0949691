"""The parts of JPEG, PNG, WebP and TIFF files, found without decoding anything.

Every length and offset in a file is a claim: it is checked against the size of the file before it is followed. What
cannot be followed comes back as one last part named REST, so a walk ends for any bytes whatsoever.
"""

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

Kind = Literal["JPEG", "PNG", "TIFF", "WEBP"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
REST = b"rest"
SCAN = b"scan"
MOST_PARTS = 1_000_000
BLOCK = 1 << 20
_FARTHEST = (1 << 63) - 1  # offset that a file can have

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_NOT_FILL = re.compile(rb"[^\xff]", re.DOTALL)
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_TIFF_INTEGERS = {1: "B", 3: "H", 4: "L", 16: "Q"}
_TIFF_BYTES = frozenset((2, 7))


@dataclass(frozen=True)
class Part:
    """A named stretch of a file: JPEG marker byte, PNG or WebP chunk name, SCAN or REST; start, size: bytes."""

    name: bytes
    start: int
    size: int


def kind_of(file: BinaryIO) -> Kind | None:
    """Recognise a JPEG, PNG, TIFF or WEBP file by its first bytes; None when it is none of the four."""
    head = read_at(file, 0, 12)
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(PNG_SIGNATURE):
        return "PNG"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return None


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """Up to `size` bytes from `start`; fewer at the end of the file, none where a file says what cannot be."""
    if size <= 0 or not 0 <= start <= _FARTHEST:
        return b""
    file.seek(start)
    return file.read(size)


def file_size(file: BinaryIO) -> int:
    """In bytes; the position is at the end then."""
    return file.seek(0, 2)


def jpeg_parts(file: BinaryIO) -> Iterator[Part]:
    """Segments and scans of a JPEG's first picture, in order; what follows its end (MPO, motion photos) is left out."""
    size, at = file_size(file), 2
    for _ in range(MOST_PARTS):
        head = read_at(file, at, 4)
        if len(head) < 2 or head[0] != 0xFF or head[1] == 0:
            break
        marker = head[1]
        if marker == _END_OF_IMAGE:
            return
        if marker == 0xFF:
            at = _find(file, at, size, _NOT_FILL) - 1
        elif marker in _STANDALONE:
            at += 2
        else:
            length = int.from_bytes(head[2:])
            if len(head) < 4 or length < 2 or at + 2 + length > size:
                break
            yield Part(bytes((marker,)), at + 4, length - 2)
            at += 2 + length
            if marker == _START_OF_SCAN:
                end = _find(file, at, size, _MARKER)
                yield Part(SCAN, at, end - at)
                at = end
    if at < size:
        yield Part(REST, at, size - at)


def png_parts(file: BinaryIO) -> Iterator[Part]:
    """Chunks of a PNG up to its end chunk, without their checksums."""
    size, at = file_size(file), len(PNG_SIGNATURE)
    for _ in range(MOST_PARTS):
        head = read_at(file, at, 8)
        length = int.from_bytes(head[:4])
        if len(head) < 8 or at + 12 + length > size:
            break
        yield Part(head[4:], at + 8, length)
        if head[4:] == b"IEND":
            return
        at += 12 + length
    if at < size:
        yield Part(REST, at, size - at)


def webp_parts(file: BinaryIO) -> Iterator[Part]:
    """Chunks of a WebP file."""
    claimed = int.from_bytes(read_at(file, 4, 4), "little") + 8
    size, at = min(file_size(file), claimed), 12
    for _ in range(MOST_PARTS):
        head = read_at(file, at, 8)
        length = int.from_bytes(head[4:], "little")
        if len(head) < 8 or at + 8 + length > size:
            break
        yield Part(head[:4], at + 8, length)
        at += 8 + length + length % 2
    if at < size:
        yield Part(REST, at, size - at)


def tiff_tags(file: BinaryIO, wanted: Collection[int]) -> Mapping[int, tuple[int, ...] | bytes] | None:
    """The wanted tags of a TIFF's first picture: integers of any width as a tuple, text and undefined data as bytes.

    None when the directory cannot be followed or a wanted tag is of another type. Reads classic TIFF and BigTIFF.
    """
    size = file_size(file)
    head = read_at(file, 0, 16).ljust(16, b"\0")
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:4])[0] == 43
    offset_format, entry_size = ("Q", 20) if big else ("L", 12)
    slot = struct.calcsize(order + offset_format)
    (directory,) = struct.unpack_from(order + offset_format, head, slot)
    count_size = slot if big else 2
    if directory + count_size > size:
        return None
    (entries,) = struct.unpack(order + ("Q" if big else "H"), read_at(file, directory, count_size))
    if entries > 0xFFFF or directory + count_size + entries * entry_size > size:
        return None
    table = read_at(file, directory + count_size, entries * entry_size)
    tags: dict[int, tuple[int, ...] | bytes] = {}
    for start in range(0, len(table), entry_size):
        tag, field_type, count = struct.unpack_from(order + "HH" + offset_format, table, start)
        if tag not in wanted:
            continue
        code = "s" if field_type in _TIFF_BYTES else _TIFF_INTEGERS.get(field_type)
        if code is None:
            return None
        length = count * struct.calcsize(order + code)
        inline = table[start + entry_size - slot : start + entry_size]
        if length <= slot:
            data = inline[:length]
        else:
            (at,) = struct.unpack(order + offset_format, inline)
            if at + length > size:
                return None
            data = read_at(file, at, length)
        tags[tag] = data if code == "s" else struct.unpack(f"{order}{count}{code}", data)
    return tags


def _find(file: BinaryIO, start: int, size: int, pattern: re.Pattern[bytes]) -> int:
    """Offset of the first match (of one or two bytes) from `start` on, `size` when there is none."""
    file.seek(start)
    at, carried = start, b""
    while block := file.read(BLOCK):
        data = carried + block
        if match := pattern.search(data):
            return at - len(carried) + match.start()
        at += len(block)
        carried = data[-1:]
    return size
