"""All models there are, usable or not, and taking one away again."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.core.errors import AutoencoderMissing, ModelError
from nti_desktop.models.hub.client import INCOMING, PLAN, held
from nti_desktop.models.hub.offers import offers
from nti_desktop.models.library.catalog import ModelEntry, all_built_in, find_called, model_at, name_of
from nti_desktop.models.library.places import Places, change_places
from nti_desktop.models.library.preview_decoders import stored_preview_decoders
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.records import DownloadRecord, files_of, read_record, record_path, size_of
from nti_desktop.models.library.scan import Candidate, candidates


@dataclass(frozen=True)
class Listed:
    """One model. path: None for a built-in one; entry: None where it cannot be used, `fault` then says why in one
    sentence; size: bytes on the disk; record: of its download by this program; lacks_autoencoder: whether that is all
    that it lacks.
    """

    path: Path | None
    source: str
    entry: ModelEntry | None
    fault: str | None
    size: int
    record: DownloadRecord | None
    lacks_autoencoder: bool = False

    @property
    def key(self) -> str:
        """What tells it from all others: its path, or the id of a built-in one."""
        return self.entry.id if self.path is None and self.entry is not None else str(self.path)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.entry.name if self.entry is not None else name_of(Path(self.key))

    @property
    def licence(self) -> str:
        """Of what was downloaded, as its page says."""
        if self.record:
            return self.record.licence
        return self.entry.licence if self.entry else "not known"


@dataclass(frozen=True)
class Incoming:
    """A download that was broken off. wanted: what to ask for to go on; size, total: bytes."""

    wanted: str
    folder: Path
    size: int
    total: int


def listed_models(places: Places) -> tuple[Listed, ...]:
    """List what is built in and all candidates. Raises ModelError when the program's own files are damaged."""
    own = (Listed(None, "built in", entry, None, 0, None) for entry in all_built_in())
    return (*own, *(_listed(candidate, places) for candidate in candidates(places)))


def _listed(candidate: Candidate, places: Places) -> Listed:
    path = candidate.path
    record = read_record(path) if candidate.source is Source.STORE else None
    size = size_of(files_of(path))
    try:
        entry = model_at(path, places.autoencoder_of(path), places.given(path))
        return Listed(path, candidate.source, entry, None, size, record)
    except ModelError as error:
        fault = (
            str(error) if path.exists() else f"“{path}” is not there; plug in its drive, or remove it from the list."
        )
        return Listed(path, candidate.source, None, fault, size, record, isinstance(error, AutoencoderMissing))


def incoming(store: Path) -> tuple[Incoming, ...]:
    """Downloads that were broken off, whose pieces are kept."""
    found = []
    try:
        folders = sorted(path for path in (store / INCOMING).iterdir() if path.is_dir())
    except OSError:
        return ()
    known = {model.id: model.size for model in offers()}
    for folder in folders:
        try:
            plan = json.loads(disk.read_bytes(folder / PLAN).decode())
            total = sum(int(file["size"]) for file in plan["files"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            total = known.get(folder.name, 0)
        size = size_of([path for path in folder.rglob("*") if path.is_file() and path.name != PLAN])
        found.append(Incoming(folder.name.replace("--", "/"), folder, size, total))
    return tuple(found)


def find_listed(wanted: str, places: Places) -> Candidate:
    """The model, or the published preview decoder in the store, that people mean: its path, its name in any place, the
    id of an offered one, or owner/name on the Hub.

    Raises ModelError in one sentence when there is none, or more than one.
    """
    decoders = (Candidate(folder, Source.STORE) for _, folder in stored_preview_decoders(places.store))
    listed = (*candidates(places), *decoders)
    there = {candidate.path for candidate in listed}  # of a model in the store that was added too, its place counts
    found = (*listed, *(Candidate(path, Source.ADDED) for path in places.added if path not in there))
    real = os.path.realpath(os.path.expanduser(wanted))
    exact = next((c for c in found if os.path.realpath(c.path) == real), None)
    named = exact or find_called(found, wanted)
    if named is None:
        raise ModelError(f"There is no model “{wanted}”; “nti-desktop models list” says which there are.")
    return named


def remove(candidate: Candidate, places: Places) -> str:
    """Delete a model of the store; forget one elsewhere, which is somebody else's. The sentence says which.

    Raises ModelError in one sentence when that fails.
    """
    path = candidate.path
    if candidate.source is not Source.STORE or path.parent != places.store:
        change_places(lambda now: now.without(path))
        return f"“{name_of(path)}” is no longer listed; its files stay where they are, in “{path.parent}”."
    _delete(path)
    record_path(path).unlink(missing_ok=True)
    if places.with_deleted(path) != places:
        change_places(lambda now: now.with_deleted(path))
    return f"“{path.name}” is deleted from “{places.store}”."


def remove_incoming(download: Incoming) -> str:
    """Delete the pieces of a download that was broken off. Raises ModelError in one sentence where that fails, or where
    it goes on, in another window.
    """
    try:
        with held(download.folder, download.wanted):
            _delete(download.folder)
    except OSError as error:
        raise _undeleted(download.folder, error) from error
    return f"What had arrived of “{download.wanted}” is deleted."


def _delete(path: Path) -> None:
    """A link goes, what it leads to stays."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise _undeleted(path, error) from error


def _undeleted(path: Path, error: OSError) -> ModelError:
    return ModelError(f"“{path}” cannot be deleted ({error.strerror}); close what uses it and try again.")
