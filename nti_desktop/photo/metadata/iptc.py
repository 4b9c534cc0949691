"""IPTC's records, and Photoshop's image resources in which JPEG files keep them.

Information Interchange Model 4.2, chapter 3; Adobe Photoshop File Formats, "Image Resource Blocks".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nti_desktop.photo.metadata.blocks import Resolution

IPTC_RESOURCE = 0x0404
RESOLUTION_RESOURCE = 0x03ED
THUMBNAIL_RESOURCES = (0x0409, 0x040C)  # of Photoshop 4.0, and later
# What is read elsewhere or follows from it (quality, profile, EXIF, XMP, digest of the records), and what is told of.
KNOWN_RESOURCES = frozenset(
    (IPTC_RESOURCE, RESOLUTION_RESOURCE, *THUMBNAIL_RESOURCES, 0x0406, 0x040F, 0x0422, 0x0423, 0x0424, 0x0425)
)

_RESOURCE_TYPES = (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa")
_RECORD_MARK = 0x1C
# Content Location Code and Name, City, Sublocation, Province/State, Country Code, Country Name
_LOCATION = {(2, 26), (2, 27), (2, 90), (2, 92), (2, 95), (2, 100), (2, 101)}
_PREVIEW = {(2, 200), (2, 201), (2, 202)}  # ObjectData Preview: format, version, data


@dataclass(frozen=True)
class _Record:
    name: tuple[int, int]
    raw: bytes


def patched_iptc(iptc: bytes, *, location: bool) -> bytes:
    """The records without their embedded preview and, unless location is True, without the places they name.

    From the first byte that is no record on, everything is left out.
    """
    gone = _PREVIEW if location else _PREVIEW | _LOCATION
    return b"".join(record.raw for record in _records(iptc) if record.name not in gone)


def has_records(iptc: bytes) -> bool:
    """Tell whether an IPTC block holds any record."""
    return next(_records(iptc), None) is not None


def has_preview(iptc: bytes) -> bool:
    """Tell whether an IPTC block holds a small picture of its own."""
    return any(record.name in _PREVIEW for record in _records(iptc))


def resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and data of each image resource, up to the first that does not fit."""
    at = 0
    while data[at : at + 4] in _RESOURCE_TYPES:
        name_bytes = 1 + data[at + 6] if at + 6 < len(data) else 1
        head = at + 6 + name_bytes + name_bytes % 2
        size = int.from_bytes(data[head : head + 4])
        start = head + 4
        if start + size > len(data):
            return
        yield int.from_bytes(data[at + 4 : at + 6]), data[start : start + size]
        at = start + size + size % 2


def resolution_in(data: bytes) -> Resolution | None:
    """Dots per inch across and down in a run of image resources (ResolutionInfo); None without any."""
    info = next((content for number, content in resources(data) if number == RESOLUTION_RESOURCE), b"")
    across, down = (int.from_bytes(info[at : at + 4]) / 65_536 for at in (0, 8))
    return (across, down) if across and down else None


def iptc_in(data: bytes) -> bytes:
    """The IPTC records in a run of image resources, empty without any."""
    return next((content for number, content in resources(data) if number == IPTC_RESOURCE), b"")


def iptc_resource(iptc: bytes) -> bytes:
    """The image resource that holds these records."""
    head = b"8BIM" + IPTC_RESOURCE.to_bytes(2) + b"\0\0" + len(iptc).to_bytes(4)
    return head + iptc + b"\0" * (len(iptc) % 2)


def _records(iptc: bytes) -> Iterator[_Record]:
    at = 0
    while at + 5 <= len(iptc) and iptc[at] == _RECORD_MARK:
        start, size = at + 5, int.from_bytes(iptc[at + 3 : at + 5])
        if size & 0x8000:  # an extended dataset: the number of bytes that say its size
            length_bytes = size & 0x7FFF
            size = int.from_bytes(iptc[start : start + min(length_bytes, 8)])
            start += length_bytes
        if start + size > len(iptc):
            return
        yield _Record((iptc[at + 1], iptc[at + 2]), iptc[at : start + size])
        at = start + size
