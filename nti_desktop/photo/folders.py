"""Folders in the place of the photos in them."""

import os
from collections.abc import Sequence
from pathlib import Path

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.reading.header import PICTURE_SUFFIXES, RAW_SUFFIXES

_SUFFIXES = frozenset((*PICTURE_SUFFIXES, *RAW_SUFFIXES))


def photos_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Put the photos that lie in folders, by name, in the folders' place; each photo once. Folders in them are left
    alone. Raises PhotoError for a folder that holds none, or cannot be read.
    """
    photos: dict[Path, None] = {}
    for path in paths:
        photos |= dict.fromkeys(_photos_in(path) if path.is_dir() else (path,))
    return tuple(photos)


def _photos_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [Path(each.path) for each in entries if is_photo_file(each)]
    except OSError as error:
        raise PhotoError(f"“{folder}” cannot be read: {error.strerror or error}.") from error
    if not found:
        raise PhotoError(f"There are no photos in “{folder}”; name a folder that holds some, or photos.")
    return sorted(found)


def is_photo_file(entry: os.DirEntry[str]) -> bool:
    """Tell by its name whether an entry of a folder may be a photo."""
    return Path(entry.name).suffix.casefold() in _SUFFIXES and entry.is_file()
