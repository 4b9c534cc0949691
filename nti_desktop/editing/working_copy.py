"""Working copy: a project as it is worked on, over the one on the disk: what changed, what is new, and saving it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nti_desktop import PROGRAM
from nti_desktop.core import atomic
from nti_desktop.core.errors import SidecarError
from nti_desktop.editing.previews import PreviewSource
from nti_desktop.editing.snapshot import Kept, Snapshot
from nti_desktop.project.merge import Unmergeable, merge, said
from nti_desktop.project.saving import Saved
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import Signature, Stored, backup_path
from nti_desktop.recipe.jobs import Arrays

Content = tuple[object, ...]

READ = 8  # inversions whose arrays are at hand once they lie on the disk, up to some twenty megabytes each


class WorkingCopy:
    """Owned by one thread; only a snapshot may be written on another.

    project: all edits, replaced as a whole by every change; sidecar: where it is saved; read_only: why nothing can be
    changed, or None; turn: the EXIF orientation that brings the previews on the disk to how the photo lies now.
    """

    def __init__(self, project: Project, sidecar: Path, stored: Stored | None, turn: int = 1) -> None:
        """stored: as it lies on the disk, None before the first save."""
        self.project = project
        self.sidecar = sidecar
        self.read_only = stored.read_only if stored else None
        self._stored = stored
        self.turn = turn
        self._saved_project = project
        self.kept_desk: Kept | None = None  # what lay open beside the project when it was saved last
        self._given_up = False
        self._edited: set[str] = set()  # versions that looked otherwise when the project was opened
        self._new_arrays: dict[str, Arrays] = {}
        self._new_previews: dict[str, bytes] = {}
        self._arrays: dict[str, Arrays] = {}  # read from the disk or written there, the last used last

    @property
    def dirty(self) -> bool:
        """Whether there is something to save. Looking is no change: neither which version is shown, nor which of its
        areas is worked on, nor a picture of what was there before; all these are kept with the next change.
        """
        if self.read_only or self._given_up:
            return False
        pictured = any(version in self._edited for version in self._new_previews)
        return bool(self._new_arrays) or pictured or self.content != content_of(self._saved_project)

    @property
    def content(self) -> Content:
        """The part of the project that is worth saving; equal for two that differ only in what was looked at."""
        return content_of(self.project)

    def change(self, **changes: object) -> None:
        """Replace fields of the project. Raises SidecarError when it is full or may not be changed."""
        self._refuse_if_read_only()
        looks = {version.id: version.look for version in self.project.versions}
        try:
            self.project = Project.model_validate({**dict(self.project), "program": PROGRAM, **changes})
        except ValidationError as error:
            raise SidecarError("This project is full; delete versions that you no longer need.") from error
        self._edited |= {version.id for version in self.project.versions if looks.get(version.id) != version.look}

    def show(self, **shown: object) -> None:
        """Replace fields of the project that only say what is looked at; any project allows it."""
        self.project = self.project.model_copy(update=shown)

    def aside(self) -> "WorkingCopy":
        """The same to try things on: what is changed there changes nothing here, and is not saved."""
        aside = WorkingCopy(self.project, self.sidecar, self._stored)
        aside._new_arrays, aside._arrays = dict(self._new_arrays), dict(self._arrays)
        return aside

    @property
    def stored(self) -> Stored | None:
        """As it lay on the disk when it was read or saved last, None before the first save."""
        return self._stored

    @property
    def base(self) -> Signature | None:
        """Of the file that the project was changed since, None before the first save."""
        return self._stored.signature if self._stored else None

    @property
    def size(self) -> int:
        """Bytes that the next save is about to write: the project, and a backup of what was there."""
        before = self._stored.signature.size if self._stored else 0
        return 2 * before + sum(array.nbytes for arrays in self._new_arrays.values() for array in arrays.values())

    @property
    def saved_project(self) -> Project:
        """As it was read or saved last; a new one before the first save."""
        return self._saved_project

    @property
    def new_arrays(self) -> Mapping[str, Arrays]:
        """Those that are not saved yet, by inversion."""
        return self._new_arrays

    def take_up(self, project: Project, arrays: Mapping[str, Arrays]) -> None:
        """Go on with what was not saved of the same project. arrays: those that were not saved, by inversion.

        Raises SidecarError where an inversion would be without its arrays.
        """
        saved = {inversion.id for inversion in self._stored.project.inversions} if self._stored else set()
        if any(each.id not in saved | arrays.keys() for each in project.inversions if each.settings.method.row.keeps):
            raise SidecarError("What was not saved of this photo is damaged.")
        looks = {version.id: version.look for version in self.project.versions}
        self.project = project
        self._new_arrays |= {name: kept for name, kept in arrays.items() if name not in saved}
        self._edited |= {version.id for version in project.versions if looks.get(version.id) != version.look}

    def give_up(self) -> None:
        """Save nothing of it any more; another working copy goes on with the project as it was saved."""
        self._given_up = True

    # Arrays and previews

    def keep_arrays(self, inversion_id: str, arrays: Arrays) -> None:
        """Keep what an inversion found."""
        self._new_arrays[inversion_id] = arrays

    def arrays(self, inversion_id: str) -> Arrays:
        """As `keep_arrays` left them. Raises SidecarError when they cannot be read."""
        return self.arrays_source(inversion_id)()

    def arrays_source(self, inversion_id: str) -> Callable[[], Arrays]:
        """Tell what gives the arrays as they are now, to any thread; see `arrays`. Those that were used last are not
        read again.
        """
        known, stored = self._new_arrays.get(inversion_id), self._stored

        def read() -> Arrays:
            if known is not None:
                return known
            arrays = self._arrays.get(inversion_id)
            if arrays is None:
                assert stored is not None
                arrays = stored.arrays(inversion_id)
            self._at_hand({inversion_id: arrays})
            return arrays

        return read

    def _at_hand(self, arrays: Mapping[str, Arrays]) -> None:
        last = {name: kept for name, kept in self._arrays.items() if name not in arrays} | dict(arrays)
        self._arrays = dict([*last.items()][-READ:])

    def keep_preview(self, version_id: str, preview: bytes) -> None:
        """Keep what a version looks like, as `encode_preview` made it."""
        self._refuse_if_read_only()
        self._new_previews[self.project.version(version_id).id] = preview

    def drop_preview(self, version_id: str) -> bytes | None:
        """A version no longer looks as its preview says; one on the disk is known by its look and stays, one that was
        not saved comes back.
        """
        return self._new_previews.pop(version_id, None)

    def preview(self, version_id: str) -> NDArray[np.uint8] | None:
        """(h, w, 3) as `keep_preview` left it; None when there is none or it cannot be read, as one can be rendered."""
        return self.preview_source(version_id).pixels()

    def preview_source(self, version_id: str) -> PreviewSource:
        """Tell where a version's preview is to be had, for another thread to decode it."""
        stored = self._stored if self._looks_as_stored(version_id) else None
        return PreviewSource(version_id, self._new_previews.get(version_id), stored, self.turn)

    def _looks_as_stored(self, version_id: str) -> bool:
        """Tell whether a version looks as it does on the disk, but for a turn of the whole photo."""
        now = self.project.version(version_id)
        there = self._stored.project.versions if self._stored else ()
        return any((v.id, v.look) == (now.id, now.look) for v in there)

    # Saving

    def snapshot(
        self, desk: Kept | None = None, path: Path | None = None, photo: Path | None = None, moves: bool = False
    ) -> Snapshot:
        """The state as it is now, to be written wherever there is time; tell `saved` when it was. desk, photo, moves:
        see Snapshot; path: where it is to be saved from now on, None for where it is saved anyway.
        """
        return Snapshot(
            path or self.sidecar,
            self.sidecar,
            self.project,
            dict(self._new_arrays),
            dict(self._new_previews),
            self._still_to_be_turned(),
            replace(self._stored, project=self._saved_project) if self._stored else None,
            desk,
            photo,
            moves,
        )

    def _still_to_be_turned(self) -> tuple[PreviewSource, ...]:
        if self.turn == 1:
            return ()
        ids = (version.id for version in self.project.versions if version.id not in self._new_previews)
        return tuple(self.preview_source(id) for id in ids if self._looks_as_stored(id))

    def saved(self, snapshot: Snapshot, saved: Saved) -> tuple[str, ...]:
        """A snapshot lies on the disk; what was changed since it was taken is still to be saved.

        What another program saved meanwhile is in the project from now on. Returns what is to be said of that, in
        sentences.
        """
        before = self.project
        if saved.merged:
            try:
                self.project = merge(snapshot.project, before, saved.stored.project).project
            except Unmergeable:  # what was changed since is too much; the next save finds that, and goes elsewhere
                return ()
        self._stored, self.turn = saved.stored, 1
        self._saved_project = saved.stored.project
        self.kept_desk = snapshot.desk
        self._at_hand(snapshot.arrays)
        self._new_arrays = {k: v for k, v in self._new_arrays.items() if k not in snapshot.arrays}
        self._new_previews = {k: v for k, v in self._new_previews.items() if snapshot.previews.get(k) is not v}
        if self.sidecar == snapshot.left:
            self.sidecar = saved.stored.path
        return (*said(before, self.project), *([saved.beside] if saved.beside else []))

    def write(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Write a snapshot of this now; what comes back is to be said, see `saved`. Raises SidecarError; nothing is
        lost.
        """
        saved = snapshot.write()
        sentences = self.saved(snapshot, saved)
        if saved.unconfirmed is not None:
            raise saved.unconfirmed
        return sentences

    def move_to(self, sidecar: Path) -> None:
        """The project, where it is on the disk, gets another name, and so does its state before the last save.

        Raises SidecarError when it cannot, or another project has that name; it then stays under its old one.
        """
        if sidecar == self.sidecar:
            return
        if any(map(os.path.lexists, (sidecar, backup_path(sidecar)))):
            raise SidecarError(
                f"The project stays at “{self.sidecar}”, as there is another one at “{sidecar}”; move that away."
            )
        try:
            for before, after in ((backup_path(self.sidecar), backup_path(sidecar)), (self.sidecar, sidecar)):
                if before.exists():
                    atomic.move(before, after)
        except OSError as error:
            raise SidecarError(
                f"The project stays at “{self.sidecar}”, as it could not be renamed ({error.strerror})."
            ) from error
        self.sidecar = sidecar
        if self._stored is not None:
            self._stored = replace(self._stored, path=sidecar)

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise SidecarError(self.read_only)


def content_of(project: Project) -> Content:
    """The part of a project that is worth saving, see `WorkingCopy.content`."""
    versions = [(each.id, each.name, each.look, each.made_from, each.time) for each in project.versions]
    return project.photo, project.frames, project.inversions, versions
