"""Opening a photo with its project, or a project with the photo beside it."""

from dataclasses import dataclass
from pathlib import Path

from nti_desktop import PROGRAM
from nti_desktop.core import atomic
from nti_desktop.core.errors import PhotoError, SidecarError
from nti_desktop.editing.reorientation import reoriented
from nti_desktop.photo.orientation import combined, undone
from nti_desktop.photo.photo import Photo, open_photo
from nti_desktop.photo.reading.decode import Report
from nti_desktop.project.schema import SCHEMA_VERSION, DevelopmentRecord, PhotoRecord, Project
from nti_desktop.project.sidecar import (
    Stored,
    backup_path,
    find_lost,
    find_sidecar,
    is_whole,
    read_sidecar,
    sidecar_path,
)

_DEVELOPED_OTHERWISE = (
    "This raw file was developed a little differently when its edits were made, by another version of the library."
)


@dataclass(frozen=True, eq=False)
class Opened:
    """project: in the photo's present orientation; stored: as it lies on the disk, None before the first save;
    turn: the EXIF orientation that brings stored previews to the present, 1 unless another program turned the photo;
    desk: desk.json as it was saved, None also where its areas lie otherwise by now; lost: where the project lay, if it
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


def open_with_project(path: Path, report: Report | None = None, project_file: Path | None = None) -> Opened:
    """Open a photo with its project, when it has one, or a .nti with the photo beside it.

    report: see Report; project_file: where the project is to be saved, and is read from where it is there.

    Raises PhotoError or SidecarError in one sentence; a project that cannot be used is left as it is.
    """
    atomic.sweep(path.parent)
    if is_project(path):
        stored = read_sidecar(path)
        photo = open_photo(_photo_of(stored), report=report)
    else:
        photo = open_photo(path, report=report)
        found = find_sidecar(path, photo.identity)
        if project_file is not None and project_file.exists():
            found = project_file
        if found is None:
            sidecar = project_file or sidecar_path(path, photo.identity)
            return Opened(photo, _new_project(photo), sidecar, None, 1, photo.notes, lost=_lost(photo))
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
    desk = stored.desk() if turn == 1 else None
    return Opened(photo, project, project_file or stored.path, stored, turn, notes, desk)


def photo_to_open(path: Path) -> Path:
    """The photo that `open_with_project` would open; raises as it does."""
    return _photo_of(read_sidecar(path)) if is_project(path) else path


def is_project(path: Path) -> bool:
    """Tell whether a path is that of a project, and not of a photo."""
    return path.suffix.casefold() == ".nti"


def _photo_of(stored: Stored) -> Path:
    """The photo beside a project: called as the project says, or as the project itself is called; else where the
    project says that it lies.
    """
    name, folder = Path(stored.project.photo.name).name, stored.project.photo.folder
    places = [stored.path.with_name(each) for each in (stored.path.stem, name) if each]
    for photo in (*places, *([Path(folder) / name] if folder and name else [])):
        if photo != stored.path and photo.is_file():
            return photo
    raise PhotoError(
        f"The photo of “{stored.path.name}”, “{stored.project.photo.name}”, is not beside it; "
        "bring the two together, or open the photo itself."
    )


def _lost(photo: Photo) -> Path | None:
    """Find where a project of this very photo lay that can be brought back; see Opened."""
    lost = find_lost(photo.path, photo.identity)
    try:
        belongs = lost is not None and read_sidecar(backup_path(lost)).project.photo.identity == photo.identity
    except SidecarError:
        return None
    return lost if lost is not None and belongs and is_whole(backup_path(lost)) else None


def _development(photo: Photo) -> DevelopmentRecord | None:
    made = photo.development
    return None if made is None else DevelopmentRecord(library=made.library, settings=made.settings)


def _new_project(photo: Photo) -> Project:
    width, height = photo.raster.size
    return Project(
        schema_version=SCHEMA_VERSION,
        program=PROGRAM,
        photo=PhotoRecord(
            name=photo.path.name,
            width=width,
            height=height,
            identity=photo.identity,
            orientation=photo.orientation,
            development=_development(photo),
        ),
        frames=(),
        inversions=(),
        versions=(),
        current=None,
    )
