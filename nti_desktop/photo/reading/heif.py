"""What HEIC and AVIF files say about their picture (ISO/IEC 23008-12; AV1 Image File Format 1.1), without decoding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nti_desktop.photo.reading.containers import Part, file_size, read_at
from nti_desktop.photo.reading.heif_boxes import HeifBoxes, Item, is_animated, read_boxes

MOST_METADATA = 1 << 26  # bytes
_REPEATED = 1 << 26  # bytes: what tiles may add up to beyond the file's own size by sharing properties

_DECIDES_PIXELS = frozenset(
    (b"hvcC", b"av1C", b"colr", b"ispe", b"pixi", b"clap", b"irot", b"imir", b"auxC", b"lsel", b"a1op", b"iscl")
)
# The names under which transparency goes, ISO/IEC 23008-12, 6.5.8.2 and ISO/IEC 23000-22, 7.3.5.
_MOVES = (b"clap", b"irot", b"imir")
_ALPHA = (b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")


@dataclass(frozen=True)
class HeifHeader:
    """size: (width, height) upright, as it is shown; stored_size: before it is cropped and turned; bits: per channel;
    is_animated: whether the file is first of all a sequence of pictures.
    """

    size: tuple[int, int]
    stored_size: tuple[int, int]
    bits: int
    is_animated: bool


@dataclass(frozen=True)
class Colours:
    """icc: an ICC profile; primaries, curve: numbers of ITU-T H.273, tables 2 and 3. None where nothing is said.
    whole_range: whether black is 0 instead of 16 of 255.
    """

    icc: bytes | None = None
    primaries: int | None = None
    curve: int | None = None
    whole_range: bool = True


def read_heif_header(file: BinaryIO) -> HeifHeader | None:
    """Read what the boxes say about the picture to show; None where they cannot be followed."""
    boxes = read_boxes(file)
    stored = _stored_size(file, boxes.items[boxes.primary]) if boxes else None
    if boxes is None or stored is None:
        return None
    size = stored
    for box in boxes.items[boxes.primary].properties:
        if box.name == b"clap":
            size = _cropped(read_at(file, box.start, min(box.size, 16)), size)
        elif box.name == b"irot" and box.size and read_at(file, box.start, 1)[0] % 2:
            size = size[1], size[0]
    return HeifHeader(size, stored, coded_bits(file, boxes), is_animated(file))


def heif_parts(file: BinaryIO) -> list[Part] | None:
    """The stretches that decide the pixels, in an order that does not depend on where they lie in the file.

    The coded data of the picture to show, of its tiles and its transparency, each followed by the properties that
    decide how it is decoded, coloured, cropped and turned. EXIF, XMP, thumbnails, depth and gain maps are left out.
    None when they cannot be followed or add up to more than such a file can hold; then the whole file should count.
    """
    boxes = read_boxes(file)
    numbers = pictures(file, boxes) if boxes else None
    if boxes is None or numbers is None:
        return None
    parts: list[Part] = []
    for number in numbers:
        item = boxes.items[number]
        if item.extents is None:
            return None
        parts += (Part(item.kind, extent.start, extent.size) for extent in item.extents)
        parts += (box for box in item.properties if box.name in _DECIDES_PIXELS)
        if premultiplied := boxes.references.get((b"prem", number)):
            parts.append(Part(b"prem", premultiplied.box.start, premultiplied.box.size))
    return parts if sum(part.size for part in parts) <= file_size(file) + _REPEATED else None


def heif_metadata(file: BinaryIO) -> tuple[bytes, bytes]:
    """The EXIF block, from its TIFF head on, and the XMP packet of the picture to show; b"" where there is none."""
    boxes = read_boxes(file)
    if boxes is None:
        return b"", b""
    exif = xmp = b""
    for number, item in boxes.items.items():
        described = boxes.targets(b"cdsc", number)
        if described and boxes.primary not in described:
            continue
        if item.kind == b"Exif" and not exif:
            exif = _tiff_block(_item_data(file, item))
        elif item.content_type == b"application/rdf+xml" and not xmp:
            xmp = _item_data(file, item)
    return exif, xmp


def pictures(file: BinaryIO, boxes: HeifBoxes) -> list[int] | None:
    """The picture to show and the items it is made of: tiles and transparency. None where one of them is missing."""
    alphas: dict[int, list[int]] = {}
    for (kind, source), reference in boxes.references.items():
        if kind == b"auxl" and source in boxes.items and _is_alpha(file, boxes.items[source]):
            for target in reference.targets:
                alphas.setdefault(target, []).append(source)
    found: dict[int, None] = {}
    waiting = [boxes.primary]
    while waiting:
        number = waiting.pop()
        if number not in boxes.items:
            return None
        if number not in found:
            found[number] = None
            waiting += reversed((*boxes.targets(b"dimg", number), *alphas.get(number, ())))
    return list(found)


def lies_as_its_transparency(file: BinaryIO, boxes: HeifBoxes) -> bool:
    """Tell whether the picture to show is cut and turned as its transparency is; decoders make nonsense of others."""

    def moves(number: int) -> list[bytes]:
        properties = boxes.items[number].properties
        return [box.name + read_at(file, box.start, min(box.size, 32)) for box in properties if box.name in _MOVES]

    alphas = [
        source
        for (kind, source), reference in boxes.references.items()
        if kind == b"auxl"
        and boxes.primary in reference.targets
        and source in boxes.items
        and _is_alpha(file, boxes.items[source])
    ]
    return all(moves(alpha) == moves(boxes.primary) for alpha in alphas)


def claimed_sizes(file: BinaryIO, item: Item) -> Iterator[tuple[int, int]]:
    """(width, height) as a property says, and as a grid says about itself (ISO/IEC 23008-12, 6.6.2.3)."""
    if size := _stored_size(file, item):
        yield size
    if item.kind == b"grid" and item.extents:
        data = read_at(file, item.extents[0].start, min(item.extents[0].size, 12))
        width = 4 if data[1:2] == b"\1" else 2
        yield int.from_bytes(data[4 : 4 + width]), int.from_bytes(data[4 + width : 4 + 2 * width])


def stated_colours(file: BinaryIO, boxes: HeifBoxes) -> Colours:
    """The colours of the picture to show, or of its first tile where only the tiles say them."""
    for number in pictures(file, boxes) or ():
        icc, primaries, curve, whole_range = None, None, None, True
        stated = [box for box in boxes.items[number].properties if box.name == b"colr" and box.size <= MOST_METADATA]
        for box in stated:
            data = read_at(file, box.start, box.size)
            if data[:4] in (b"prof", b"rICC"):
                icc = data[4:]
            elif data[:4] == b"nclx" and len(data) >= 8:
                primaries, curve = int.from_bytes(data[4:6]), int.from_bytes(data[6:8])
                whole_range = data[10:11] >= b"\x80"
        if stated:
            return Colours(icc, primaries, curve, whole_range)
    return Colours()


def is_grey(file: BinaryIO, boxes: HeifBoxes) -> bool:
    """Tell whether the picture to show, or its first tile, is coded without colours."""
    for number in pictures(file, boxes) or ():
        for box in boxes.items[number].properties:
            data = read_at(file, box.start, min(box.size, 32))
            if box.name == b"hvcC" and len(data) > 16:  # ISO/IEC 14496-15, 8.3.3.1
                return data[16] & 3 == 0
            if box.name == b"av1C" and len(data) > 2:  # AV1 Codec ISO Media File Format Binding 1.2, sec. 2.3
                return bool(data[2] & 0x10)
    return False


def _is_alpha(file: BinaryIO, item: Item) -> bool:
    return any(
        box.name == b"auxC" and read_at(file, box.start, min(box.size, 64))[4:].startswith(_ALPHA)
        for box in item.properties
    )


def _stored_size(file: BinaryIO, item: Item) -> tuple[int, int] | None:
    box = next((box for box in item.properties if box.name == b"ispe" and box.size >= 12), None)
    if box is None:
        return None
    data = read_at(file, box.start + 4, 8)
    return int.from_bytes(data[:4]), int.from_bytes(data[4:])


def _cropped(clap: bytes, size: tuple[int, int]) -> tuple[int, int]:
    """The size a clean aperture leaves (ISO/IEC 14496-12, 12.1.4); impossible ones leave it as it is."""
    width, width_part, height, height_part = (int.from_bytes(clap[at : at + 4]) for at in range(0, 16, 4))
    if not width_part or not height_part:
        return size
    cropped = round(width / width_part), round(height / height_part)
    return cropped if 0 < cropped[0] <= size[0] and 0 < cropped[1] <= size[1] else size


def coded_bits(file: BinaryIO, boxes: HeifBoxes) -> int:
    """Per channel, from the coding parameters of the picture or of the first tile that has some, else 8."""
    for number in pictures(file, boxes) or ():
        for box in boxes.items[number].properties:
            data = read_at(file, box.start, min(box.size, 32))
            if box.name == b"hvcC" and len(data) > 18:  # ISO/IEC 14496-15, 8.3.3.1
                return 8 + max(data[17] & 7, data[18] & 7)
            if box.name == b"av1C" and len(data) > 2:  # AV1 Codec ISO Media File Format Binding 1.2, sec. 2.3
                return (8, 8, 10, 12)[data[2] >> 5 & 3]
    return 8


def _item_data(file: BinaryIO, item: Item) -> bytes:
    extents = item.extents or ()
    if sum(extent.size for extent in extents) > MOST_METADATA:
        return b""
    return b"".join(read_at(file, extent.start, extent.size) for extent in extents)


def _tiff_block(data: bytes) -> bytes:
    """Return an EXIF item's data from its TIFF head on, b"" where no TIFF head is there.

    The data begins with the offset to that head (ISO/IEC 23008-12, annex A.2.1).
    """
    block = data[4 + int.from_bytes(data[:4]) :].removeprefix(b"Exif\0\0")
    return block if block[:4] in (b"II*\0", b"MM\0*") else b""
