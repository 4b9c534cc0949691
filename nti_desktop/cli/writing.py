"""Writing what was made: the options of an export, and what is said about it."""

import argparse
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nti_desktop.cli.making import Made
from nti_desktop.core.errors import NtiError, PhotoError, RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.export_request import file_name
from nti_desktop.editing.returning import check_return, follow, return_to
from nti_desktop.editing.session import Session
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.formats import FORMATS, Format, format_of
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict, check_target
from nti_desktop.project.schema import PartRecord

_DEFAULTS = ExportSettings()


def _in_words(formats: Iterable[Format]) -> str:
    """Their usual endings, those with layers by name."""
    return ", ".join(f"{f.suffixes[0]}{': photo, edit and mask as layers' if f.layers else ''}" for f in formats)


def add_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The options that `write` understands. required: whether a picture must be written at all."""
    where = parser.add_mutually_exclusive_group(required=required)
    where.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"write the picture ({_in_words(FORMATS)}); {{photo}}, {{version}} and {{date}} in its name are filled in",
    )
    where.add_argument(
        "--return-to",
        type=Path,
        metavar="FILE",
        help="replace this file, which a raw editor gave, by the picture; its old bytes are kept beside it",
    )
    parser.add_argument(
        "--if-exists", type=Conflict, choices=list(Conflict), default=Conflict.REFUSE, help="default: refuse"
    )
    parser.add_argument(
        "--quality", type=int, default=_DEFAULTS.quality, metavar="N", help="JPEG, WebP, AVIF: 1 to 100"
    )
    parser.add_argument("--half-chroma", action="store_true", help="JPEG, AVIF: colours at half the resolution")
    parser.add_argument("--bits", type=int, choices=(8, 16), help="PNG, TIFF: default: as the photo")
    parser.add_argument("--longest-side", type=int, metavar="PIXELS", help="make it smaller; default: the photo's size")
    parser.add_argument("--srgb", action="store_true", help="convert to sRGB; default: the photo's own colours")
    parser.add_argument("--no-metadata", action="store_true", help="leave out the photo's EXIF, XMP and IPTC")
    parser.add_argument("--no-location", action="store_true", help="leave out where the photo was taken")
    parser.add_argument("--say-prompt", action="store_true", help="say in the file what the model was asked for")


@dataclass(frozen=True)
class Written:
    """path: of the file, None where none was written; said: sentences about what became of it; fault: what did not
    work, if anything.
    """

    path: Path | None = None
    said: tuple[str, ...] = ()
    fault: NtiError | None = None


def target_of(options: Namespace, session: Session, version: str) -> Path | None:
    """Find the file to write, None where none is asked for or the one that is there is to be left as it is.

    What cannot be written is refused here, before anything is rendered. version: its name. Raises PhotoError, and
    RecipeError for options that nothing would heed.
    """
    if options.out is None and (_settings(options), options.if_exists) != (_DEFAULTS, Conflict.REFUSE):
        raise RecipeError(
            "Something is said of how the picture is written, which only --out heeds; name the file by it, or leave "
            "that out."
        )
    if options.return_to is not None:
        check_return(options.return_to)
        return Path(options.return_to)
    if options.out is None:
        return None
    out: Path = options.out
    if "{" in out.name:
        out = out.with_name(file_name(out.stem, session.photo.path, version) + out.suffix)
    format_of(out)
    _settings(options)
    return check_target(out, original=session.photo.path, conflict=options.if_exists)


def not_written(options: Namespace) -> Written:
    """Say why nothing was written, as the file is there and was left as it was; nothing where none was asked for."""
    return Written() if options.out is None else Written(said=(f"“{options.out.name}” is there and left as it was.",))


def write(
    options: Namespace, session: Session, made: Made, parts: Sequence[PartRecord], target: Path, cancel: CancelToken
) -> Written:
    """Write the picture to the target that was found. Raises PhotoError, Cancelled; nothing is written then."""
    provenance = session.provenance((part.inversion, part.recipe.recipe()) for part in parts)
    if options.return_to is not None:
        returned = return_to(made.picture, target, provenance, cancel)
        said = f"Returned to {returned.path}; as it was, it lies at {returned.kept}"
        written = Written(returned.path, (said, *returned.notes))
        try:
            follow(session, returned)
        except SidecarError as error:
            return replace(written, fault=error)
        return written
    exported = export_picture(
        made.picture,
        target,
        original=session.photo.path,
        conflict=options.if_exists,
        settings=_settings(options),
        provenance=provenance,
        layers=lambda: session.composition.layered(made.parts),
        cancel=cancel,
    )
    if exported.path is None:  # it has come in the meantime
        return not_written(options)
    said = f"Written to {exported.path}"
    return Written(exported.path, (said, *exported.notes))


def write_or_say(
    options: Namespace, session: Session, made: Made, parts: Sequence[PartRecord], target: Path, cancel: CancelToken
) -> Written:
    """As `write`, for who has more to do whatever becomes of the picture."""
    try:
        return write(options, session, made, parts, target, cancel)
    except PhotoError as error:
        return Written(fault=error)


def _settings(options: Namespace) -> ExportSettings:
    """Raises PhotoError for values out of range."""
    return ExportSettings(
        quality=options.quality,
        full_chroma=not options.half_chroma,
        bits=options.bits,
        longest_side=options.longest_side,
        srgb=options.srgb,
        metadata=not options.no_metadata,
        location=not options.no_location,
        prompt=options.say_prompt,
    )
