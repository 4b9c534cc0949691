"""TIFF files of 8 or 16 bits, written strip by strip (TIFF 6.0), around the EXIF block of a photo.

EXIF blocks are TIFF structures, and both count their offsets from their own first byte. So the file begins with the
block as it is, and only its header is changed, to lead to a new first directory behind it. The directory repeats the
block's entries to the letter; what they point to, maker notes above all, lies where it always lay.
"""

import io
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nti_desktop.photo.metadata import Metadata, tiff
from nti_desktop.photo.metadata.exif import ICC_PROFILE, IPTC, XMP
from nti_desktop.photo.metadata.exif_from_tiff import PICTURE_TAGS
from nti_desktop.photo.metadata.tiff import Field, Layout, Order

Samples = NDArray[np.uint8 | np.uint16]

_MOST_FILE_BYTES = 2**32 - 1  # offsets have 32 bits
_LINK = 4  # where the header says where the first directory is
_STRIP_BYTES = 1 << 19
_MOST_WORKERS = 4
_DEFLATE_LEVEL = 4  # on noisy photos five times as fast as 6, and 2 % longer

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_COUNTS = 273, 277, 278, 279
_X_RESOLUTION, _Y_RESOLUTION, _PLANAR, _RESOLUTION_UNIT = 282, 283, 284, 296
_PREDICTOR, _EXTRA_SAMPLES = 317, 338
_DEFLATE = 8
_HORIZONTAL_DIFFERENCES = 2
_INTERLEAVED = 1
_UNASSOCIATED_ALPHA = 2
_GREY, _RGB = 1, 2
_NO_UNIT = 1


def write_tiff(file: BinaryIO, pixels: Samples, profile: bytes | None, metadata: Metadata) -> None:
    """Write a picture as a TIFF file, with Deflate over horizontal differences.

    file: empty, at its beginning, seekable; pixels: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB and transparency that
    the colours are not multiplied with, 8 or 16 bits; profile: the ICC profile, which a grey picture has none of.

    Numbers are written in the byte order of the EXIF block, little-endian without one. Never holds more than a few
    strips beside the picture. Raises ValueError for an array that is no picture and for a file over 4 GiB, which TIFF
    cannot address.
    """
    _check(pixels)
    out = _Output(file, metadata.exif)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_WORKERS)) as pool:
        strips = out.add_strips(_all_deflated(pool, _strips(pixels), out.layout.order))
    fields = _picture_fields(pixels, out.layout) | strips
    if profile and pixels.ndim == 3:
        fields[ICC_PROFILE] = Field(tiff.UNDEFINED, len(profile), profile)
    fields |= _packet_fields(metadata)
    if not out.described.keys() & {_X_RESOLUTION, _Y_RESOLUTION}:
        fields |= _resolution_fields(out.layout)
    out.add_directory(fields)


class _Output:
    """The file as it grows. layout: its byte order; described: the EXIF block's descriptive entries as they are."""

    def __init__(self, file: BinaryIO, exif: bytes) -> None:
        block = io.BytesIO(exif)
        head = tiff.read_layout(block)
        first = tiff.read_directory(block, *head) if head and not head[0].big else None
        self.layout = head[0] if head and first else Layout("<", big=False)
        self.described: dict[int, bytes] = {}
        for entry in first.entries if first else ():
            if entry.tag not in PICTURE_TAGS and entry.at is not None:
                self.described.setdefault(entry.tag, entry.raw)
        self._file = file
        self._at = 0
        self._add(exif if first else b"II*\0\0\0\0\0")

    def add_strips(self, strips: Iterable[bytes]) -> dict[int, Field]:
        """Append the strips of the picture, and return the fields that say where they lie."""
        offsets, counts = [], []
        for strip in strips:
            offsets.append(self._add(strip))
            counts.append(len(strip))
        return {_STRIP_OFFSETS: _longs(self.layout, offsets), _STRIP_COUNTS: _longs(self.layout, counts)}

    def add_directory(self, fields: Mapping[int, Field]) -> None:
        """Append the directory, of these fields and what was described, and let the header lead to it."""
        at = self._at + self._at % 2
        self._add(tiff.directory_bytes(self.layout, at, fields, self.described))
        self._file.seek(_LINK)
        self._file.write(self.layout.packed(at, 4))
        self._file.seek(0, os.SEEK_END)

    def _add(self, data: bytes) -> int:
        """Append at the next even offset, and return that."""
        padding = b"\0" * (self._at % 2)
        at = self._at + len(padding)
        if at + len(data) > _MOST_FILE_BYTES:
            raise ValueError("A TIFF file has at most 4 GiB.")
        self._file.write(padding)
        self._file.write(data)
        self._at = at + len(data)
        return at


def _check(pixels: Samples) -> None:
    """Raises ValueError for an array that is no picture."""
    is_grey, is_colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if not (is_grey or is_colour) or pixels.size == 0 or pixels.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise ValueError(f"No picture of 8 or 16 bits: {pixels.dtype} of shape {pixels.shape}.")


def _picture_fields(pixels: Samples, layout: Layout) -> dict[int, Field]:
    """Build the fields that say how the picture is stored, all but where its strips lie and how long they are."""
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    fields = {
        _WIDTH: _longs(layout, [pixels.shape[1]]),
        _LENGTH: _longs(layout, [pixels.shape[0]]),
        _BITS: _shorts(layout, [8 * pixels.itemsize] * samples),
        _COMPRESSION: _shorts(layout, [_DEFLATE]),
        _PHOTOMETRIC: _shorts(layout, [_GREY if samples == 1 else _RGB]),
        _SAMPLES: _shorts(layout, [samples]),
        _ROWS_PER_STRIP: _longs(layout, [_rows_per_strip(pixels)]),
        _PLANAR: _shorts(layout, [_INTERLEAVED]),
        _PREDICTOR: _shorts(layout, [_HORIZONTAL_DIFFERENCES]),
    }
    if samples == 4:
        fields[_EXTRA_SAMPLES] = _shorts(layout, [_UNASSOCIATED_ALPHA])
    return fields


def _packet_fields(metadata: Metadata) -> dict[int, Field]:
    packets = ((XMP, tiff.BYTE, metadata.xmp), (IPTC, tiff.UNDEFINED, metadata.iptc))
    return {tag: Field(kind, len(data), data) for tag, kind, data in packets if data}


def _resolution_fields(layout: Layout) -> dict[int, Field]:
    """Build the fields of an unknown resolution: pixels as wide as high, in no unit (TIFF 6.0, ResolutionUnit)."""
    dots = Field(tiff.RATIONAL, 1, layout.packed(1, 4) + layout.packed(1, 4))
    return {_X_RESOLUTION: dots, _Y_RESOLUTION: dots, _RESOLUTION_UNIT: _shorts(layout, [_NO_UNIT])}


def _rows_per_strip(pixels: Samples) -> int:
    return max(1, _STRIP_BYTES // int(pixels[0].nbytes))


def _strips(pixels: Samples) -> Iterator[Samples]:
    rows = _rows_per_strip(pixels)
    return (pixels[top : top + rows] for top in range(0, pixels.shape[0], rows))


def _deflated(strip: Samples, order: Order) -> bytes:
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]  # modulo 2^8 or 2^16: TIFF 6.0, section 14
    return zlib.compress(differences.astype(strip.dtype.newbyteorder(order), copy=False).tobytes(), _DEFLATE_LEVEL)


def _all_deflated(pool: ThreadPoolExecutor, strips: Iterable[Samples], order: Order) -> Iterator[bytes]:
    """The strips in order, a few of them compressed ahead."""
    ahead: deque[Future[bytes]] = deque()
    for strip in strips:
        ahead.append(pool.submit(_deflated, strip, order))
        if len(ahead) > 2 * _MOST_WORKERS:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _longs(layout: Layout, numbers: Sequence[int]) -> Field:
    return Field(tiff.LONG, len(numbers), struct.pack(f"{layout.order}{len(numbers)}L", *numbers))


def _shorts(layout: Layout, numbers: Sequence[int]) -> Field:
    return Field(tiff.SHORT, len(numbers), struct.pack(f"{layout.order}{len(numbers)}H", *numbers))
