"""The three blocks in which a photo's file says something beside its pixels, and how their homes are marked."""

from dataclasses import dataclass
from enum import StrEnum

MOST_BYTES = 64 << 20  # of one block; the longest that cameras and raw editors write are a few MB

EXIF_SIGNATURE = b"Exif\0\0"  # CIPA DC-008 (EXIF 2.32), 4.7.2
XMP_SIGNATURE = b"http://ns.adobe.com/xap/1.0/\0"  # XMP specification part 3, 1.1.3
EXTENDED_XMP_SIGNATURE = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP_SIGNATURE = b"Photoshop 3.0\0"
MPF_SIGNATURE = b"MPF\0"  # CIPA DC-007, Multi-Picture Format
GAIN_MAP_SIGNATURE = b"urn:iso:std:iso:ts:21496:-1"
XMP_KEYWORD = b"XML:com.adobe.xmp"

SEGMENT_BYTES = 65_533  # of a JPEG segment behind its two length bytes (ITU-T T.81, B.1.1.4)

Resolution = tuple[float, float]


@dataclass(frozen=True)
class Metadata:
    """What a photo's file says beside its pixels, as bytes; empty where it says nothing.

    exif: a TIFF structure as in a JPEG's APP1, without "Exif\\0\\0"; xmp: an RDF/XML packet, extended parts joined;
    iptc: records of IPTC's Information Interchange Model, without Photoshop's resource around them; resolution: dots
    per inch across and down, as the container says beside its blocks (JFIF, pHYs, Photoshop); texts: (keyword, text)
    under PNG's standard keywords, a JPEG's comment as "Comment".
    """

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    resolution: Resolution | None = None
    texts: tuple[tuple[str, str], ...] = ()


class LeftOut(StrEnum):
    """What an edit's file never carries on, as it stands in a sentence that says why."""

    PREVIEW = "the embedded preview"
    GAIN_MAP = "the gain map"
    FURTHER_PICTURES = "further pictures in the file"
    VIDEO = "the video of a motion photo"
    CREDENTIALS = "content credentials"
    FURTHER_CHANNELS = "saved selections or other channels beside the colours"
    FOREIGN_TEXTS = "texts that other programs keep in the file for themselves"
    FOREIGN_BLOCKS = "what the camera or other programs keep in the file for themselves"
    PHOTOSHOP_SETTINGS = "Photoshop's settings for this file"
    REGIONS = "where faces and other things are in the picture, as it was turned"
    MAP = "where on Earth the pixels lie (GeoTIFF)"
    DAMAGED_EXIF = "damaged EXIF data"
    DAMAGED_XMP = "damaged XMP data"
    MAKER_NOTE = "the camera's maker note"
    RAW_METADATA = "the metadata of this kind of raw file"

    @property
    def because(self) -> str:
        """The first half of a sentence that such phrases end."""
        return _BECAUSE.get(self, "Not copied, as it would no longer be true")


_ONE_PICTURE = "Not copied, as an export is one picture and no more"
_ONLY_IN_RAW = "Not copied, as it can be followed in the raw file only"
_UNREADABLE = "Not copied, as it cannot be read"
_BECAUSE = {
    LeftOut.FURTHER_PICTURES: _ONE_PICTURE,
    LeftOut.VIDEO: _ONE_PICTURE,
    LeftOut.FURTHER_CHANNELS: _ONE_PICTURE,
    **dict.fromkeys(
        (LeftOut.FOREIGN_TEXTS, LeftOut.FOREIGN_BLOCKS, LeftOut.PHOTOSHOP_SETTINGS, LeftOut.MAP),
        "Not copied, as it may speak of the photo before the edit",
    ),
    LeftOut.DAMAGED_EXIF: _UNREADABLE,
    LeftOut.DAMAGED_XMP: _UNREADABLE,
    LeftOut.MAKER_NOTE: _ONLY_IN_RAW,
    LeftOut.RAW_METADATA: _UNREADABLE,
}
