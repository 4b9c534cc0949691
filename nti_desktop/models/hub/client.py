"""Downloads a model into the store: planned once, fetched in pieces that survive, in its place only when verified.

Nothing here connects before a download is asked for.
"""

import errno
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import Cancelled, ModelError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.models.formats.layout import INDEX, shipped_layout
from nti_desktop.models.hub import transfer
from nti_desktop.models.hub.offers import Licence, Offer, find_offer
from nti_desktop.models.hub.selection import HubFile, choose
from nti_desktop.models.library.places import default_store
from nti_desktop.models.library.records import (
    DownloadRecord,
    Meter,
    RecordedFile,
    digest,
    is_inside,
    write_record,
)

INCOMING = ".incoming"
MARGIN = 500_000_000  # bytes that stay free
LARGEST_MODEL = 40 << 30  # SDXL in full precision has a third
PLAN = "plan.json"
_WHOLE = "whole"  # holds, under its name, what is verified of a model
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(f"{_PART}/{_PART}")


@dataclass(frozen=True)
class Plan:
    """What a download will fetch. id: its folder while it is incoming; name: what it is called in the store, a file's
    name or a folder's; revision: 40 hex digits.
    """

    id: str
    name: str
    repository: str
    revision: str
    licence: Licence
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def single(self) -> bool:
        """Whether it is one file."""
        return [file.name for file in self.files] == [self.name]


def download(wanted: str, store: Path, report: Report, cancel: CancelToken, token: str | None = None) -> Path:
    """Plan and fetch; see `plan_download` and `fetch`."""
    return fetch(plan_download(wanted, store, cancel, token), store, report, cancel, token)


def plan_download(wanted: str, store: Path, cancel: CancelToken, token: str | None = None) -> Plan:
    """Plan what to fetch for an offered model's id, or for `owner/name` on the Hub, which is asked for its newest
    revision unless a download of it has begun already.

    Raises ModelError in one sentence, Cancelled.
    """
    if known := find_offer(wanted):
        return plan_known(known)
    owner, _, name = wanted.partition("/")
    if not _REPOSITORY.fullmatch(wanted) or "--" in wanted or ".." in wanted or wanted.endswith(".git"):
        raise ModelError(
            f"“{wanted}” is neither a model that is offered nor an owner/name on the Hub; check how it is written."
        )
    id = f"{owner}--{name}"
    if begun := _begun(store / INCOMING / id / PLAN, id, wanted):
        return begun
    listing = transfer.list_repository(wanted, token, cancel)
    return _checked(Plan(id, id, wanted, listing.revision, Licence(listing.licence), choose(listing.files, wanted)))


def plan_known(known: Offer) -> Plan:
    """Plan to fetch a model that the program knows."""
    files = tuple(HubFile(file.name, file.size, file.sha256) for file in known.files)
    name = files[0].name if len(files) == 1 else known.id
    return Plan(known.id, name, known.repository, known.revision, known.licence, files)


def is_begun(plan: Plan, store: Path) -> bool:
    """Tell whether a download by exactly this plan was broken off, so that its terms were accepted already."""
    try:
        stored = json.loads(disk.read_bytes(store / INCOMING / plan.id / PLAN).decode())
    except (OSError, ValueError, RecursionError):
        return False
    return bool(stored == json.loads(json.dumps(asdict(plan))))


def free_space(store: Path) -> int:
    """Bytes that are free where the store is or will be. Raises OSError."""
    while not store.exists() and store != store.parent:
        store = store.parent
    return shutil.disk_usage(store).free


def fetch(plan: Plan, store: Path, report: Report, cancel: CancelToken, token: str | None = None) -> Path:
    """Fetch what is missing of the plan, verify all of it as it lies on the disk, and put it in its place in the store.

    token: for the Hub; the stored one when None. Raises ModelError in one sentence, and Cancelled; what has arrived
    is kept for the next attempt, unless it proved wrong.
    """
    try:
        with _incoming(plan, store) as folder:
            _check_space(plan, folder, store)
            atomic.write_bytes(folder / PLAN, json.dumps(asdict(plan)).encode())
            meter = Meter("Downloading", plan.size, report, _present(plan, folder))

            def arrived(file: HubFile) -> RecordedFile:
                part, place = _places(plan, folder, file)
                if not place.is_file():
                    wanted = transfer.Fetch(plan.repository, plan.revision, file, part, token)
                    transfer.fetch_file(wanted, cancel, meter.add)
                return _verified(plan, file, part, place, report, cancel)

            weights = [file for file in plan.files if file.name.endswith(".safetensors")]
            recorded = [arrived(file) for file in plan.files if file not in weights]
            _check_configs(plan, folder)
            recorded += [arrived(file) for file in weights]
            meter.finish()
            return _settle(plan, folder, store, tuple(recorded))
    except transfer.NotAsPlanned:
        folder = store / INCOMING / plan.id
        with suppress(OSError):  # the next attempt asks what there is now, and goes on with what is still the same
            (folder / PLAN).unlink(missing_ok=True)
            for part, place in (_places(plan, folder, file) for file in plan.files):
                if place.is_file():
                    place.replace(part)
        raise
    except Cancelled as error:
        raise Cancelled("Stopped; what has arrived is kept, so download again to go on.") from error
    except OSError as error:
        raise _disk_trouble(error, plan, store) from error


def _verified(plan: Plan, file: HubFile, part: Path, place: Path, report: Report, cancel: CancelToken) -> RecordedFile:
    """Move a file that has arrived to its place when its bytes on the disk are the right ones, else delete it."""
    arrived = place if place.is_file() else part
    sha256, git_sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    digest(arrived, sha256, git_sha1, cancel=cancel, count=Meter("Checking", file.size, report).add)
    if file.key != (sha256.hexdigest() if file.sha256 else git_sha1.hexdigest()):
        arrived.unlink()
        raise ModelError(
            f"“{file.name}” of “{plan.repository}” is not what was published, and was deleted; download again."
        )
    if arrived is part:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
    return RecordedFile(file.name, file.size, sha256.hexdigest())


def _check_configs(plan: Plan, folder: Path) -> None:
    """Raise ModelError, and keep nothing, where a model cannot be used as its configurations say, before gigabytes of
    weights are fetched.
    """
    if any(file.name == INDEX for file in plan.files):
        try:
            shipped_layout(folder / _WHOLE / plan.name)
        except ModelError:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _settle(plan: Plan, folder: Path, store: Path, files: tuple[RecordedFile, ...]) -> Path:
    """From here on the model is in the store."""
    final = store / plan.name
    _check_free(final)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    write_record(final, DownloadRecord(plan.repository, plan.revision, plan.licence.name, time, files))
    (folder / _WHOLE / plan.name).rename(final)
    return final


@contextmanager
def _incoming(plan: Plan, store: Path) -> Iterator[Path]:
    """The folder of this download, held against other windows; gone when the model is in its place."""
    if not store.is_dir() and store != default_store():
        raise ModelError(f"The models folder “{store}” is not there; plug in its drive, or choose another folder.")
    _check_free(store / plan.name)
    folder = store / INCOMING / plan.id
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, plan.name):
        try:
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            if not _present(plan, folder):  # nothing has arrived that one could go on with
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold the folder of a download against other windows. name: what is downloaded.

    Raises OSError, and ModelError in one sentence where another window holds it.
    """
    from filelock import FileLock, Timeout  # comes with huggingface_hub

    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ModelError(
            f"“{name}” is being downloaded, in another window; wait for that, or stop it there."
        ) from error
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
            folder.parent.rmdir()


def _check_free(final: Path) -> None:
    if final.exists() or final.is_symlink():
        raise ModelError(f"“{final.name}” is in “{final.parent}” already; verify it there, or remove it first.")


def _check_space(plan: Plan, folder: Path, store: Path) -> None:
    needed, free = plan.size - _present(plan, folder) + MARGIN, free_space(store)
    if needed > free:
        raise ModelError(
            f"“{plan.name}” needs {needed / 1e9:.1f} GB in “{store}”, where {free / 1e9:.1f} GB are free; make room, "
            "or choose another folder."
        )


def _present(plan: Plan, folder: Path) -> int:
    """Bytes of the plan that are there already."""
    places = [_places(plan, folder, file) for file in plan.files]
    return sum(next((path.stat().st_size for path in reversed(pair) if path.is_file()), 0) for pair in places)


def _places(plan: Plan, folder: Path, file: HubFile) -> tuple[Path, Path]:
    """Name where a file arrives, by its content, so that it never mixes with another's, and where it lies once it is
    verified.
    """
    model = folder / _WHOLE if plan.single else folder / _WHOLE / plan.name
    return folder / f"{file.key}.part", model / file.name


def _checked(plan: Plan) -> Plan:
    if plan.size > LARGEST_MODEL:
        raise ModelError(f"“{plan.repository}” has {plan.size / 1e9:.0f} GB, more than any model this program can use.")
    return plan


def _begun(path: Path, id: str, repository: str) -> Plan | None:
    """The plan of a download that was broken off; None when there is none, or it is damaged."""
    try:
        content = json.loads(disk.read_bytes(path).decode())
        files = tuple(HubFile(f["name"], f["size"], f["sha256"], f["git_sha1"]) for f in content["files"])
        revision, licence = content["revision"], content["licence"]["name"]
        if (
            isinstance(licence, str)
            and re.fullmatch("[0-9a-f]{40}", revision)
            and all(is_inside(f.name) for f in files)
        ):
            return _checked(Plan(id, id, repository, revision, Licence(licence), choose(files, repository)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ModelError):
        pass
    return None


def _disk_trouble(error: OSError, plan: Plan, store: Path) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            f"The drive of “{store}” is full; what has arrived of “{plan.name}” is kept, so make room and "
            "download again."
        )
    if error.errno == errno.EFBIG:
        largest = max(file.size for file in plan.files)
        return ModelError(
            f"“{plan.name}” has a file of {largest / 1e9:.1f} GB, which is too large for the drive of “{store}”; "
            "choose a folder on a drive that is not formatted as FAT32."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ModelError(f"“{store}” cannot be written; choose another folder.")
    return ModelError(
        f"“{plan.name}” cannot be kept in “{store}” ({error.strerror}); check the drive and download again."
    )
