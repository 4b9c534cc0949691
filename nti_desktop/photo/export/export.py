"""Write a finished picture as a file of its own; the photo it was made from is never written to."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from nti_desktop.core import atomic
from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import numpy_array, srgb_profile, to_srgb, vips_image, with_profile
from nti_desktop.photo.export.export_metadata import Provenance, carried_metadata, left_out_in_words
from nti_desktop.photo.export.openraster import Layered, write_openraster
from nti_desktop.photo.export.png_writer import write_png
from nti_desktop.photo.export.targets import Conflict, check_target, disk_errors_said
from nti_desktop.photo.export.tiff_writer import write_tiff
from nti_desktop.photo.metadata import MOST_EXIF_OF_JPEG, Metadata, with_metadata, without_orientation
from nti_desktop.photo.raster import Raster, to_eight_bits, to_sixteen_bits


class Format(StrEnum):
    """What can be written. OPENRASTER: the photo, the edit and the mask as layers."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    WEBP = "WebP"
    AVIF = "AVIF"
    OPENRASTER = "OpenRaster"


SUFFIXES: Mapping[str, Format] = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".png": Format.PNG,
    ".tif": Format.TIFF,
    ".tiff": Format.TIFF,
    ".webp": Format.WEBP,
    ".avif": Format.AVIF,
    ".ora": Format.OPENRASTER,
}
DEEP = (Format.PNG, Format.TIFF, Format.OPENRASTER)  # have 16 bits
LOSSY = (Format.JPEG, Format.WEBP, Format.AVIF)
_LONGEST_SIDE = {Format.JPEG: 65_500, Format.WEBP: 16_383, Format.AVIF: 65_535}  # the libraries' own limits
_AVIF_SPEED = 6
_KEEP = "icc"  # libvips would add an EXIF block of its own
_TWO_PASSES = 40_000_000  # pixels; a tenth is saved by them, but all coefficients have to be held in memory


@dataclass(frozen=True)
class ExportSettings:
    """How a picture is written.

    quality: of JPEG, WebP and AVIF, 1 to 100; full_chroma: of JPEG and AVIF, whether colours have the full resolution;
    bits: 8 or 16 a channel, None for the photo's own (JPEG, WebP and AVIF have 8 in any case); longest_side: in
    pixels, None for the photo's own size, never enlarged; srgb: whether the colours become sRGB, else they stay the
    photo's own; metadata, location, prompt: see `carried_metadata`.
    """

    quality: int = 92
    full_chroma: bool = True
    bits: int | None = None
    longest_side: int | None = None
    srgb: bool = False
    metadata: bool = True
    location: bool = True
    prompt: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise PhotoError(f"The quality must be between 1 and 100, not {self.quality}.")
        if self.bits not in (None, 8, 16):
            raise PhotoError(f"A picture has 8 or 16 bits a channel, not {self.bits}.")
        if self.longest_side is not None and self.longest_side < 1:
            raise PhotoError(f"The longest side must be at least 1 pixel, not {self.longest_side}.")


@dataclass(frozen=True)
class Exported:
    """path: of the written file, None where one was there and left alone; notes: sentences on what of the original's
    metadata is not in it.
    """

    path: Path | None
    notes: tuple[str, ...] = ()


def format_of(target: Path) -> Format:
    """The format that a file's ending names; PhotoError for any other ending."""
    found = SUFFIXES.get(target.suffix.lower())
    if found is None:
        raise PhotoError(
            f"“{target.name}” needs one of the endings .jpg, .png, .tif, .webp, .avif or .ora; add one to its name."
        )
    return found


def export_picture(
    picture: Raster,
    target: Path,
    *,
    original: Path,
    conflict: Conflict = Conflict.REFUSE,
    settings: ExportSettings = ExportSettings(),
    provenance: Provenance = Provenance(),
    layers: Callable[[], Layered] | None = None,
) -> Exported:
    """Write a picture in the format its suffix names, whole or not at all.

    PNG and TIFF keep every pixel at its bit depth; all keep the colours and their profile, and the original's metadata,
    unless the settings say otherwise. original: the photo, which is refused as a target under any name; layers: called
    for OpenRaster only, which has them below the picture. Raises PhotoError with one sentence; what was at `target`
    before is then still there.
    """
    form = format_of(target)
    free = check_target(target, original=original, conflict=conflict)
    if free is None:
        return Exported(None)
    beneath = layers() if form is Format.OPENRASTER and layers is not None else None
    picture = _fitted(picture, form, settings)
    if beneath is not None:
        mask = np.asarray(Image.fromarray(beneath.mask).resize(picture.size, Image.Resampling.BILINEAR))
        beneath = Layered(_fitted(beneath.photo, form, settings), mask)
    return _write(picture, beneath, free, form, original, settings, provenance)


def replace_picture(picture: Raster, target: Path, *, original: Path, provenance: Provenance) -> Exported:
    """Write a picture over `target`, in the format of its suffix and otherwise as the photo is; see `returning`."""
    form = format_of(target)
    settings = ExportSettings(quality=97)
    picture = _fitted(picture, form, settings)
    return _write(picture, None, target, form, original, settings, provenance)


def _write(
    picture: Raster,
    beneath: Layered | None,
    target: Path,
    form: Format,
    original: Path,
    settings: ExportSettings,
    provenance: Provenance,
) -> Exported:
    longest = _LONGEST_SIDE.get(form)
    if longest is not None and max(picture.size) > longest:
        raise PhotoError(f"A {form} picture has at most {longest} pixels a side; export as .png or .tif instead.")
    with disk_errors_said(target):
        carried = carried_metadata(
            original,
            picture.size,
            provenance,
            copy=settings.metadata,
            location=settings.location,
            prompt=settings.prompt,
        )
        try:
            atomic.write_whole(target, lambda file: _encode(file, picture, beneath, form, settings, carried.metadata))
        except ValueError as error:  # the only format that says so
            raise PhotoError(f"“{target.name}” would be larger than a TIFF file can be; export as .png.") from error
    notes = (left_out_in_words(carried.left_out), _no_place(form, carried.metadata))
    return Exported(target, tuple(filter(None, notes)))


def _no_place(form: Format, metadata: Metadata) -> str:
    """The sentence for metadata that this format cannot hold; empty when it holds all."""
    if form is Format.JPEG and len(metadata.exif) > MOST_EXIF_OF_JPEG:
        return "A JPEG file has no place for so much EXIF data, which was left out; a TIFF or PNG file has."
    if form in (Format.WEBP, Format.AVIF) and metadata.iptc:
        return f"A {form} file has no place for IPTC data, which were left out; a JPEG, TIFF or PNG file has."
    return ""


def _fitted(picture: Raster, form: Format, settings: ExportSettings) -> Raster:
    """In the colours, size and bit depth that it is written with."""
    if settings.longest_side is not None and settings.longest_side < max(picture.size):
        smaller = vips_image(picture).resize(settings.longest_side / max(picture.size))
        picture = Raster(numpy_array(smaller), picture.profile)
    if settings.srgb:
        picture = Raster(to_srgb(picture))
    bits = settings.bits if form in DEEP else 8
    if bits == 8:
        return Raster(to_eight_bits(picture.pixels), picture.profile)
    return Raster(to_sixteen_bits(picture.pixels), picture.profile) if bits == 16 else picture


def _encode(
    file: BinaryIO, picture: Raster, beneath: Layered | None, form: Format, settings: ExportSettings, metadata: Metadata
) -> None:
    profile = picture.profile or srgb_profile()
    image = with_profile(vips_image(picture), profile)
    chroma = "off" if settings.full_chroma else "on"
    match form:
        case Format.JPEG:
            small = image.width * image.height <= _TWO_PASSES
            options = {"Q": settings.quality, "subsample_mode": chroma, "optimize_coding": small}
            file.write(with_metadata(image.jpegsave_buffer(keep=_KEEP, **options), "JPEG", metadata))
        case Format.PNG:
            write_png(file, image, metadata)
        case Format.WEBP:
            file.write(with_metadata(image.webpsave_buffer(keep=_KEEP, Q=settings.quality), "WEBP", metadata))
        case Format.TIFF:
            write_tiff(file, picture.pixels, profile, metadata)
        case Format.AVIF:
            said = without_orientation(metadata)
            buffer = io.BytesIO()
            Image.fromarray(np.asarray(picture.pixels, np.uint8)).save(
                buffer,
                "AVIF",
                quality=settings.quality,
                subsampling="4:4:4" if settings.full_chroma else "4:2:0",
                speed=_AVIF_SPEED,
                icc_profile=profile,
                exif=said.exif,
                xmp=said.xmp,
            )
            file.write(buffer.getvalue())
        case Format.OPENRASTER:
            nothing = np.zeros(picture.pixels.shape[:2], np.uint8)
            write_openraster(file, picture, beneath or Layered(picture, nothing), metadata)
