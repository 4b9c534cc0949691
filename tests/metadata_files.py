"""Picture files with metadata for the tests of the photo room, made by hand as cameras and raw editors write them."""

import hashlib
import json
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.picture_files import encoded, gamma_profile, smooth_picture

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7

PLACE = "Ouagadougou"
PLACE_NAMES = (PLACE, "Kadiogo", "Burkina Faso", "Avenue Yennenga")
LATITUDE = ((12, 1), (22, 1), (1234567, 100_000))  # degrees, minutes, seconds; a number found nowhere else
OWNER, FIRMWARE, SERIAL, LENS = "Noor van den Berg", "Firmware Version 1.1.6", 320_001_234, "EF24-105mm f/4L IS USM"
THUMBNAIL = encoded(smooth_picture(12, 16), "JPEG", quality=60)
NOTES = "A long note about this photo. " * 5_000  # 150 kB, more than two JPEG segments


@dataclass(frozen=True)
class Placed:
    """A value that lies at an offset of its own choice."""

    at: int
    size: int


Value = bytes | Sequence[int] | Sequence[tuple[int, int]] | Placed


def directory(order: str, at: int, tags: Mapping[int, tuple[int, Value]], follow: int = 0) -> bytes:
    """A TIFF directory for the offset `at` with its values behind it. follow: the offset of the next one."""
    entries, beyond = b"", b""
    values_at = at + 2 + 12 * len(tags) + 4
    for tag, (kind, value) in sorted(tags.items()):
        if isinstance(value, Placed):
            entries += struct.pack(order + "HHLL", tag, kind, value.size, value.at)
            continue
        packed, count = _packed(order, kind, value)
        if len(packed) > 4:
            packed, beyond = (
                struct.pack(order + "L", values_at + len(beyond)),
                beyond + packed + b"\0" * (len(packed) % 2),
            )
        entries += struct.pack(order + "HHL", tag, kind, count) + packed.ljust(4, b"\0")
    return struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "L", follow) + beyond


def _packed(order: str, kind: int, value: bytes | Sequence[int] | Sequence[tuple[int, int]]) -> tuple[bytes, int]:
    if isinstance(value, bytes):
        return value, len(value)
    numbers = [part for item in value for part in (item if isinstance(item, tuple) else (item,))]
    return struct.pack(f"{order}{len(numbers)}{'H' if kind == SHORT else 'L'}", *numbers), len(value)


def exif_block(order: str = "<", *, orientation: int = 6, thumbnail: bytes = THUMBNAIL) -> bytes:
    """A camera's EXIF block: IFD0, Exif, GPS, Interoperability, a thumbnail, and a maker note with absolute offsets."""
    places = [0] * 7
    for _ in range(2):  # the first time for the lengths
        parts = _exif_parts(order, places, orientation, thumbnail)
        places = [8 + sum(len(part) for part in parts[:number]) for number in range(len(parts))]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    return head + b"".join(_exif_parts(order, places, orientation, thumbnail))


def _exif_parts(order: str, places: list[int], orientation: int, thumbnail: bytes) -> list[bytes]:
    ifd0_at, exif_at, maker_at, gps_at, interop_at, ifd1_at, thumbnail_at = places
    maker_note = directory(
        order,
        maker_at,
        {
            0x0006: (ASCII, b"Canon EOS 5D\0".ljust(32, b"\0")),
            0x0007: (ASCII, FIRMWARE.encode() + b"\0\0"),
            0x0009: (ASCII, OWNER.encode().ljust(32, b"\0")),
            0x000C: (LONG, [SERIAL]),
            0x0095: (ASCII, LENS.encode().ljust(70, b"\0")),
        },
    )
    ifd0 = directory(
        order,
        ifd0_at,
        {
            0x0100: (LONG, [60]),
            0x0101: (LONG, [40]),
            0x010E: (ASCII, b"A gradient\0"),
            0x010F: (ASCII, b"Canon\0"),
            0x0110: (ASCII, b"Canon EOS 5D\0"),
            0x0112: (SHORT, [orientation]),
            0x011A: (RATIONAL, [(300, 1)]),
            0x011B: (RATIONAL, [(300, 1)]),
            0x0128: (SHORT, [2]),
            0x0132: (ASCII, b"2026:01:02 10:00:00\0"),
            0x013B: (ASCII, b"Noor\0"),
            0x4746: (SHORT, [4]),
            0x8298: (ASCII, b"(c) Noor\0"),
            0x8769: (LONG, [exif_at]),
            0x8825: (LONG, [gps_at]),
        },
        ifd1_at,
    )
    exif = directory(
        order,
        exif_at,
        {
            0x829A: (RATIONAL, [(1, 250)]),
            0x829D: (RATIONAL, [(56, 10)]),
            0x8827: (SHORT, [400]),
            0x9000: (UNDEFINED, b"0232"),
            0x9003: (ASCII, b"2026:01:02 10:00:00\0"),
            0x9101: (UNDEFINED, b"\1\2\3\0"),
            0x920A: (RATIONAL, [(50, 1)]),
            0x927C: (UNDEFINED, Placed(maker_at, len(maker_note))),
            0x9286: (UNDEFINED, b"ASCII\0\0\0a comment"),
            0xA000: (UNDEFINED, b"0100"),
            0xA001: (SHORT, [1]),
            0xA002: (SHORT, [60]),
            0xA003: (LONG, [40]),
            0xA005: (LONG, [interop_at]),
            0xA434: (ASCII, LENS.encode() + b"\0"),
        },
    )
    gps = directory(
        order,
        gps_at,
        {
            0x0000: (1, b"\2\3\0\0"),
            0x0001: (ASCII, b"N\0"),
            0x0002: (RATIONAL, LATITUDE),
            0x0003: (ASCII, b"W\0"),
            0x0004: (RATIONAL, [(1, 1), (31, 1), (7654321, 200_000)]),
        },
    )
    interop = directory(order, interop_at, {0x0001: (ASCII, b"R98\0"), 0x0002: (UNDEFINED, b"0100")})
    ifd1 = directory(
        order,
        ifd1_at,
        {
            0x0103: (SHORT, [6]),
            0x011A: (RATIONAL, [(72, 1)]),
            0x011B: (RATIONAL, [(72, 1)]),
            0x0201: (LONG, [thumbnail_at]),
            0x0202: (LONG, [len(thumbnail)]),
        },
    )
    return [ifd0, exif, maker_note, gps, interop, ifd1, thumbnail]


def big_tiff(order: str) -> bytes:
    """A BigTIFF of one grey pixel with an Exif directory, a packet, and IPTC records in LONG numbers."""
    longs = CAMERA_IPTC + b"\0" * (-len(CAMERA_IPTC) % 4)
    swapped = b"".join(longs[at : at + 4][::-1] for at in range(0, len(longs), 4))
    exif_tags = [(0x829A, RATIONAL, 1, struct.pack(order + "LL", 1, 250)), (0xA434, ASCII, len(LENS), LENS.encode())]
    exif_at = 16
    exif = _big_directory(order, exif_at, exif_tags)
    first = [
        (0x0100, SHORT, 1, struct.pack(order + "H", 1)),
        (0x0101, SHORT, 1, struct.pack(order + "H", 1)),
        (0x0102, SHORT, 1, struct.pack(order + "H", 8)),
        (0x0106, SHORT, 1, struct.pack(order + "H", 1)),
        (0x010F, ASCII, 6, b"Canon\0"),
        (0x0110, ASCII, 13, b"Canon EOS 5D\0"),
        (0x0111, 16, 1, struct.pack(order + "Q", 0)),
        (0x0112, SHORT, 1, struct.pack(order + "H", 8)),
        (0x0117, 16, 1, struct.pack(order + "Q", 1)),
        (0x02BC, 1, len(CAMERA_PACKET), CAMERA_PACKET),
        (0x83BB, LONG, len(longs) // 4, swapped if order == "<" else longs),
        (0x8769, 18, 1, struct.pack(order + "Q", exif_at)),
    ]
    first_at = exif_at + len(exif)
    head = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(order + "HHQ", 8, 0, first_at)
    return head + exif + _big_directory(order, first_at, first)


def _big_directory(order: str, at: int, tags: Sequence[tuple[int, int, int, bytes]]) -> bytes:
    entries, beyond = b"", b""
    values_at = at + 8 + 20 * len(tags) + 8
    for tag, kind, count, value in tags:
        slot = value.ljust(8, b"\0")
        if len(value) > 8:
            slot, beyond = struct.pack(order + "Q", values_at + len(beyond)), beyond + value
        entries += struct.pack(order + "HHQ", tag, kind, count) + slot
    return struct.pack(order + "Q", len(tags)) + entries + bytes(8) + beyond


def packet(properties: str, attributes: str = "") -> bytes:
    """An XMP packet with padding. properties: elements, attributes: of one description, in the prefixes named here."""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:dcterms="http://purl.org/dc/terms/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
    xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"
    xmlns:Container="http://ns.google.com/photos/1.0/container/"
    xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:drone="http://www.example.com/drone/"
    xmlns:garden="http://www.example.com/garden/1.0/"
    {attributes}>
   {properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
{" " * 200}
<?xpacket end="w"?>""".encode()


KEPT_PROPERTIES = """
   <xmp:Rating>4</xmp:Rating>
   <xmp:CreatorTool>Canon EOS 5D</xmp:CreatorTool>
   <dc:subject><rdf:Bag><rdf:li>garden</rdf:li><rdf:li>gradient &amp; light</rdf:li></rdf:Bag></dc:subject>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A gradient</rdf:li><rdf:li xml:lang="nl">Een verloop</rdf:li>
     </rdf:Alt></dc:title>
   <xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:when="2026-01-02T10:00:00"/></rdf:Seq></xmpMM:History>
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>255, 255</rdf:li></rdf:Seq></crs:ToneCurve>
   <garden:Bed rdf:parseType="Resource"><garden:Soil>loam</garden:Soil>
     <garden:Plants><rdf:Bag><rdf:li>thyme</rdf:li></rdf:Bag></garden:Plants></garden:Bed>"""
KEPT_ATTRIBUTES = 'crs:Exposure2012="+0.35" garden:Keeper="Noor" xmp:ModifyDate="2026-01-02T10:00:00"'
STATED_SIZES = """
   <tiff:Orientation>6</tiff:Orientation><tiff:ImageWidth>60</tiff:ImageWidth><tiff:ImageLength>40</tiff:ImageLength>
   <exif:PixelYDimension>40</exif:PixelYDimension>"""
LIES = """
   <hdrgm:GainMapMax>2.5</hdrgm:GainMapMax>
   <Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource">
     <Container:Item Item:Mime="image/jpeg" Item:Semantic="GainMap" Item:Length="1234"/></rdf:li></rdf:Seq>
   </Container:Directory>
   <dcterms:provenance>https://www.example.com/manifest</dcterms:provenance>
   <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:width>16</xmpGImg:width>
     <xmpGImg:image>c29tZXRoaW5n</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>"""
LYING_ATTRIBUTES = 'hdrgm:Version="1.0" GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="4321"'
PLACES = f"""
   <exif:GPSLatitude>12,22.2057N</exif:GPSLatitude><exif:GPSLongitude>1,31.6378W</exif:GPSLongitude>
   <photoshop:City>{PLACE}</photoshop:City><photoshop:State>Kadiogo</photoshop:State>
   <photoshop:Country>Burkina Faso</photoshop:Country>
   <Iptc4xmpCore:Location>Avenue Yennenga</Iptc4xmpCore:Location>
   <Iptc4xmpCore:CountryCode>BF</Iptc4xmpCore:CountryCode>
   <Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:City>{PLACE}</Iptc4xmpExt:City>
     <exif:GPSAltitude>305/1</exif:GPSAltitude></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>
   <Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:City>{PLACE}
     </Iptc4xmpExt:City></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>"""
PLACE_ATTRIBUTES = 'drone:GpsLatitude="12.37" exif:GPSMapDatum="WGS-84"'

CAMERA_PACKET = packet(
    KEPT_PROPERTIES + STATED_SIZES + LIES + PLACES,
    f'{KEPT_ATTRIBUTES} {LYING_ATTRIBUTES} {PLACE_ATTRIBUTES} exif:PixelXDimension="60"',
)


def iptc_record(number: int, data: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


KEPT_IPTC = [
    iptc_record(90, b"\x1b%G", record=1),  # UTF-8
    iptc_record(0, b"\0\4"),
    iptc_record(5, b"A gradient"),
    iptc_record(25, b"garden"),
    iptc_record(25, b"gradient & light"),
]
IPTC_PLACES = [
    iptc_record(26, b"BFA"),
    iptc_record(27, b"Burkina Faso"),
    iptc_record(90, PLACE.encode()),
    iptc_record(92, b"Avenue Yennenga"),
    iptc_record(95, b"Kadiogo"),
    iptc_record(100, b"BFA"),
    iptc_record(101, b"Burkina Faso"),
]
CAMERA_IPTC = b"".join([*KEPT_IPTC, *IPTC_PLACES, iptc_record(120, "Een verloop, naïef".encode())])


def resource(number: int, data: bytes, name: bytes = b"") -> bytes:
    """An image resource of Photoshop's."""
    label = bytes((len(name),)) + name
    label += b"\0" * (len(label) % 2)
    return b"8BIM" + struct.pack(">H", number) + label + struct.pack(">L", len(data)) + data + b"\0" * (len(data) % 2)


def segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(data) + 2) + data


def xmp_segments(main: bytes, extension: bytes = b"", *, guid: bytes | None = None) -> list[bytes]:
    """APP1 segments of a main packet and of its extension, in pieces of 64 kB, last piece first."""
    guid = guid or hashlib.md5(extension).hexdigest().upper().encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">L", len(extension))
    pieces = [
        segment(0xE1, head + struct.pack(">L", at) + extension[at : at + 65_000])
        for at in range(0, len(extension), 65_000)
    ]
    return [segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main), *reversed(pieces)]


def extended_packets() -> tuple[bytes, bytes]:
    """A main packet, and the extension with 150 kB of notes that it names."""
    extension = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:garden="http://www.example.com/garden/1.0/">'
        f"<garden:Notes>{NOTES}</garden:Notes></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
    guid = hashlib.md5(extension).hexdigest().upper()
    note = f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid}"'
    return CAMERA_PACKET.replace(b'garden:Keeper="Noor"', b'garden:Keeper="Noor" ' + note.encode()), extension


def jpeg_with(segments: Sequence[bytes], *, profile: bool = True) -> bytes:
    """A small JPEG with these segments behind its JFIF header."""
    options = {"icc_profile": gamma_profile(1.8)} if profile else {}
    plain = encoded(smooth_picture(), "JPEG", **options)
    at = 4 + int.from_bytes(plain[4:6])
    return plain[:at] + b"".join(segments) + plain[at:]


def camera_jpeg(order: str = "<") -> bytes:
    """EXIF, XMP with an extension, IPTC, an ICC profile and what would lie in an edit."""
    return jpeg_with(
        [
            segment(0xE1, b"Exif\0\0" + exif_block(order)),
            *xmp_segments(*extended_packets()),
            segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, CAMERA_IPTC)),
        ]
    )


def tags_of(*paths: Path) -> list[dict[str, object]]:
    """The metadata that exiftool reads from each file, as {group:name: value}, with its warnings and errors."""
    groups = ["-EXIF:all", "-MakerNotes:all", "-XMP:all", "-IPTC:all", "-MPF:all", "-Warning", "-Error"]
    command = ["exiftool", "-j", "-G1", "-struct", "-a", "-n", "-b", *groups, *map(str, paths)]
    told = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return [{name: value for name, value in tags.items() if name != "SourceFile"} for tags in json.loads(told.stdout)]
