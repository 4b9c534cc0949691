"""What a model is, whatever it is called and wherever it lies: one hash of all that decides what it answers.

Reading gigabytes takes long, so what was read once is remembered in the user's cache folder, by path, size and time of
change of every file.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.formats.layout import needed_files
from nti_desktop.models.library.catalog import ModelEntry

MOST = 200  # models that are remembered, the newest
_LARGEST = 1 << 20  # bytes of the cache
_BLOCK = 1 << 20
_SHA256 = re.compile("[0-9a-f]{64}")

_File = tuple[str, Path, int, int]  # name in the model, path, size in bytes, time of change in ns


@dataclass(frozen=True)
class _Known:
    """sha256: the fingerprint; size: bytes of all files together."""

    sha256: str
    size: int


_known_here: dict[str, _Known] = {}  # of this process, for where the cache cannot be written


def fingerprint(entry: ModelEntry, cancel: CancelToken | None = None) -> str:
    """SHA-256 in hex over the sorted relative names and contents of the weights, configs and tokenizer, and over what
    is added: LoRAs with their weights, words with their vectors. A preview decoder does not count: a model is the same
    whatever draws its previews, which are no results; nor does an IP-Adapter, which changes nothing but the edits that
    are drawn after pictures, and those name it.

    Reads every byte once; again only after a file's size or time has changed. Raises ModelError like `find_model`,
    Cancelled.
    """
    files, schedule = _files(entry), entry.files.schedule
    key = _key(schedule, files)
    if known := _known(key):
        return known.sha256
    try:
        digest = _digest(schedule, files, cancel or CancelToken())
    except OSError as error:
        raise _unreadable(entry, error) from error
    _keep(key, _Known(digest, _size(files)))
    return digest


def known_fingerprint(entry: ModelEntry) -> str | None:
    """The fingerprint, when it can be told without reading the model; None when it cannot."""
    try:
        known = _known(_key(entry.files.schedule, _files(entry)))
    except ModelError:
        return None
    return known.sha256 if known else None


def may_have(entry: ModelEntry, wanted: str) -> bool:
    """Tell, without reading it, whether a model can have this fingerprint; True where that cannot be told."""
    try:
        files = _files(entry)
    except ModelError:
        return False
    if known := _known(_key(entry.files.schedule, files)):
        return known.sha256 == wanted
    sizes = {known.size for known in (*_read().values(), *_known_here.values()) if known.sha256 == wanted}
    return not sizes or _size(files) in sizes


def cache_file() -> Path:
    """Name the file in which the fingerprints of unchanged files are remembered."""
    return platformdirs.user_cache_path("nti-desktop", appauthor=False) / "fingerprints.json"


def _files(entry: ModelEntry) -> tuple[_File, ...]:
    """List those of the model itself, sorted by name, then what is added to it. Raises ModelError."""
    try:
        named = sorted(needed_files(entry.files).items())
        named += [(f"added\0{a.word}\0{a.weight:g}\0{a.alphas}", a.file) for a in entry.files.altering]
        stats = [(name, path, path.stat()) for name, path in named]
    except OSError as error:
        raise _unreadable(entry, error) from error
    return tuple((name, path, stat.st_size, stat.st_mtime_ns) for name, path, stat in stats)


def _digest(schedule: Sequence[tuple[str, str | bool]], files: Sequence[_File], cancel: CancelToken) -> str:
    digest = hashlib.sha256()
    for key, value in schedule:
        digest.update(f"{key}\0{value}\0".encode())
    for name, path, size, _ in files:
        digest.update(f"{name}\0{size}\0".encode())
        with disk.open_to_read(path) as stream:
            while block := stream.read(_BLOCK):
                cancel.check()
                digest.update(block)
    return digest.hexdigest()


def _key(schedule: Sequence[tuple[str, str | bool]], files: Sequence[_File]) -> str:
    """By what a model is known again without reading it."""
    said = [[list(pair) for pair in schedule], [[name, str(path), size, time] for name, path, size, time in files]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _size(files: Sequence[_File]) -> int:
    return sum(size for _, _, size, _ in files)


def _known(key: str) -> _Known | None:
    return _known_here.get(key) or _read().get(key)


def _keep(key: str, known: _Known) -> None:
    """A cache that cannot be written is only slower."""
    _known_here[key] = known
    kept = {**{k: v for k, v in _read().items() if k != key}, key: known}
    while len(kept) > MOST:
        del kept[next(iter(kept))]
    try:
        cache_file().parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(cache_file(), json.dumps({key: asdict(known) for key, known in kept.items()}).encode())
    except OSError:
        pass


def _read() -> Mapping[str, _Known]:
    """Read the fingerprints that are remembered, the newest last; none when the cache is damaged."""
    path = cache_file()
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        found = {
            key: _Known(known["sha256"], known["size"])
            for key, known in json.loads(disk.read_bytes(path).decode()).items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    whole = all(
        isinstance(known.sha256, str) and _SHA256.fullmatch(known.sha256) and isinstance(known.size, int)
        for known in found.values()
    )
    return found if whole else {}


def _unreadable(entry: ModelEntry, error: OSError) -> ModelError:
    return ModelError(f"The model in “{entry.name}” cannot be read: {error.strerror}.")
