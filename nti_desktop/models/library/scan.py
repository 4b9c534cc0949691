"""Paths that may be models, without opening any: in the store, as added, and where other programs keep theirs."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from nti_desktop.core import disk
from nti_desktop.models.formats.foreign import ENDINGS
from nti_desktop.models.library.places import Places

MOST = 300  # candidates in all
MOST_LOOKED_AT = 2000  # entries of one folder
_REVISION_LENGTH = 40
# What people's installations are called: the folder of each program, and its models below.
_COMFY = ("ComfyUI", "ComfyUI_windows_portable/ComfyUI", "comfy/ComfyUI")  # the last: comfy-cli
_A1111 = (
    "stable-diffusion-webui",
    "stable-diffusion-webui-forge",
    "stable-diffusion-webui-reForge",
    "sd.webui/webui",
    "webui_forge_cu121_torch231/webui",
)


class Source(StrEnum):
    """Where a model was found, in a word that people are shown."""

    STORE = "store"
    ADDED = "added"
    HUGGING_FACE = "Hugging Face cache"
    COMFY = "ComfyUI"
    A1111 = "A1111"


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
        yield Candidate(path, Source.ADDED)
    for path in _snapshots(_hub_cache()):
        yield Candidate(path, Source.HUGGING_FACE)
    for names, models, source in (
        (_COMFY, "models/checkpoints", Source.COMFY),
        (_A1111, "models/Stable-diffusion", Source.A1111),
    ):
        for root in _usual_roots():
            for name in names:
                folder = root / name / models
                yield from (Candidate(path, source) for path in models_in(folder))
                for below in _entries(folder):  # people sort checkpoints into folders
                    yield from (Candidate(path, source) for path in models_in(below) if path.is_file())


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


def _snapshots(cache: Path) -> Iterator[Path]:
    """The snapshot of each cached model that its main branch names."""
    for repository in _entries(cache):
        if repository.name.startswith("models--"):
            snapshot = _snapshot(repository)
            if snapshot is not None and _may_be_a_model(snapshot):
                yield snapshot


def _snapshot(repository: Path) -> Path | None:
    """Find the snapshot of a repository's main branch; None where nothing says which one it is."""
    try:
        with disk.open_to_read(repository / "refs" / "main") as stream:
            revision = stream.read(_REVISION_LENGTH + 1).decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return repository / "snapshots" / revision if revision.isalnum() else None


def hub_snapshot(repository: str) -> Path | None:
    """Find the folder in which the Hub's cache has a repository, owner/name, as its main branch was; None where it has
    nothing of it.
    """
    return _snapshot(_hub_cache() / f"models--{repository.replace('/', '--')}")


def _usual_roots() -> list[Path]:
    """List the folders in which people unpack such programs as ComfyUI."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return []
    roots = [home, home / "Documents", home / "Downloads", home / "Desktop", home / "AI"]
    if sys.platform == "win32":
        roots += [Path("C:\\"), Path("D:\\"), Path("C:\\AI"), Path("D:\\AI")]
    return roots
