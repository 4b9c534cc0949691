"""The formats that pictures are written in, declared once: the dialog, the command line and every error read this."""

import io
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import srgb_profile, vips_image, with_profile
from nti_desktop.photo.export.openraster import Layered, write_openraster
from nti_desktop.photo.export.png_writer import write_png
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.export.tiff_writer import write_tiff
from nti_desktop.photo.metadata import (
    COMMENT,
    MOST_EXIF_OF_JPEG,
    TEXTS_IN_EXIF,
    Metadata,
    with_metadata,
    without_orientation,
)
from nti_desktop.photo.raster import Raster

_AVIF_SPEED = 6
_KEEP = "icc"  # libvips would add an EXIF block of its own
_TWO_PASSES = 40_000_000  # pixels; a tenth is saved by them, but all coefficients have to be held in memory


@dataclass(frozen=True, eq=False)
class Content:
    """What is written. picture: as `Format` can hold it; beneath: the layers below it, where the format has layers."""

    picture: Raster
    beneath: Layered | None
    settings: ExportSettings
    metadata: Metadata

    @property
    def profile(self) -> bytes:
        """Of the picture's colours."""
        return self.picture.profile or srgb_profile()

    def vips(self) -> Any:
        """The picture with its profile."""
        return with_profile(vips_image(self.picture), self.profile)


@dataclass(frozen=True)
class Format:
    """One format. suffixes: the usual one first; label: in the window; write: raises ValueError where the picture would
    be too large for it; deep: has 16 bits a channel; lossy: has a quality; chroma: may have colours in half the
    resolution; layers: holds the photo, the edit and the mask; longest_side: that its library can write, in pixels;
    most_exif: bytes it has a place for; iptc: whether it has a place for IPTC data; texts: PNG's keywords of the texts
    that it has a place for, None for all.
    """

    name: str
    suffixes: tuple[str, ...]
    label: str
    write: Callable[[BinaryIO, Content], None]
    deep: bool = False
    lossy: bool = False
    chroma: bool = False
    layers: bool = False
    longest_side: int | None = None
    most_exif: int | None = None
    iptc: bool = True
    texts: Collection[str] | None = frozenset(TEXTS_IN_EXIF)


def _jpeg(file: BinaryIO, content: Content) -> None:
    image, settings = content.vips(), content.settings
    chroma = "off" if settings.full_chroma else "on"
    small = image.width * image.height <= _TWO_PASSES
    options = {"Q": settings.quality, "subsample_mode": chroma, "optimize_coding": small}
    file.write(with_metadata(image.jpegsave_buffer(keep=_KEEP, **options), "JPEG", content.metadata))


def _png(file: BinaryIO, content: Content) -> None:
    write_png(file, content.vips(), content.metadata)


def _tiff(file: BinaryIO, content: Content) -> None:
    write_tiff(file, content.picture.pixels, content.profile, content.metadata)


def _webp(file: BinaryIO, content: Content) -> None:
    buffer = content.vips().webpsave_buffer(keep=_KEEP, Q=content.settings.quality)
    file.write(with_metadata(buffer, "WEBP", content.metadata))


def _avif(file: BinaryIO, content: Content) -> None:
    said, settings, buffer = without_orientation(content.metadata), content.settings, io.BytesIO()
    Image.fromarray(np.asarray(content.picture.pixels, np.uint8)).save(
        buffer,
        "AVIF",
        quality=settings.quality,
        subsampling="4:4:4" if settings.full_chroma else "4:2:0",
        speed=_AVIF_SPEED,
        icc_profile=content.profile,
        exif=said.exif,
        xmp=said.xmp,
    )
    file.write(buffer.getvalue())


def _openraster(file: BinaryIO, content: Content) -> None:
    picture = content.picture
    nothing = np.zeros(picture.pixels.shape[:2], np.uint8)
    write_openraster(file, picture, content.beneath or Layered(picture, nothing), content.metadata)


FORMATS = (
    Format(
        "JPEG", (".jpg", ".jpeg"), "JPEG", _jpeg,
        lossy=True, chroma=True, longest_side=65_500, most_exif=MOST_EXIF_OF_JPEG, texts={*TEXTS_IN_EXIF, COMMENT},
    ),
    Format("PNG", (".png",), "PNG", _png, deep=True, texts=None),
    Format("TIFF", (".tif", ".tiff"), "TIFF", _tiff, deep=True),
    Format("WebP", (".webp",), "WebP", _webp, lossy=True, longest_side=16_383, iptc=False),
    Format("AVIF", (".avif",), "AVIF", _avif, lossy=True, chroma=True, longest_side=65_535, iptc=False),
    Format(
        "OpenRaster", (".ora",), "Layers: photo, edit, mask (OpenRaster)", _openraster,
        deep=True, layers=True, texts=None,
    ),
)  # fmt: skip


def endings() -> str:
    """For people: “.jpg, .png or .tif”."""
    *others, last = (form.suffixes[0] for form in FORMATS)
    return f"{', '.join(others)} or {last}"


def format_of(target: Path) -> Format:
    """The format that a file's ending names; PhotoError for any other ending."""
    for form in FORMATS:
        if target.suffix.lower() in form.suffixes:
            return form
    raise PhotoError(f"“{target.name}” needs one of the endings {endings()}; add one to its name.")
