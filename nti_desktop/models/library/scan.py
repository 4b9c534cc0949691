"""Paths that may be models, without opening any: in the store, as added, and where other programs keep theirs."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.library.places import Places
from nti_desktop.models.library.programs import Source, checkpoint_places

MOST = 300  # candidates in all
MOST_LOOKED_AT = 2000  # entries of one folder
MOST_FOLDERS = 400  # that are looked into below one place
DEEPEST = 5  # folders below one place, as people sort checkpoints
_REVISION_LENGTH = 40
# Files of the Hub's repositories that are parts of other kinds of models.
_PART = re.compile(r"(model|diffusion_pytorch_model|pytorch_lora_weights|adapter_model)[.-].*|.*-\d+-of-\d+\..*")


@dataclass(frozen=True)
class Candidate:
    """A folder with model_index.json, or a .safetensors file; what is added may be gone."""

    path: Path
    source: Source


def candidates(places: Places) -> tuple[Candidate, ...]:
    """All candidates, the store's first; each real place once, without those forgotten. Never fails."""
    seen: set[str] = {os.path.realpath(path) for path in places.forgotten}
    found = []
    for candidate in islice(_all(places), 4 * MOST):
        real = os.path.realpath(candidate.path)
        if real not in seen:
            seen.add(real)
            found.append(candidate)
    return tuple(found[:MOST])


def _all(places: Places) -> Iterator[Candidate]:
    for path in models_in(places.store):
        yield Candidate(path, Source.STORE)
    for path in places.added:
        yield from (Candidate(found, Source.ADDED) for found in (models_below(path) if is_a_place(path) else [path]))
    for path in _cached(_hub_cache()):
        yield Candidate(path, Source.HUGGING_FACE)
    for folder, source in checkpoint_places():
        yield from (Candidate(path, source) for path in models_below(folder))


def is_a_place(path: Path) -> bool:
    """Tell whether what was added is no model, but a folder that holds some."""
    return os.path.isdir(path) and not _may_be_a_model(path) and bool(models_below(path))


def models_below(folder: Path) -> list[Path]:
    """Models in a folder and in those below it; none within a model's own folder."""
    found: list[Path] = []
    folders, seen = [(folder, 0)], set[str]()
    while folders and len(found) < MOST and len(seen) < MOST_FOLDERS:
        here, depth = folders.pop(0)
        real = os.path.realpath(here)
        if real in seen:  # links may lead in a circle
            continue
        seen.add(real)
        for path in _entries(here):
            if _may_be_a_model(path):
                found.append(path)
            elif depth < DEEPEST and os.path.isdir(path):
                folders.append((path, depth + 1))
    return found


def models_in(folder: Path) -> list[Path]:
    """Folders with model_index.json and .safetensors files at the top level, sorted, hidden ones left out."""
    return [path for path in _entries(folder) if _may_be_a_model(path)]


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_LOOKED_AT)]
    except OSError:
        return []
    return [folder / name for name in sorted(names, key=str.casefold) if not name.startswith(".")]


def _may_be_a_model(path: Path) -> bool:
    try:
        if path.suffix.casefold() in ENDINGS:
            return path.is_file()
        return (path / "model_index.json").is_file()
    except OSError:
        return False


def _hub_cache() -> Path:
    """As huggingface_hub finds it, which takes long to import."""
    environment = os.environ
    home = environment.get("HF_HOME") or os.path.join(
        environment.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface"
    )
    cache = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return Path(os.path.expanduser(os.path.expandvars(cache)))


def _cached(cache: Path) -> Iterator[Path]:
    """The models of each cached repository: a snapshot in the diffusers layout, or the files of weights in it."""
    for repository in _entries(cache):
        if repository.name.startswith("models--"):
            snapshots = list(_snapshots(repository))
            whole = next((snapshot for snapshot in snapshots if _may_be_a_model(snapshot)), None)
            yield from [whole] if whole else [file for snapshot in snapshots for file in _files_of(snapshot)]


def _files_of(snapshot: Path) -> list[Path]:
    """Checkpoints in a repository that is no part of a model, nor another kind of it."""
    if os.path.isfile(snapshot / "config.json"):
        return []
    return [path for path in models_below(snapshot) if not _PART.fullmatch(path.name)]


def _snapshots(repository: Path) -> Iterator[Path]:
    """The snapshots of a repository that its branches name, that of the main one first."""
    refs = repository / "refs"
    for ref in sorted([*_entries(refs), *_entries(refs / "pr")], key=lambda ref: ref.name != "main"):
        try:
            with disk.open_to_read(ref) as stream:
                revision = stream.read(_REVISION_LENGTH + 1).decode("ascii").strip()
        except (OSError, ValueError):
            continue
        if revision.isalnum():
            yield repository / "snapshots" / revision


def hub_snapshot(repository: str) -> Path | None:
    """Find the folder in which the Hub's cache has a repository, owner/name, as its main branch was; None where it has
    nothing of it.
    """
    return next(_snapshots(_hub_cache() / f"models--{repository.replace('/', '--')}"), None)
