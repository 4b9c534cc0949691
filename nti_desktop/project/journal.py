"""The journal of an open photo: what was changed since its project was saved, should the program end unasked.

A folder for each open photo in the user's state folder holds `log`, whose lines are only appended, the arrays that no
sidecar has yet, and `lock`, which its process holds. A line is its checksum and one JSON object; what follows a torn
line does not count. The first line says of what photo it is, each other one how everything stood.
"""

import contextlib
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import Field

from nti_desktop.core import atomic, disk, lock
from nti_desktop.core.path_text import decoded, encoded
from nti_desktop.project import tensors
from nti_desktop.project.archive import Unsound
from nti_desktop.project.desk import MAX_STATES, DeskRecord, StateRecord
from nti_desktop.project.fields import Count, Record, Sha256, Text
from nti_desktop.project.schema import Project
from nti_desktop.project.signature import Signature
from nti_desktop.recipe.jobs import Arrays

MAX_LOG = 2**26  # bytes that are read; one line, two projects and a desk of at most 8 MiB each, is less than half
ROOM = 2**22  # bytes; a log that is longer, and four times as long as one line or half as long as is read, begins anew
MAX_LEFT = 100  # journals; the oldest that are left of more go


class HeadRecord(Record):
    """photo, sidecar: absolute paths, percent-encoded, as names need not be text; identity: of the photo."""

    identity: Sha256
    photo: Text
    sidecar: Text


class SignatureRecord(Record):
    """Signature as it is stored."""

    size: Count
    digest: Sha256

    @classmethod
    def of(cls, signature: Signature | None) -> "SignatureRecord | None":
        """Record it."""
        return None if signature is None else cls(size=signature.size, digest=signature.digest)


class EntryRecord(Record):
    """How everything stood. states: of edits that no line before had, see DeskRecord; saved: the project as it was read
    or saved last, None where a line before says it; base: of that file, None before the first save; ended: whether the
    program was closed then, as it should be.
    """

    project: Project
    desk: DeskRecord
    states: Annotated[tuple[StateRecord, ...], Field(max_length=MAX_STATES)]
    saved: Project | None
    base: SignatureRecord | None
    ended: bool = False


@dataclass(frozen=True)
class Place:
    """Of what photo a journal is. identity: of the photo; photo, sidecar: where they lie."""

    identity: str
    photo: Path
    sidecar: Path


@dataclass(frozen=True, eq=False)
class Left:
    """What a program left that ended. project: as it stood in the end; before: how it stood earlier; states: of edits,
    by their numbers; saved, base: see EntryRecord.
    """

    folder: Path
    place: Place
    project: Project
    before: Sequence[Project]
    desk: DeskRecord
    states: Sequence[StateRecord]
    saved: Project | None
    base: Signature | None
    ended: bool

    def arrays(self) -> dict[str, Arrays]:
        """Read the arrays that lie here, by inversion; damaged ones are left out."""
        found = {}
        for inversion in self.project.inversions:
            file = self.folder / _arrays_name(inversion.id)
            expected = tensors.layout(inversion, self.project.frame(inversion.frame))
            with contextlib.suppress(OSError, Unsound):
                found[inversion.id] = tensors.unpack(file.read_bytes(), expected)
        return found


class Journal:
    """Written by one thread. Every method but `discard` and `close` raises OSError; what was written before stays."""

    def __init__(self, place: Place, folder: Path | None = None) -> None:
        """folder: for journals, None for the user's."""
        self.place = place
        self._folder = (folder or journals_folder()) / f"{place.identity[:16]}-{secrets.token_hex(4)}"
        self._let_go: Callable[[], None] | None = None
        self._file: int | None = None
        self._whole = 0  # bytes of the log when it was written anew
        self._size = 0

    @property
    def begins_anew(self) -> bool:
        """Whether the next entry must name all states of edits: the first, after a fault, or when the log is long."""
        return self._file is None or self._size > max(ROOM, min(4 * self._whole, MAX_LOG // 2))

    def append(self, entry: EntryRecord, arrays: Mapping[str, Arrays], anew: bool) -> None:
        """Write how everything stands; it is on the disk when this returns. arrays: those that no sidecar has; anew:
        whether the entry names all states of edits, so that nothing before it is needed.
        """
        if anew:
            self._close_log()
        self._hold()
        for inversion, kept in arrays.items():
            file = self._folder / _arrays_name(inversion)
            if not file.exists():
                atomic.write_bytes(file, tensors.pack(kept))
        line = _line(entry)
        if anew:
            log = _line(_head(self.place)) + line
            atomic.write_bytes(self._folder / "log", log)
            self._file = os.open(self._folder / "log", os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
            self._whole = self._size = len(log)
            return
        assert self._file is not None
        try:
            disk.write(self._file, line)
            disk.fsync(self._file)
        except OSError:
            self._close_log()  # half a line may lie there: the next entry begins anew
            raise
        self._size += len(line)

    def discard(self) -> None:
        """Nothing of it is needed any more."""
        self.close()
        _remove(self._folder)

    def close(self) -> None:
        """Leave it for the next time that the photo is opened."""
        self._close_log()
        if self._let_go is not None:
            self._let_go()
            self._let_go = None

    def _hold(self) -> None:
        if self._let_go is None:
            disk.make_folder(self._folder, 0o700)
            self._let_go = lock.hold(self._folder / "lock")

    def _close_log(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                disk.close(self._file)
            self._file = None


def journals_folder() -> Path:
    """Name the folder for journals; it need not exist yet."""
    return platformdirs.user_state_path("nti-desktop", appauthor=False) / "journals"


def left_behind(identity: str = "", folder: Path | None = None) -> Iterator[Left]:
    """Find what programs left that ended, the newest first. identity: of a photo, empty for all; what living programs
    write, and what cannot be read, is passed over.
    """
    for each in _newest_first(folder or journals_folder(), f"{identity[:16]}*-*"):
        with contextlib.suppress(OSError, ValueError, Unsound):
            if not _is_held(each) and (left := read(each)).place.identity.startswith(identity):
                yield left


def _newest_first(folder: Path, pattern: str) -> list[Path]:
    times = []
    with contextlib.suppress(OSError):
        for each in folder.glob(pattern):
            with contextlib.suppress(OSError):
                times.append(((each / "log").stat().st_mtime, each))
    return [each for _, each in sorted(times, reverse=True)]


def forget(left: Left) -> None:
    """Nothing of it is needed any more."""
    _remove(left.folder)


def tidy(folder: Path | None = None) -> None:
    """Remove the oldest of too many journals."""
    for each in _newest_first(folder or journals_folder(), "*-*")[MAX_LEFT:]:
        with contextlib.suppress(OSError):
            if not _is_held(each):
                _remove(each)


def _remove(folder: Path) -> None:
    """A journal that a power cut brought back would be put on top of what was saved since: its log goes first."""
    with contextlib.suppress(OSError):
        disk.remove(folder / "log")
        disk.sync_folder(folder)
    shutil.rmtree(folder, ignore_errors=True)


def read(folder: Path) -> Left:
    """Read a journal. Raises OSError, Unsound where it says nothing whole, ValueError where that is not valid."""
    lines = _whole_lines(folder / "log")
    head = HeadRecord.model_validate_json(next(lines, b""))
    states: list[StateRecord] = []
    projects: list[Project] = []
    entry, saved = None, None
    for line in lines:
        entry = EntryRecord.model_validate_json(line)
        states += entry.states
        projects.append(entry.project)
        saved = entry.saved or saved
    if entry is None:
        raise Unsound("it holds nothing whole")
    place = Place(head.identity, decoded(head.photo), decoded(head.sidecar))
    base = _signature(entry.base)
    return Left(folder, place, entry.project, projects, entry.desk, states, saved, base, entry.ended)


def _signature(record: SignatureRecord | None) -> Signature | None:
    return None if record is None else Signature(record.size, record.digest)


def _whole_lines(log: Path) -> Iterator[bytes]:
    """The lines before the first torn one."""
    if log.stat().st_size > MAX_LOG:
        raise Unsound("it is far too large")
    for line in log.read_bytes().split(b"\n")[:-1]:
        checksum, _, text = line.partition(b" ")
        if checksum != _checksum(text):
            return
        yield text


def _line(record: Record) -> bytes:
    text = record.model_dump_json().encode()
    return _checksum(text) + b" " + text + b"\n"


def _checksum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):08x}".encode()


def _head(place: Place) -> HeadRecord:
    return HeadRecord(identity=place.identity, photo=encoded(place.photo), sidecar=encoded(place.sidecar))


def _is_held(folder: Path) -> bool:
    let_go = lock.hold(folder / "lock")
    if let_go is not None:
        let_go()
    return let_go is None


def _arrays_name(inversion: str) -> str:
    return f"{inversion}.safetensors"
