"""What of a photo's file no edit of it carries on."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from nti_desktop.photo.metadata import exif, iptc, tiff
from nti_desktop.photo.metadata.blocks import (
    EXIF_SIGNATURE,
    EXTENDED_XMP_SIGNATURE,
    GAIN_MAP_SIGNATURE,
    MOST_BYTES,
    MPF_SIGNATURE,
    PHOTOSHOP_SIGNATURE,
    XMP_SIGNATURE,
    LeftOut,
    Metadata,
)
from nti_desktop.photo.metadata.exporting import orientation_of
from nti_desktop.photo.metadata.png_text import STANDARD_KEYWORDS
from nti_desktop.photo.metadata.reading import METADATA_KEYWORDS, claimed_metadata, jpeg_segments
from nti_desktop.photo.metadata.xmp_export import left_out_of_xmp
from nti_desktop.photo.reading.containers import Kind, jpeg_parts, png_parts, read_at, webp_parts
from nti_desktop.photo.reading.heif import heif_metadata, pictures
from nti_desktop.photo.reading.heif_boxes import HeifBoxes, read_boxes, top_boxes

_APP0, _APP2, _APP11, _APP13 = b"\xe0", b"\xe2", b"\xeb", b"\xed"
_APPLICATIONS = frozenset(bytes((marker,)) for marker in range(0xE0, 0xF0))
# How the segments begin that are read or speak of the encoding; what else is in such segments is somebody's own.
_KNOWN_SEGMENTS: Mapping[bytes, tuple[bytes, ...]] = {
    _APP0: (b"JFIF\0", b"JFXX\0"),
    b"\xe1": (EXIF_SIGNATURE, XMP_SIGNATURE, EXTENDED_XMP_SIGNATURE),
    _APP2: (b"ICC_PROFILE\0", MPF_SIGNATURE, GAIN_MAP_SIGNATURE),
    b"\xec": (b"Ducky",),
    _APP13: (PHOTOSHOP_SIGNATURE, b"Adobe_CM"),
    b"\xee": (b"Adobe",),
}
_CREDENTIALS = (b"caBX", b"C2PA")  # of PNG, of WebP
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_LONGEST_KEYWORD = 80  # with the zero behind it
_BEHIND = 1 << 16  # bytes behind a JPEG's end in which a phone says what it has appended
_MOTION_MARK = b"MotionPhoto_Data"  # of Samsung
_PADDING = b"\0\xff\r\n "
_HEIF_PICTURES = {b"hvc1", b"av01", b"grid", b"iden", b"iovl", b"tmap", b"jpeg", b"avc1"}
_HEIF_VIDEO = {b"mpvd", b"moov"}  # of Google's motion photos, and of sequences
_GAIN_MAP_NAMES = (b"hdrgainmap", b"21496")
_EXTRA_SAMPLES, _ALPHA = 0x0152, (1, 2)
_LAYERS, _DNG_MAKER_NOTE = 0x935C, 0xC634
_ON_EARTH = (0x830E, 0x8480, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1)  # OGC GeoTIFF 1.1, 7.1
_NEW_SUBFILE_TYPE, _REDUCED = 0x00FE, 1  # bit 0: a smaller version of another picture in the file


def left_out(file: BinaryIO, kind: Kind) -> tuple[LeftOut, ...]:
    """List what of a photo's file no edit's file takes over, in LeftOut's order; nothing where all is carried on.

    Damaged blocks are listed too. Never fails, however broken the bytes are.
    """
    found = {*_of_blocks(claimed_metadata(file, kind)), *_of_containers(file, kind)}
    return tuple(why for why in LeftOut if why in found)


def left_out_of_heif(file: BinaryIO) -> tuple[LeftOut, ...]:
    """List the same of a HEIC or AVIF file: smaller and further pictures, gain and depth maps, motion and sound."""
    found = set(_of_blocks(Metadata(*heif_metadata(file))))
    boxes = read_boxes(file)
    if boxes is not None:
        found |= set(_further_items(file, boxes))
    names = {box.name for box in top_boxes(file)}
    if names & _HEIF_VIDEO:
        found.add(LeftOut.VIDEO)
    return tuple(why for why in LeftOut if why in found)


def _of_blocks(claimed: Metadata) -> Iterator[LeftOut]:
    yield from left_out_of_xmp(claimed.xmp, turned=orientation_of(claimed) != 1)
    if exif.has_thumbnail(claimed.exif) or iptc.has_preview(claimed.iptc):
        yield LeftOut.PREVIEW
    if claimed.exif and not exif.is_followable(claimed.exif):
        yield LeftOut.DAMAGED_EXIF


def _further_items(file: BinaryIO, boxes: HeifBoxes) -> Iterator[LeftOut]:
    """Tell what the pictures are that are neither shown nor a part of one that is."""
    dependent = set(pictures(file, boxes) or ())
    for (kind, _), reference in boxes.references.items():
        dependent.update(reference.targets if kind == b"dimg" else ())
    for number, item in boxes.items.items():
        if number in dependent or item.kind not in _HEIF_PICTURES:
            continue
        names = [read_at(file, box.start, min(box.size, 128)) for box in item.properties if box.name == b"auxC"]
        if item.kind == b"tmap" or any(mark in name for name in names for mark in _GAIN_MAP_NAMES):
            yield LeftOut.GAIN_MAP
        elif boxes.targets(b"thmb", number):
            yield LeftOut.PREVIEW
        else:
            yield LeftOut.FURTHER_PICTURES


def _of_containers(file: BinaryIO, kind: Kind) -> Iterator[LeftOut]:
    if kind == "JPEG":
        yield from _of_jpeg(file)
    elif kind == "TIFF":
        yield from _of_tiff(file)
    else:
        parts = list(png_parts(file) if kind == "PNG" else webp_parts(file))
        if any(part.name in _CREDENTIALS for part in parts):
            yield LeftOut.CREDENTIALS
        if any(part.name in _TEXTS and _is_foreign(read_at(file, part.start, _LONGEST_KEYWORD)) for part in parts):
            yield LeftOut.FOREIGN_TEXTS


def _is_foreign(text: bytes) -> bool:
    """Tell whether a PNG's text is neither read nor a mere date of the file."""
    keyword = text.partition(b"\0")[0]
    is_read = keyword in METADATA_KEYWORDS or keyword.title() in STANDARD_KEYWORDS
    return not is_read and not keyword.startswith(b"date:")


def _of_jpeg(file: BinaryIO) -> Iterator[LeftOut]:
    photoshop = b""
    for name, data in jpeg_segments(file):
        if name == _APP0 and (data.startswith(b"JFXX\0") or (data.startswith(b"JFIF\0") and any(data[12:14]))):
            yield LeftOut.PREVIEW
        elif name == _APP2 and data.startswith(GAIN_MAP_SIGNATURE):
            yield LeftOut.GAIN_MAP
        elif name == _APP2 and data.startswith(MPF_SIGNATURE):
            yield LeftOut.FURTHER_PICTURES
        elif name == _APP11 and data.startswith(b"JP") and data[12:16] == b"jumb" and b"c2pa" in data[:100]:
            yield LeftOut.CREDENTIALS
        elif name == _APP13 and data.startswith(PHOTOSHOP_SIGNATURE):
            photoshop += data.removeprefix(PHOTOSHOP_SIGNATURE)
        elif name in _APPLICATIONS and any(data) and not data.startswith(_KNOWN_SEGMENTS.get(name, ())):
            yield LeftOut.FOREIGN_BLOCKS
    yield from _of_resources(photoshop)
    yield from _behind_jpeg(file)


def _behind_jpeg(file: BinaryIO) -> Iterator[LeftOut]:
    """Tell what follows the end of a JPEG, as phones and other programs append it without a word in XMP."""
    end = max((part.start + part.size for part in jpeg_parts(file)), default=0)
    behind = read_at(file, end, _BEHIND)
    if behind[6:10] == b"ftyp" or _MOTION_MARK in behind:
        yield LeftOut.VIDEO
    elif behind.startswith(b"\xff\xd9\xff\xd8"):
        yield LeftOut.FURTHER_PICTURES
    elif behind.startswith(b"\xff\xd9") and behind[2:].strip(_PADDING):
        yield LeftOut.FOREIGN_BLOCKS


def _of_resources(data: bytes) -> Iterator[LeftOut]:
    numbers = {number for number, _ in iptc.resources(data)}
    if numbers & set(iptc.THUMBNAIL_RESOURCES):
        yield LeftOut.PREVIEW
    if numbers - iptc.KNOWN_RESOURCES:
        yield LeftOut.PHOTOSHOP_SETTINGS


def _of_tiff(file: BinaryIO) -> Iterator[LeftOut]:
    head = tiff.read_layout(file)
    if head is None:
        return
    layout, at = head
    chain = list(tiff.directories(file, layout, at))
    for first in chain[:1]:
        places = tiff.integers_of(file, layout, first.find(exif.SUB_IFDS))
        below = [tiff.read_directory(file, layout, place) for place in places]
        for directory in chain[1:] + [directory for directory in below if directory]:
            kinds = tiff.integers_of(file, layout, directory.find(_NEW_SUBFILE_TYPE))
            yield LeftOut.PREVIEW if kinds and kinds[0] & _REDUCED else LeftOut.FURTHER_PICTURES
        extra = tiff.integers_of(file, layout, first.find(_EXTRA_SAMPLES))
        if len(extra) > any(kind in _ALPHA for kind in extra):
            yield LeftOut.FURTHER_CHANNELS
        tags = {entry.tag for entry in first.entries}
        if exif.C2PA in tags:
            yield LeftOut.CREDENTIALS
        if _LAYERS in tags:
            yield LeftOut.FURTHER_PICTURES
        if tags & set(_ON_EARTH):
            yield LeftOut.MAP
        if _DNG_MAKER_NOTE in tags:
            yield LeftOut.MAKER_NOTE
        yield from _of_resources(tiff.value_of(file, first.find(exif.IMAGE_RESOURCES), MOST_BYTES))
