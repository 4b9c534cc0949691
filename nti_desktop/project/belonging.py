"""Of which photo a project says that it is, and where that photo may lie; nothing else of it is read."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from nti_desktop.core import disk
from nti_desktop.project.archive import Archive, Unsound
from nti_desktop.project.reading import parsed
from nti_desktop.project.schema import PhotoRecord

_SUFFIX = ".nti"
_MOST_PROJECTS = 10_000  # in a folder, of which is read whose they are


@dataclass(frozen=True)
class Belonging:
    """project: a file; photo: what it says of its photo."""

    project: Path
    photo: PhotoRecord

    @property
    def said(self) -> Path:
        """Where its photo lies, as it says; beside it where that would be on a share that the project is not on."""
        folder, name = self.photo.folder, Path(self.photo.name).name or "photo"
        if folder is None or disk.server_of(folder) not in ("", disk.server_of(self.project)):
            return self.project.with_name(name)
        return Path(folder) / name

    def files(self) -> list[Path]:
        """Find what may be its photo: beside it, called as it says or as the project is called, or where it says."""
        beside = [self.project.with_name(each) for each in (self.said.name, self.project.stem) if each]
        places = dict.fromkeys((*beside, self.said))
        return [place for place in places if place != self.project and os.path.isfile(place)]


def placed(photo: PhotoRecord, at: Path, project: Path) -> PhotoRecord:
    """Say how a project's photo is called, and where it lies unless that is beside the project."""
    folder = None if project.absolute().parent == at.absolute().parent else str(at.absolute().parent)
    return photo.at(at.name, folder)


def belonging(project: Path) -> Belonging | None:
    """Read of which photo a project is; None where there is none, or none that can be read."""
    try:
        with disk.open_to_read(project) as file:
            tree = parsed(Archive(file))
        return Belonging(project, PhotoRecord.model_validate(tree["photo"])) if isinstance(tree, dict) else None
    except (OSError, Unsound, ValidationError, KeyError):
        return None


def projects_of(identity: str, folder: Path) -> Iterable[Belonging]:
    """Find the projects in a folder that are of a picture, the newest first."""
    try:
        with os.scandir(folder) as entries:
            files = [entry for entry in entries if entry.name.casefold().endswith(_SUFFIX) and entry.is_file()]
        files.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    except OSError:
        return
    for entry in files[:_MOST_PROJECTS]:
        found = belonging(Path(entry.path))
        if found is not None and found.photo.identity == identity:
            yield found
