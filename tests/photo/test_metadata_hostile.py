"""Metadata of damaged and hostile files: no bytes are too broken to be read, patched and written."""

import io
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.photo.export.tiff_writer import write_tiff
from nti_desktop.photo.metadata import Metadata, for_export, left_out, orientation_of, read_metadata, with_metadata
from nti_desktop.photo.metadata.xmp import parse_packet
from nti_desktop.photo.reading.containers import Kind
from tests.metadata_files import (
    CAMERA_IPTC,
    CAMERA_PACKET,
    big_tiff,
    exif_block,
    jpeg_with,
    resource,
    segment,
    xmp_segments,
)
from tests.picture_files import encoded, png_chunk, smooth_picture

PICTURE = smooth_picture(6, 8)
SMALL = Metadata(exif_block(thumbnail=b"\xff\xd8\xff\xd9"), CAMERA_PACKET[-1500:], CAMERA_IPTC)


def tiff_with_metadata() -> bytes:
    file = io.BytesIO()
    write_tiff(file, PICTURE, None, SMALL)
    return file.getvalue()


def jpeg_with_metadata() -> bytes:
    note = b'xmpNote:HasExtendedXMP="' + b"0" * 32 + b'" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" garden:Keeper='
    extended = xmp_segments(CAMERA_PACKET.replace(b"garden:Keeper=", note), b"<a/>", guid=b"0" * 32)
    iptc = segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, CAMERA_IPTC))
    return jpeg_with([segment(0xE1, b"Exif\0\0" + SMALL.exif), *extended, iptc], profile=False)


FILES: dict[str, tuple[Kind, bytes]] = {
    "JPEG": ("JPEG", jpeg_with_metadata()),
    "PNG": ("PNG", with_metadata(encoded(PICTURE, "PNG"), "PNG", SMALL)),
    "WEBP": ("WEBP", with_metadata(encoded(PICTURE, "WEBP"), "WEBP", SMALL)),
    "TIFF": ("TIFF", tiff_with_metadata()),
    "BigTIFF": ("TIFF", big_tiff("<")),
}


def carried_through(data: bytes, kind: Kind) -> Metadata:
    """What a damaged file's metadata becomes on its way to an edit; checks it at each step."""
    file = io.BytesIO(data)
    left_out(file, kind)
    found = read_metadata(file, kind)
    assert 1 <= orientation_of(found) <= 8
    edit = for_export(found, (8, 6), location=False, program="A photo editor")
    assert len(edit.exif) in (len(found.exif), 0)
    assert orientation_of(edit) == 1
    assert parse_packet(edit.xmp) is not None
    written = with_metadata(encoded(PICTURE, "JPEG"), "JPEG", edit)
    assert read_metadata(io.BytesIO(written), "JPEG").exif == edit.exif
    return edit


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_gives_metadata_that_can_be_written(name: str) -> None:
    kind, whole = FILES[name]
    for end in range(0, len(whole), max(1, len(whole) // 80)):
        carried_through(whole[:end], kind)


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_give_metadata_that_can_be_written(name: str) -> None:
    kind, whole = FILES[name]
    chance = random.Random(f"metadata flips in {name}")
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            data[chance.randrange(min(len(data), chance.choice((64, 1500, 10_000))))] = chance.choice(
                (0, 1, 255, chance.randrange(256))
            )
        carried_through(bytes(data), kind)


@pytest.mark.parametrize("order", "<>")
def test_an_exif_block_with_flipped_bytes_can_begin_a_tiff(order: str) -> None:
    whole = exif_block(order, thumbnail=b"")
    chance = random.Random(f"flips in a block {order}")
    for _ in range(120):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.choice((0, 1, 255, chance.randrange(256)))
        file = io.BytesIO()
        write_tiff(file, PICTURE, None, Metadata(bytes(data)))
        written = file.getvalue()
        assert left_out(io.BytesIO(written), "TIFF") == ()


@given(
    head=st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10" + bytes(7)]),
    body=st.binary(max_size=300),
)
def test_any_bytes_behind_a_tiff_header_can_be_carried_through(head: bytes, body: bytes) -> None:
    carried_through(head + body, "TIFF")


@given(iptc=st.binary(max_size=200))
def test_any_bytes_are_cut_to_whole_records(iptc: bytes) -> None:
    for data in (iptc, CAMERA_IPTC + iptc):
        kept = for_export(Metadata(iptc=data), (8, 6), program="A photo editor").iptc
        assert for_export(Metadata(iptc=kept), (8, 6), program="A photo editor").iptc == kept
        assert len(kept) <= len(data)
    assert kept.startswith(CAMERA_IPTC)


def test_many_entries_that_claim_the_same_megabyte_are_followed_only_once() -> None:
    entries = b"".join(struct.pack("<HHLL", 0x0111 + number % 7, 7, 1 << 20, 8) for number in range(20_000))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", 20_000) + entries + bytes(1 << 20)
    assert len(for_export(Metadata(exif), (8, 6), program="A photo editor").exif) == len(exif)
    assert len(read_metadata(io.BytesIO(exif), "TIFF").exif) < 80 << 20


def test_directories_that_point_at_themselves_come_to_an_end() -> None:
    circle = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHLL", 0x8769, 4, 1, 8) + struct.pack("<L", 8)
    carried_through(circle, "TIFF")
    left_out(io.BytesIO(circle), "TIFF")


def test_a_text_that_inflates_without_end_is_left_out() -> None:
    bomb = zlib.compress(bytes(130 << 20), 1)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
    assert read_metadata(io.BytesIO(data), "PNG") == Metadata()


def test_a_comment_that_inflates_without_end_is_left_out() -> None:
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30 << 20), 1))
    assert read_metadata(io.BytesIO(b"\x89PNG\r\n\x1a\n" + bomb * 150), "PNG").texts == ()
