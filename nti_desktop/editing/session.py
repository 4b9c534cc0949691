"""Session: one open photo, joining the photo, its project and the models; the command line and the window share it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nti_desktop import PROGRAM
from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.composition import Composition, ReducedCopies, frame_of_inversion, frame_record
from nti_desktop.editing.opening import open_with_project
from nti_desktop.editing.removed import RemovedPart, RemovedVersion
from nti_desktop.editing.snapshot import Kept, Snapshot
from nti_desktop.editing.working_copy import WorkingCopy
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.lookup import find_made_with
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.frame import Area, Frame, check_frame, frame_image, frame_of, whole_photo
from nti_desktop.photo.photo import Photo
from nti_desktop.photo.reading.decode import Report
from nti_desktop.project.belonging import placed
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import (
    AdditionRecord,
    FiguresRecord,
    FinishRecord,
    InversionRecord,
    PartRecord,
    Project,
    SettingsRecord,
    VersionRecord,
    new_id,
)
from nti_desktop.recipe.jobs import Inversion, ModelFiles, Seen
from nti_desktop.recipe.recipe import EditRecipe, asks_for_nothing


class Session:
    """One open photo, its project as it is worked on, and the models it was prepared with.

    Owned by one thread; others get its `composition` and what its working copy's `snapshot` gives. Knows neither torch
    nor Qt. photo: its pixels stay as they are; notes: sentences to show after opening; lost: where the project lay,
    beside: where it could lie, see Opened.
    """

    def __init__(
        self,
        photo: Photo,
        working_copy: WorkingCopy,
        notes: tuple[str, ...],
        desk: bytes | None = None,
        lost: Path | None = None,
        beside: Path | None = None,
    ) -> None:
        """desk: desk.json as it was saved, not yet read nor turned; lost, beside: see Opened."""
        self.photo = photo
        self.working_copy = working_copy
        self.notes = notes
        self.desk = desk
        self.lost = lost
        self.beside = beside
        self.tell_desk: Callable[[], Kept | None] = lambda: None  # what lies open now
        self._copies = ReducedCopies(photo.raster)
        self._images: dict[Frame, NDArray[np.uint8]] = {}
        self._models: dict[str, ModelEntry] = {}  # by fingerprint, of those that were found

    @classmethod
    def open(cls, path: Path, report: Report | None = None, project: Path | None = None) -> "Session":
        """See `open_with_project`."""
        opened = open_with_project(path, report, project)
        working_copy = WorkingCopy(opened.project, opened.sidecar, opened.stored, opened.turn)
        return cls(opened.photo, working_copy, opened.notes, opened.desk, opened.lost, opened.beside)

    @property
    def project(self) -> Project:
        """As it is worked on."""
        return self.working_copy.project

    @property
    def sidecar(self) -> Path:
        """The file that the project is saved in."""
        return self.working_copy.sidecar

    def snapshot(self, path: Path | None = None, moves: bool = False) -> Snapshot:
        """The project and the desk as they are now, see `WorkingCopy.snapshot`; it says how its photo is called, and
        where it lies unless that is beside it.
        """
        photo = placed(self.project.photo, self.photo.path, path or self.sidecar)
        if not self.read_only and photo != self.project.photo:
            self.working_copy.change(photo=photo)
        return self.working_copy.snapshot(self.tell_desk(), path, self.photo.path.absolute(), moves)

    def opens_as(self, other: "Session") -> bool:
        """Tell whether this is the photo and the project, as it was saved, that another session has just opened."""
        project = self.sidecar, self.working_copy.base, self.read_only
        there = other.sidecar, other.working_copy.base, other.read_only
        return project == there and self.photo.opens_as(other.photo)

    def save(self) -> tuple[str, ...]:
        """Write the project where it belongs, if there is something to save, see `WorkingCopy.write`."""
        return self.working_copy.write(self.snapshot()) if self.working_copy.dirty else ()

    def save_as(self, path: Path) -> tuple[str, ...]:
        """Save the project in another file from now on, see `WorkingCopy.write`."""
        return self.working_copy.write(self.snapshot(path))

    @property
    def read_only(self) -> str | None:
        """Why nothing can be changed, or None."""
        return self.working_copy.read_only

    @property
    def composition(self) -> Composition:
        """The photo and the project as it stands now, to lay edits into; for any thread."""
        return Composition(self.photo, self.project, self._copies)

    def move_to(self, photo: Path, sidecar: Path) -> None:
        """The photo's file has another name now; its project follows, see `WorkingCopy.move_to`."""
        self.photo = replace(self.photo, path=photo)
        self.working_copy.move_to(sidecar)
        if not self.read_only:
            self.working_copy.change(photo=placed(self.project.photo, photo, sidecar))

    def aside(self) -> "Session":
        """The same photo and project to try things on: what is changed there changes nothing here, and is not saved."""
        aside = Session(self.photo, self.working_copy.aside(), ())
        aside._images, aside._models = dict(self._images), dict(self._models)
        return aside

    # Frames

    def frame_for(self, entry: ModelEntry, area: Area | None = None) -> Frame:
        """An area of the photo, None for all of it, at the size this model sees it."""
        if area is None:
            return whole_photo(*self.photo.raster.size, entry.native_size, entry.multiple)
        return frame_of(area, entry.native_size, entry.multiple)

    def seen(self, frame: Frame) -> Seen:
        """Tell what makes a frame as its model sees it, once, on any thread.

        Raises PhotoError for a frame that is not within the photo.
        """
        raster, images = self.photo.raster, self._images
        check_frame(raster.size, frame)

        def make() -> NDArray[np.uint8]:
            if frame not in images:
                images[frame] = frame_image(raster, frame)
            return images[frame]

        return make

    def frame(self, inversion_id: str) -> Frame:
        """Find the frame of an inversion."""
        return frame_of_inversion(self.project, inversion_id)

    # Inversions
    def keep_inversion(
        self, entry: ModelEntry, fingerprint: str, inverted: Inversion, area: Area | None = None
    ) -> InversionRecord:
        """Add an inversion of an area; it is the current one until a version is added or selected.

        fingerprint: of the model, read before the inversion was computed, as it may be gone since.
        """
        frame = frame_record(self.project, self.frame_for(entry, area))
        record = InversionRecord(
            id=new_id(),
            frame=frame.id,
            model=entry.id,
            model_fingerprint=fingerprint,
            settings=SettingsRecord.of(inverted.settings),
            figures=FiguresRecord.of(inverted.figures),
            additions=tuple(
                AdditionRecord(file=str(added.file), word=added.word, weight=added.weight)
                for added in entry.files.altering
            ),
        )
        frames = self.project.frames if frame in self.project.frames else (*self.project.frames, frame)
        self.working_copy.change(frames=frames, inversions=(*self.project.inversions, record), current=None)
        self.working_copy.keep_arrays(record.id, inverted.arrays)
        self.meet_model(fingerprint, entry)
        return record

    def inversion(self) -> InversionRecord | None:
        """Return the inversion of the current version, else the newest; None before the first."""
        if self.project.current is not None:
            return self.project.inversion(self.project.version(self.project.current).inversion)
        return self.project.inversions[-1] if self.project.inversions else None

    def described_inversion(self) -> InversionRecord | None:
        """Return the inversion that a sentence is about: the current one if it has a description, else the newest that
        has one; None where none has.
        """
        current = self.inversion()
        known = (*([] if current is None else [current]), *reversed(self.project.inversions))
        return next((each for each in known if each.settings.method.row.described), None)

    def require_inversion(self, inversion_id: str | None = None) -> InversionRecord:
        """Return an inversion, the current one when not named. Raises RecipeError before the first."""
        record = self.inversion() if inversion_id is None else self.project.inversion(inversion_id)
        if record is None:
            raise RecipeError("This photo was not prepared yet; say what it shows and prepare it first.")
        return record

    def model_of(self, record: InversionRecord, cancel: CancelToken | None = None) -> ModelEntry:
        """The model an inversion was made with, wherever it lies by now; what may be it is read, once.

        Raises ModelGone when it is missing or has changed since, Cancelled.
        """
        known = self.known_model(record)
        if known is None:
            known = find_made_with(
                record.model, record.model_fingerprint, self.could_be_of(record), cancel, record.made_with
            )
            self.meet_model(record.model_fingerprint, known)
        return known

    def known_model(self, record: InversionRecord) -> ModelEntry | None:
        """The model an inversion was made with, when it was found before; nothing is read."""
        return self._models.get(record.model_fingerprint)

    def meet_model(self, model_fingerprint: str, entry: ModelEntry) -> None:
        """The model of this fingerprint was found."""
        self._models[model_fingerprint] = entry

    def see_again(self, entry: ModelEntry) -> None:
        """A model is at hand as it is now: one that was found and is given other things that read pictures since, which
        change nothing else of it, is this one.
        """

        def plain(files: ModelFiles) -> ModelFiles:
            return replace(files, additions=files.altering)

        for digest, known in self._models.items():
            if known.id == entry.id and plain(known.files) == plain(entry.files):
                self._models[digest] = entry

    def could_be_of(self, record: InversionRecord) -> Callable[[ModelEntry], bool]:
        """Build a test whether a model sees the inversion's area at the size its own model saw it, for any thread."""
        frame = self.frame(record.id)
        seen = sorted((frame.model_width, frame.model_height))

        def could_be(entry: ModelEntry) -> bool:
            now = frame_of(frame.area, entry.native_size, entry.multiple)
            return sorted((now.model_width, now.model_height)) == seen

        return could_be

    def is_the_photo(self, recipe: EditRecipe, inversion_id: str | None = None) -> bool:
        """Tell whether a recipe asks for no change at all: then the photo itself is the picture and nothing renders."""
        return asks_for_nothing(recipe, self.require_inversion(inversion_id).settings.prompt)

    def provenance(self, edits: Iterable[tuple[str, EditRecipe]]) -> Provenance:
        """Tell how a picture with these edits, (inversion, recipe), came about."""
        asked = [recipe.prompt for inversion, recipe in edits if not self.is_the_photo(recipe, inversion)]
        return Provenance(PROGRAM if asked else None, tuple(prompt for prompt in asked if prompt.strip()))

    # Versions

    def free_name(self) -> str:
        """A name that no version has yet."""
        taken = {version.name for version in self.project.versions}
        return next(name for n in range(1, len(taken) + 2) if (name := f"Version {n}") not in taken)

    def add_version(
        self,
        name: str,
        recipe: EditRecipe,
        finish: Finish = Finish(),
        inversion_id: str | None = None,
        made_from: str | None = None,
        others: tuple[PartRecord, ...] = (),
    ) -> VersionRecord:
        """Add a version, which becomes the current one. others: edits of further frames, see VersionRecord."""
        version = VersionRecord(
            id=new_id(),
            name=_checked_name(name),
            recipe=RecipeRecord.of(recipe),
            finish=FinishRecord(feather=finish.feather),
            inversion=self.require_inversion(inversion_id).id,
            others=others,
            made_from=made_from,
            time=datetime.now(UTC),
        )
        self.working_copy.change(versions=(*self.project.versions, version), current=version.id)
        return version

    def change_version(
        self,
        version_id: str,
        *,
        name: str | None = None,
        recipe: EditRecipe | None = None,
        finish: Finish | None = None,
    ) -> VersionRecord:
        """Change what is given of the frame that a version is worked on, or its name; its preview goes when it no
        longer looks like that.
        """
        before = self.project.version(version_id)
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = _checked_name(name)
        if recipe is not None and recipe != before.recipe.recipe():
            changes["recipe"] = RecipeRecord.of(recipe)
        if finish is not None and finish.feather != before.finish.feather:
            changes["finish"] = FinishRecord(feather=finish.feather)
        after = before.model_copy(update=changes)
        self.working_copy.change(versions=tuple(after if v.id == version_id else v for v in self.project.versions))
        if changes.keys() & {"recipe", "finish"}:
            self.working_copy.drop_preview(version_id)
        return after

    def rename_apart(self, version_id: str) -> bool:
        """Give a version another name where another one has its name by now; tell whether it did."""
        name = self.project.version(version_id).name
        if not any(version.name == name and version.id != version_id for version in self.project.versions):
            return False
        self.change_version(version_id, name=self.free_name())
        return True

    def work_on(self, version_id: str, inversion_id: str) -> None:
        """Make another of a version's edits the one that is worked on; it looks as before. Any
        project allows it, as `select_version`.
        """
        version = self.project.version(version_id)
        chosen = next(part for part in version.parts if part.inversion == inversion_id)
        parts = (chosen, *(part for part in version.parts if part.inversion != inversion_id))
        self.working_copy.show(versions=self._with_parts(version, parts))

    def drop_edit(self, version_id: str, inversion_id: str) -> RemovedPart:
        """Take one of several edits out of a version; the inversion stays."""
        version = self.project.version(version_id)
        place = next(n for n, part in enumerate(version.parts) if part.inversion == inversion_id)
        left = (*version.parts[:place], *version.parts[place + 1 :])
        self.working_copy.change(versions=self._with_parts(version, left))
        return RemovedPart(version_id, version.parts[place], place, self.working_copy.drop_preview(version_id))

    def put_back_edit(self, removed: RemovedPart) -> None:
        """Undo `drop_edit`."""
        version = self.project.version(removed.version)
        parts = (*version.parts[: removed.place], removed.part, *version.parts[removed.place :])
        self.working_copy.change(versions=self._with_parts(version, parts))
        self.working_copy.drop_preview(version.id)
        if removed.preview is not None:
            self.working_copy.keep_preview(version.id, removed.preview)

    def _with_parts(self, version: VersionRecord, parts: tuple[PartRecord, ...]) -> tuple[VersionRecord, ...]:
        first, *others = parts
        changes = {
            "recipe": first.recipe,
            "finish": first.finish,
            "inversion": first.inversion,
            "others": tuple(others),
        }
        after = version.model_copy(update=changes)
        return tuple(after if v.id == version.id else v for v in self.project.versions)

    def delete_version(self, version_id: str) -> RemovedVersion:
        """The last version that is left becomes the current one, if this one was."""
        version = self.project.version(version_id)
        place = self.project.versions.index(version)
        left = tuple(v for v in self.project.versions if v.id != version_id)
        current = self.project.current
        if current == version_id:
            current = left[-1].id if left else None
        self.working_copy.change(versions=left, current=current)
        return RemovedVersion(version, place, self.working_copy.drop_preview(version_id))

    def put_back_version(self, removed: RemovedVersion) -> None:
        """Undo `delete_version`; the version becomes the current one. Raises SidecarError when the project is full."""
        versions, place = self.project.versions, removed.place
        self.working_copy.change(
            versions=(*versions[:place], removed.version, *versions[place:]), current=removed.version.id
        )
        if removed.preview is not None:
            self.working_copy.keep_preview(removed.version.id, removed.preview)

    def select_version(self, version_id: str) -> None:
        """Make a version the current one, which is kept with the next change. It is allowed on any project."""
        self.working_copy.show(current=self.project.version(version_id).id)


def _checked_name(name: str) -> str:
    name = name.strip().encode("utf-8", "replace").decode()
    if not name or len(name) > 200:
        raise RecipeError("A version needs a name of 1 to 200 characters; choose one.")
    return name
