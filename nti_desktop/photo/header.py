"""What the head of a picture file says: kind, size and bit depth, before anything is decoded."""

from dataclasses import dataclass
from typing import BinaryIO

from nti_desktop.photo.containers import Kind, jpeg_parts, kind_of, png_parts, read_at, tiff_tags

# Start-of-frame markers of ITU-T T.81, table B.1: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_JPEG_FRAMES = {bytes((marker,)) for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC)}
_PNG_PALETTE = 3
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC = 256, 257, 258, 262
_WHITE_IS_ZERO = 0


@dataclass(frozen=True)
class Header:
    """size: (width, height) as stored, before any rotation, None where the head does not say; bits: per channel, the
    largest; white_is_zero: True for a TIFF whose grey runs backwards.
    """

    kind: Kind
    size: tuple[int, int] | None
    bits: int = 8
    white_is_zero: bool = False


def read_header(file: BinaryIO) -> Header | None:
    """The head of a JPEG, PNG, TIFF or WebP file, None for any other file."""
    kind = kind_of(file)
    if kind == "JPEG":
        return _jpeg_header(file)
    if kind == "PNG":
        return _png_header(file)
    if kind == "TIFF":
        return _tiff_header(file)
    return Header(kind, None) if kind else None


def _jpeg_header(file: BinaryIO) -> Header:
    for part in jpeg_parts(file):
        if part.name in _JPEG_FRAMES and part.size >= 5:
            frame = read_at(file, part.start, 5)
            return Header("JPEG", (int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])), frame[0])
    return Header("JPEG", None)


def _png_header(file: BinaryIO) -> Header:
    for part in png_parts(file):
        if part.name == b"IHDR" and part.size >= 10:
            head = read_at(file, part.start, 10)
            bits = 8 if head[9] == _PNG_PALETTE else head[8]
            return Header("PNG", (int.from_bytes(head[:4]), int.from_bytes(head[4:8])), bits)
        break
    return Header("PNG", None)


def _tiff_header(file: BinaryIO) -> Header:
    tags = tiff_tags(file, {_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC}) or {}
    width, height = tags.get(_TIFF_WIDTH), tags.get(_TIFF_HEIGHT)
    bits = tags.get(_TIFF_BITS) or (1,)
    return Header(
        "TIFF",
        (width[0], height[0]) if width and height else None,
        max(bits),
        tags.get(_TIFF_PHOTOMETRIC) == (_WHITE_IS_ZERO,),
    )
