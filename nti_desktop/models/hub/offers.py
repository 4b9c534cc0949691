"""The models offered for download: pinned to one revision, each file with its size and SHA-256."""

import json
import re
from dataclasses import dataclass
from typing import Any

from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource

_REVISION = re.compile("[0-9a-f]{40}")
_SHA256 = re.compile("[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")


@dataclass(frozen=True)
class Licence:
    """name: as people call it; url: where it can be read, empty where nobody says."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class OfferedFile:
    """One file of a repository. size in bytes; sha256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Offer:
    """A model that is offered. about: what it is good for, one sentence; repository: owner/name on the Hub; revision:
    40 hex digits.
    """

    id: str
    name: str
    about: str
    licence: Licence
    repository: str
    revision: str
    files: tuple[OfferedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def offers() -> tuple[Offer, ...]:
    """All models offered, smallest first. Raises ModelError when the program's own list is damaged."""
    try:
        return tuple(_known(entry) for entry in json.loads(resource("models", "known.json").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("The list of models that comes with the program is damaged; install it again.") from error


def find_offer(id: str) -> Offer | None:
    """The offered model of this id, in capitals or not. Raises ModelError like `offers`."""
    return next((known for known in offers() if known.id == id.casefold()), None)


def _known(entry: dict[str, Any]) -> Offer:
    files = tuple(OfferedFile(str(f["name"]), int(f["size"]), str(f["sha256"])) for f in entry["files"])
    revision = str(entry["revision"])
    if not _REVISION.fullmatch(revision) or not files:
        raise ValueError(f"{entry['id']} is not pinned")
    for file in files:
        if not (_FILE_NAME.fullmatch(file.name) and _SHA256.fullmatch(file.sha256) and file.size > 0):
            raise ValueError(f"{file.name} is not described")
    return Offer(
        id=str(entry["id"]),
        name=str(entry["name"]),
        about=str(entry["about"]),
        licence=Licence(str(entry["licence"]["name"]), str(entry["licence"]["url"])),
        repository=str(entry["repository"]),
        revision=revision,
        files=files,
    )
