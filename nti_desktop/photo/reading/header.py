"""What the head of a picture file says: kind, size and bit depth, before anything is decoded."""

import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.metadata.exif import is_adobe_rgb
from nti_desktop.photo.metadata.reading import claimed_metadata
from nti_desktop.photo.reading.containers import Kind, jpeg_parts, kind_of, png_parts, read_at, tiff_tags
from nti_desktop.photo.reading.ycbcr import YCbCr, read_ycbcr

# Start-of-frame markers of ITU-T T.81, table B.1: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
_JPEG_FRAMES = {bytes((marker,)) for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC)}
_PNG_PALETTE = 3
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_EXTRA_SAMPLES = 256, 257, 258, 262, 338
_LAB = 8
_ALPHA = (1, 2)  # TIFF 6.0, ExtraSamples: transparency that the colours are multiplied with, or not
_MOST_PROFILE = 1 << 24  # bytes

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".hif", ".avif")
RAW_SUFFIXES = frozenset(
    (".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mef", ".mos")
) | frozenset(
    (".mrw", ".nef", ".nrw", ".orf", ".ori", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f")
)
MOST_PIXELS = 300_000_000


@dataclass(frozen=True)
class CodedColours:
    """primaries, curve: numbers of ITU-T H.273, tables 2 and 3; whole_range: whether black is 0 instead of 16."""

    primaries: int
    curve: int
    whole_range: bool


@dataclass(frozen=True)
class Header:
    """size: (width, height) as stored, before any rotation, None where the head does not say; bits: per channel, the
    largest; png_profile: a PNG's ICC profile as it stands there, also where decoders would drop it; png_colours: what a
    PNG states in place of a profile; alpha: which of the channels behind the colours is transparency, None for none;
    ycbcr: of a TIFF whose colours are to be made RGB; is_adobe_rgb: whether EXIF
    says so of the colours, which holds where there is no profile.
    """

    kind: Kind
    size: tuple[int, int] | None
    bits: int = 8
    is_animated: bool = False
    is_lab: bool = False
    png_profile: bytes | None = None
    png_colours: CodedColours | None = None
    alpha: int | None = 0
    ycbcr: YCbCr | None = None
    is_adobe_rgb: bool = False


def read_header(file: BinaryIO) -> Header | None:
    """The head of a JPEG, PNG, TIFF or WebP file, None for any other file."""
    kind = kind_of(file)
    if kind == "JPEG":
        return replace(_jpeg_header(file), is_adobe_rgb=is_adobe_rgb(claimed_metadata(file, kind).exif))
    if kind == "PNG":
        return _png_header(file)
    if kind == "TIFF":
        return _tiff_header(file)
    return Header(kind, None) if kind else None


def check_size(path: Path, size: tuple[int, int] | None) -> None:
    """Raises PhotoError for a picture without pixels or with more than can be opened; size: (width, height)."""
    if size is None:
        return
    width, height = size
    if width == 0 or height == 0:
        raise PhotoError(f"“{path.name}” has no pixels ({width} × {height}); choose another picture.")
    if width * height > MOST_PIXELS:
        megapixels, most = width * height / 1e6, MOST_PIXELS / 1e6
        raise PhotoError(f"“{path.name}” has {megapixels:.0f} megapixels, more than the {most:.0f} that can be opened.")


def _jpeg_header(file: BinaryIO) -> Header:
    for part in jpeg_parts(file):
        if part.name in _JPEG_FRAMES and part.size >= 5:
            frame = read_at(file, part.start, 5)
            return Header("JPEG", (int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])), frame[0])
    return Header("JPEG", None)


def _png_header(file: BinaryIO) -> Header:
    header = Header("PNG", None)
    for part in png_parts(file):
        if part.name == b"IHDR" and part.size >= 10:
            head = read_at(file, part.start, 10)
            bits = 8 if head[9] == _PNG_PALETTE else head[8]
            header = Header("PNG", (int.from_bytes(head[:4]), int.from_bytes(head[4:8])), bits)
        elif part.name == b"acTL":
            header = replace(header, is_animated=True)
        elif part.name == b"iCCP":
            header = replace(header, png_profile=_png_profile(read_at(file, part.start, part.size)))
        elif part.name == b"cICP" and part.size == 4:  # PNG third edition, 11.3.2.6
            primaries, curve, _, whole_range = read_at(file, part.start, 4)
            header = replace(header, png_colours=CodedColours(primaries, curve, whole_range != 0))
        elif header.size is None or part.name == b"IDAT":
            break
    return header


def _png_profile(chunk: bytes) -> bytes:
    """Unpack an iCCP chunk (PNG, 11.3.2.3), which holds a name, a zero, the method 0 and the deflated profile.

    A broken one comes as it stands, never empty, so that it is noticed.
    """
    try:
        return zlib.decompressobj().decompress(chunk.partition(b"\0")[2][1:], _MOST_PROFILE) or b"empty"
    except zlib.error:
        return chunk


def _tiff_header(file: BinaryIO) -> Header:
    tags = tiff_tags(file, {_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_EXTRA_SAMPLES}) or {}
    width, height = tags.get(_TIFF_WIDTH), tags.get(_TIFF_HEIGHT)
    bits = tags.get(_TIFF_BITS) or (1,)
    extra = tags.get(_TIFF_EXTRA_SAMPLES, ())
    alpha = next((at for at, kind in enumerate(extra) if kind in _ALPHA), None)
    return Header(
        "TIFF",
        (width[0], height[0]) if width and height else None,
        max(bits),
        is_lab=tags.get(_TIFF_PHOTOMETRIC) == (_LAB,),
        alpha=alpha,
        ycbcr=read_ycbcr(file),
    )
