"""Bringing back the state of a project before its last save, where the file itself is damaged or gone."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core import atomic, disk
from nti_desktop.core.errors import SidecarError
from nti_desktop.project import refusals
from nti_desktop.project.location import backup_path, free_name
from nti_desktop.project.sidecar import SidecarDamaged, is_whole, read_sidecar


@dataclass(frozen=True)
class Recovered:
    """sidecar: the project that was brought back; kept: where the damaged file lies now, None where it was gone."""

    sidecar: Path
    kept: Path | None


def recover_sidecar(path: Path) -> Recovered:
    """Put the state before the last save in the place of a project that is damaged or gone; the damaged file is kept
    under a name that was free.

    Raises SidecarError where the project is sound or nothing can be brought back; all is then as it was.
    """
    there, kept = path.exists(), None
    if there:
        with contextlib.suppress(SidecarDamaged):
            read_sidecar(path)  # says so where a newer program wrote it, or the disk cannot read it
            if is_whole(path):
                raise SidecarError(refusals.not_damaged(path))
    if not is_whole(backup_path(path)):
        raise SidecarError(refusals.no_backup(path))
    try:
        if there:
            kept = free_name(path, "damaged")
            atomic.copy(path, kept)
            disk.sync_folder(path.parent)
        atomic.copy(backup_path(path), path, like=path if there else None)
        disk.sync_folder(path.parent)
    except OSError as error:
        raise SidecarError(refusals.cannot_save(path, error)) from error
    return Recovered(path, kept)
