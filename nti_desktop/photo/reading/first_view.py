"""Something to look at long before all of a large photo is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyvips

from nti_desktop.core import disk
from nti_desktop.photo.colour import PROFILE, numpy_array, vips_image, with_profile
from nti_desktop.photo.metadata import orientation_of, read_metadata
from nti_desktop.photo.orientation import swaps_sides, turned
from nti_desktop.photo.raster import Raster, to_eight_bits
from nti_desktop.photo.reading.containers import read_at, tiff_tags
from nti_desktop.photo.reading.decode import decoded, loaded
from nti_desktop.photo.reading.header import Header, check_size, read_header
from nti_desktop.photo.reading.identify import is_raw

_LARGE = 3  # times the side that is asked for; smaller pictures are whole as quickly
_SMALLEST_PREVIEW = 1 / 8  # of the side that is asked for
_OTHER_SHAPE = 0.02  # of the whole's width to height: cameras crop some previews, or lay them between black bars
_JPEG_SHRINKS = (8, 4, 2)  # libjpeg decodes so many times smaller, at a fraction of the cost

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 258, 259, 262, 266
_OFFSETS, _ROWS_PER_STRIP, _COUNTS = 273, 278, 279
_PLANAR, _FORMAT = 284, 339
_PLAIN = {_COMPRESSION: {1}, _PHOTOMETRIC: {1, 2}, _FILL_ORDER: {1}, _PLANAR: {1}, _FORMAT: {1}}  # grey or RGB


@dataclass(frozen=True, eq=False)
class FirstView:
    """raster: a small copy, upright, 8 bits; size: (width, height) of the whole photo, upright."""

    raster: Raster
    size: tuple[int, int]


def first_view(path: Path, side: int) -> FirstView | None:
    """A small copy of a large photo in its own colours, where there is a quick way to one.

    JPEGs are decoded small, of a TIFF that is not compressed some rows are read, raw files bring the camera's own
    preview. side: pixels the longer side should have, up to twice as many come. None where there is no quick way, where
    the whole is there as quickly, and for whatever is wrong with a file: opening it says so.
    """
    try:
        if is_raw(path):
            return _camera_preview(path, side)
        with disk.open_to_read(path) as file:
            header = read_header(file)
            if header is None or header.size is None or max(header.size) < _LARGE * side:
                return None
            check_size(path, header.size)
            image = _small_image(path, file, header, side)
            orientation = orientation_of(read_metadata(file, header.kind))
        if image is None:
            return None
        found = decoded(path, header, image, eight_bits=True)
    except Exception:  # decoders raise anything on damaged files; this is only a convenience
        return None
    upright = turned(to_eight_bits(found.raster.pixels), orientation)
    width, height = header.size
    size = (height, width) if swaps_sides(orientation) else (width, height)
    return FirstView(Raster(upright, found.raster.profile), size)


def first_view_of(photo: Raster, side: int) -> FirstView | None:
    """A small copy of a large photo that is read, but will take its time to be shown; None for others."""
    times = max(photo.size) // side
    if times < _LARGE or min(photo.size) < times:  # nothing would be left of a thin line
        return None
    small = numpy_array(vips_image(photo).shrink(times, times))
    return FirstView(Raster(to_eight_bits(small), photo.profile), photo.size)


def _small_image(path: Path, file: BinaryIO, header: Header, side: int) -> pyvips.Image | None:
    """As libvips would load it, only smaller."""
    assert header.size is not None
    if header.kind == "JPEG" and header.bits == 8:
        shrink = next(shrink for shrink in _JPEG_SHRINKS if max(header.size) >= shrink * side)
        return loaded(path, header, shrink=shrink)
    if header.kind == "TIFF" and not header.is_lab:
        return _some_rows(file, header.size, loaded(path, header), side)
    return None


def _some_rows(file: BinaryIO, size: tuple[int, int], image: pyvips.Image, side: int) -> pyvips.Image | None:
    """Evenly spread rows of a TIFF, made narrower; None unless the file holds them just as they are.

    image: of the whole file, of which only the head is used.
    """
    tags = tiff_tags(file, {_BITS, _OFFSETS, _ROWS_PER_STRIP, _COUNTS, *_PLAIN}) or {}
    plain = all(set(tags.get(tag, ())) <= values for tag, values in _PLAIN.items())
    bits, offsets, counts = (tags.get(tag, ()) for tag in (_BITS, _OFFSETS, _COUNTS))
    if not plain or image.bands not in (1, 3) or set(bits) not in ({8}, {16}) or len(bits) != image.bands:
        return None
    width, height = size
    deep = set(bits) == {16}
    row_size = width * image.bands * (2 if deep else 1)
    strip_rows = min((*tags.get(_ROWS_PER_STRIP, ()), height))
    rows = height * side // max(size)
    data = bytearray()
    for row in range(rows):
        strip, within = divmod((2 * row + 1) * height // (2 * rows), strip_rows)
        if (within + 1) * row_size > counts[strip]:
            return None
        file.seek(offsets[strip] + within * row_size)
        data += file.read(row_size)
    order = ">" if read_at(file, 0, 2) == b"MM" else "<"
    pixels = np.frombuffer(data, order + ("u2" if deep else "u1")).reshape(rows, width, image.bands)
    pixels = pixels.astype(np.uint16 if deep else np.uint8, copy=False)
    narrow = pyvips.Image.new_from_memory(pixels, width, rows, image.bands, image.format)
    narrow = narrow.resize(side / max(size), vscale=1.0, kernel="linear").copy(interpretation=image.interpretation)
    return with_profile(narrow, image.get(PROFILE)) if image.get_typeof(PROFILE) else narrow


def _camera_preview(path: Path, side: int) -> FirstView | None:
    from nti_desktop.photo.reading import raw  # LibRaw, which takes its time to load

    width, height = raw.read_raw_header(path).size
    check_size(path, (width, height))
    pixels = raw.embedded_preview(path, side=side)
    if pixels is None or max(pixels.shape) < _SMALLEST_PREVIEW * side:
        return None
    other_shape = abs(pixels.shape[1] * height / (pixels.shape[0] * width) - 1) > _OTHER_SHAPE
    return None if other_shape else FirstView(Raster(pixels), (width, height))
