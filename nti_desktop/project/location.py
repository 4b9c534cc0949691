"""Where the project of a photo lies."""

import itertools
import os
import re
from pathlib import Path

import platformdirs

_LONGEST_NAME = 240  # bytes of a photo's file name that leave room for the endings, on every common file system


def sidecar_path(photo: Path, identity: str) -> Path:
    """Choose where to save the project of a photo: beside it, or in the user's data folder under its identity when its
    folder cannot be written or belongs to a camera, or the photo's name is too long. identity: SHA-256 in hex.
    """
    beside = place_beside(photo)
    camera = any(part.casefold() == "dcim" for part in photo.absolute().parts[:-1])
    too_long = len(os.fsencode(photo.name)) > _LONGEST_NAME
    if camera or too_long or not os.access(beside.parent, os.W_OK):
        return _in_data_folder(identity)
    return beside


def usual_places(photo: Path, identity: str) -> list[Path]:
    """Name where the project of a photo lies if neither was moved: where it would be saved, beside it, or in the data
    folder, where copies of a photo have further names.
    """
    further = sorted(data_folder().glob(f"{_in_data_folder(identity).stem}-*.nti"))
    return list(
        dict.fromkeys((sidecar_path(photo, identity), place_beside(photo), _in_data_folder(identity), *further))
    )


def free_place(photo: Path, identity: str) -> Path:
    """Choose where to save a new project of a photo, see `sidecar_path`; not where a copy of it has its own."""
    first = sidecar_path(photo, identity)
    others = (first.with_name(f"{first.stem}-{number}{first.suffix}") for number in itertools.count(2))
    return next(path for path in itertools.chain((first,), others) if not os.path.lexists(path))


def backup_path(path: Path) -> Path:
    """Name the file beside a project that holds its state before the last save."""
    return path.with_name(path.name + "~")


def find_lost(photo: Path, identity: str) -> Path | None:
    """Find where the project of a photo lay that is gone and has left its state before the last save; None where there
    is nothing of one.
    """
    paths = usual_places(photo, identity)
    return next((path for path in paths if not path.exists() and backup_path(path).is_file()), None)


def free_name(path: Path, said: str) -> Path:
    """Name a file beside a project under which nothing lies yet. said: what the name says of it."""
    first = path.with_name(f"{path.name}.{said}")
    others = (first.with_name(f"{first.name}-{number}") for number in itertools.count(2))
    return next(name for name in itertools.chain((first,), others) if not os.path.lexists(name))


def data_folder() -> Path:
    """Name the folder for projects that cannot lie beside their photo; it need not exist yet."""
    return platformdirs.user_data_path("nti-desktop", appauthor=False) / "projects"


def same_place(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one place, also by links; nothing need be there."""
    return os.path.realpath(one) == os.path.realpath(other)


def place_beside(photo: Path) -> Path:
    """Name a photo's project beside it."""
    return photo.with_name(photo.name + ".nti")


def _in_data_folder(identity: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{64}", identity):
        raise ValueError(f"not the SHA-256 of a photo: {identity!r}")
    return data_folder() / f"{identity}.nti"
