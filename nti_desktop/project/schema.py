"""What a project says: project.json of the sidecar, version 2; see `migrations` for older ones.

Every record is frozen, checks its ranges, and carries fields it does not know through a round trip.
"""

import math
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from nti_desktop.core.errors import RecipeError
from nti_desktop.project.extent import check_extent, check_sentences
from nti_desktop.project.fields import (
    MAX_ROWS,
    MAX_SEEN,
    MAX_SIDE,
    Count,
    Id,
    Orientation,
    Pixels,
    Record,
    Seconds,
    Sha256,
    Text,
    UtcTime,
    encodable,
)
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.recipe.jobs import Addition, Figures
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import ADDITION, FEATHER
from nti_desktop.recipe.settings import InversionSettings, Schedule

SCHEMA_VERSION = 2
MAX_PSNR = 200.0  # dB; past what float32 can tell apart, and JSON has no infinity


def new_id() -> str:
    """A name for a frame, an inversion or a version that no other project has."""
    return secrets.token_hex(8)


class DevelopmentRecord(Record):
    """How a raw file was developed: names and versions of the library, (name, value) pairs of its settings."""

    library: Text
    settings: Annotated[tuple[tuple[Text, Text], ...], Field(max_length=MAX_ROWS)]


class PhotoRecord(Record):
    """The photo the project belongs to. identity: SHA-256 of its image data, no metadata; orientation: EXIF, 1..8;
    development: of a raw file, when the project was begun; folder: where the photo lies, of a project that was saved
    elsewhere.
    """

    name: Annotated[Text, BeforeValidator(encodable)]
    width: Pixels
    height: Pixels
    identity: Sha256
    orientation: Orientation
    development: DevelopmentRecord | None = None
    folder: Annotated[Text | None, BeforeValidator(encodable)] = None

    def at(self, name: str, folder: str | None) -> "PhotoRecord":
        """Return the record of the same photo, called or lying otherwise."""
        return PhotoRecord.model_validate({**dict(self), "name": name, "folder": folder})


class FrameRecord(Record):
    """The rectangle of the upright photo, in its pixels, that a model sees at model_width by model_height, turned by
    `turn` (an EXIF orientation, other than 1 where the photo was turned after the frame was made).
    """

    id: Id
    x: Annotated[int, Field(ge=0, le=MAX_SIDE)]
    y: Annotated[int, Field(ge=0, le=MAX_SIDE)]
    width: Pixels
    height: Pixels
    model_width: Pixels
    model_height: Pixels
    turn: Orientation = 1

    @model_validator(mode="after")
    def _can_be_seen(self) -> Self:
        if self.model_width * self.model_height > MAX_SEEN:
            raise ValueError("no model sees so many pixels at once")
        return self


class SettingsRecord(Record):
    """InversionSettings as they are stored."""

    prompt: Text
    method: Method
    steps: int
    guidance_scale: float
    schedule: Schedule

    @model_validator(mode="after")
    def _makes_settings(self) -> Self:
        try:
            self.settings()
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return self

    @classmethod
    def of(cls, settings: InversionSettings) -> Self:
        """Record settings."""
        return cls.model_validate(asdict(settings))

    def settings(self) -> InversionSettings:
        """The settings; raises RecipeError where they are out of range."""
        return InversionSettings(
            prompt=self.prompt,
            method=self.method,
            steps=self.steps,
            guidance_scale=self.guidance_scale,
            schedule=self.schedule,
        )


class FiguresRecord(Record):
    """What an inversion cost and gave; see `nti_desktop.recipe.jobs.Figures`."""

    seconds: Seconds
    unet_rows: Count
    reconstruction_psnr: float | None
    inner_steps: Count | None
    precision: Text = ""
    explained: float | None = None

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """An exact reconstruction has an infinite PSNR; it is stored as MAX_PSNR."""
        psnr = figures.reconstruction_psnr
        return cls(
            seconds=figures.seconds,
            unet_rows=figures.unet_rows,
            reconstruction_psnr=None if psnr is None or math.isnan(psnr) else min(psnr, MAX_PSNR),
            inner_steps=figures.inner_steps,
            precision=figures.precision,
            explained=figures.explained,
        )


class AdditionRecord(Record):
    """What was added to a model: a LoRA with its weight, or a word that was learned. file: where it lay."""

    file: Annotated[Text, BeforeValidator(encodable)]
    word: Text = ""
    weight: Annotated[float, Field(ge=ADDITION.low, le=ADDITION.high)] = ADDITION.usual


class InversionRecord(Record):
    """One inversion of one frame; its arrays lie in `inversions/<id>.safetensors`.

    model: id of the catalogue's entry; model_fingerprint: SHA-256 of the model's files and of what was added to it;
    both say what it is valid for; additions: by which the model is found again, also once it is given others.
    """

    id: Id
    frame: Id
    model: Text
    model_fingerprint: Sha256
    settings: SettingsRecord
    figures: FiguresRecord
    additions: Annotated[tuple[AdditionRecord, ...], Field(max_length=MAX_ROWS)] = ()

    @property
    def made_with(self) -> tuple[Addition, ...]:
        """What was added to the model."""
        return tuple(Addition(Path(each.file), each.word, each.weight) for each in self.additions)


class FinishRecord(Record):
    """What the compositor needs beside the rendered edit; see Finish."""

    feather: Annotated[float, Field(ge=FEATHER.low, le=FEATHER.high)]


class PartRecord(Record):
    """The edit of one frame."""

    recipe: RecipeRecord
    finish: FinishRecord
    inversion: Id


class VersionRecord(Record):
    """One edit that was kept. recipe, finish, inversion: of the frame that was worked on last; others: of further
    frames, at most one each; made_from: the version it began as, which may be gone by now.
    """

    id: Id
    name: Text
    recipe: RecipeRecord
    finish: FinishRecord
    inversion: Id
    others: Annotated[tuple[PartRecord, ...], Field(max_length=MAX_ROWS)] = ()
    made_from: Id | None
    time: UtcTime

    @property
    def parts(self) -> tuple[PartRecord, ...]:
        """The edits of all frames, the one that was worked on last first."""
        own = PartRecord.model_construct(
            recipe=self.recipe, finish=self.finish, inversion=self.inversion
        )  # all checked
        return own, *self.others

    @property
    def look(self) -> list[PartRecord]:
        """All that its picture depends on, in an order of its own: equal looks are equal pictures."""
        return sorted(self.parts, key=lambda part: part.inversion)


R = TypeVar("R", FrameRecord, InversionRecord, VersionRecord)


class Project(Record):
    """All that is known of one photo's edits, from project.json.

    program: name and version of the program that wrote it; current: id of the version that was shown last.
    Raises pydantic.ValidationError when an id is used twice, refers to nothing, a frame leaves the photo, or there is
    more of it than a file may hold.
    """

    schema_version: Annotated[int, Field(ge=1)]
    program: Text
    photo: PhotoRecord
    frames: Annotated[tuple[FrameRecord, ...], Field(max_length=MAX_ROWS)]
    inversions: Annotated[tuple[InversionRecord, ...], Field(max_length=MAX_ROWS)]
    versions: Annotated[tuple[VersionRecord, ...], Field(max_length=MAX_ROWS)]
    current: Id | None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        frames = _distinct("frames", [frame.id for frame in self.frames])
        inversions = _distinct("inversions", [inversion.id for inversion in self.inversions])
        versions = _distinct("versions", [version.id for version in self.versions])
        for frame in self.frames:
            if frame.x + frame.width > self.photo.width or frame.y + frame.height > self.photo.height:
                raise ValueError(f"frame {frame.id} reaches out of the photo")
        for inversion in self.inversions:
            if inversion.frame not in frames:
                raise ValueError(f"inversion {inversion.id} is of a frame that is not there")
        frame_of = {inversion.id: inversion.frame for inversion in self.inversions}
        filled = {each.id for each in self.inversions if each.settings.method.row.fills}
        for version in self.versions:
            if not all(part.inversion in inversions for part in version.parts):
                raise ValueError(f"version {version.id} is of an inversion that is not there")
            if not all(part.recipe.prompt.strip() or part.inversion in filled for part in version.parts):
                raise ValueError(f"version {version.id} says nothing")
            if len({frame_of[part.inversion] for part in version.parts}) < len(version.parts):
                raise ValueError(f"version {version.id} edits a frame twice")
        if self.current is not None and self.current not in versions:
            raise ValueError("the version that was shown last is not there")
        check_sentences(part.recipe.prompt for version in self.versions for part in version.parts)
        check_extent(to_json(self))
        return self

    def frame(self, frame_id: str) -> FrameRecord:
        """Raises KeyError when there is no such frame."""
        return _named(self.frames, frame_id)

    def inversion(self, inversion_id: str) -> InversionRecord:
        """Raises KeyError when there is no such inversion."""
        return _named(self.inversions, inversion_id)

    def version(self, version_id: str) -> VersionRecord:
        """Raises KeyError when there is no such version."""
        return _named(self.versions, version_id)


def _named(records: tuple[R, ...], name: str) -> R:
    for record in records:
        if record.id == name:
            return record
    raise KeyError(name)


def _distinct(kind: str, ids: list[str]) -> set[str]:
    distinct = set(ids)
    if len(distinct) != len(ids):
        raise ValueError(f"two {kind} have the same id")
    return distinct


def to_json(project: Project) -> bytes:
    """project.json: UTF-8, indented, so that a person can read it."""
    return project.model_dump_json(indent=1).encode()
