"""One edit by every method, side by side: what each costs, how like the photo it stays, and a sheet to look at."""

from dataclasses import asdict, dataclass
from pathlib import Path

from nti_desktop.cli.model_trial import check_sentences
from nti_desktop.cli.terminal import note
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.core.units import decibels, in_decibels, unpinned
from nti_desktop.editing.composition import raster_of
from nti_desktop.editing.contact_sheet import contact_sheet
from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.feedback import tight
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.recipe.jobs import Inversion, Rendered
from nti_desktop.recipe.settings import InversionSettings, name_of
from nti_desktop.recipe.structure import recipe_for

COLUMNS = 3


@dataclass(frozen=True)
class MethodTrial:
    """What came of one method. ran: see name_of; reconstruction: dB of the unpinned reconstruction, likeness: of the
    photo rendered with unchanged words, both against the autoencoder's own picture; changed: fraction of the pixels
    that the edit, which no mask confined, changed visibly; rows are UNet rows, the edit's those of a later one.
    """

    ran: str
    settings: InversionSettings
    prepared_seconds: float
    prepared_rows: int
    edit_seconds: float
    edit_rows: int
    reconstruction: float | None
    likeness: float
    changed: float

    @property
    def line(self) -> str:
        """The report for people."""
        return (
            f"{self.ran}, {self.settings.steps} steps: prepared in {self.prepared_seconds:.1f} s, "
            f"{self.prepared_rows} UNet rows; edited in {self.edit_seconds:.1f} s, {self.edit_rows} rows; left alone "
            f"{in_decibels(self.likeness)}{unpinned(self.reconstruction)}; the edit changed {self.changed:.0%} of the "
            "picture"
        )


@dataclass(frozen=True)
class Comparison:
    """All methods on one photo. device: what computed; guidance_scale: of all; autoencoder: dB of its own picture."""

    model: str
    device: str
    prompt: str
    edit: str
    guidance_scale: float
    autoencoder: float
    methods: tuple[MethodTrial, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"Model: {self.model}; device: {self.device}; guidance {self.guidance_scale:g}",
            f"“{self.prompt}” → “{self.edit}”; the model's autoencoder draws the photo at "
            f"{in_decibels(self.autoencoder)}",
            *(trial.line for trial in self.methods),
        ]

    def answer(self) -> dict[str, object]:
        """The report as JSON."""
        return asdict(self)


def compare_methods(
    session: Session,
    entry: ModelEntry,
    fingerprint: str,
    prompts: tuple[str, str],
    steps: int | None,
    sheet: Path,
    device: str | None,
    report: Report,
    cancel: CancelToken,
) -> Comparison:
    """Prepare the photo by every method, render the same edit by each, and write the sheet.

    prompts: of the photo and of the edit; steps: of all methods, None for each one's usual; device: see
    EngineService.choose_device. Nothing is saved beside the photo. Raises NtiError like any job.
    """
    check_sentences(entry)
    from nti_desktop.engine.service import EngineService  # torch

    prompt, edit = prompts
    service, best = EngineService(device), entry.defaults
    measured = service.measure(measure_job(session, entry), report, cancel)
    note([warning for warning in {tight(measured, method) for method in entry.methods} if warning])
    trials: list[MethodTrial] = []
    pictures = [(session.photo.raster, "The photo")]
    for method in entry.methods:
        wanted = best.steps_for(method) if steps is None else steps
        settings = InversionSettings(prompt, method, wanted, best.guidance_of(method))
        inverted: Inversion = service.invert(invert_job(session, entry, settings), report, cancel)
        inversion = session.keep_inversion(entry, fingerprint, inverted).id
        recipes = [recipe_for(words, settings, best, inverted.figures.explained) for words in prompts]
        same, edited = (service.render(render_job(session, recipe, inversion), report, cancel) for recipe in recipes)
        if not trials:
            pictures.append((raster_of(same.source), "As the model's autoencoder draws it"))
        trial = _trial(inverted, edited, decibels(same.image, same.source))
        trials.append(trial)
        cost = (
            f"{trial.prepared_rows} + {trial.edit_rows} UNet rows, {trial.prepared_seconds + trial.edit_seconds:.1f} s"
        )
        pictures.append((raster_of(edited.image), f"{trial.ran}: {cost}, left alone {in_decibels(trial.likeness)}"))
    export_picture(
        contact_sheet(pictures, columns=COLUMNS),
        sheet,
        original=session.photo.path,
        conflict=Conflict.OVERWRITE,
        settings=ExportSettings(metadata=False),
    )
    return Comparison(
        entry.name, measured.device, prompt, edit, best.guidance_scale, measured.autoencoder_psnr, tuple(trials)
    )


def _trial(inverted: Inversion, edited: Rendered, likeness: float) -> MethodTrial:
    prepared, made = inverted.figures, edited.figures
    return MethodTrial(
        ran=name_of(inverted.settings, prepared.inner_steps),
        settings=inverted.settings,
        prepared_seconds=prepared.seconds,
        prepared_rows=prepared.unet_rows,
        edit_seconds=made.seconds,
        edit_rows=made.unet_rows,
        reconstruction=prepared.reconstruction_psnr,
        likeness=likeness,
        changed=edited.changed,
    )
