"""Metadata put into encoded pictures, whose own bytes stay as they are."""

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Literal

from nti_desktop.photo.metadata.blocks import (
    EXIF_SIGNATURE,
    EXTENDED_XMP_SIGNATURE,
    PHOTOSHOP_SIGNATURE,
    SEGMENT_BYTES,
    XMP_SIGNATURE,
    Metadata,
    Resolution,
)
from nti_desktop.photo.metadata.iptc import iptc_resource
from nti_desktop.photo.metadata.png_text import raw_profile_chunk, resolution_chunk, text_chunk, xmp_chunk
from nti_desktop.photo.metadata.xmp import extension_guid, split
from nti_desktop.photo.reading.containers import Kind, png_parts, webp_parts

_APP0, _APP1, _APP13, _ADOBE, _COM = 0xE0, 0xE1, 0xED, 0xEE, 0xFE
COMMENT = "Comment"  # the one text that a JPEG has a place for
_EXTENSION_PIECE = 65_400  # XMP specification part 3, 1.1.3.1

MOST_EXIF_OF_JPEG = SEGMENT_BYTES - len(EXIF_SIGNATURE)  # bytes; it has one segment

_VP8X_EXIF, _VP8X_XMP, _VP8X_ALPHA = 0x08, 0x04, 0x10


def with_metadata(data: bytes, kind: Literal["JPEG", "PNG", "WEBP"], metadata: Metadata) -> bytes:
    """An encoded picture without metadata (an ICC profile may be in it) that carries this one.

    Its resolution replaces what encoders make up. Nothing is ever cut: an EXIF block too long for a JPEG's one segment
    (65,527 bytes) is left out whole. WebP has no place for IPTC records, which are left out there.
    """
    writers: dict[Kind, Callable[[bytes, Metadata], bytes]] = {
        "JPEG": _jpeg_with,
        "PNG": _png_with,
        "WEBP": _webp_with,
    }
    return writers[kind](data, metadata)


def _jpeg_with(data: bytes, metadata: Metadata) -> bytes:
    at = 2
    while data[at : at + 2] == bytes((0xFF, _APP0)):
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    said = b"".join(_segments(metadata))
    is_adobes = data[at : at + 2] == bytes((0xFF, _ADOBE))  # its colours may be others than JFIF's
    jfif = _jfif(metadata.resolution) if metadata.resolution and not is_adobes else b""
    return data[:2] + jfif + said + data[at:]


def _jfif(resolution: Resolution) -> bytes:
    """The segment that states a resolution (JFIF 1.02)."""
    sides = b"".join(min(max(round(dots), 1), 0xFFFF).to_bytes(2) for dots in resolution)
    return _segment(_APP0, b"JFIF\0\1\2\1" + sides + b"\0\0")


def _segments(metadata: Metadata) -> Iterator[bytes]:
    if 0 < len(metadata.exif) <= MOST_EXIF_OF_JPEG:
        yield _segment(_APP1, EXIF_SIGNATURE + metadata.exif)
    main, extension = split(metadata.xmp, SEGMENT_BYTES - len(XMP_SIGNATURE))
    if main:
        yield _segment(_APP1, XMP_SIGNATURE + main)
    head = EXTENDED_XMP_SIGNATURE + extension_guid(extension).encode() + len(extension).to_bytes(4)
    for at in range(0, len(extension), _EXTENSION_PIECE):
        yield _segment(_APP1, head + at.to_bytes(4) + extension[at : at + _EXTENSION_PIECE])
    resource = iptc_resource(metadata.iptc) if metadata.iptc else b""
    most = SEGMENT_BYTES - len(PHOTOSHOP_SIGNATURE)
    for at in range(0, len(resource), most):
        yield _segment(_APP13, PHOTOSHOP_SIGNATURE + resource[at : at + most])
    for keyword, text in metadata.texts:
        if keyword == COMMENT and len(text.encode()) <= SEGMENT_BYTES:
            yield _segment(_COM, text.encode())


def _segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2) + data


def _png_with(data: bytes, metadata: Metadata) -> bytes:
    chunks = b""
    for part in png_parts(io.BytesIO(data)):
        if part.name == b"pHYs":
            data = data[: part.start - 8] + data[part.start + part.size + 4 :]
            break
    at = next(part.start - 8 for part in png_parts(io.BytesIO(data)) if part.name == b"IDAT")
    if metadata.resolution:
        chunks += png_chunk(b"pHYs", resolution_chunk(metadata.resolution))
    if metadata.exif:
        chunks += png_chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        chunks += png_chunk(b"iTXt", xmp_chunk(metadata.xmp))
    if metadata.iptc:
        chunks += png_chunk(b"zTXt", raw_profile_chunk(b"iptc", iptc_resource(metadata.iptc)))
    chunks += b"".join(png_chunk(*text_chunk(keyword, text)) for keyword, text in metadata.texts)
    return data[:at] + chunks + data[at:]


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A whole chunk with its length and checksum."""
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


def _webp_with(data: bytes, metadata: Metadata) -> bytes:
    chunks = [(part.name, data[part.start : part.start + part.size]) for part in webp_parts(io.BytesIO(data))]
    added = [(name, block) for name, block in ((b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)) if block]
    if not added:
        return data
    flags = (_VP8X_EXIF if metadata.exif else 0) | (_VP8X_XMP if metadata.xmp else 0)
    if chunks[0][0] == b"VP8X":
        head = chunks.pop(0)[1]
        extended = bytes((head[0] | flags,)) + head[1:]
    else:
        extended = _extended_head(chunks, flags)
    body = b"".join(
        name + len(block).to_bytes(4, "little") + block + b"\0" * (len(block) % 2)
        for name, block in [(b"VP8X", extended), *chunks, *added]
    )
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _extended_head(chunks: list[tuple[bytes, bytes]], flags: int) -> bytes:
    """The data of the VP8X chunk that a simple WebP file lacks (RFC 9649, 2.7)."""
    name, picture = chunks[0]
    if name == b"VP8L":  # RFC 9649, 3.4: 14 bits of width - 1, 14 of height - 1, 1 of alpha
        bits = int.from_bytes(picture[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= _VP8X_ALPHA if bits >> 28 & 1 else 0
    else:  # RFC 6386, 9.1: behind the frame tag and the start code, 14 bits each
        width, height = (int.from_bytes(picture[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
