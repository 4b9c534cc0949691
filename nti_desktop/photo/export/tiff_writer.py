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
_TOO_LONG = "A TIFF file has at most 4 GiB."
_STRIP_BYTES = 1 << 19
_MOST_WORKERS = 4
_DEFLATE_LEVEL = 4  # on noisy photos five times as fast as 6, and 2 % longer

_NEW_SUBFILE_TYPE, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_COUNTS = 273, 277, 278, 279
_X_RESOLUTION, _Y_RESOLUTION, _PLANAR, _PAGE_NAME, _RESOLUTION_UNIT, _PAGE_NUMBER = 282, 283, 284, 285, 296, 297
_PREDICTOR, _EXTRA_SAMPLES = 317, 338
_UNCOMPRESSED, _DEFLATE = 1, 8
_HORIZONTAL_DIFFERENCES = 2
_INTERLEAVED = 1
_ONE_PAGE_OF_SEVERAL = 2
_UNASSOCIATED_ALPHA = 2
_GREY, _RGB = 1, 2
_NO_UNIT = 1


def write_tiff(
    file: BinaryIO,
    pixels: Samples,
    profile: bytes | None,
    metadata: Metadata,
    *,
    compress: bool = True,
    name: str | None = None,
    pages: Sequence[tuple[Samples, str]] = (),
) -> None:
    """Write a picture, and perhaps further pages, as a TIFF file.

    file: empty, at its beginning, seekable; pixels: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB and transparency that
    the colours are not multiplied with, 8 or 16 bits; profile: the ICC profile of all pages that are not grey;
    metadata: of the first page; compress: with Deflate over horizontal differences, else as they are; name: of the
    first page (PageName); pages: further pictures with their names, of any size, in order.

    Numbers are written in the byte order of the EXIF block, little-endian without one. Never holds more than a few
    strips beside the pictures. Raises ValueError for arrays that are no pictures and for files over 4 GiB, which TIFF
    cannot address.
    """
    named: list[tuple[Samples, str | None]] = [(pixels, name), *pages]
    for picture, _ in named:
        _check(picture)
    if not compress and sum(picture.nbytes for picture, _ in named) > _MOST_FILE_BYTES:
        raise ValueError(_TOO_LONG)
    out = _Output(file, metadata.exif)
    order = out.layout.order
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_WORKERS)) as pool:
        for number, (picture, page_name) in enumerate(named):
            strips = _strips(picture)
            data = _all_deflated(pool, strips, order) if compress else (_stored(strip, order) for strip in strips)
            fields = _picture_fields(picture, out.layout, compress) | out.add_strips(data)
            fields |= _page_fields(page_name, number, len(named), out.layout)
            if profile and picture.ndim == 3:
                fields[ICC_PROFILE] = Field(tiff.UNDEFINED, len(profile), profile)
            verbatim: Mapping[int, bytes] = {}
            if number == 0:
                fields |= _packet_fields(metadata)
                verbatim = out.described
            if not verbatim.keys() & {_X_RESOLUTION, _Y_RESOLUTION}:
                fields |= _resolution_fields(out.layout)
            out.add_directory(fields, verbatim)


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
        self._link = 4
        self._add(exif if first else b"II*\0\0\0\0\0")

    def add_strips(self, strips: Iterable[bytes]) -> dict[int, Field]:
        """Append the strips of a page, and return the fields that say where they lie."""
        offsets, counts = [], []
        for strip in strips:
            offsets.append(self._add(strip))
            counts.append(len(strip))
        return {_STRIP_OFFSETS: _longs(self.layout, offsets), _STRIP_COUNTS: _longs(self.layout, counts)}

    def add_directory(self, fields: Mapping[int, Field], verbatim: Mapping[int, bytes]) -> None:
        """Append a page's directory and let what went before lead to it."""
        at = self._at + self._at % 2
        self._add(tiff.directory_bytes(self.layout, at, fields, verbatim))
        self._file.seek(self._link)
        self._file.write(self.layout.packed(at, 4))
        self._file.seek(0, os.SEEK_END)
        self._link = at + 2 + 12 * len(fields.keys() | verbatim.keys())

    def _add(self, data: bytes) -> int:
        """Append at the next even offset, and return that."""
        padding = b"\0" * (self._at % 2)
        at = self._at + len(padding)
        if at + len(data) > _MOST_FILE_BYTES:
            raise ValueError(_TOO_LONG)
        self._file.write(padding)
        self._file.write(data)
        self._at = at + len(data)
        return at


def _check(pixels: Samples) -> None:
    """Raises ValueError for an array that is no picture."""
    is_grey, is_colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if not (is_grey or is_colour) or pixels.size == 0 or pixels.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise ValueError(f"No picture of 8 or 16 bits: {pixels.dtype} of shape {pixels.shape}.")


def _picture_fields(pixels: Samples, layout: Layout, compress: bool) -> dict[int, Field]:
    """Build the fields that say how a page is stored, all but where its strips lie and how long they are."""
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    fields = {
        _WIDTH: _longs(layout, [pixels.shape[1]]),
        _LENGTH: _longs(layout, [pixels.shape[0]]),
        _BITS: _shorts(layout, [8 * pixels.itemsize] * samples),
        _COMPRESSION: _shorts(layout, [_DEFLATE if compress else _UNCOMPRESSED]),
        _PHOTOMETRIC: _shorts(layout, [_GREY if samples == 1 else _RGB]),
        _SAMPLES: _shorts(layout, [samples]),
        _ROWS_PER_STRIP: _longs(layout, [_rows_per_strip(pixels)]),
        _PLANAR: _shorts(layout, [_INTERLEAVED]),
    }
    if compress:
        fields[_PREDICTOR] = _shorts(layout, [_HORIZONTAL_DIFFERENCES])
    if samples == 4:
        fields[_EXTRA_SAMPLES] = _shorts(layout, [_UNASSOCIATED_ALPHA])
    return fields


def _page_fields(name: str | None, number: int, count: int, layout: Layout) -> dict[int, Field]:
    fields = {}
    if name is not None:
        text = name.encode().replace(b"\0", b"") + b"\0"
        fields[_PAGE_NAME] = Field(tiff.ASCII, len(text), text)
    if count > 1:
        fields[_NEW_SUBFILE_TYPE] = _longs(layout, [_ONE_PAGE_OF_SEVERAL])
        fields[_PAGE_NUMBER] = _shorts(layout, [number, count])
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


def _stored(strip: Samples, order: Order) -> bytes:
    return strip.astype(strip.dtype.newbyteorder(order), copy=False).tobytes()


def _deflated(strip: Samples, order: Order) -> bytes:
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]  # modulo 2^8 or 2^16: TIFF 6.0, section 14
    return zlib.compress(_stored(differences, order), _DEFLATE_LEVEL)


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
