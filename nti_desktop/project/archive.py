"""A sidecar's ZIP: read as if a stranger had made it, written as plainly as the format allows.

Only what this program writes is taken: members that follow one another without gap or overlap from the first byte to
the table of contents, local and central headers that agree, no encryption, no ZIP64, no comment, plain names.
"""

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_FILE = 2**32 - 2**20  # bytes; below what needs ZIP64
MAX_MEMBERS = 4096
MAX_NAME = 160
MAX_DIRECTORY = 2**20
MAX_MEMBER = 2**29
MAX_RATIO = 200

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LOCAL = struct.Struct("<4s5H3I2H")
_PIECE = 2**20  # bytes in memory at a time, of what is only passed on
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_ZIP64_LOCATOR = 20
_FLAGS = 0x0806  # UTF-8 names and the two bits that tell how hard a compressor tried
_PLAIN_DATE = (1 << 5) | 1  # 1980-01-01, so that equal projects make equal files
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # compression methods and versions of the format
    RuntimeError,  # encryption
    ValueError,  # names, dates and offsets
    IndexError,
)


class Unsound(Exception):
    """What is wrong with a project file, as a clause that can follow “because”."""


@dataclass(frozen=True, eq=False)
class Member:
    """A member as it lies in an archive. flags, method, checksum: as its headers say; packed, size: bytes there, and
    once read; pieces: gives the packed bytes, and raises OSError.
    """

    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    pieces: Callable[[], Iterable[bytes]]


def stored(data: bytes) -> Member:
    """Make a member of bytes, uncompressed."""
    return Member(0, zipfile.ZIP_STORED, zlib.crc32(data), len(data), len(data), lambda: (data,))


class Archive:
    """The members of one sound archive. Raises Unsound, here and in every method; OSError when the disk fails."""

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        directory, count = _find_directory(file, size)
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except _ZIP_ERRORS as error:
            raise Unsound("its table of contents is damaged") from error
        infos = self._zip.infolist()
        self._members = {info.filename: info for info in infos}
        if len(infos) != count:
            raise Unsound("its table of contents is damaged")
        if len(self._members) != count:
            raise Unsound("two of its parts have the same name")
        for info in infos:
            _check_entry(info)
        _check_layout(file, infos, directory)

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the table of contents."""
        return tuple(self._members)

    def is_stored_first(self, name: str) -> bool:
        """Tell whether the file begins with this member, uncompressed and without an extra field."""
        info = self._members.get(name)
        return (
            info is not None and info.header_offset == 0 and info.compress_type == zipfile.ZIP_STORED and not info.extra
        )

    def size(self, name: str) -> int:
        """Bytes of the member once read."""
        return self._info(name).file_size

    def read(self, name: str, limit: int = MAX_MEMBER) -> bytes:
        """The whole member, its checksum verified. Raises Unsound when it is missing, damaged or over `limit` bytes."""
        info = self._info(name)
        if info.file_size > limit:
            raise Unsound(f"its part “{name}” is far too large")
        try:
            return self._zip.read(info)
        except _ZIP_ERRORS as error:
            raise Unsound(f"its part “{name}” is damaged") from error

    def packed_size(self, name: str) -> int:
        """Bytes of the member as it lies there."""
        return self._info(name).compress_size

    def is_sound(self, name: str) -> bool:
        """Tell by its checksum whether the member is as it was written; a piece is in memory at a time."""
        info = self._info(name)
        try:
            with self._zip.open(info) as member:
                while member.read(_PIECE):
                    pass
        except _ZIP_ERRORS:
            return False
        return True

    def member(self, name: str) -> Member:
        """The member as it lies there, to be taken over byte for byte: neither unpacked nor checked, so that one which
        is damaged or of another program is neither lost nor in the way.
        """
        info = self._info(name)
        return Member(
            info.flag_bits,
            info.compress_type,
            info.CRC,
            info.compress_size,
            info.file_size,
            lambda: self._packed(info),
        )

    def _packed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        self._file.seek(info.header_offset)
        *_, name_length, extra_length = _LOCAL.unpack(self._file.read(_LOCAL.size))
        place = info.header_offset + _LOCAL.size + name_length + extra_length
        end = place + info.compress_size
        while place < end:
            self._file.seek(place)
            piece = self._file.read(min(_PIECE, end - place))
            if not piece:
                raise Unsound("it was cut short while it was read")
            place += len(piece)
            yield piece

    def head(self, name: str, length: int) -> bytes:
        """The member's first bytes, at most `length` and never all of it; the checksum is not verified."""
        info = self._info(name)
        try:
            with self._zip.open(info) as member:
                return member.read(max(0, min(length, info.file_size - 1)))
        except _ZIP_ERRORS as error:
            raise Unsound(f"its part “{name}” is damaged") from error

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._members[name]
        except KeyError as error:
            raise Unsound(f"its part “{name}” is missing") from error


def _find_directory(file: BinaryIO, size: int) -> tuple[int, int]:
    """Offset of the table of contents and its count of members.

    Raises Unsound, before any of it is parsed, when it is not where it belongs or absurdly large.
    """
    if size < _END.size:
        raise Unsound("it is empty" if size == 0 else "it ends too early")
    if size > MAX_FILE:
        raise Unsound("it is far too large")
    file.seek(max(0, size - _END.size - _ZIP64_LOCATOR))
    tail = file.read(_END.size + _ZIP64_LOCATOR)
    magic, disk, first_disk, here, count, length, offset, comment = _END.unpack(tail[-_END.size :])
    if magic != b"PK\x05\x06":
        raise Unsound("it is no project file, or it ends too early")
    if tail.startswith(b"PK\x06\x07"):
        raise Unsound("it is packed in a way that project files never are")
    if disk or first_disk or here != count or comment or offset + length != size - _END.size:
        raise Unsound("its table of contents is damaged")
    if count > MAX_MEMBERS or length > MAX_DIRECTORY:
        raise Unsound("it has far too many parts")
    return offset, count


def _check_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if name != info.filename or len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise Unsound("one of its parts has a name that project files never use")
    if info.flag_bits & 0x2041:
        raise Unsound(f"its part “{name}” is encrypted")
    if info.flag_bits & ~_FLAGS or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unsound(f"its part “{name}” is packed in a way that project files never are")
    if info.file_size > MAX_MEMBER or info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise Unsound(f"its part “{name}” is far too large")
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        raise Unsound(f"the two descriptions of its part “{name}” disagree")


def _check_layout(file: BinaryIO, infos: list[zipfile.ZipInfo], directory: int) -> None:
    """Local headers agree with the table of contents, and members fill the file up to it, in whatever order."""
    end = 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        if info.header_offset != end:
            raise Unsound("its parts overlap or leave gaps")
        file.seek(info.header_offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size:
            raise Unsound("it ends too early")
        magic, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        said = (magic, flags, method, crc, packed, size, file.read(name_length))
        listed = (
            b"PK\x03\x04",
            info.flag_bits,
            info.compress_type,
            info.CRC,
            info.compress_size,
            info.file_size,
            info.filename.encode(),
        )
        if said != listed:
            raise Unsound(f"the two descriptions of its part “{info.filename}” disagree")
        end += _LOCAL.size + name_length + extra_length + info.compress_size
    if end != directory:
        raise Unsound("its parts overlap or leave gaps")


def zipped(members: Iterable[tuple[str, Callable[[], Member]]]) -> Iterator[bytes]:
    """The bytes of an archive of members, in order; each is made when it is its turn.

    zipfile would seek back into what it wrote and finish the file in a destructor; here every write may fail alone.
    Raises Unsound when the archive would not be read again: too many members, or too large.
    """
    entries: list[bytes] = []
    offset = 0
    for name, make in members:
        member = make()
        if member.size > MAX_MEMBER or offset + member.packed > MAX_FILE - MAX_DIRECTORY:
            raise Unsound("it would become too large")
        encoded = name.encode("ascii")
        sizes = member.checksum, member.packed, member.size
        described = (20, member.flags, member.method, 0, _PLAIN_DATE, *sizes, len(encoded), 0)
        header = _LOCAL.pack(b"PK\x03\x04", *described) + encoded
        entries.append(_CENTRAL.pack(b"PK\x01\x02", 20, *described, 0, 0, 0, 0, offset) + encoded)
        yield header
        yield from member.pieces()
        offset += len(header) + member.packed
    if len(entries) > MAX_MEMBERS:
        raise Unsound("it would have too many parts")
    directory = b"".join(entries)
    yield directory + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), offset, 0)
