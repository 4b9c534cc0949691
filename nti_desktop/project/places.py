"""Where photos and their projects were seen last, by which a project is found again when both have parted.

A file for each picture in the user's data folder, named by its identity; a line is a project and its photo, absolute
paths that are percent-encoded, as names need not be text. It is only a help: without it nothing is lost.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import atomic
from nti_desktop.core.path_text import decoded, encoded
from nti_desktop.project.location import data_folder

MOST = 8  # places of a picture
_MOST_BYTES = 2**17


@dataclass(frozen=True)
class Place:
    """Both absolute."""

    project: Path
    photo: Path


def remember(identity: str, place: Place) -> None:
    """Note where a project and its photo lie now. Where that cannot be written, nothing is noted."""
    before = places(identity)
    if before[:1] == [place]:
        return
    kept = [place, *(each for each in before if each.project != place.project)][:MOST]
    lines = "".join(f"{encoded(each.project)} {encoded(each.photo)}\n" for each in kept)
    with contextlib.suppress(OSError):
        _file(identity).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic.write_bytes(_file(identity), lines.encode())


def places(identity: str) -> list[Place]:
    """Tell where projects of a picture and their photos were seen, the last one first; nothing need be there still."""
    try:
        with _file(identity).open("rb") as file:
            lines = file.read(_MOST_BYTES).split(b"\n")[:-1]
    except OSError:
        return []
    pairs = [line.split(b" ") for line in lines[:MOST]]
    return [Place(*map(decoded, pair)) for pair in pairs if len(pair) == 2 and all(pair)]


def _file(identity: str) -> Path:
    return data_folder().with_name("places") / identity
