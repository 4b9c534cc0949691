"""nti-desktop demo: the main job on a sample, from the picture to three edits and a contact sheet."""

import shutil
from argparse import Namespace
from pathlib import Path

from nti_desktop.cli.terminal import tell, watcher
from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.core.progress import CancelToken
from nti_desktop.core.units import in_decibels, unpinned
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.contact_sheet import contact_sheet
from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.reading.identify import identify
from nti_desktop.project.sidecar import backup_path, sidecar_path
from nti_desktop.recipe.jobs import Rendered
from nti_desktop.recipe.settings import InversionSettings, name_of
from nti_desktop.recipe.structure import recipe_for

EDITS = 3


def run(options: Namespace, cancel: CancelToken) -> int:
    """Prepare the first sample, make its edits and write the pictures and a contact sheet."""
    sample, entry = samples()[0], built_in()
    best = entry.defaults
    session = Session.open(_own_copy(sample, options.out))
    photo = session.photo
    from nti_desktop.engine.service import EngineService  # torch

    service, report = EngineService(), watcher()
    settings = InversionSettings(sample.caption, best.method, best.steps, best.guidance_scale)
    measured = service.measure(measure_job(session, entry), report, cancel)
    inverted = service.invert(invert_job(session, entry, settings), report, cancel)
    inversion = session.keep_inversion(entry, fingerprint(entry), inverted)

    pictures = [(photo.raster, f"The sample: {sample.caption}")]
    written, edits = [], []
    for number, prompt in enumerate(sample.edits[:EDITS], start=1):
        recipe = recipe_for(prompt, settings, best, inverted.figures.explained)
        rendered = service.render(render_job(session, recipe, inversion.id), report, cancel)
        picture = session.composition.finished([RenderedPart(rendered, Finish(), inversion.id)])
        version = session.add_version(f"Edit {number}", recipe, Finish(), inversion.id)
        session.working_copy.keep_preview(version.id, encode_preview(picture))
        target = options.out / f"{sample.path.stem} edit {number}.png"
        provenance = session.provenance([(inversion.id, recipe)])
        export_picture(picture, target, original=photo.path, conflict=Conflict.OVERWRITE, provenance=provenance)
        written.append(target)
        edits.append(rendered)
        pictures.append((picture, prompt))
    session.save()
    sheet = options.out / "contact sheet.png"
    export_picture(
        contact_sheet(pictures),
        sheet,
        original=photo.path,
        conflict=Conflict.OVERWRITE,
        settings=ExportSettings(metadata=False),
    )
    written.append(sheet)

    figures = inverted.figures
    tell(
        [
            f"Inverted by {name_of(settings)} in {figures.seconds:.1f} s with {figures.unet_rows} UNet rows on "
            f"{measured.device}.",
            f"The model's autoencoder draws the sample at {in_decibels(measured.autoencoder_psnr)}"
            f"{unpinned(figures.reconstruction_psnr)}.",
            *(_edit_line(number, rendered) for number, rendered in enumerate(edits, start=1)),
            f"Look at {sheet}",
        ],
        {
            "photo": str(photo.path),
            "sidecar": str(session.sidecar),
            "prompt": sample.caption,
            "method": settings.method,
            "ran": name_of(settings),
            "steps": settings.steps,
            "guidance": settings.guidance_scale,
            "seconds": figures.seconds,
            "unet_rows": figures.unet_rows,
            "reconstruction_psnr": figures.reconstruction_psnr,
            "autoencoder_psnr": measured.autoencoder_psnr,
            "device": measured.device,
            "edits": [
                {
                    "prompt": rendered.recipe.prompt,
                    "seconds": rendered.figures.seconds,
                    "unet_rows": rendered.figures.unet_rows,
                    "changed": rendered.changed,
                }
                for rendered in edits
            ],
            "written": [str(path) for path in written],
        },
        options.json,
    )
    return 0


def _own_copy(sample: Sample, folder: Path) -> Path:
    """The sample in `folder`, without a project; one of an earlier demo is kept beside it.

    Raises PhotoError, also where another picture has its name.
    """
    copy = folder / sample.path.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            shutil.copyfile(sample.path, copy)
        elif disk.read_bytes(copy) != disk.read_bytes(sample.path):
            raise PhotoError(f"“{copy}” is another picture than the sample; choose another folder with --out.")
        sidecar = sidecar_path(copy, identify(copy))
        if sidecar.exists():
            sidecar.replace(backup_path(sidecar))
    except OSError as error:
        raise PhotoError(
            f"“{folder}” cannot be written ({error.strerror}); choose another folder with --out."
        ) from error
    return copy


def _edit_line(number: int, rendered: Rendered) -> str:
    return (
        f"Edit {number}, “{rendered.recipe.prompt}”: {rendered.figures.seconds:.1f} s, "
        f"{rendered.figures.unet_rows} UNet rows, {rendered.changed:.0%} of the picture changed visibly."
    )
