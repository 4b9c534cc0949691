"""From a picture file to RGB pixels as stored, in its own colours and bit depth (libvips decodes)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from nti_desktop.core.errors import NtiError, PhotoError
from nti_desktop.photo.colour import (
    PROFILE,
    can_be_written,
    colour_model,
    mended,
    numpy_array,
    to_srgb,
    vips_image,
    with_profile,
)
from nti_desktop.photo.metadata.exif import ORIENTATION
from nti_desktop.photo.orientation import turned, undone
from nti_desktop.photo.raster import Raster
from nti_desktop.photo.reading.coded_colours import adobe_rgb, over_whole_range, profile_of
from nti_desktop.photo.reading.header import Header, check_size
from nti_desktop.photo.reading.heif_decode import decode_heif
from nti_desktop.photo.reading.ycbcr import rgb_of

pyvips.cache_set_max(0)  # its memory of results goes by file names, and files change

Report = Callable[[float], None]  # told the share that is read, 0 to 1; an NtiError that it raises stops the reading

_LOADERS = {"JPEG": "jpegload", "PNG": "pngload", "TIFF": "tiffload", "WEBP": "webpload"}
_OPTIONS = {"TIFF": {"unlimited": True}}  # else strips of 50 MB would be refused; sizes are checked before
_RGB = {"uchar": "srgb", "ushort": "rgb16"}  # libvips' names
_CMYK = 4  # channels
_ONE_WAY = "The colours were converted to sRGB, as their profile can only be read, not written in."
_COLOUR_MODELS = {"b-w": "L", "grey16": "L", "srgb": "RGB", "rgb16": "RGB", "cmyk": "CMYK", "lab": "LAB", "labs": "LAB"}


@dataclass(frozen=True, eq=False)
class Decoded:
    """raster: as stored, not yet turned; notes: sentences to show."""

    raster: Raster
    notes: tuple[str, ...]


def decode(path: Path, header: Header, eight_bits: bool, report: Report | None = None) -> Decoded:
    """Read all pixels. eight_bits: whether 16 bits are brought to 8 while reading; report: see Report.

    Transparency is laid on white; grey becomes equal channels; print colours, Lab, grey with a profile of its own and
    colours whose profile cannot be written in become sRGB, which a note says. Raises PhotoError for pixels that are no
    colours, pyvips.Error or OSError for files that are cut short or damaged.
    """
    if header.is_lab:
        try:
            return _decode_lab(path)
        except UnidentifiedImageError as error:
            raise PhotoError(f"“{path.name}” uses a rare form of Lab colours; save it as RGB.") from error
        except Image.DecompressionBombError as error:  # Pillow's limit is one for the whole process, and stays
            raise PhotoError(
                f"“{path.name}” has more pixels than can be opened in Lab colours; save it as RGB and open that."
            ) from error
    if header.ycbcr and header.ycbcr.subsampled:
        raise PhotoError(
            f"“{path.name}” keeps its colours (YCbCr) coarser than its brightness without being a JPEG, which this "
            "program cannot read; save it as RGB and open that."
        )
    stated = header.png_colours
    profile = profile_of(path, stated.primaries, stated.curve) if stated else header.png_profile
    image = loaded(path, header)
    if header.kind == "PNG":
        image = with_profile(image, profile)
    check_size(path, (image.width, image.height))
    return decoded(path, header, image, eight_bits, report)


def decoded(path: Path, header: Header, image: pyvips.Image, eight_bits: bool, report: Report | None = None) -> Decoded:
    """Read all pixels of a file that `loaded` has opened, as `decode` does."""
    notes = _first_of_many(path, header, image)
    image, alpha = _split(_checked(image), header.alpha)
    if header.is_adobe_rgb and _profile_in(image) is None and image.bands != _CMYK:
        image = with_profile(image, adobe_rgb())
    if header.ycbcr:
        image = vips_image(Raster(rgb_of(numpy_array(image), header.ycbcr), _profile_in(image)))
    image, colour_notes = _as_rgb(image)
    profile = _profile_in(image)
    if alpha is not None:
        image = image.bandjoin(alpha)
    if eight_bits and image.format == "ushort":
        image = image.cast("uchar", shift=True).copy(interpretation="srgb")
    pixels = numpy_array(image) if report is None else _reported(image, report)
    if header.png_colours and not header.png_colours.whole_range:
        pixels[..., :3] = over_whole_range(pixels[..., :3], 8 * pixels.itemsize)
    if pixels.shape[-1] == 4:
        pixels, alpha_notes = _on_white(pixels)
        colour_notes += alpha_notes
    return Decoded(Raster(pixels, profile), (*notes, *colour_notes))


def decode_heif_picture(path: Path) -> Decoded:
    """All pixels of a HEIC or AVIF picture, upright; raises as `decode` does."""
    pixels, profile = decode_heif(path)
    notes: tuple[str, ...] = ()
    if profile is not None:
        profile = mended(profile)
        if colour_model(profile) != "RGB":
            profile, notes = None, (_ignored(colour_model(profile)),)
        elif not can_be_written(profile):
            colours = to_srgb(Raster(pixels[..., :3], profile))
            pixels, profile, notes = np.concatenate([colours, pixels[..., 3:]], axis=2), None, (_ONE_WAY,)
    if pixels.shape[-1] == 4:
        pixels, alpha_notes = _on_white(pixels)
        notes += alpha_notes
    return Decoded(Raster(pixels, profile), notes)


def loaded(path: Path, header: Header, **options: Any) -> pyvips.Image:
    """The file, lazily; libvips takes this name literally, where its other ways in parse options out of it.

    options: of libvips' loader of this kind.
    """
    source = pyvips.Source.new_from_file(os.fsencode(path))
    load: Any = getattr(pyvips.Image, _LOADERS[header.kind] + "_source")
    options = {"access": "sequential", "fail_on": "error", **_OPTIONS.get(header.kind, {}), **options}
    image: pyvips.Image = load(source, **options)
    return image


def _reported(image: pyvips.Image, report: Report) -> NDArray[Any]:
    """All pixels, while `report` is told of every hundredth, of the last one in any case."""
    told = 0
    stopped: NtiError | None = None

    def went_on(image: pyvips.Image, progress: Any) -> None:
        nonlocal told, stopped
        if progress.percent <= told or stopped is not None:
            return
        told = progress.percent
        try:
            report(told / 100)
        except NtiError as error:  # what calls this is C, which an exception would not pass
            stopped = error
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", went_on)
    try:
        pixels = numpy_array(image)
    except pyvips.Error:
        if stopped is None:
            raise
    if stopped is not None:
        raise stopped
    if told < 100:  # what takes no time is told of by nobody
        report(1.0)
    return pixels


def _first_of_many(path: Path, header: Header, image: pyvips.Image) -> tuple[str, ...]:
    """A note where a file's further pictures are left out; PhotoError where they are an animation."""
    pages = image.get("n-pages") if image.get_typeof("n-pages") else 1
    if header.is_animated or (header.kind == "WEBP" and pages > 1):
        raise PhotoError(f"“{path.name}” is animated; save one of its pictures as a file of its own and open that.")
    if header.kind == "TIFF" and pages > 1:
        return ("This file holds several pictures; the first one is opened.",)
    return ()


def _checked(image: pyvips.Image) -> pyvips.Image:
    if image.format not in _RGB:
        raise PhotoError("This picture holds measured values instead of colours; save it as 8 or 16 bit per channel.")
    if image.interpretation not in _COLOUR_MODELS:
        raise PhotoError(
            f"This picture uses a colour model this program cannot read ({image.interpretation}); save it as RGB."
        )
    return image


def _split(image: pyvips.Image, transparent: int | None) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Colours and transparency, of one depth. transparent: which of the channels behind the colours it is."""
    colours = {"L": 1, "RGB": 3, "CMYK": 4, "LAB": 3}[_COLOUR_MODELS[image.interpretation]]
    if image.bands == colours:
        return image, None
    alpha = image[colours + transparent] if transparent is not None else None
    return image.extract_band(0, n=colours), alpha


def _as_rgb(image: pyvips.Image) -> tuple[pyvips.Image, tuple[str, ...]]:
    """Three channels with a profile that fits them or none, and what to tell about it."""
    model = _COLOUR_MODELS[image.interpretation]
    notes: tuple[str, ...] = ()
    embedded = _profile_in(image)
    if embedded is not None:
        embedded = mended(embedded)
        image = with_profile(image, embedded)
    profile = None if embedded is None else colour_model(embedded)
    if embedded is not None and profile != model and (model, profile) != ("L", "RGB"):
        notes = (_ignored(profile),)
        image, embedded, profile = with_profile(image, None), None, None
    if profile == "RGB" and embedded is not None and not can_be_written(embedded):
        if model == "L":
            image = image.bandjoin([image, image]).copy(interpretation=_RGB[image.format])
        return _in_srgb(image), (*notes, _ONE_WAY)
    if model == "L":
        if profile == "L":
            return _in_srgb(image), (*notes, "The greys were converted from their own profile to sRGB.")
        return image.bandjoin([image, image]).copy(interpretation=_RGB[image.format]), notes
    if model == "CMYK":
        without = "" if profile else " without a profile"
        return _in_srgb(image), (*notes, f"The colours were converted from print colours (CMYK){without} to sRGB.")
    return image, notes


def _profile_in(image: pyvips.Image) -> bytes | None:
    return image.get(PROFILE) if image.get_typeof(PROFILE) else None


def _ignored(model: str | None) -> str:
    why = "is damaged" if model is None else "does not fit it"
    return f"The picture's colour profile {why} and was ignored; colours may look wrong."


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    depth = 16 if image.format == "ushort" else 8
    has_profile = bool(image.get_typeof(PROFILE))
    source = {"embedded": True} if has_profile else {"input_profile": "cmyk"}
    converted = image.icc_transform("srgb", depth=depth, intent="relative", black_point_compensation=True, **source)
    return with_profile(converted, None)


def _on_white(pixels: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """(H, W, 4) with straight transparency → (H, W, 3); opaque pixels stay as they are."""
    white = np.iinfo(pixels.dtype).max
    colours, alpha = np.ascontiguousarray(pixels[..., :3]), pixels[..., 3]
    seen_through = alpha < white
    if not seen_through.any():
        return colours, ()
    share = alpha[seen_through][:, None].astype(np.float32) / white
    colours[seen_through] = np.rint(colours[seen_through] * share + white * (1 - share)).astype(pixels.dtype)
    return colours, ("Transparent parts of this picture are shown on white.",)


def _decode_lab(path: Path) -> Decoded:
    """Lab in a TIFF, which libvips does not read."""
    with Image.open(path, formats=("TIFF",)) as image:
        applied = image.getexif().get(ORIENTATION, 1)  # by Pillow, in loading
        image.load()
        if image.mode != "LAB":
            raise PhotoError("This picture uses a rare form of Lab colours; save it as RGB.")
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(lab, ImageCms.createProfile("sRGB"), "LAB", "RGB", renderingIntent=intent)
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # only in-place transforms return None
        stored = turned(np.array(converted), undone(applied) if 1 <= applied <= 8 else 1)
        return Decoded(Raster(stored), ("The colours were converted from Lab to sRGB.",))
