"""Back to a raw editor: the one way a given file is replaced, its old bytes kept beside it."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.core.progress import NEVER, CancelToken
from nti_desktop.editing.session import Session
from nti_desktop.photo.export.export import replace_picture
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.export.formats import format_of
from nti_desktop.photo.export.targets import disk_errors_said
from nti_desktop.photo.raster import Raster
from nti_desktop.project.location import (
    backup_path,
    data_folder,
    free_place,
    place_beside,
    same_place,
    usual_places,
)

_MOST_TRIES = 1000


@dataclass(frozen=True)
class Returned:
    """path: the file that was replaced; kept: its old bytes; notes: see Exported."""

    path: Path
    kept: Path
    notes: tuple[str, ...]


def check_return(target: Path) -> None:
    """Raises PhotoError where `return_to` would refuse, so that nobody renders for nothing."""
    format_of(target)
    if not target.is_file():
        raise PhotoError(f"“{target.name}” is not there to be returned to; name the file the raw editor gave.")
    if not os.access(target, os.W_OK) or not os.access(target.absolute().parent, os.W_OK):
        raise PhotoError(f"“{target.name}” may not be replaced; ask for access to it and to its folder.")


def return_to(picture: Raster, target: Path, provenance: Provenance, cancel: CancelToken = NEVER) -> Returned:
    """Replace `target` by the picture, in its own format. What it was lies beside it as “NAME.original.SUFFIX” then.

    Where the target is a session's photo, the session must `follow`. Raises PhotoError, Cancelled; the target is
    then as it was.
    """
    check_return(target)
    kept = _free_name(target)
    with disk_errors_said(kept):
        with disk.open_to_read(target) as old:
            atomic.write_whole(kept, lambda file: shutil.copyfileobj(old, file, 1 << 20), like=target, replaces=False)
            was = os.fstat(old.fileno())
        with contextlib.suppress(OSError):  # some disks keep no times
            os.utime(kept, ns=(was.st_atime_ns, was.st_mtime_ns))
    try:
        exported = replace_picture(picture, target, original=kept, provenance=provenance, cancel=cancel)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    return Returned(target, kept, exported.notes)


def follow(session: Session, returned: Returned) -> None:
    """Let the session and its project go with the old bytes, where the replaced file was the session's photo; a
    project under a name that the user chose, or in the data folder, keeps that.

    Raises SidecarError when the project cannot be renamed; it then stays under its old name.
    """
    if not same_place(session.photo.path, returned.path):
        return
    identity = session.photo.identity
    chosen = not any(same_place(session.sidecar, usual) for usual in usual_places(session.photo.path, identity))
    stays = chosen or same_place(session.sidecar.parent, data_folder())
    session.move_to(returned.kept, session.sidecar if stays else free_place(returned.kept, identity))


def _free_name(target: Path) -> Path:
    """Name a file beside the target that is not there, and neither is a project of such a one."""
    for number in range(1, _MOST_TRIES):
        kept = target.with_stem(f"{target.stem}.original" if number == 1 else f"{target.stem}.original-{number}")
        project = place_beside(kept)
        if not any(map(os.path.lexists, (kept, project, backup_path(project)))):
            return kept
    raise PhotoError(f"There are too many old copies of “{target.name}”; move some of them away.")
