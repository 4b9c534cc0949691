"""Opening a photo with its project, or a project with its photo."""

import os
from dataclasses import dataclass
from pathlib import Path

from nti_desktop import PROGRAM
from nti_desktop.core import atomic
from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.finding import find_photo, find_project
from nti_desktop.editing.reorientation import reoriented
from nti_desktop.photo.orientation import combined, undone
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.photo.reading.decode import Report
from nti_desktop.project.belonging import Belonging, placed
from nti_desktop.project.location import free_place, place_beside, sidecar_path
from nti_desktop.project.schema import SCHEMA_VERSION, DevelopmentRecord, PhotoRecord, Project
from nti_desktop.project.sidecar import (
    Stored,
    backup_path,
    find_lost,
    is_whole,
    read_sidecar,
)

_DEVELOPED_OTHERWISE = (
    "This raw file was developed a little differently when its edits were made, by another version of the library."
)


@dataclass(frozen=True, eq=False)
class Opened:
    """project: in the photo's present orientation; stored: as it lies on the disk, None before the first save;
    turn: the EXIF orientation that brings stored previews to the present, 1 unless another program turned the photo;
    desk: desk.json as it was saved, of the photo as it was turned then; lost: where the project lay, if it
    is gone and has left its state before the last save.
    """

    photo: Photo
    project: Project
    sidecar: Path
    stored: Stored | None
    turn: int
    notes: tuple[str, ...]
    desk: bytes | None = None
    lost: Path | None = None
    beside: Path | None = None


def open_with_project(path: Path, report: Report | None = None, project_file: Path | None = None) -> Opened:
    """Open a photo with its project, when it has one, or a .nti with its photo, see `finding`.

    report: see Report; project_file: where the project is to be saved, and is read from where it is there.

    Raises PhotoError or SidecarError in one sentence; a project that cannot be used is left as it is.
    """
    atomic.sweep(path.parent)
    if is_project(path):
        stored = read_sidecar(path)
        photo = open_photo(_photo_of(stored), report=report)
    else:
        photo = open_photo(path, report=report)
        found = project_file
        if found is None or not found.exists():
            found = find_project(path, photo.identity)
        if found is None:
            sidecar = project_file or free_place(path, photo.identity)
            return Opened(photo, _new_project(photo, sidecar), sidecar, None, 1, photo.notes, lost=_lost(photo))
        stored = read_sidecar(found)
    project, turn, notes = stored.project, 1, photo.notes
    if project.photo.identity != photo.identity:
        raise SidecarError(
            f"“{stored.path.name}” belongs to another picture than “{path.name}” is now; "
            "move the project away to begin anew, or bring back the picture it was made for."
        )
    if project.photo.orientation != photo.orientation:
        turn = combined(undone(project.photo.orientation), photo.orientation)
        project = reoriented(project, photo.orientation)
        notes += ("Another program has turned this photo; its edits have been turned with it.",)
    if (project.photo.width, project.photo.height) != photo.raster.size:
        raise SidecarError(
            f"“{stored.path.name}” does not fit the size of “{photo.path.name}”; move it away to begin anew."
        )
    if project.photo.development != _development(photo):
        notes += (_DEVELOPED_OTHERWISE,)
    if stored.read_only:
        notes += (stored.read_only,)
    beside = None if stored.read_only or project_file or is_project(path) else _could_lie(photo)
    return Opened(photo, project, project_file or stored.path, stored, turn, notes, stored.desk(), beside=beside)


def photo_to_open(path: Path) -> Path:
    """The photo that `open_with_project` would open; raises as it does."""
    return _photo_of(read_sidecar(path)) if is_project(path) else path


def is_project(path: Path) -> bool:
    """Tell whether a path is that of a project, and not of a photo."""
    return path.suffix.casefold() == ".nti"


def _photo_of(stored: Stored) -> Path:
    return find_photo(Belonging(stored.path, stored.project.photo))


def _lost(photo: Photo) -> Path | None:
    """Find where a project of this very photo lay that can be brought back; see Opened."""
    lost = find_lost(photo.path, photo.identity)
    try:
        belongs = lost is not None and read_sidecar(backup_path(lost)).project.photo.identity == photo.identity
    except SidecarError:
        return None
    return lost if lost is not None and belongs and is_whole(backup_path(lost)) else None


def _could_lie(photo: Photo) -> Path | None:
    usual = sidecar_path(photo.path, photo.identity)
    taken = photo.path.is_symlink() or os.path.lexists(usual)  # the project of a linked file stays with that
    return usual if usual == place_beside(photo.path) and not taken else None


def _development(photo: Photo) -> DevelopmentRecord | None:
    made = photo.development
    return None if made is None else DevelopmentRecord(library=made.library, settings=made.settings)


def _new_project(photo: Photo, sidecar: Path) -> Project:
    width, height = photo.raster.size
    record = PhotoRecord(
        name=photo.path.name,
        width=width,
        height=height,
        identity=photo.identity,
        orientation=photo.orientation,
        development=_development(photo),
    )
    return Project(
        schema_version=SCHEMA_VERSION,
        program=PROGRAM,
        photo=placed(record, photo.path, sidecar),
        frames=(),
        inversions=(),
        versions=(),
        current=None,
    )
