"""nti-desktop info: what is known of a photo or a project, without loading a model."""

from argparse import Namespace

from nti_desktop.cli.terminal import how_to_bring_back, tell
from nti_desktop.core.progress import CancelToken
from nti_desktop.core.units import unpinned
from nti_desktop.editing.recovery import said_of_lost
from nti_desktop.editing.session import Session
from nti_desktop.project.schema import InversionRecord, Project, VersionRecord
from nti_desktop.project.sidecar import read_sidecar
from nti_desktop.recipe.parameters import STRENGTH
from nti_desktop.recipe.settings import name_of


def run(options: Namespace, cancel: CancelToken) -> int:
    """Say what a photo's project holds."""
    notes: tuple[str, ...]
    if options.photo.suffix.casefold() == ".nti":  # the photo may be elsewhere
        stored = read_sidecar(options.photo)
        project, sidecar, saved, name = stored.project, options.photo, True, stored.project.photo.name
        notes = (stored.read_only,) if stored.read_only else ()
    else:
        session = Session.open(options.photo)
        project, sidecar, notes = session.project, session.sidecar, session.notes
        if session.lost is not None:
            notes += (said_of_lost(session.lost), how_to_bring_back(options.photo))
        saved, name = sidecar.exists(), options.photo.name
    photo = project.photo
    tell(
        [
            f"{name}: {photo.width} × {photo.height} pixels",
            *notes,
            f"Project: {sidecar if saved else 'none yet'}",
            *(_inversion_line(record, project) for record in project.inversions),
            *(_version_line(record, project) for record in project.versions),
        ],
        {
            "photo": photo.model_dump(mode="json"),
            "sidecar": str(sidecar) if saved else None,
            "notes": notes,
            "frames": [record.model_dump(mode="json") for record in project.frames],
            "inversions": [record.model_dump(mode="json") for record in project.inversions],
            "versions": [record.model_dump(mode="json") for record in project.versions],
            "current": project.current,
        },
        options.json,
    )
    return 0


def _inversion_line(record: InversionRecord, project: Project) -> str:
    settings, figures = record.settings, record.figures
    described = f", “{settings.prompt}”" if settings.prompt else ""
    return (
        f"Inversion {record.id} of {_area(project, record)}{described}: "
        f"{name_of(settings.settings(), figures.inner_steps)}, {settings.steps} steps, "
        f"guidance {settings.guidance_scale:g}, model {record.model}; "
        f"{figures.seconds:.1f} s, {figures.unet_rows} UNet rows{unpinned(figures.reconstruction_psnr)}"
    )


def _area(project: Project, record: InversionRecord) -> str:
    frame, photo = project.frame(record.frame), project.photo
    if (frame.width, frame.height) == (photo.width, photo.height):
        return "the whole photo"
    return f"the area {frame.x},{frame.y},{frame.width},{frame.height}"


def _version_line(record: VersionRecord, project: Project) -> str:
    shown = " (shown last)" if record.id == project.current else ""
    recipe = record.recipe.recipe()
    said = [f"{control.text} {control.weight:g}" for control in recipe.weighted]
    if recipe.within:
        said.append("within what is marked")
    if recipe.image_prompt is not None:
        said.append("after a picture")
    if recipe.strength != STRENGTH.usual:
        said.append(f"strength {recipe.strength:.0%}")
    unsaid = "removed" if recipe.image_prompt is None else "drawn"
    asked = f"“{recipe.prompt}”" if recipe.prompt.strip() else unsaid
    return ", ".join([f"Version “{record.name}”{shown}: {asked}", *said, f"{record.time:%Y-%m-%d %H:%M} UTC"])
