"""What was downloaded: `<name>.download.json` beside each model says from where, and the SHA-256 of every file."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from nti_desktop.core import atomic, disk
from nti_desktop.core.progress import CancelToken, Progress, Report

_LARGEST_RECORD = 1 << 20
_BLOCK = 1 << 20
_PAUSE = 0.2  # seconds between two reports
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class RecordedFile:
    """name: relative to the model's folder, or the model's own for a single file; size in bytes; sha256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DownloadRecord:
    """time: when the download was complete, ISO 8601 in UTC."""

    repository: str
    revision: str
    licence: str
    time: str
    files: tuple[RecordedFile, ...]


def record_path(model: Path) -> Path:
    """Name the file beside a model that holds the record of its download."""
    return model.with_name(f"{model.name}.download.json")


def read_record(model: Path) -> DownloadRecord | None:
    """The record beside a model; None when there is none or it is damaged."""
    path = record_path(model)
    try:
        if path.stat().st_size > _LARGEST_RECORD:
            return None
        content = json.loads(disk.read_bytes(path).decode())
        texts = {key: content[key] for key in ("repository", "revision", "licence", "time")}
        files = tuple(RecordedFile(str(f["name"]), int(f["size"]), str(f["sha256"])) for f in content["files"])
        if all(isinstance(text, str) for text in texts.values()) and all(is_inside(file.name) for file in files):
            return DownloadRecord(**texts, files=files)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        pass
    return None


def write_record(model: Path, record: DownloadRecord) -> None:
    """Raises OSError."""
    atomic.write_bytes(record_path(model), json.dumps(asdict(record), indent=1).encode())


def is_inside(name: str) -> bool:
    """Tell whether a name from elsewhere is a plain relative path of at most two parts, on every system."""
    parts = name.split("/")
    return (
        1 <= len(parts) <= 2
        and all(_NAME.fullmatch(part) and not part.endswith(".") for part in parts)
        and not any(PurePosixPath(part).stem.upper() in _RESERVED for part in parts)
    )


_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{device}{n}" for device in ("COM", "LPT") for n in range(1, 10))}


class Meter:
    """Reports bytes as megabytes, a few times a second, with the time that is left at the pace so far."""

    def __init__(self, phase: str, total: int, report: Report, done: int = 0) -> None:
        """done: bytes that were there before, which say nothing of the pace."""
        self.done = done
        self._phase, self._total, self._report = phase, total, report
        self._before = done
        self._start = self._last = time.monotonic()

    def add(self, size: int) -> None:
        """Count bytes; reported now and then."""
        self.done += size
        now = time.monotonic()
        if now - self._last >= _PAUSE:
            self._last = now
            fresh = self.done - self._before
            left = (now - self._start) / fresh * (self._total - self.done) if fresh > 0 else None
            self._say(self.done, left)

    def finish(self) -> None:
        """Report all that was counted."""
        self._say(self._total, 0.0)

    def _say(self, done: int, left: float | None) -> None:
        """Whole megabytes, the last one begun counting only at the end."""
        total = max(1, -(-self._total // MEGABYTE))
        self._report(Progress(self._phase, total if done >= self._total else done // MEGABYTE, total, left))


def digest(path: Path, *hashes: "hashlib._Hash", cancel: CancelToken, count: Callable[[int], None]) -> None:
    """Feed what is on the disk to the hashes. Raises OSError, Cancelled."""
    with disk.open_to_read(path) as stream:
        while block := stream.read(_BLOCK):
            cancel.check()
            for each in hashes:
                each.update(block)
            count(len(block))


def sha256(path: Path, cancel: CancelToken, count: Callable[[int], None] = lambda size: None) -> str:
    """In hex, of the bytes on the disk. Raises OSError, Cancelled."""
    hash = hashlib.sha256()
    digest(path, hash, cancel=cancel, count=count)
    return hash.hexdigest()


def size_of(paths: Sequence[Path]) -> int:
    """Bytes of the files that can be seen, together."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def gigabytes(size: int) -> str:
    """A size as people are told it."""
    return f"{size / 1e9:.1f} GB" if size >= 50_000_000 else f"{size / 1e6:.1f} MB"


def files_of(model: Path) -> list[Path]:
    """The files of a model: itself, or those in its folder and the folders in that, sorted."""
    if model.is_file():
        return [model]
    try:
        return sorted(path for pattern in ("*", "*/*") for path in model.glob(pattern) if path.is_file())
    except OSError:
        return []
