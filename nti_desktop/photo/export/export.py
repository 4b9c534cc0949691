"""Write a finished picture as a file of its own; the photo it was made from is never written to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from nti_desktop.core import atomic
from nti_desktop.core.errors import PhotoError
from nti_desktop.core.progress import NEVER, CancelToken
from nti_desktop.photo.colour import is_srgb, numpy_array, to_srgb, vips_image
from nti_desktop.photo.export.export_metadata import Provenance, carried_metadata, left_out_in_words
from nti_desktop.photo.export.formats import Content, Format, format_of
from nti_desktop.photo.export.openraster import Layered
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.targets import Conflict, check_target, disk_errors_said
from nti_desktop.photo.metadata import Metadata, shortened_exif
from nti_desktop.photo.raster import Raster, to_eight_bits, to_sixteen_bits


@dataclass(frozen=True)
class Exported:
    """path: of the written file, None where one was there and left alone; notes: sentences on what of the original's
    metadata is not in it.
    """

    path: Path | None
    notes: tuple[str, ...] = ()


def export_picture(
    picture: Raster,
    target: Path,
    *,
    original: Path,
    conflict: Conflict = Conflict.REFUSE,
    settings: ExportSettings = ExportSettings(),
    provenance: Provenance = Provenance(),
    layers: Callable[[], Layered] | None = None,
    cancel: CancelToken = NEVER,
) -> Exported:
    """Write a picture in the format its suffix names, whole or not at all.

    PNG and TIFF keep every pixel at its bit depth; all keep the colours and their profile, and the original's metadata,
    unless the settings say otherwise. original: the photo, which is refused as a target under any name; layers: called
    for OpenRaster only, which has them below the picture. Raises PhotoError with one sentence, Cancelled; what was at
    `target` before is then still there.
    """
    form = format_of(target)
    free = check_target(target, original=original, conflict=conflict)
    if free is None:
        return Exported(None)
    beneath = layers() if form.layers and layers is not None else None
    picture = _fitted(picture, form, settings)
    if beneath is not None:
        mask = np.asarray(Image.fromarray(beneath.mask).resize(picture.size, Image.Resampling.BILINEAR))
        beneath = Layered(_fitted(beneath.photo, form, settings), mask)
    replaces = conflict is Conflict.OVERWRITE
    while True:
        try:
            return _write(picture, beneath, free, form, original, settings, provenance, cancel, replaces)
        except FileExistsError:  # another program has written it meanwhile
            free = check_target(target, original=original, conflict=conflict)
        if free is None:
            return Exported(None)


def replace_picture(
    picture: Raster, target: Path, *, original: Path, provenance: Provenance, cancel: CancelToken = NEVER
) -> Exported:
    """Write a picture over `target`, in the format of its suffix and otherwise as the photo is; see `returning`."""
    form = format_of(target)
    settings = ExportSettings(quality=97)
    picture = _fitted(picture, form, settings)
    return _write(picture, None, target, form, original, settings, provenance, cancel)


def _write(
    picture: Raster,
    beneath: Layered | None,
    target: Path,
    form: Format,
    original: Path,
    settings: ExportSettings,
    provenance: Provenance,
    cancel: CancelToken,
    replaces: bool = True,
) -> Exported:
    """Raises FileExistsError where a file that is not to be replaced lies there by the end."""

    def fill(file: BinaryIO) -> None:
        form.write(file, content)
        cancel.check()  # the last moment: after this the file is in its place

    if form.longest_side is not None and max(picture.size) > form.longest_side:
        raise PhotoError(
            f"A {form.name} picture has at most {form.longest_side} pixels a side; export as .png or .tif instead."
        )
    with disk_errors_said(target):
        carried = carried_metadata(
            original,
            picture.size,
            provenance,
            copy=settings.metadata,
            location=settings.location,
            prompt=settings.prompt,
            srgb=is_srgb(picture.profile),
        )
        metadata, without_place = _with_place(form, carried.metadata)
        content = Content(picture, beneath, settings, metadata)
        try:
            atomic.write_whole(target, fill, replaces=replaces)
        except ValueError as error:  # the only format that says so
            raise PhotoError(f"“{target.name}” would be larger than a TIFF file can be; export as .png.") from error
    return Exported(target, left_out_in_words(carried.left_out) + without_place)


def _with_place(form: Format, metadata: Metadata) -> tuple[Metadata, tuple[str, ...]]:
    """Choose what of the metadata this format can hold, and word sentences on the rest."""
    notes = []
    if form.most_exif is not None and len(metadata.exif) > form.most_exif:
        exif, is_whole = shortened_exif(metadata.exif, form.most_exif)
        metadata = replace(metadata, exif=exif)
        gone = "the maker note was" if is_whole else "the maker note and the longest values were"
        notes.append(f"{form.name} has no place for so much EXIF data, so {gone} left out; TIFF and PNG have.")
    if metadata.iptc and not form.iptc:
        notes.append(f"{form.name} has no place for IPTC data, which were left out; JPEG, TIFF and PNG have.")
    homeless = [keyword for keyword, _ in metadata.texts if not (form.texts is None or keyword in form.texts)]
    if homeless:
        listed = ", ".join(f"“{keyword}”" for keyword in dict.fromkeys(homeless))
        notes.append(f"{form.name} has no place for these texts, which were left out: {listed}; PNG has.")
    return metadata, tuple(notes)


def _fitted(picture: Raster, form: Format, settings: ExportSettings) -> Raster:
    """In the colours, size and bit depth that it is written with."""
    if settings.longest_side is not None and settings.longest_side < max(picture.size):
        smaller = vips_image(picture).resize(settings.longest_side / max(picture.size))
        picture = Raster(numpy_array(smaller), picture.profile)
    if settings.srgb:
        picture = Raster(to_srgb(picture))
    bits = settings.bits if form.deep else 8
    if bits == 8:
        return Raster(to_eight_bits(picture.pixels), picture.profile)
    return Raster(to_sixteen_bits(picture.pixels), picture.profile) if bits == 16 else picture
