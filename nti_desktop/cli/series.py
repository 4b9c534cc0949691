"""nti-desktop series: a story told on one photo, or the same edit made on many; one sheet to look at."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nti_desktop.cli.export import version_called
from nti_desktop.cli.invert import check_method
from nti_desktop.cli.keeping import keep
from nti_desktop.cli.making import model_of
from nti_desktop.cli.terminal import announce, note, refuse_late, tell, watcher
from nti_desktop.core.errors import NtiError, PhotoError, RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.core.units import duration
from nti_desktop.editing import feedback
from nti_desktop.editing.engine_jobs import measure_job
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.series import Series, Told, Way, sentences, takes, tell_series, whole_edit
from nti_desktop.editing.series_sheet import series_sheet
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import BUILT_IN_ID, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.formats import format_of
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict, check_target
from nti_desktop.photo.folders import photos_of
from nti_desktop.project.schema import VersionRecord
from nti_desktop.recipe.jobs import Measured, MeasureJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.words import unlearned_words


class Measuring(Protocol):
    """What tells how fast a model is; see EngineService."""

    def measure(self, job: MeasureJob, report: Report, cancel: CancelToken) -> Measured: ...


def run(options: Namespace, cancel: CancelToken) -> int:
    """Make every edit of every photo, keep them as versions, and write the sheet."""
    series = _series(options, cancel)
    sheet = _target(options, series.photos)
    entry = series.way.entry
    notes = [
        said
        for state in series.edits
        if (said := feedback.never_learned(entry, unlearned_words(state.recipe.prompt, entry.words)))
    ]
    note(notes)
    from nti_desktop.engine.service import EngineService  # torch

    service, report = EngineService(options.device), watcher()
    forecast = _forecast(series, service, report, cancel)
    told: list[Told] = []
    for each in tell_series(series, service, _save, report, cancel):
        told.append(each)
        if each.error is not None and len(series.photos) > 1:
            note([f"“{each.photo.name}” goes without: {each.error}"])
    written, fault = None, None
    try:
        written = _write_sheet(told, series, sheet, options.if_exists)
    except PhotoError as error:
        fault = error
    _tell(told, forecast, written, notes, options.json)
    failed = [each.error for each in told if each.error is not None]
    if len(told) == 1 or not failed:
        return refuse_late(*failed, fault)
    return refuse_late(NtiError(f"{len(failed)} of {len(told)} photos are not done; run it again for those."), fault)


def _write_sheet(told: Sequence[Told], series: Series, sheet: Path | None, conflict: Conflict) -> Path | None:
    picture = series_sheet(told, len(series.edits))
    if sheet is None or picture is None:
        return None
    without = ExportSettings(metadata=False)
    return export_picture(picture, sheet, original=series.photos[0], conflict=conflict, settings=without).path


def _tell(
    told: Sequence[Told], forecast: float | None, written: Path | None, notes: Sequence[str], as_json: bool
) -> None:
    made = [(each, frame) for each in told for frame in each.frames]
    lines = [
        f"“{each.photo.name}”, version “{frame.version}”: {frame.prompt}{'' if frame.new else ' (was there)'}"
        for each, frame in made
    ]
    tell(
        [*(lines or ["Nothing was made."]), *([] if written is None else [f"Look at {written}"])],
        {
            "forecast": forecast,
            "pictures": [
                {
                    "photo": str(each.photo),
                    "description": each.description,
                    "version": frame.version,
                    "prompt": frame.prompt,
                    "new": frame.new,
                }
                for each, frame in made
            ],
            "failed": [{"photo": str(each.photo), "error": str(each.error)} for each in told if each.error is not None],
            "sheet": None if written is None else str(written),
            "notes": notes,
        },
        as_json,
    )


def _series(options: Namespace, cancel: CancelToken) -> Series:
    """Read what is asked for. Raises RecipeError for options that do not go together."""
    photos = _photos(options)
    described = {Path(path): text for path, text in options.describe}
    if len(described) < len(options.describe):
        raise RecipeError("A photo is described twice; describe it once.")
    if strange := [path for path in described if path not in photos]:
        raise RecipeError(f"“{strange[0]}” is described, but is none of the photos; name it among them.")
    if options.version_of is None:
        if options.name is not None:
            raise RecipeError("--name says which version of the photo that --from names; say --from, too.")
        story = options.frames is not None
        edits = sentences(options.frames if story else [options.edit])
        way = _way(options, options.model or BUILT_IN_ID, cancel)
        return Series(photos, edits, way, options.prompt, described, only=_is_chosen(options), story=story)
    if options.prompt is not None or _is_chosen(options):
        raise RecipeError("--from takes the way from a version; leave out --prompt, --model, --method and --steps.")
    session = Session.open(options.version_of)
    version = _version(session, options.name)
    edit, record = whole_edit(session, version), session.project.inversion(version.inversion)
    settings = record.settings.settings()
    entry = model_of(session, record, cancel)
    way = Way(entry, record.model_fingerprint, settings.method, settings.steps, settings.guidance_scale)
    return Series(photos, (edit,), way, settings.prompt, described, entry.defaults, name=version.name)


def _is_chosen(options: Namespace) -> bool:
    return any(each is not None for each in (options.model, options.method, options.steps))


def _way(options: Namespace, model: str, cancel: CancelToken) -> Way:
    entry = find_model(model)
    best = entry.defaults
    method = best.method if options.method is None else Method(options.method)
    check_method(entry, method)
    steps = best.steps_for(method) if options.steps is None else options.steps
    return Way(entry, fingerprint(entry, cancel), method, steps, best.guidance_of(method))


def _version(session: Session, name: str | None) -> VersionRecord:
    """Find the version of this name, the one that was shown last where none is said."""
    if name is not None:
        return version_called(session, name)
    if session.project.current is None:
        raise SidecarError(f"“{session.photo.path.name}” has no version; make one with “nti-desktop edit” first.")
    return session.project.version(session.project.current)


def _photos(options: Namespace) -> tuple[Path, ...]:
    """Find what is named; of a folder neither the sheet of an earlier call, nor the photo whose version is made."""
    left_out = {path.resolve() for path in (options.sheet, options.version_of) if path is not None}
    found = photos_of(options.photos)
    return tuple(path for path in found if path in options.photos or path.resolve() not in left_out)


def _target(options: Namespace, photos: Sequence[Path]) -> Path | None:
    """Find where the sheet goes, None where there is to be none. Refuses what cannot be written before anything is
    made.
    """
    if options.sheet is None:
        if options.if_exists is not Conflict.REFUSE:
            raise RecipeError(
                "--if-exists says what becomes of a sheet that is there; name one by --sheet, or leave it out."
            )
        return None
    format_of(options.sheet)
    for photo in photos:
        check_target(options.sheet, original=photo, conflict=options.if_exists)
    return Path(options.sheet)


def _forecast(series: Series, service: Measuring, report: Report, cancel: CancelToken) -> float | None:
    """Say how long it takes at most before it begins, by the first photo that can be read; the seconds."""
    for photo in series.photos:
        try:
            measured = service.measure(measure_job(Session.open(photo), series.way.entry), report, cancel)
        except (PhotoError, SidecarError):
            continue
        seconds = takes(series, Estimates().with_measured(measured))
        assert seconds is not None
        announce(f"Takes {duration(seconds)} at most; what is there already is not made again.")
        return seconds
    return None


def _save(session: Session) -> None:
    """Save the project, elsewhere where it cannot be saved in its place. Raises SidecarError, which says where."""
    kept = keep(session)
    note(kept.said)
    if kept.fault is not None:
        raise kept.fault
