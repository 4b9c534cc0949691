"""nti-desktop doctor: this computer, the program's parts, and a short trial of both."""

import platform
from argparse import Namespace
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from nti_desktop import __version__
from nti_desktop.cli.method_trial import compare_methods
from nti_desktop.cli.model_trial import try_model
from nti_desktop.cli.terminal import tell, watcher
from nti_desktop.core.errors import Cancelled, EngineError, NtiError, PhotoError, RecipeError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.core.units import in_decibels, unpinned
from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.feedback import NEXT_TO_NOTHING, STRANGE_PSNR
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import BUILT_IN_ID, ModelEntry, built_in, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.places import read_places
from nti_desktop.models.library.samples import samples
from nti_desktop.models.library.store import listed_models
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for

PACKAGES = ("torch", "diffusers", "transformers", "PySide6-Essentials", "numpy", "pillow")
STEPS = 10
ANY_PHOTO, ANY_EDIT = "a photo", "a painting"  # when nobody says what a photo shows
GIGABYTE = 1e9


@dataclass(frozen=True)
class SelfTest:
    """A sample inverted in few steps and edited once, with one Studio model on this device.

    passed_over: see Measured.
    """

    device: str
    devices: tuple[str, ...]
    passed_over: tuple[str, ...]
    precision: str
    seconds: float
    unet_rows: int
    reconstruction_psnr: float | None
    autoencoder_psnr: float
    changed: float


def run(options: Namespace, cancel: CancelToken) -> int:
    """Say what this machine has and whether a model works on it; with a photo, by trying."""
    trial = (options.photo, options.model, options.prompt, options.to, options.method, options.steps)
    asked = options.compare or any(each is not None for each in trial)
    return _try_model(options, cancel) if asked else _try_program(options, cancel)


def _try_model(options: Namespace, cancel: CancelToken) -> int:
    """Try one model on a photo, the sample where none is named."""
    entry = find_model(options.model or BUILT_IN_ID)
    best, sample = entry.defaults, samples()[0]
    path, prompt, edit = options.photo, options.prompt or ANY_PHOTO, options.to or ANY_EDIT
    if path is None:
        path, prompt, edit = sample.path, options.prompt or sample.caption, options.to or sample.edits[0]
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhotoError(f"“{options.out}” cannot be made ({error.strerror}); choose another --out.") from error
    stem = f"{path.stem} {entry.name.replace('/', ' ')}"
    if options.compare:
        return _compare(options, entry, path, (prompt, edit), options.out / f"{stem} methods.png", cancel)
    method = best.method if options.method is None else options.method
    steps = best.steps_for(method) if options.steps is None else options.steps
    settings = InversionSettings(prompt, method, steps, best.guidance_of(method))
    sheet = options.out / f"{stem} doctor.png"
    trial = try_model(
        Session.open(path), entry, fingerprint(entry), settings, edit, sheet, options.device, watcher(), cancel
    )
    faults = trial.faults()
    verdict = faults or ["All is well; look at the sheet, which figures do not replace."]
    lines = [f"NTI Desktop {__version__}, {platform.platform()}", *trial.lines(), *verdict, f"Look at {sheet}"]
    answer = {"version": __version__, "platform": platform.platform(), **trial.answer(), "sheet": str(sheet)}
    tell(lines, answer | {"well": not faults}, options.json)
    return 1 if faults else 0


def _compare(
    options: Namespace, entry: ModelEntry, photo: Path, prompts: tuple[str, str], sheet: Path, cancel: CancelToken
) -> int:
    """One edit by every method."""
    if options.method is not None:
        raise RecipeError("--compare tries every method; leave out --method.")
    found = compare_methods(
        Session.open(photo),
        entry,
        fingerprint(entry),
        prompts,
        options.steps,
        sheet,
        options.device,
        watcher(),
        cancel,
    )
    lines = [f"NTI Desktop {__version__}, {platform.platform()}", *found.lines(), f"Look at {sheet}"]
    answer = {"version": __version__, "platform": platform.platform(), **found.answer(), "sheet": str(sheet)}
    tell(lines, answer, options.json)
    return 0


def _try_program(options: Namespace, cancel: CancelToken) -> int:
    memory = psutil.virtual_memory()
    packages = {name: _version(name) for name in PACKAGES}
    models = _models()
    trial, fault = _tried(options.device, watcher(), cancel)
    verdict = (
        f"All is well: a sample was inverted and edited in {trial.seconds:.1f} s."
        if trial
        else f"The self-test failed: {fault}"
    )
    lines = [
        f"NTI Desktop {__version__}, Python {platform.python_version()}, {platform.platform()}",
        ", ".join(f"{name} {version}" for name, version in packages.items()),
        f"Memory: {memory.available / GIGABYTE:.1f} of {memory.total / GIGABYTE:.1f} GB free",
        *(f"Model: {line}" for line in models),
    ]
    if trial:
        lines.append(f"Devices: {'; '.join(trial.devices)}")
        lines.append(f"Device: {trial.device}, {trial.precision}")
        lines.extend(trial.passed_over)
        lines.append(
            f"Self-test: {trial.unet_rows} UNet rows, {trial.changed:.0%} of the picture changed by the edit; "
            f"autoencoder: {in_decibels(trial.autoencoder_psnr)}{unpinned(trial.reconstruction_psnr)}"
        )
    tell(
        [*lines, verdict],
        {
            "version": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": packages,
            "memory_total": memory.total,
            "memory_free": memory.available,
            "models": models,
            **(asdict(trial) if trial else {}),
            "verdict": verdict,
            "well": trial is not None,
        },
        options.json,
    )
    return 0 if trial else 1


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _models() -> list[str]:
    """One line per usable model, and one per model that cannot be used, with the reason."""
    try:
        listed = listed_models(read_places())
    except NtiError as error:
        return [str(error)]
    return [
        f"{model.entry.name}, {model.entry.native_size} pixels, {model.licence}" if model.entry else str(model.fault)
        for model in listed
    ]


def _tried(device: str | None, report: Report, cancel: CancelToken) -> tuple[SelfTest | None, str]:
    """The self-test, or the sentence that says why there is none."""
    try:
        return _self_test(device, report, cancel), ""
    except Cancelled:
        raise
    except NtiError as error:
        return None, str(error)
    except (ImportError, OSError) as error:
        return None, f"a part of the program cannot be loaded ({error}); install the program again."


def _self_test(device: str | None, report: Report, cancel: CancelToken) -> SelfTest:
    """Raises EngineError when what comes out is not what it has to be."""
    from nti_desktop.engine.service import EngineService  # torch

    sample, entry, service = samples()[0], built_in(), EngineService(device)
    best = entry.defaults
    with TemporaryDirectory() as folder:
        copy = Path(folder) / sample.path.name
        copy.write_bytes(sample.path.read_bytes())
        session = Session.open(copy)
    settings = InversionSettings(sample.caption, best.method, STEPS, best.guidance_scale)
    measured = service.measure(measure_job(session, entry), report, cancel)
    inverted = service.invert(invert_job(session, entry, settings), report, cancel)
    inversion = session.keep_inversion(entry, fingerprint(entry), inverted)
    same, other = (
        service.render(render_job(session, recipe_for(prompt, settings, best), inversion.id), report, cancel)
        for prompt in (sample.caption, sample.edits[0])
    )
    if measured.autoencoder_psnr < STRANGE_PSNR or same.changed > NEXT_TO_NOTHING:
        raise EngineError("this computer draws a sample wrongly; update its graphics driver or report this.")
    if other.changed <= NEXT_TO_NOTHING:
        raise EngineError("an edit changed nothing; install the program again or report this.")
    figures = [job.figures for job in (inverted, same, other)]
    return SelfTest(
        device=measured.device,
        devices=tuple(there.name for there in measured.devices),
        passed_over=measured.passed_over,
        precision=other.figures.precision,
        seconds=sum(f.seconds for f in figures),
        unet_rows=sum(f.unet_rows for f in figures),
        reconstruction_psnr=inverted.figures.reconstruction_psnr,
        autoencoder_psnr=measured.autoencoder_psnr,
        changed=other.changed,
    )
