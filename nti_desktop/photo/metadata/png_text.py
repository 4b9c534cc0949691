"""Metadata in PNG's text chunks: PNG third edition, 11.3.3, and the raw profiles that ImageMagick began."""

import re
import zlib

from nti_desktop.photo.metadata.blocks import MOST_BYTES, XMP_KEYWORD, Resolution

_RAW_PROFILE = b"Raw profile type "
RAW_PROFILES = tuple(_RAW_PROFILE + kind for kind in (b"exif", b"APP1", b"xmp", b"iptc"))
# PNG third edition, 11.3.3.2. Others are kept by programs for themselves, and may speak of the photo before the edit.
STANDARD_KEYWORDS = frozenset(
    (b"Title", b"Author", b"Description", b"Copyright", b"Creation Time", b"Software", b"Disclaimer", b"Warning")
) | frozenset((b"Source", b"Comment", b"Collection"))
LONGEST_TEXT, MOST_TEXTS = 1 << 20, 100  # bytes of one under these keywords, and how many are read
_INCH = 0.0254  # metres

_PROFILE_HEAD = re.compile(rb"\s*\S[^\n]*\n\s*\d+\s")  # a name, the number of bytes
_HEX_DIGITS = re.compile(rb"[0-9A-Fa-f\s]*")
_HEX_LINE = 72


def text_of(name: bytes, rest: bytes, most: int = 2 * MOST_BYTES) -> bytes:
    """The text of a tEXt, zTXt or iTXt chunk, decompressed; empty where it is damaged or too long.

    rest: the chunk's data behind its keyword and the zero byte after that; most: bytes, of raw profiles two a byte.
    """
    if name == b"tEXt":
        return rest if len(rest) <= most else b""
    if name == b"zTXt":
        return _inflated(rest[1:], most)
    _, _, translated = rest[2:].partition(b"\0")
    _, _, text = translated.partition(b"\0")
    if rest[:1] == b"\1":
        return _inflated(text, most)
    return text if len(text) <= most else b""


def raw_profile(text: bytes) -> bytes:
    """The bytes that a raw profile spells in hexadecimal digits; empty where it is damaged.

    The number of bytes that it states is not always right, and readers do not ask for it; what stands behind the digits
    is left out, which some programs never set.
    """
    head = _PROFILE_HEAD.match(text)
    spelled = _HEX_DIGITS.match(text, head.end()) if head else None
    digits = b"".join(spelled[0].split()) if spelled else b""
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def xmp_chunk(xmp: bytes) -> bytes:
    """The data of an iTXt chunk with a packet, uncompressed as XMP specification part 3, 1.1.5 asks."""
    return XMP_KEYWORD + b"\0\0\0\0\0" + xmp


def raw_profile_chunk(kind: bytes, data: bytes) -> bytes:
    """The data of a zTXt chunk with a raw profile."""
    digits = data.hex().encode()
    lines = [digits[at : at + _HEX_LINE] for at in range(0, len(digits), _HEX_LINE)]
    text = b"\n%s\n%8d\n%s\n" % (kind, len(data), b"\n".join(lines))
    return _RAW_PROFILE + kind + b"\0\0" + zlib.compress(text)


def text_chunk(keyword: str, text: str) -> tuple[bytes, bytes]:
    """Name and data of the chunk for a text, tEXt where Latin-1 has all its letters."""
    try:
        return b"tEXt", keyword.encode() + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", keyword.encode() + b"\0\0\0\0\0" + text.encode(errors="replace")


def png_resolution(chunk: bytes) -> Resolution | None:
    """Dots per inch that a pHYs chunk states; None where it states a shape of the pixels only."""
    across, down, unit = int.from_bytes(chunk[:4]), int.from_bytes(chunk[4:8]), chunk[8:9]
    return (across * _INCH, down * _INCH) if unit == b"\1" and across and down else None


def resolution_chunk(resolution: Resolution) -> bytes:
    """The data of a pHYs chunk with this resolution."""
    across, down = (min(max(round(dots / _INCH), 1), 2**31 - 1).to_bytes(4) for dots in resolution)
    return across + down + b"\1"


def _inflated(data: bytes, most: int) -> bytes:
    inflator = zlib.decompressobj()
    try:
        text = inflator.decompress(data, most)
    except zlib.error:
        return b""
    return text if inflator.eof else b""
