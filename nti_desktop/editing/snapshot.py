"""A project's state as it is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nti_desktop.editing.previews import PreviewSource, encode_preview
from nti_desktop.photo.raster import Raster
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Signature, write_sidecar
from nti_desktop.recipe.jobs import Arrays


class Kept(Protocol):
    """What is kept with a project besides."""

    def to_json(self) -> bytes: ...


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A save, complete in itself, so that `write` may run on another thread than the working copy's. turned: previews
    that lie on the disk as the photo was before another program turned it; desk: None to let that of the file on the
    disk be.
    """

    path: Path
    project: Project
    arrays: Mapping[str, Arrays]
    previews: Mapping[str, bytes]
    turned: tuple[PreviewSource, ...]
    expected: Signature | None
    desk: Kept | None = None

    def write(self) -> Signature:
        """Raises SidecarError, see `write_sidecar`; the copy must be told of what comes back (`WorkingCopy.saved`)."""
        previews = dict(self.previews)
        for source in self.turned:
            pixels = source.pixels()
            if pixels is not None:
                previews[source.version] = encode_preview(Raster(pixels))
        desk = self.desk.to_json if self.desk else None
        return write_sidecar(self.path, self.project, self.arrays, previews, self.expected, desk)
