"""Colours: which profile a picture's are in, and the way from there to sRGB and back."""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import ImageCms

from nti_desktop.photo.raster import Pixels, Raster, to_eight_bits

_HEAD, _TAG = 128, 12  # bytes of a profile's header, and of each entry of its tag table (ICC.1:2022, 7.2 and 7.3)
_INVISIBLE = 2  # levels of 255: what two makers' sRGB profiles differ by
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_LIKE = {"RGB": ("srgb", 3), "L": ("b-w", 1), "CMYK": ("cmyk", 4)}
PROFILE = "icc-profile-data"  # libvips' name of the embedded profile
_TONES = 4096
_INTENT = {"intent": "relative", "black_point_compensation": True}


@lru_cache(maxsize=8)
def colour_model(profile: bytes) -> str | None:
    """Read which colours a profile describes, "RGB", "L", "CMYK" or "LAB"; None for any other, and for one that is
    damaged, which it is where no colour can be read by it.
    """
    try:
        model = _MODES.get(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip())
    except (OSError, TypeError, ValueError):
        return None
    return model if model in (None, "LAB") or _can_be_read(profile, *_LIKE[model]) else None


@lru_cache(maxsize=8)
def can_be_written(profile: bytes) -> bool:
    """Tell whether colours can be brought into an RGB profile; those of some scanners only lead out."""
    try:
        from_srgb(np.zeros((1, 1, 3), np.float32), profile)
    except pyvips.Error:
        return False
    return True


def mended(profile: bytes) -> bytes:
    """The profile exactly as long as it says, and from version 4 on of whole words, as strict readers want it.

    What lies behind its stated end goes; where it ends before that, so do the tags that are not whole.
    """
    size = min(int.from_bytes(profile[:4]), len(profile))
    padding = -size % 4 if profile[8:9] >= b"\4" else 0
    if size == len(profile) == int.from_bytes(profile[:4]) and not padding:
        return profile
    count = int.from_bytes(profile[_HEAD : _HEAD + 4])
    table_end = _HEAD + 4 + _TAG * count
    if table_end > size:
        return profile  # no profile, which readers will say
    table = profile[_HEAD + 4 : table_end]
    entries = [table[at : at + _TAG] for at in range(0, len(table), _TAG)]
    whole = [entry for entry in entries if int.from_bytes(entry[4:8]) + int.from_bytes(entry[8:12]) <= size]
    head = (size + padding).to_bytes(4) + profile[4:_HEAD] + len(whole).to_bytes(4) + b"".join(whole)
    return head.ljust(table_end, b"\0") + profile[table_end:size] + bytes(padding)


@lru_cache(maxsize=8)
def profile_name(profile: bytes | None) -> str:
    """Name a profile as people know it, in at most 60 characters: by its own description; None stands for sRGB."""
    if profile is None:
        return "sRGB"
    try:
        return " ".join(ImageCms.getProfileDescription(io.BytesIO(profile)).split())[:60] or "another colour space"
    except (ImageCms.PyCMSError, OSError):
        return "another colour space"


@lru_cache(maxsize=8)
def is_srgb(profile: bytes | None) -> bool:
    """Tell whether an RGB profile leaves every colour where sRGB has it, measured on a grid of colours."""
    if profile is None:
        return True
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(len(levels), -1, 3)
    change = _quickly_converted(Raster(grid, profile)).astype(np.int16) - grid
    return bool(np.abs(change).max() <= _INVISIBLE)


def to_srgb(raster: Raster) -> Pixels:
    """The pixels in sRGB at the same bit depth, (H, W, 3); colours that sRGB does not hold are brought to its edge.

    Of 8 bits within 2 levels, in a tenth of the time that the exact way takes for 16 bits.
    """
    if is_srgb(raster.profile):
        return raster.pixels
    if raster.pixels.dtype == np.uint8:
        return _quickly_converted(raster)
    independent = vips_image(raster).icc_import(embedded=True, pcs="lab", **_INTENT)
    converted = with_profile(independent, None).icc_export(output_profile="srgb", pcs="lab", depth=16, **_INTENT)
    return numpy_array(converted).astype(np.uint16, copy=False)


def to_profile(raster: Raster, profile: bytes | None) -> NDArray[np.uint8]:
    """The pixels at 8 bits in the colours of an RGB profile, None for sRGB, for a screen of that profile; (H, W, 3).

    Quick: within 2 levels, a few more at the edge of what the profile holds. The same profile leaves them alone.
    """
    if raster.profile == profile or (is_srgb(raster.profile) and is_srgb(profile)):
        return to_eight_bits(raster.pixels)
    return _quickly_converted(raster, profile)


@lru_cache(maxsize=8)
def fits_a_screen(profile: bytes) -> bool:
    """Tell whether pictures can be shown in a profile: RGB, undamaged, with a white brighter than its black."""
    if colour_model(profile) != "RGB":
        return False
    try:
        black, white = _quickly_converted(Raster(np.array([[[0] * 3, [255] * 3]], np.uint8)), profile)[0]
    except pyvips.Error:
        return False
    return bool(white.min() > black.max())


def from_srgb(picture: NDArray[np.float32], profile: bytes | None) -> NDArray[np.float32]:
    """An sRGB picture, (h, w, 3) in [0, 1], in the colours of an RGB profile: (h, w, 3) in [0, 1]."""
    if profile is None or is_srgb(profile):
        return picture
    levels = np.rint(np.clip(picture, 0, 1) * 65535).astype(np.uint16)
    independent = vips_image(Raster(levels)).icc_import(input_profile="srgb", pcs="lab", **_INTENT)
    converted = with_profile(independent, profile).icc_export(pcs="lab", depth=16, **_INTENT)
    return numpy_array(converted).astype(np.float32) / np.float32(65535)


@lru_cache(maxsize=8)
def tone_curve(profile: bytes | None) -> NDArray[np.float64]:
    """Linear light of the greys, (4096,) from 0 to 1, rising: entry i belongs to the value i / 4095 of all channels."""
    ramp = np.linspace(0, 65535, _TONES).round().astype(np.uint16)
    grey = vips_image(Raster(np.repeat(ramp[None, :, None], 3, axis=2), profile or srgb_profile()))
    light = numpy_array(grey.icc_import(pcs="xyz", embedded=True, intent="relative"))[0, :, 1].astype(np.float64)
    light = np.maximum.accumulate(light) + np.linspace(0, 1e-4 * light.max(), _TONES)  # rises everywhere
    curve: NDArray[np.float64] = (light - light[0]) / (light[-1] - light[0])
    return curve


def srgb_profile() -> bytes:
    """An sRGB profile to embed."""
    profile: bytes = pyvips.Image.profile_load("srgb")
    return profile


def vips_image(raster: Raster) -> pyvips.Image:
    """The same pixels and profile as libvips sees them; nothing is copied."""
    height, width = raster.pixels.shape[:2]
    wide = raster.pixels.dtype == np.uint16
    pixels = np.ascontiguousarray(raster.pixels)
    image = pyvips.Image.new_from_memory(pixels, width, height, 3, "ushort" if wide else "uchar")
    return with_profile(image.copy(interpretation="rgb16" if wide else "srgb"), raster.profile)


def numpy_array(image: pyvips.Image) -> NDArray[Any]:
    """The pixels of a libvips image, (H, W, bands)."""
    kinds = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}
    shape = (image.height, image.width, image.bands)
    return np.ndarray(shape, kinds[image.format], image.write_to_memory())


def _can_be_read(profile: bytes, interpretation: str, bands: int) -> bool:
    """interpretation, bands: libvips' name of a profile's colours, and their number."""
    black = pyvips.Image.black(1, 1, bands=bands).copy(interpretation=interpretation)
    try:
        with_profile(black, profile).icc_import(embedded=True, pcs="lab", **_INTENT).write_to_memory()
    except pyvips.Error:
        return False
    return True


def _quickly_converted(raster: Raster, profile: bytes | None = None) -> NDArray[np.uint8]:
    """To a profile, None for sRGB, in one step, which little CMS does by a table of the whole space."""
    image = vips_image(raster)
    source = {"input_profile": "srgb"} if raster.profile is None else {"embedded": True}
    try:
        with _file_of(profile) as name:
            moved = numpy_array(image.icc_transform(name, depth=8, **source, **_INTENT))
    except OSError:  # there is no room for a file; in two steps, ten times as slow
        independent = image.icc_import(pcs="lab", **source, **_INTENT)
        moved = numpy_array(with_profile(independent, profile).icc_export(pcs="lab", depth=8, **_INTENT))
    return moved.astype(np.uint8, copy=False)


@contextlib.contextmanager
def _file_of(profile: bytes | None) -> Iterator[str]:
    """A profile under a name, as libvips wants the one to convert to; the file lasts as long as the context."""
    if profile is None:
        yield "srgb"
        return
    handle, name = tempfile.mkstemp(suffix=".icc")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(profile)
        yield name
    finally:
        os.unlink(name)


def with_profile(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    """The same image under another profile, None for none; its pixels stay."""
    image = image.copy()
    if profile is None:
        image.remove(PROFILE)
    else:
        image.set_type(pyvips.GValue.blob_type, PROFILE, profile)
    return image
