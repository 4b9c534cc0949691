"""What a project says: project.json of the sidecar, version 2; see `migrations` for older ones.

Every record is frozen, checks its ranges, and carries fields it does not know through a round trip.
"""

import math
import secrets
from dataclasses import asdict, fields, replace
from datetime import UTC
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nti_desktop.core.errors import RecipeError
from nti_desktop.project.extent import check_extent, check_sentences
from nti_desktop.recipe.jobs import Addition, Figures
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import MOST_OUTLINES, MOST_POINTS, Outline
from nti_desktop.recipe.parameters import ADDITION, FEATHER
from nti_desktop.recipe.recipe import Blend, EditRecipe, Lot, Reweighting, Side, WordControl, WordRef
from nti_desktop.recipe.settings import InversionSettings, Schedule
from nti_desktop.recipe.words import word_at

SCHEMA_VERSION = 2

MAX_SIDE = 1_000_000  # pixels
MAX_SEEN = 2**22  # pixels that a model sees, of any model
MAX_TEXT = 10_000  # characters
MAX_ROWS = 1_000  # frames, inversions, versions; words of one recipe
MAX_PSNR = 200.0  # dB; past what float32 can tell apart, and JSON has no infinity


def new_id() -> str:
    """A name for a frame, an inversion or a version that no other project has."""
    return secrets.token_hex(8)


def _in_utc(time: AwareDatetime) -> AwareDatetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


def _encodable(name: object) -> object:
    """File names that are not UTF-8 come from the system with lone surrogates, which no JSON can hold."""
    return name.encode("utf-8", "replace").decode() if isinstance(name, str) else name


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Pixels = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Orientation = Annotated[int, Field(ge=1, le=8)]
Seconds = Annotated[float, Field(ge=0)]
UtcTime = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Record(BaseModel):
    """Frozen; unknown fields survive; neither NaN nor infinity."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class DevelopmentRecord(Record):
    """How a raw file was developed: names and versions of the library, (name, value) pairs of its settings."""

    library: Text
    settings: Annotated[tuple[tuple[Text, Text], ...], Field(max_length=MAX_ROWS)]


class PhotoRecord(Record):
    """The photo the project belongs to. identity: SHA-256 of its image data, no metadata; orientation: EXIF, 1..8;
    development: of a raw file, when the project was begun; folder: where the photo lies, of a project that was saved
    elsewhere.
    """

    name: Annotated[Text, BeforeValidator(_encodable)]
    width: Pixels
    height: Pixels
    identity: Sha256
    orientation: Orientation
    development: DevelopmentRecord | None = None
    folder: Annotated[Text | None, BeforeValidator(_encodable)] = None

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

    file: Annotated[Text, BeforeValidator(_encodable)]
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


class WordControlRecord(Record):
    """WordControl as it is stored."""

    position: Count
    text: Text
    weight: float
    cross_until: float | None


class WordRefRecord(Record):
    """WordRef as it is stored."""

    side: Side
    position: Count
    text: Text

    def ref(self) -> WordRef:
        """The word that is meant."""
        return WordRef(self.side, self.position, self.text)


class BlendRecord(Record):
    """Blend as it is stored."""

    words: Annotated[tuple[WordRefRecord, ...], Field(max_length=MAX_ROWS)]
    keep: Annotated[tuple[WordRefRecord, ...], Field(max_length=MAX_ROWS)]
    threshold: float
    start: float
    positions: Count

    def blend(self) -> Blend:
        """The mask that is meant."""
        return Blend(
            words=tuple(word.ref() for word in self.words),
            keep=tuple(word.ref() for word in self.keep),
            threshold=self.threshold,
            start=self.start,
            positions=self.positions,
        )


class OutlineRecord(Record):
    """Outline as it is stored."""

    points: Annotated[tuple[tuple[float, float], ...], Field(max_length=MOST_POINTS)]


class RecipeRecord(Record):
    """EditRecipe as it is stored."""

    prompt: Text
    words: Annotated[tuple[WordControlRecord, ...], Field(max_length=MAX_ROWS)]
    strength: float
    reweighting: Reweighting
    automatic: bool
    cross_until: float
    self_until: float
    self_limit: float
    blend: BlendRecord | None
    guidance_scale: float | None
    image_guidance: float | None = None
    noise: float | None = None
    lot: Lot | None = None
    seed: Count = 0
    within: Annotated[tuple[OutlineRecord, ...], Field(max_length=MOST_OUTLINES)] = ()

    @model_validator(mode="after")
    def _makes_a_recipe(self) -> Self:
        try:
            self.recipe()
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return self

    @classmethod
    def of(cls, recipe: EditRecipe) -> Self:
        """Record a recipe."""
        return cls.model_validate(asdict(recipe))

    def recipe(self) -> EditRecipe:
        """The recipe; raises RecipeError where a value is out of range."""
        blend = None if self.blend is None else self.blend.blend()
        if blend is not None:
            blend = replace(blend, words=self._refs(blend.words), keep=self._refs(blend.keep))
        stored = {field.name: getattr(self, field.name) for field in fields(EditRecipe)}
        within = tuple(Outline(outline.points) for outline in self.within)
        return EditRecipe(**stored | {"words": self._controls(), "blend": blend, "within": within})

    def _controls(self) -> tuple[WordControl, ...]:
        """One of each word, where the program that wrote them split it into several."""
        controls: dict[int, WordControl] = {}
        for control in self.words:
            word = word_at(self.prompt, control.position, control.text)
            position, text = (control.position, control.text) if word is None else (word.position, word.text)
            controls.setdefault(position, WordControl(position, text, control.weight, control.cross_until))
        return tuple(controls.values())

    def _refs(self, refs: tuple[WordRef, ...]) -> tuple[WordRef, ...]:
        found = ((ref, word_at(self.prompt, ref.position, ref.text)) for ref in refs)
        placed = (
            WordRef(ref.side, word.position, word.text) if word is not None and ref.side is Side.EDIT else ref
            for ref, word in found
        )
        return tuple(dict.fromkeys(placed))


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
        return PartRecord(recipe=self.recipe, finish=self.finish, inversion=self.inversion), *self.others

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
