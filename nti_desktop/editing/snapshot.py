"""A project's state as it is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.previews import PreviewSource, encode_preview
from nti_desktop.photo.raster import Raster
from nti_desktop.project import places, refusals
from nti_desktop.project.belonging import Belonging
from nti_desktop.project.places import Place
from nti_desktop.project.saving import Saved, remove_moved, save_sidecar
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Stored
from nti_desktop.recipe.jobs import Arrays


class Kept(Protocol):
    """What is kept with a project besides."""

    def to_json(self) -> bytes: ...


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A save, complete in itself, so that `write` may run on another thread than the working copy's.

    path: where it is to be written; left: where the project was saved until now; turned: previews that lie on the disk
    as the photo was before another program turned it; base: as it was last read or saved; desk: None to let that of the
    file on the disk be; photo: where it was when it was opened, None where nobody knows; moves: whether nothing stays
    at `left`.
    """

    path: Path
    left: Path
    project: Project
    arrays: Mapping[str, Arrays]
    previews: Mapping[str, bytes]
    turned: tuple[PreviewSource, ...]
    base: Stored | None
    desk: Kept | None = None
    photo: Path | None = None
    moves: bool = False

    def write(self) -> Saved:
        """Raises SidecarError, see `save_sidecar`, or where the photo has gone and its project with it; the copy must
        be told of what comes back (`WorkingCopy.saved`).
        """
        if self.photo is not None and self.path == self.left and _have_gone(self.photo, self.path):
            raise SidecarError(refusals.photo_gone(self.path, self.photo))
        previews = dict(self.previews)
        for source in self.turned:
            pixels = source.pixels()
            if pixels is not None:
                previews[source.version] = encode_preview(Raster(pixels))
        desk = self.desk.to_json if self.desk else None
        saved = save_sidecar(self.path, self.project, self.arrays, previews, self.base, desk)
        if self.moves and self.base is not None and saved.beside is None and saved.unconfirmed is None:
            remove_moved(self.base, saved.stored)
        photo = saved.stored.project.photo
        places.remember(photo.identity, Place(saved.stored.path, Belonging(saved.stored.path, photo).said))
        return saved


def _have_gone(photo: Path, sidecar: Path) -> bool:
    """Tell whether neither is in their folder any more: they have other names, and what is saved under the old one
    nobody would find.
    """
    return photo.parent == sidecar.parent and photo.parent.exists() and not (photo.exists() or sidecar.exists())
