"""The metadata of a photo's file, read without decoding the picture."""

from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import BinaryIO

from nti_desktop.photo.metadata import exif, tiff, xmp
from nti_desktop.photo.metadata.blocks import (
    EXIF_SIGNATURE,
    EXTENDED_XMP_SIGNATURE,
    MOST_BYTES,
    PHOTOSHOP_SIGNATURE,
    XMP_KEYWORD,
    XMP_SIGNATURE,
    Metadata,
    Resolution,
)
from nti_desktop.photo.metadata.exif_from_tiff import exif_from_tiff
from nti_desktop.photo.metadata.iptc import has_records, iptc_in, resolution_in
from nti_desktop.photo.metadata.png_text import (
    LONGEST_TEXT,
    MOST_TEXTS,
    RAW_PROFILES,
    STANDARD_KEYWORDS,
    png_resolution,
    raw_profile,
    text_of,
)
from nti_desktop.photo.reading.containers import Kind, Part, jpeg_parts, png_parts, read_at, webp_parts

_APP0, _APP1, _APP13, _START_OF_SCAN, _COMMENT = b"\xe0", b"\xe1", b"\xed", b"\xda", b"\xfe"
_TIFF_MARKS = (b"II*\0", b"MM\0*")
METADATA_KEYWORDS = frozenset((XMP_KEYWORD, *RAW_PROFILES))


def read_metadata(file: BinaryIO, kind: Kind) -> Metadata:
    """Read what a JPEG, PNG, TIFF or WebP file says beside its pixels.

    A block that cannot be followed or parsed, or is longer than 64 MB (XMP: 16 MB), is left out; no bytes are too
    broken. A TIFF file's EXIF block is made of its descriptive tags, see `exif_from_tiff`.
    """
    found = claimed_metadata(file, kind)
    return Metadata(
        found.exif if exif.is_followable(found.exif) else b"",
        found.xmp if xmp.parse_packet(found.xmp) is not None else b"",
        found.iptc if has_records(found.iptc) else b"",
        found.resolution,
        found.texts,
    )


def claimed_metadata(file: BinaryIO, kind: Kind) -> Metadata:
    """The blocks as the file has them, damaged or not."""
    readers: Mapping[Kind, Callable[[BinaryIO], Metadata]] = {
        "JPEG": _jpeg_metadata,
        "PNG": _png_metadata,
        "TIFF": _tiff_metadata,
        "WEBP": _webp_metadata,
    }
    return readers[kind](file)


def jpeg_segments(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Marker byte and data of each segment before the first scan, in all as many bytes as a block may have."""
    left = MOST_BYTES
    for part in takewhile(lambda part: part.name != _START_OF_SCAN, jpeg_parts(file)):
        left -= part.size
        if left < 0:
            return
        yield part.name, read_at(file, part.start, part.size)


def _jpeg_metadata(file: BinaryIO) -> Metadata:
    segments = list(jpeg_segments(file))
    main = _first_behind(XMP_SIGNATURE, (data for name, data in segments if name == _APP1))
    photoshop = [data for name, data in segments if name == _APP13 and data.startswith(PHOTOSHOP_SIGNATURE)]
    resources = b"".join(data.removeprefix(PHOTOSHOP_SIGNATURE) for data in photoshop)
    jfif = [data for name, data in segments if name == _APP0 and data.startswith(b"JFIF\0")]
    comments = (("Comment", _decoded(data)) for name, data in segments if name == _COMMENT)
    return Metadata(
        _jpeg_exif(segments),
        _with_extension(main, segments),
        iptc_in(resources),
        (_jfif_resolution(jfif[0]) if jfif else None) or resolution_in(resources),
        tuple((keyword, text) for keyword, text in comments if text),
    )


def _jfif_resolution(jfif: bytes) -> Resolution | None:
    """In dots per inch; None where the head states a shape of the pixels only (JFIF 1.02)."""
    per_inch = {b"\1": 1.0, b"\2": 2.54}.get(jfif[7:8])
    across, down = int.from_bytes(jfif[8:10]), int.from_bytes(jfif[10:12])
    return (across * per_inch, down * per_inch) if per_inch and across and down else None


def _decoded(text: bytes) -> str:
    """A text in UTF-8 or else in Latin-1, without the zeros that some programs end it with."""
    try:
        return text.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return text.rstrip(b"\0").decode("latin-1")


def _jpeg_exif(segments: list[tuple[bytes, bytes]]) -> bytes:
    """The first EXIF segment, and those right behind it that go on with it instead of beginning a block.

    EXIF knows only one segment of 64 kB; longer blocks are written this way by exiftool and others.
    """
    block = b""
    for name, data in segments:
        is_exif = name == _APP1 and data.startswith(EXIF_SIGNATURE)
        content = data[len(EXIF_SIGNATURE) :]
        begins = content.startswith(_TIFF_MARKS)
        if block and (not is_exif or begins):
            break
        if is_exif and (block or begins):
            block += content
    return block


def _with_extension(main: bytes, segments: list[tuple[bytes, bytes]]) -> bytes:
    """The packet with its extended part, when that is there whole; the main packet alone otherwise."""
    guid = xmp.extension_named(main)
    if guid is None:
        return main
    prefix = EXTENDED_XMP_SIGNATURE + guid.encode("ascii", "replace")
    pieces: dict[int, bytes] = {}
    for name, data in segments:
        if name == _APP1 and data.startswith(prefix):
            numbers = data[len(prefix) :]
            pieces[int.from_bytes(numbers[4:8])] = numbers[8:]
    extension = b"".join(piece for _, piece in sorted(pieces.items()))
    return xmp.joined(main, extension if xmp.extension_guid(extension) == guid.upper() else b"")


def _first_behind(signature: bytes, candidates: Iterator[bytes]) -> bytes:
    return next((data[len(signature) :] for data in candidates if data.startswith(signature)), b"")


def _png_metadata(file: BinaryIO) -> Metadata:
    exif_block, resolution, texts, said = b"", None, dict[bytes, bytes](), list[tuple[str, str]]()
    for name, chunk in _contents(file, png_parts(file), {b"eXIf", b"pHYs", b"tEXt", b"zTXt", b"iTXt"}):
        keyword, _, rest = chunk.partition(b"\0")
        if name == b"eXIf":
            exif_block = exif_block or chunk.removeprefix(EXIF_SIGNATURE)
        elif name == b"pHYs":
            resolution = png_resolution(chunk)
        elif keyword in METADATA_KEYWORDS and keyword not in texts:
            texts[keyword] = text_of(name, rest)
        elif keyword.title() in STANDARD_KEYWORDS and len(said) < MOST_TEXTS:
            text = text_of(name, rest, LONGEST_TEXT)
            said.append((keyword.title().decode(), _decoded(text) if name == b"iTXt" else text.decode("latin-1")))
    exif_profile, app1, xmp_profile, iptc_profile = (raw_profile(texts.get(keyword, b"")) for keyword in RAW_PROFILES)
    resources = iptc_profile.removeprefix(PHOTOSHOP_SIGNATURE)
    return Metadata(
        exif_block or (exif_profile or app1).removeprefix(EXIF_SIGNATURE),
        texts.get(XMP_KEYWORD) or xmp_profile or _first_behind(XMP_SIGNATURE, iter([app1])),
        iptc_in(resources) or iptc_profile,
        resolution,
        tuple((keyword, text) for keyword, text in said if text),
    )


def _webp_metadata(file: BinaryIO) -> Metadata:
    chunks = dict(reversed(list(_contents(file, webp_parts(file), {b"EXIF", b"XMP ", b"XMP\0"}))))
    xmp_packet = chunks.get(b"XMP ") or chunks.get(b"XMP\0", b"")  # as ImageMagick 6 misspells it
    return Metadata(chunks.get(b"EXIF", b"").removeprefix(EXIF_SIGNATURE), xmp_packet)


def _contents(file: BinaryIO, parts: Iterator[Part], wanted: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of the wanted parts, in all as many bytes as a block may have."""
    left = MOST_BYTES
    for part in parts:
        if part.name in wanted and part.size <= left:
            left -= part.size
            yield part.name, read_at(file, part.start, part.size)


def _tiff_metadata(file: BinaryIO) -> Metadata:
    head = tiff.read_layout(file)
    first = tiff.read_directory(file, *head) if head else None
    if head is None or first is None:
        return Metadata()
    layout, _ = head
    records = tiff.value_of(file, first.find(exif.IPTC), MOST_BYTES)
    resources = tiff.value_of(file, first.find(exif.IMAGE_RESOURCES), MOST_BYTES)
    return Metadata(
        exif_from_tiff(file, layout, first),
        tiff.value_of(file, first.find(exif.XMP), MOST_BYTES),
        max(_unswapped(records), iptc_in(resources), key=len),  # ImageMagick 6 cuts the tag to a quarter
    )


def _unswapped(iptc: bytes) -> bytes:
    """Records whose bytes were taken for the LONG numbers that the tag's type says, put back in their order."""
    if iptc[:1] == b"\x1c" or iptc[3:4] != b"\x1c" or len(iptc) % 4:
        return iptc
    return b"".join(iptc[at : at + 4][::-1] for at in range(0, len(iptc), 4))
