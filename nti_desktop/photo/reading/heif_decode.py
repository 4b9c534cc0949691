"""The pixels of HEIC and AVIF pictures: libvips decodes AV1, pillow-heif HEVC."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import numpy_array
from nti_desktop.photo.raster import Pixels
from nti_desktop.photo.reading.coded_colours import is_hdr, over_whole_range, profile_of
from nti_desktop.photo.reading.failures import damaged, failure, rare_kind
from nti_desktop.photo.reading.header import check_size
from nti_desktop.photo.reading.heif import (
    claimed_sizes,
    coded_bits,
    is_grey,
    lies_as_its_transparency,
    pictures,
    stated_colours,
)
from nti_desktop.photo.reading.heif_boxes import is_animated, read_boxes

_KINDS = {b"hvc1", b"hev1", b"av01", b"grid", b"iden", b"iovl", b"tmap"}  # of pictures that libheif decodes here

# Its wheels link the encoder x265 (GPL-2.0), so it is an extra: see packaging/THIRD-PARTY.md.
_HEVC_LIBRARY = "pillow_heif"


def decode_heif(path: Path) -> tuple[Pixels, bytes | None]:
    """The picture to show, upright as its boxes say (EXIF has no say in these files), and its ICC profile.

    Pixels are (H, W, 3), or (H, W, 4) with straight transparency; uint8, or uint16 over its whole range for files with
    more than 8 bits. The profile is None for sRGB. Raises PhotoError for animations, HDR pictures, colours without a
    profile here, too many pixels, files cut short or damaged, and where what it takes to read HEIC is not installed;
    OSError where the disk fails.
    """
    with disk.open_to_read(path) as file:
        if is_animated(file):
            raise PhotoError(f"“{path.name}” is animated; save one of its pictures as a file of its own and open that.")
        boxes = read_boxes(file)
        numbers = pictures(file, boxes) if boxes else None
        if boxes is None or numbers is None or any(boxes.items[number].extents is None for number in numbers):
            raise damaged(path)
        if not {boxes.items[number].kind for number in numbers} <= _KINDS:
            raise rare_kind(path)
        if not lies_as_its_transparency(file, boxes):
            raise rare_kind(path)
        for number in numbers:
            for size in claimed_sizes(file, boxes.items[number]):
                check_size(path, size)
        colours = stated_colours(file, boxes)
        has_own = colours.icc is not None and not is_hdr(colours.curve)
        profile = colours.icc if has_own else profile_of(path, colours.primaries, colours.curve)
        bits = coded_bits(file, boxes)
        in_video_range = not colours.whole_range and is_grey(file, boxes)
        file.seek(0)
        data = file.read()
    is_av1 = any(boxes.items[number].kind == b"av01" for number in numbers)
    library = None if is_av1 else _hevc_library(path)
    try:
        pixels = _decode_hevc(library, path, data) if library else _decode_av1(path, data)
        if pixels.shape[2] == 4 and boxes.targets(b"prem", boxes.primary):
            pixels = _straight(pixels)
    except PhotoError:
        raise
    except Exception as error:  # the wrappers of libheif raise anything on broken files
        raise failure(path, error) from error
    if in_video_range:  # which libheif undoes for colours only
        pixels[..., :3] = over_whole_range(pixels[..., :3], bits)
    return pixels, profile


def _decode_av1(path: Path, data: bytes) -> NDArray[Any]:
    image = pyvips.Image.heifload_buffer(data, access="sequential", fail_on="error")
    check_size(path, (image.width, image.height))
    pixels = numpy_array(image)
    if pixels.dtype == np.uint8:
        return pixels
    # libvips leaves the bits below a file's own at zero, so white would not be white
    bits = image.get("bits-per-sample")
    return _to_whole_range(pixels.astype(np.uint16) >> np.uint16(16 - bits), bits)


def _hevc_library(path: Path) -> Any:
    try:
        library = importlib.import_module(_HEVC_LIBRARY)
        library.libheif_version()  # an import whose own libraries are missing succeeds
    except ImportError as error:
        raise PhotoError(
            f"“{path.name}” is a HEIC picture, and what it takes to read those is not installed; save it as JPEG or "
            "TIFF on the phone or computer it comes from, or run the program from its source, with the Python package "
            "pillow-heif."
        ) from error
    return library


def _decode_hevc(library: Any, path: Path, data: bytes) -> NDArray[Any]:
    image = library.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    if not image.info["primary"]:  # where the picture to show is broken, it offers another one, the thumbnail say
        raise damaged(path)
    check_size(path, image.size)
    pixels: NDArray[Any] = np.array(image)  # a copy: what older versions lend does not outlive `image`
    planes = pixels.reshape(*pixels.shape[:2], -1)
    if planes.shape[2] < 3:
        planes = np.concatenate([planes[..., :1]] * 3 + [planes[..., 1:]], axis=2)
    return planes if planes.dtype == np.uint8 else _to_whole_range(planes, image.info["bit_depth"])


def _to_whole_range(pixels: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """Values of `bits` bits, 9 to 15, with their own upper bits repeated below: 0 → 0 and white → 65535."""
    return pixels << np.uint16(16 - bits) | pixels >> np.uint16(2 * bits - 16)


def _straight(pixels: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 4) whose colours were multiplied by their transparency, with the colours as they were before."""
    white = np.iinfo(pixels.dtype).max
    colours, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3:]
    divided = np.minimum(np.rint(colours * white / np.maximum(alpha, 1)), white)
    return np.concatenate([divided.astype(pixels.dtype), alpha], axis=2)
