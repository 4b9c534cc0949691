"""What of a photo's file no edit of it carries on."""

from collections.abc import Iterator
from typing import BinaryIO

from nti_desktop.photo.metadata import exif, iptc, tiff
from nti_desktop.photo.metadata.blocks import (
    GAIN_MAP_SIGNATURE,
    MOST_BYTES,
    MPF_SIGNATURE,
    PHOTOSHOP_SIGNATURE,
    LeftOut,
)
from nti_desktop.photo.metadata.reading import claimed_metadata, jpeg_segments
from nti_desktop.photo.metadata.xmp_export import left_out_of_xmp
from nti_desktop.photo.reading.containers import Kind, png_parts, webp_parts

_APP0, _APP2, _APP11, _APP13 = b"\xe0", b"\xe2", b"\xeb", b"\xed"
_CREDENTIALS = (b"caBX", b"C2PA")  # of PNG, of WebP
_NEW_SUBFILE_TYPE, _REDUCED = 0x00FE, 1  # bit 0: a smaller version of another picture in the file


def left_out(file: BinaryIO, kind: Kind) -> tuple[str, ...]:
    """List what of a photo's file no edit's file takes over, as it shows or vouches for the photo before the edit.

    These are the phrases of LeftOut in their order, to be listed in a sentence; none where all is carried on. Damaged
    blocks are listed too. Never fails, however broken the bytes are.
    """
    claimed = claimed_metadata(file, kind)
    found = {*left_out_of_xmp(claimed.xmp), *_of_containers(file, kind)}
    if exif.has_thumbnail(claimed.exif) or iptc.has_preview(claimed.iptc):
        found.add(LeftOut.PREVIEW)
    if claimed.exif and not exif.is_followable(claimed.exif):
        found.add(LeftOut.DAMAGED_EXIF)
    return tuple(why.value for why in LeftOut if why in found)


def _of_containers(file: BinaryIO, kind: Kind) -> Iterator[LeftOut]:
    if kind == "JPEG":
        yield from _of_jpeg(file)
    elif kind == "TIFF":
        yield from _of_tiff(file)
    else:
        parts = png_parts(file) if kind == "PNG" else webp_parts(file)
        if any(part.name in _CREDENTIALS for part in parts):
            yield LeftOut.CREDENTIALS


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
    yield from _of_resources(photoshop)


def _of_resources(data: bytes) -> Iterator[LeftOut]:
    if any(number in iptc.THUMBNAIL_RESOURCES for number, _ in iptc.resources(data)):
        yield LeftOut.PREVIEW


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
        if any(entry.tag == exif.C2PA for entry in first.entries):
            yield LeftOut.CREDENTIALS
        yield from _of_resources(tiff.value_of(file, first.find(exif.IMAGE_RESOURCES), MOST_BYTES))
