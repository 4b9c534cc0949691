"""Keeping what was made in the photo's project; where that cannot be saved, elsewhere, so that no work is lost."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.session import Session
from nti_desktop.project.saving import free_name
from nti_desktop.project.sidecar import SidecarUnconfirmed, data_folder


@dataclass(frozen=True)
class Kept:
    """path: where it is saved, None where it is not; said: what of another program came in, in sentences; fault: why
    it is not where it belongs.
    """

    path: Path | None
    said: tuple[str, ...] = ()
    fault: SidecarError | None = None


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option for a project that lies elsewhere."""
    parser.add_argument(
        "--project",
        type=Path,
        metavar="FILE.nti",
        help="the file of the project, which is made from the photo's own where it is not there; default: that one",
    )


def keep(session: Session) -> Kept:
    """Save the project, in the user's data folder where it cannot be saved in its place."""
    beside = session.sidecar.absolute().parent == session.photo.path.absolute().parent
    try:
        said = session.save() if beside else session.save_as(session.sidecar)
    except SidecarUnconfirmed as error:
        return Kept(session.sidecar, fault=error)
    except SidecarError as error:
        try:
            said = session.save_as(_elsewhere(session.photo.path))
        except SidecarError:
            return Kept(None, fault=error)
        fault = SidecarError(f"{error} It is kept in “{session.sidecar}”; go on with that by --project.")
        return Kept(session.sidecar, said, fault)
    return Kept(session.sidecar, said)


def _elsewhere(photo: Path) -> Path:
    path = data_folder() / f"{photo.name}.nti"
    return free_name(path) if path.exists() else path
