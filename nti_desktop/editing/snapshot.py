"""A project's state as it is to be written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Signature, write_sidecar
from nti_desktop.recipe.jobs import Arrays


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A save, complete in itself, so that `write` may run on another thread than the working copy's. desk: makes
    desk.json; None to let that of the file on the disk be.
    """

    path: Path
    project: Project
    arrays: Mapping[str, Arrays]
    previews: Mapping[str, bytes]
    expected: Signature | None
    desk: Callable[[], bytes] | None = None

    def write(self) -> Signature:
        """Raises SidecarError, see `write_sidecar`; the copy must be told of what comes back (`WorkingCopy.saved`)."""
        return write_sidecar(self.path, self.project, self.arrays, self.previews, self.expected, self.desk)
