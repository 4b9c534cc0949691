"""Which picture a file holds, whatever other programs write into its metadata."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from nti_desktop.photo.reading.containers import (
    BLOCK,
    REST,
    SCAN,
    Kind,
    Part,
    file_size,
    jpeg_parts,
    png_parts,
    read_at,
    tiff_tags,
    webp_parts,
)

_JPEG_PICTURE = {SCAN, REST, *(bytes((marker,)) for marker in range(0xC0, 0xE0))}  # frames, tables, scan headers
_JPEG_COLOUR = {b"\xe2": b"ICC_PROFILE\0", b"\xee": b"Adobe"}
_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"IDAT", b"acTL", b"fcTL", b"fdAT", REST}
_WEBP_PICTURE = {b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF", REST}

_TIFF_COMPRESSION, _OLD_JPEG = 259, 6
_TIFF_STRIPS, _TIFF_TILES = (273, 279), (324, 325)
_TIFF_PICTURE = {
    256: "width",
    257: "height",
    258: "bits per sample",
    _TIFF_COMPRESSION: "compression",
    262: "photometric interpretation",
    266: "fill order",
    277: "samples per pixel",
    278: "rows per strip",
    284: "planar configuration",
    292: "T4 options",
    293: "T6 options",
    317: "predictor",
    320: "colour map",
    322: "tile width",
    323: "tile height",
    332: "ink set",
    338: "extra samples",
    339: "sample format",
    347: "JPEG tables",
    530: "chroma subsampling",
    34675: "ICC profile",
}


def picture_identity(file: BinaryIO, kind: Kind) -> str:
    """SHA-256 in hex over what decides the pixels: coded image data, tables, palette and colour profile.

    Comments, EXIF, XMP, time stamps, orientation, thumbnails and where things lie in the file do not count. Nothing is
    decoded and no bytes are too broken: from where a file cannot be followed, all of it counts.
    """
    parts: dict[Kind, Callable[[BinaryIO], Iterable[Part]]] = {
        "JPEG": _jpeg_picture,
        "PNG": lambda file: (part for part in png_parts(file) if part.name in _PNG_PICTURE),
        "WEBP": lambda file: (part for part in webp_parts(file) if part.name in _WEBP_PICTURE),
        "TIFF": lambda file: _tiff_data(file) or [Part(REST, 0, file_size(file))],
    }
    whole = hashlib.sha256(kind.encode())
    if kind == "TIFF":
        _hash_tiff_tags(whole, file)
    return _hash_parts(whole, file, parts[kind](file))


def heif_identity(file: BinaryIO, parts: Iterable[Part] | None) -> str:
    """SHA-256 in hex over the parts that decide a HEIC or AVIF picture's pixels, over the whole file where None."""
    return _hash_parts(hashlib.sha256(b"HEIF"), file, parts or [Part(REST, 0, file_size(file))])


def _hash_parts(whole: "hashlib._Hash", file: BinaryIO, parts: Iterable[Part]) -> str:
    name, run = b"", hashlib.sha256()
    for part in parts:
        if part.name != name:
            whole.update(name + run.digest())
            name, run = part.name, hashlib.sha256()
        _hash_stretch(run, file, part)
    whole.update(name + run.digest())
    return whole.hexdigest()


def _jpeg_picture(file: BinaryIO) -> Iterator[Part]:
    """Tables and scans in order, then the segments that decide colour, which programs move about."""
    colour = []
    for part in jpeg_parts(file):
        signature = _JPEG_COLOUR.get(part.name)
        if part.name in _JPEG_PICTURE:
            yield part
        elif signature and read_at(file, part.start, len(signature)) == signature:
            colour.append(part)
    yield from sorted(colour, key=lambda part: part.name)


def _tiff_data(file: BinaryIO) -> list[Part] | None:
    """Strips or tiles in picture order; None when they cannot be trusted (then the whole file counts)."""
    tags = tiff_tags(file, {_TIFF_COMPRESSION, *_TIFF_STRIPS, *_TIFF_TILES})
    if tags is None or tags.get(_TIFF_COMPRESSION) == (_OLD_JPEG,):
        return None
    offsets_tag, counts_tag = _TIFF_TILES if _TIFF_TILES[0] in tags else _TIFF_STRIPS
    offsets, counts = tags.get(offsets_tag), tags.get(counts_tag)
    if not isinstance(offsets, tuple) or not isinstance(counts, tuple) or len(offsets) != len(counts):
        return None
    if sum(counts) > file_size(file):
        return None
    return [Part(b"data", offset, count) for offset, count in zip(offsets, counts, strict=True)]


def _hash_tiff_tags(digest: "hashlib._Hash", file: BinaryIO) -> None:
    tags = tiff_tags(file, _TIFF_PICTURE)
    for tag, value in sorted((tags or {}).items()):
        digest.update(repr((tag, value)).encode())


def _hash_stretch(digest: "hashlib._Hash", file: BinaryIO, part: Part) -> None:
    file.seek(part.start)
    left = part.size
    while left > 0 and (block := file.read(min(left, BLOCK))):
        digest.update(block)
        left -= len(block)
