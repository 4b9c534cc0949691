"""Bringing back a project whose file is damaged or gone, from the state before its last save."""

from pathlib import Path

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.finding import find_project
from nti_desktop.editing.opening import is_project
from nti_desktop.photo.reading.identify import identify
from nti_desktop.project.recovery import Recovered, recover_sidecar
from nti_desktop.project.sidecar import backup_path, find_lost


def bring_back(path: Path) -> Recovered:
    """Bring back the project of a photo, or a .nti itself, see `recover_sidecar`. Raises PhotoError, SidecarError."""
    return recover_sidecar(path if is_project(path) else _project_of(path))


def said(recovered: Recovered) -> str:
    """Say what was brought back, and where the damaged file is."""
    name, kept = recovered.sidecar.name, recovered.kept
    if kept is None:
        return f"“{name}” was brought back as it was before its last save."
    return f"“{name}” was brought back as it was before its last save; the damaged file is kept as “{kept.name}”."


def said_of_lost(sidecar: Path) -> str:
    """Say of a project that is gone that its state before the last save is there."""
    return (
        f"The project of this photo is gone, but its state before the last save is intact in "
        f"“{backup_path(sidecar).name}” and can be brought back."
    )


def _project_of(photo: Path) -> Path:
    identity = identify(photo)
    found = find_project(photo, identity) or find_lost(photo, identity)
    if found is None:
        raise SidecarError(
            f"“{photo.name}” has no project that could be brought back; look for one in your own backups."
        )
    return found
