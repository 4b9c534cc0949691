"""nti-desktop export: a version as a picture at the photo's full size."""

from argparse import Namespace

from nti_desktop.cli.making import Engine, make_picture
from nti_desktop.cli.terminal import refuse_late, tell, watcher
from nti_desktop.cli.writing import not_written, target_of, write
from nti_desktop.core.errors import SidecarError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.session import Session
from nti_desktop.project.schema import VersionRecord


def run(options: Namespace, cancel: CancelToken) -> int:
    """Write a version at the photo's full size."""
    session = Session.open(options.photo, project=options.project)
    version = version_called(session, options.name)
    target = target_of(options, session, version.name)
    made, written = None, not_written(options)
    if target is not None:
        made = make_picture(session, version.parts, Engine(options.device), watcher(), cancel)
        written = write(options, session, made, version.parts, target, cancel)
    figures = made.rendered.figures if made and made.rendered else None
    tell(
        [*written.said, *session.notes],
        {
            "photo": str(session.photo.path),
            "sidecar": str(session.sidecar),
            "version": version.id,
            "name": version.name,
            "seconds": figures.seconds if figures else 0.0,
            "unet_rows": figures.unet_rows if figures else 0,
            "reconstruction_psnr": session.project.inversion(version.inversion).figures.reconstruction_psnr,
            "out": None if written.path is None else str(written.path),
            "said": written.said,
            "notes": session.notes,
        },
        options.json,
    )
    return refuse_late(written.fault)


def version_called(session: Session, name: str) -> VersionRecord:
    """The version of this name; the newest, when the window has given two the same. Raises SidecarError for none."""
    for version in reversed(session.project.versions):
        if version.name == name.strip():
            return version
    names = ", ".join(f"“{version.name}”" for version in session.project.versions)
    there = f"there are {names}" if names else "there are none yet, make one with “nti-desktop edit”"
    raise SidecarError(f"“{session.photo.path.name}” has no version “{name}”; {there}.")
