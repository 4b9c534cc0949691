"""Series: a story told on one photo, or one edit made on many; every photo's project gets a version for each sentence.

What is there already is not made again, so that a series that was stopped goes on where it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from nti_desktop.core.errors import Cancelled, NtiError, RecipeError, SidecarError, outside_fault
from nti_desktop.core.progress import CancelToken, Progress, Report
from nti_desktop.editing.adaptation import adapted
from nti_desktop.editing.basis import Basis, basis_of
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.edits import with_emphasis
from nti_desktop.editing.engine_jobs import invert_job, render_job
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.history import EditState
from nti_desktop.editing.previews import SIDE, decode_preview, encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_list import state_of
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.raster import Raster
from nti_desktop.project.schema import InversionRecord, VersionRecord
from nti_desktop.recipe.emphasis import read_emphasis
from nti_desktop.recipe.jobs import Figures, Inversion, InvertJob, Rendered, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, with_prompt
from nti_desktop.recipe.retelling import carried_recipe, told_after
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import EMPTY, holding_things
from nti_desktop.recipe.words import ask_the_same

SHOWN = 320  # pixels, the longest side of what comes back to be shown
Save = Callable[[Session], object]


@dataclass(frozen=True)
class Way:
    """How photos are prepared. fingerprint: of the model."""

    entry: ModelEntry
    fingerprint: str
    method: Method
    steps: int
    guidance_scale: float

    def settings(self, description: str) -> InversionSettings:
        """Say what a photo of this description is prepared with."""
        return InversionSettings(description, self.method, self.steps, self.guidance_scale)


@dataclass(frozen=True)
class Series:
    """What is asked for. edits: each a version of every photo, in this order; usual: of the model that they were made
    for; prompt: what they are said of, and of photos that are described nowhere else; described: descriptions for this
    series; way: that photos are prepared, only: those, too, that are prepared in another one; story: whether each
    sentence goes on from the one before; name: of the versions, where no other has it.
    """

    photos: tuple[Path, ...]
    edits: tuple[EditState, ...]
    way: Way
    prompt: str | None = None
    described: Mapping[Path, str] = field(default_factory=dict)
    usual: EditDefaults = field(default_factory=EditDefaults)
    only: bool = False
    story: bool = False
    name: str | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a series: its sentence, what its version is called, and whether that was made now."""

    prompt: str
    version: str
    picture: Raster
    new: bool


@dataclass(frozen=True, eq=False)
class Told:
    """What came of one photo. description: that it was prepared with; before: the photo; error: why there are no more
    frames, None where all are there.
    """

    photo: Path
    description: str = ""
    before: Raster | None = None
    frames: tuple[Frame, ...] = ()
    error: NtiError | None = None


class Engine(Protocol):
    """What prepares and renders; see EngineService."""

    def invert(self, job: InvertJob, report: Report, cancel: CancelToken) -> Inversion: ...
    def render(self, job: RenderJob, report: Report, cancel: CancelToken) -> Rendered: ...


def sentences(texts: Sequence[str]) -> tuple[EditState, ...]:
    """Read the plain edits that these sentences ask for, with their emphasis. Raises RecipeError where there are none
    or one is empty.
    """
    if not texts:
        raise RecipeError("A series needs at least one sentence; say what the first picture should show.")
    read = [read_emphasis(text) for text in texts]
    if not all(each.prompt.strip() for each in read):
        raise RecipeError(EMPTY)
    return tuple(EditState(with_emphasis(EditRecipe(each.prompt, automatic=True), each), Finish()) for each in read)


def whole_edit(session: Session, version: VersionRecord) -> EditState:
    """Read the edit of a version that can be made on other photos. Raises RecipeError where it is of an area, or
    confined to a mark, which lie elsewhere in another photo.
    """
    record = session.project.inversion(version.inversion)
    if version.others or not _is_whole(session, record):
        raise RecipeError(
            f"“{version.name}” edits an area, which other photos have elsewhere; choose a version of the whole photo."
        )
    if version.recipe.within:
        raise RecipeError(
            f"“{version.name}” edits what is marked, which other photos have elsewhere; choose a version without marks."
        )
    return state_of(version)


def takes(series: Series, estimates: Estimates) -> float | None:
    """Forecast the seconds that a series takes at most, where nothing of it is there; None before anything was
    measured.
    """
    way = series.way
    preparing = estimates.preparing(way.method, way.steps)
    renders = [estimates.rendering(way.method, way.steps, edit.recipe, way.guidance_scale) for edit in series.edits]
    known = [seconds for seconds in renders if seconds is not None]
    return None if preparing is None or known != renders else len(series.photos) * (preparing + sum(known))


def tell_series(series: Series, engine: Engine, save: Save, report: Report, cancel: CancelToken) -> Iterator[Told]:
    """Make the pictures of one photo after the other. What is wrong with one is told of it and costs no other.

    save: writes a session's project, after each picture. Raises Cancelled; what was made by then is saved.
    """
    for number, path in enumerate(series.photos, start=1):
        cancel.check()
        teller = _Teller(path, series, engine, save, _of_photo(report, number, len(series.photos)), cancel)
        yield teller.told()


def _of_photo(report: Report, number: int, count: int) -> Report:
    def told(progress: Progress) -> None:
        report(replace(progress, phase=f"Photo {number} of {count}: {progress.phase}"))

    return report if count == 1 else told


@dataclass(eq=False)
class _Teller:
    """One photo's part of a series."""

    path: Path
    series: Series
    engine: Engine
    save: Save
    report: Report
    cancel: CancelToken
    frames: list[Frame] = field(default_factory=list)
    description: str = ""
    before: Raster | None = None

    def told(self) -> Told:
        error: NtiError | None = None
        try:
            self._tell()
        except Cancelled:
            raise
        except NtiError as fault:
            error = fault
        except Exception as fault:
            error = outside_fault(fault)
            if error is None:
                raise
        return Told(self.path, self.description, self.before, tuple(self.frames), error)

    def _tell(self) -> None:
        session = Session.open(self.path)
        if session.read_only:
            raise SidecarError(session.read_only)
        self.description = _description(session, self.path, self.series)
        self._edits(self._basis)  # which refuses before anything is prepared
        self.before = small(encode_preview(session.composition.compose((), SIDE)))
        record = self._prepared(session)
        for state in self._edits(basis_of(record)):
            self.frames.append(self._frame(session, record, state))

    @property
    def _basis(self) -> Basis:
        way = self.series.way
        return Basis(way.settings(self.description), way.entry.defaults)

    def _edits(self, basis: Basis) -> tuple[EditState, ...]:
        series, description = self.series, self.description
        return edits_of(series.edits, series.prompt or description, description, basis, series.usual, series.story)

    def _prepared(self, session: Session) -> InversionRecord:
        """Find the preparation that the edits stand on, else make it."""
        way, known = self.series.way, _prepared_before(session, self.series, self.description)
        if known is not None:
            session.model_of(known, self.cancel)
            return known
        settings = way.settings(self.description)
        if way.method.row.prepares:
            inverted = self.engine.invert(invert_job(session, way.entry, settings), self.report, self.cancel)
        else:
            inverted = Inversion(settings, {}, None, Figures(0.0, 0))
        record = session.keep_inversion(way.entry, way.fingerprint, inverted)
        self.save(session)
        return record

    def _frame(self, session: Session, record: InversionRecord, state: EditState) -> Frame:
        there = made_before(session, record, state)
        pixels = None if there is None else session.working_copy.preview_source(there.id).pixels(SHOWN)
        if there is not None and pixels is not None:
            return Frame(state.recipe.prompt, there.name, Raster(pixels), new=False)
        picture = _drawn(session, record, state, self.engine, self.report, self.cancel)
        version = there or self._version(session, record, state)
        preview = encode_preview(picture)
        session.working_copy.keep_preview(version.id, preview)
        self.save(session)
        while there is None and session.rename_apart(version.id):  # from one that another program has saved meanwhile
            self.save(session)
        name = session.project.version(version.id).name
        return Frame(state.recipe.prompt, name, small(preview), new=there is None)

    def _version(self, session: Session, record: InversionRecord, state: EditState) -> VersionRecord:
        name, taken = self.series.name, {version.name for version in session.project.versions}
        name = session.free_name() if name is None or name in taken else name
        return session.add_version(name, state.recipe, state.finish, record.id)


def draw_edits(
    session: Session,
    record: InversionRecord,
    edits: Iterable[EditState],
    engine: Engine,
    report: Report,
    cancel: CancelToken,
) -> Iterator[tuple[EditState, bytes]]:
    """Draw one edit of a photo after the other, each as a preview of its version; nothing is changed."""
    for state in edits:
        cancel.check()
        yield state, encode_preview(_drawn(session, record, state, engine, report, cancel))


def _drawn(
    session: Session, record: InversionRecord, state: EditState, engine: Engine, report: Report, cancel: CancelToken
) -> Raster:
    """Draw an edit laid into the photo, large enough for a preview."""
    if session.is_the_photo(state.recipe, record.id):
        return session.composition.compose((), SIDE)
    rendered = engine.render(render_job(session, state.recipe, record.id), report, cancel)
    return session.composition.compose([RenderedPart(rendered, state.finish, record.id)], SIDE)


def edits_of(
    edits: Sequence[EditState], source: str, description: str, basis: Basis, usual: EditDefaults, story: bool
) -> tuple[EditState, ...]:
    """Make edits that are said of a source those of a photo of this description, which is empty where they are orders.

    basis: what they are made on; usual, story: see Series. Raises RecipeError where a change has no place in the
    description.
    """
    told, found = [source], []
    for state in edits:
        recipe = state.recipe
        if story and description:
            told.append(told_after(told, recipe.prompt))
            recipe = with_prompt(recipe, told[-1])
        if description and not ask_the_same(source, description):
            recipe = carried_recipe(recipe, source, description)
        recipe = adapted(recipe, basis, None if usual == basis.defaults else usual)
        if story and basis.settings.method.row.looks:
            recipe = holding_things(recipe, description, basis.defaults)
        found.append(replace(state, recipe=recipe))
    return tuple(found)


def _description(session: Session, path: Path, series: Series) -> str:
    """Say what a photo shows: as it is told for this series, else as it was prepared before, else as all are."""
    if not series.way.method.row.described:
        return ""
    own = session.described_inversion()
    known = own.settings.prompt if own is not None and _is_whole(session, own) else None
    found = series.described.get(path) or known or series.prompt
    if not found:
        raise RecipeError(f"Nothing says what “{path.name}” shows; describe it in a sentence.")
    return found.strip()


def _is_whole(session: Session, record: InversionRecord) -> bool:
    frame = session.frame(record.id)
    return (frame.x, frame.y, frame.width, frame.height) == (0, 0, *session.photo.raster.size)


def _prepared_before(session: Session, series: Series, description: str) -> InversionRecord | None:
    """Find the newest preparation of the whole photo with this description, the current one first."""
    way, current = series.way, session.inversion()
    known = [*([current] if current is not None else []), *reversed(session.project.inversions)]
    same_way = (way.fingerprint, way.settings(description))
    return next(
        (
            each
            for each in known
            if _is_whole(session, each)
            and each.settings.prompt == description
            and each.settings.method.row.sees is way.method.row.sees
            and (not series.only or (each.model_fingerprint, each.settings.settings()) == same_way)
        ),
        None,
    )


def made_before(session: Session, record: InversionRecord, state: EditState) -> VersionRecord | None:
    """Find a version that is this very edit, and nothing else."""
    return next(
        (
            each
            for each in session.project.versions
            if each.inversion == record.id
            and not each.others
            and (each.recipe.recipe(), each.finish.feather) == (state.recipe, state.finish.feather)
        ),
        None,
    )


def small(preview: bytes) -> Raster:
    """Read a preview that was just made, at most SHOWN pixels a side."""
    pixels = decode_preview(preview, SHOWN)
    assert pixels is not None
    return Raster(pixels)
