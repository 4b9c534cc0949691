"""A model tried on a photo: prepared, left alone, edited in a mask; how like it stays, and a sheet to look at."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.cli.terminal import note
from nti_desktop.core.errors import ModelError, RecipeError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.core.units import decibels, in_decibels, unpinned
from nti_desktop.editing.composition import RenderedPart, raster_of
from nti_desktop.editing.contact_sheet import contact_sheet
from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.feedback import NEXT_TO_NOTHING, changed_words, tight, with_a_place
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.jobs import Inversion, Rendered
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import InversionSettings, name_of
from nti_desktop.recipe.structure import recipe_for

GOOD_LIKENESS = 30.0  # dB between the photo left alone and the autoencoder's own picture of it
PREDICTIONS = {"epsilon": "noise", "v_prediction": "velocity (v)", "sample": "the picture", None: "none of the known"}


@dataclass(frozen=True)
class ModelTrial:
    """What came out. autoencoder, likeness, reconstruction: dB, see `lines`; stated, likely: what the model predicts by
    its settings and by its answers; changed: fraction of the mask that changed visibly; outside: the same outside of
    the mask, at the model's size; exported_outside: the most that any pixel of the finished photo differs there, in
    levels.
    """

    model: str
    family: str
    fingerprint: str
    device: str
    size: tuple[int, int]
    settings: InversionSettings
    edit: str
    autoencoder: float
    reconstruction: float | None
    likeness: float
    stated: str
    likely: str | None
    changed: float
    outside: float
    exported_outside: int
    coverage: float
    prepared_seconds: float
    prepared_rows: int
    edit_seconds: float
    edit_rows: int

    def faults(self) -> list[str]:
        """Sentences about what is not as it should be."""
        found = []
        if self.likely not in (None, self.stated):
            found.append(
                f"By its settings the model predicts {PREDICTIONS[self.stated]}, by its answers "
                f"{PREDICTIONS[self.likely]}; use the settings that belong to it."
            )
        if self.likely is None:
            found.append("The model's answers make no sense; it is damaged, or its settings are another model's.")
        if not self.likeness >= GOOD_LIKENESS:
            found.append(f"Left alone the photo comes back at {in_decibels(self.likeness)} only; try more steps.")
        if self.exported_outside:
            found.append(f"Outside the mask the photo changed by up to {self.exported_outside} levels; report this.")
        if not self.changed > NEXT_TO_NOTHING:
            found.append(f"“{self.edit}” changed next to nothing; try other words with --to.")
        return found

    def lines(self) -> list[str]:
        """The report for people."""
        width, height = self.size
        return [
            f"Model: {self.model} ({self.family}), {self.fingerprint[:12]}, at {width} × {height} pixels",
            f"Device: {self.device}",
            f"Prepared with {name_of(self.settings)}, {self.settings.steps} steps, guidance "
            f"{self.settings.guidance_scale:g}: {self.prepared_seconds:.1f} s, {self.prepared_rows} UNet rows; "
            f"edited in {self.edit_seconds:.1f} s, {self.edit_rows} rows",
            f"Likeness: the model's autoencoder draws the photo at {in_decibels(self.autoencoder)}; left alone it "
            f"comes back at {in_decibels(self.likeness)} of that{unpinned(self.reconstruction)}",
            f"It predicts {PREDICTIONS[self.stated]} by its settings, {PREDICTIONS[self.likely]} by its answers",
            f"Edit “{self.edit}”: the mask covers {self.coverage:.0%} of the picture; {self.changed:.0%} of it changed "
            f"visibly, outside {self.outside:.2%}; in the finished photo outside by at most {self.exported_outside} "
            "levels",
        ]

    def answer(self) -> dict[str, object]:
        """The report as JSON."""
        return {**asdict(self), "faults": self.faults()}


def check_sentences(entry: ModelEntry) -> None:
    """Raises ModelError for a model that is not edited by two sentences, as trials are."""
    if entry.sees is Sees.SURROUNDINGS:
        raise ModelError(
            f"“{entry.name}” is made for inpainting, which removes or replaces what is marked and changes no words; "
            "this trial is of two sentences; try it with “nti-desktop edit PHOTO --to TEXT --mask X,Y,W,H --model "
            "MODEL”."
        )
    if entry.sees is Sees.PHOTO:
        raise ModelError(
            f"“{entry.name}” takes orders, and this trial is of two sentences; try it with “nti-desktop edit PHOTO "
            "--to ORDER --model MODEL”."
        )


def try_model(
    session: Session,
    entry: ModelEntry,
    fingerprint: str,
    settings: InversionSettings,
    edit: str,
    sheet: Path,
    device: str | None,
    report: Report,
    cancel: CancelToken,
) -> ModelTrial:
    """Prepare the photo, render it left alone and edited within a mask around the changed words, and write the sheet.

    device: see EngineService.choose_device. Nothing is saved beside the photo. Raises NtiError like any job.
    """
    check_sentences(entry)
    if not settings.method.row.looks:
        raise RecipeError(f"This trial is of a mask, which {settings.method} has none of; leave out --method.")
    from nti_desktop.engine.service import EngineService  # torch

    recipe = _masked(edit, settings, entry)
    service = EngineService(device)
    measured = service.measure(measure_job(session, entry), report, cancel)
    if warning := tight(measured, settings.method):
        note([warning])
    stated, likely = service.ask_prediction(measure_job(session, entry), settings.prompt, report, cancel)
    inverted = service.invert(invert_job(session, entry, settings), report, cancel)
    inversion = session.keep_inversion(entry, fingerprint, inverted).id
    same, edited = (
        service.render(render_job(session, asked, inversion), report, cancel)
        for asked in (recipe_for(settings.prompt, settings, entry.defaults), recipe)
    )
    part = RenderedPart(edited, Finish(), inversion)
    finished = session.composition.finished([part])
    assert edited.mask is not None
    outside = _out_of_reach(session, edited.mask)
    before, after = (raster.pixels.astype(np.int64) for raster in (session.composition.finished(()), finished))
    _write_sheet(sheet, session, inverted, same, edited, finished)
    visible = np.abs(edited.image - edited.source).max(-1) > 8 / 255
    inside = edited.mask > 0.5
    return ModelTrial(
        model=entry.name,
        family=entry.family,
        fingerprint=fingerprint,
        device=measured.device,
        size=(edited.image.shape[1], edited.image.shape[0]),
        settings=settings,
        edit=edit,
        autoencoder=measured.autoencoder_psnr,
        reconstruction=inverted.figures.reconstruction_psnr,
        likeness=decibels(same.image, same.source),
        stated=stated,
        likely=likely,
        changed=_mean(visible[inside]),
        outside=_mean(visible[~inside]),
        exported_outside=int(np.abs(after - before).max(-1)[outside].max(initial=0)),
        coverage=edited.coverage,
        prepared_seconds=inverted.figures.seconds,
        prepared_rows=inverted.figures.unet_rows,
        edit_seconds=edited.figures.seconds,
        edit_rows=edited.figures.unet_rows,
    )


def _out_of_reach(session: Session, mask: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W) of the photo: where the edit must not change it at all. mask: of all of it, at the model's size."""
    reach = Image.fromarray((mask > 0).astype(np.float32))
    enlarged: NDArray[np.float32] = np.asarray(reach.resize(session.photo.raster.size, Image.Resampling.BILINEAR))
    untouched: NDArray[np.bool_] = enlarged == 0
    return untouched


def _masked(edit: str, settings: InversionSettings, entry: ModelEntry) -> EditRecipe:
    """The edit, confined to the words it changes: those with a place, where there are some, as a trial looks at what is
    outside the mask. Raises RecipeError when it changes none.
    """
    recipe = recipe_for(edit, settings, entry.defaults)
    words = changed_words(settings.prompt, recipe)
    if not words:
        raise RecipeError("The edit says the same as the description; change a word with --to.")
    return replace(recipe, blend=entry.defaults.blend(with_a_place(words, entry.words) or words))


def _write_sheet(
    sheet: Path, session: Session, inverted: Inversion, same: Rendered, edited: Rendered, finished: Raster
) -> None:
    assert edited.mask is not None
    guided = inverted.reconstruction
    pictures = [
        (session.photo.raster, "The photo"),
        (raster_of(same.source), "As the model's autoencoder draws it"),
        *([] if guided is None else [(raster_of(guided), "By guidance alone, unpinned")]),
        (raster_of(same.image), "Prepared and left alone"),
        (raster_of(edited.image), f"Edit: {edited.recipe.prompt}"),
        (raster_of(np.repeat(edited.mask[..., None], 3, -1)), "The mask"),
        (finished, "The finished photo"),
    ]
    without = ExportSettings(metadata=False)
    picture = contact_sheet(pictures, columns=4)
    export_picture(picture, sheet, original=session.photo.path, conflict=Conflict.OVERWRITE, settings=without)


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else 0.0
