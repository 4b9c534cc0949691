"""nti-desktop invert: find the trajectory that reproduces a photo, and keep it in the sidecar."""

from argparse import Namespace
from dataclasses import replace

from nti_desktop.cli.keeping import keep
from nti_desktop.cli.terminal import announce, note, refuse_late, tell, watcher
from nti_desktop.core.errors import RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken
from nti_desktop.core.units import duration, in_decibels, unpinned
from nti_desktop.editing import feedback
from nti_desktop.editing.countdown import Countdown
from nti_desktop.editing.engine_jobs import invert_job, measure_job
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.known_speeds import keep_speeds
from nti_desktop.editing.look import completing_job, said_of_completing
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.completing import completed
from nti_desktop.recipe.emphasis import read_emphasis
from nti_desktop.recipe.jobs import Measured
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, name_of
from nti_desktop.recipe.words import unlearned_words


def run(options: Namespace, cancel: CancelToken) -> int:
    """Prepare a photo and keep what was found in its sidecar."""
    entry = find_model(options.model)
    best = entry.defaults
    described = read_emphasis(options.prompt)
    method = _method(options, best)
    if not method.row.prepares:
        raise RecipeError(
            "An order needs nothing prepared; give it with “nti-desktop edit PHOTO --to ORDER --model MODEL”."
        )
    check_method(entry, method)
    settings = InversionSettings(
        prompt=described.prompt,
        method=method,
        steps=best.steps_for(method) if options.steps is None else options.steps,
        guidance_scale=best.guidance_of(method) if options.guidance is None else options.guidance,
    )
    session = Session.open(options.photo, project=options.project)
    if session.read_only:
        raise SidecarError(session.read_only)
    unlearned = feedback.never_learned(entry, unlearned_words(settings.prompt, entry.words))
    notes = [*session.notes, *([feedback.NO_WEIGHTS] if described.weights else []), *([unlearned] if unlearned else [])]
    note(notes)
    from nti_desktop.engine.service import EngineService  # torch

    service, report = EngineService(options.device), watcher()
    measured = service.measure(measure_job(session, entry, options.area), report, cancel)
    if feedback.is_strange(entry, measured):
        notes.append(feedback.STRANGE)
        note([feedback.STRANGE])
    lines: list[str] = []
    if options.complete:
        look = service.read_look(completing_job(session, entry, settings.prompt, options.area), report, cancel)
        settings = replace(settings, prompt=completed(settings.prompt, look))
        lines.append(said_of_completing(described.prompt, settings.prompt))
    estimates = Estimates().with_measured(measured)
    seconds = estimates.preparing(method, settings.steps)
    assert seconds is not None
    announced = announce(feedback.takes(duration(seconds), measured, method))  # which says where it is tight, too
    if tight := feedback.tight(measured, method):
        notes.append(tight)
        note([] if announced else [tight])
    digest = fingerprint(entry, cancel)  # before what may take minutes: nothing can be kept without it
    report = Countdown(estimates.phases(method, settings.steps)).told(report)
    inverted = service.invert(invert_job(session, entry, settings, options.area), report, cancel)
    keep_speeds(digest, estimates.with_prepared(settings, inverted.figures))
    record = session.keep_inversion(entry, digest, inverted, options.area)
    kept = keep(session)
    known = not unlearned and not feedback.is_strange(entry, measured)
    explained, by = inverted.figures.explained, "let the model say it (--complete)"
    if known and (more := feedback.say_more(entry, settings, explained, completing=by)):
        notes.append(more)
        note([more])

    figures, frame = inverted.figures, session.frame(record.id)
    tell(
        [
            *lines,
            f"Inverted “{session.photo.path.name}” with {entry.name}, {name_of(settings)}, {settings.steps} steps: "
            f"{figures.seconds:.1f} s, {figures.unet_rows} UNet rows.",
            f"{measured.device}, {figures.precision}{_memory(measured, settings.method)}.",
            f"The model's autoencoder draws the photo at {in_decibels(measured.autoencoder_psnr)}"
            f"{unpinned(figures.reconstruction_psnr)}.",
            feedback.effective_resolution(frame, options.area is None),
            *([] if kept.path is None else [f"Saved in {kept.path}"]),
            *kept.said,
        ],
        {
            "photo": str(session.photo.path),
            "sidecar": None if kept.path is None else str(kept.path),
            "inversion": record.id,
            "area": [frame.x, frame.y, frame.width, frame.height],
            "detail": frame.detail,
            "model": entry.id,
            "prompt": settings.prompt,
            "method": settings.method,
            "ran": name_of(settings),
            "steps": settings.steps,
            "guidance": settings.guidance_scale,
            "seconds": figures.seconds,
            "unet_rows": figures.unet_rows,
            "inner_steps": figures.inner_steps,
            "reconstruction_psnr": figures.reconstruction_psnr,
            "autoencoder_psnr": measured.autoencoder_psnr,
            "device": measured.device,
            "precision": figures.precision,
            "explained": figures.explained,
            "memory_forecast": measured.forecast.of(settings.method).size if measured.forecast else None,
            "edit_memory_forecast": measured.forecast.editing.size if measured.forecast else None,
            "notes": [*notes, *kept.said],
        },
        options.json,
    )
    return refuse_late(kept.fault)


def check_method(entry: ModelEntry, method: Method) -> None:
    """Raises RecipeError for a method that this model's photos are not edited by."""
    if method not in entry.methods:
        raise RecipeError(f"“{entry.name}” is not edited by {method}; choose one of {', '.join(entry.methods)}.")


def _method(options: Namespace, best: EditDefaults) -> Method:
    """Choose the method: the one that is named, null-text where only a schedule is given, else the model's best. Raises
    RecipeError where a schedule is given with the name of another method.
    """
    if options.schedule is None:
        return best.method if options.method is None else Method(options.method)
    scheduled = next(method for method, row in METHODS.items() if row.scheduled)
    if options.method in (None, scheduled):
        return scheduled
    raise RecipeError(f"A schedule belongs to null-text; leave out --schedule, or --method {options.method}.")


def _memory(measured: Measured, method: Method) -> str:
    """Say how much memory preparing was predicted to take, and how much edits take where that is noticeably more;
    nothing without a forecast.
    """
    if measured.forecast is None:
        return ""
    more = feedback.edits_need(measured.forecast, method)
    edits = f", {feedback.gigabytes(more)} for edits" if more else ""
    return f"; {feedback.gigabytes(measured.forecast.of(method).size)} of memory predicted{edits}"
