"""EXIF blocks patched in place."""

import struct

import pytest

from nti_desktop.photo.metadata import Metadata, for_export, orientation_of, without_orientation
from tests.metadata_files import LATITUDE, SHORT, THUMBNAIL, directory, exif_block

LONG, RATIONAL, ASCII = 4, 5, 2


def patched(exif: bytes, size: tuple[int, int] = (30, 50), *, location: bool = True) -> bytes:
    return for_export(Metadata(exif), size, location=location, program="A photo editor").exif


def block(*directories: bytes) -> bytes:
    return b"II*\0\x08\0\0\0" + b"".join(directories)


def only_tag(tag: int, kind: int, value: bytes, count: int = 1) -> bytes:
    return block(struct.pack("<HHHL", 1, tag, kind, count) + value.ljust(4, b"\0") + bytes(4))


@pytest.mark.parametrize("order", "<>")
def test_a_block_keeps_its_length_and_every_byte_but_the_patched_ones(order: str) -> None:
    before = exif_block(order)
    after = patched(before)
    assert len(after) == len(before)
    changed = {at for at in range(len(before)) if before[at] != after[at]}
    thumbnail = before.index(THUMBNAIL)
    behind_maker_note = {at for at in changed if at >= thumbnail - 100}  # IFD1 and its picture
    assert len(changed - behind_maker_note) <= 7  # a byte of each size, of the orientation, and two of the link
    assert not any(after[thumbnail:])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_and_becomes_upright(order: str, orientation: int) -> None:
    exif = exif_block(order, orientation=orientation)
    assert orientation_of(Metadata(exif)) == orientation
    assert orientation_of(Metadata(patched(exif))) == 1


@pytest.mark.parametrize("orientation", [0, 9, 0xFFFF])
def test_an_orientation_that_makes_no_sense_counts_as_upright(orientation: int) -> None:
    assert orientation_of(Metadata(exif_block(orientation=orientation))) == 1


def test_an_orientation_of_an_unusual_type_is_read_or_counts_as_upright() -> None:
    assert orientation_of(Metadata(only_tag(0x0112, LONG, b"\6"))) == 6
    assert orientation_of(Metadata(only_tag(0x0112, ASCII, b"6\0", 2))) == 1
    assert orientation_of(Metadata(only_tag(0x0112, SHORT, b"\6\0\6\0", 2))) == 1
    assert orientation_of(Metadata(b"no block")) == orientation_of(Metadata()) == 1


def test_a_side_too_long_for_a_short_is_written_as_a_long() -> None:
    after = patched(exif_block(), (70_000, 65_535))
    assert struct.pack("<HHLL", 0xA002, LONG, 1, 70_000) in after
    assert struct.pack("<HHLL", 0xA003, LONG, 1, 65_535) in after


def test_sizes_that_a_block_does_not_state_are_not_added() -> None:
    before = only_tag(0x0112, SHORT, b"\1")
    assert patched(before) == before


def test_without_location_the_directory_closes_up_and_the_rest_is_zeros() -> None:
    tags = {0x010F: (ASCII, b"Acme"), 0x8825: (LONG, [54]), 0x9999: (SHORT, [7])}
    exif = block(directory("<", 8, tags), bytes(4), directory("<", 54, {2: (RATIONAL, LATITUDE)}))
    after = patched(exif, location=False)
    closed_up = {0x010F: (ASCII, b"Acme"), 0x9999: (SHORT, [7])}
    assert after == block(directory("<", 8, closed_up)).ljust(len(exif), b"\0")
    assert patched(exif) == exif


PLACE, LENS = b"Oudegracht, Utrecht\0", b"Summicron 50 mm\0"


def block_with_note(note: bytes) -> bytes:
    exif_ifd = directory("<", 26, {0x927C: (7, note)})
    return block(directory("<", 8, {0x8769: (LONG, [26])}), exif_ifd)


@pytest.mark.parametrize("head", [b"Panasonic\0\0\0", b"LEICA\0\0\0"])
def test_without_location_a_maker_note_names_no_place_and_says_the_rest_where_it_said_it(head: bytes) -> None:
    exif = block_with_note(head + directory("<", 44 + len(head), {0x51: (ASCII, LENS), 0x6F: (ASCII, PLACE)}))
    assert patched(exif) == exif
    assert patched(exif, location=False) == exif.replace(PLACE, bytes(len(PLACE)))


def test_without_location_a_maker_note_that_is_a_block_of_its_own_names_no_place() -> None:
    own = b"MM\0*\0\0\0\x08" + directory(">", 8, {0x39: (ASCII, PLACE), 0x84: (ASCII, LENS)})
    exif = block_with_note(b"Nikon\0\2\x11\0\0" + own)
    assert patched(exif) == exif
    assert patched(exif, location=False) == exif.replace(PLACE, bytes(len(PLACE)))


def test_a_maker_note_that_claims_what_lies_elsewhere_takes_nothing_with_it() -> None:
    entry = struct.pack("<HHHLL", 1, 0x6F, ASCII, 20, 8)
    for note in (b"Panasonic\0\0\0" + entry + bytes(4), b"Panasonic\0\0\0\xff\xff", b"Nikon\0\2"):
        exif = block_with_note(note)
        assert patched(exif, location=False) == exif


def test_values_that_a_thumbnail_shares_with_the_picture_stay() -> None:
    shared = struct.pack("<HHLL", 0x011A, RATIONAL, 1, 44)
    first = struct.pack("<H", 1) + shared + struct.pack("<L", 26)
    second = struct.pack("<H", 1) + shared + struct.pack("<L", 0)
    after = patched(block(first, second, struct.pack("<LL", 300, 1)))
    assert after == block(first[:-4] + bytes(4), bytes(len(second)), struct.pack("<LL", 300, 1))


def test_a_thumbnail_that_claims_the_whole_block_takes_nothing_with_it() -> None:
    exif = exif_block()
    ifd1_claim = struct.pack("<HHLL", 0x0201, LONG, 1, exif.index(THUMBNAIL))
    hostile = exif.replace(ifd1_claim, struct.pack("<HHLL", 0x0201, LONG, 1, 0))
    hostile = hostile.replace(
        struct.pack("<HHLL", 0x0202, LONG, 1, len(THUMBNAIL)), struct.pack("<HHLL", 0x0202, LONG, 1, 2**32 - 1)
    )
    assert patched(hostile) == patched(exif)


@pytest.mark.parametrize("tag", [0x02BC, 0x83BB, 0x8649, 0x8773])
def test_what_the_file_says_elsewhere_is_taken_out_of_a_block(tag: int) -> None:
    exif = block(directory("<", 8, {0x010F: (ASCII, b"Acme"), tag: (7, b"another packet")}))
    assert patched(exif) == block(directory("<", 8, {0x010F: (ASCII, b"Acme")})).ljust(len(exif), b"\0")


def test_a_smaller_copy_in_a_sub_directory_is_taken_out() -> None:
    sub_at = 8 + 2 + 2 * 12 + 4
    picture_at = sub_at + 2 + 2 * 12 + 4
    sub = directory("<", sub_at, {0x0201: (LONG, [picture_at]), 0x0202: (LONG, [len(THUMBNAIL)])})
    exif = block(directory("<", 8, {0x010F: (ASCII, b"Acme"), 0x014A: (LONG, [sub_at])}), sub, THUMBNAIL)
    assert patched(exif) == block(directory("<", 8, {0x010F: (ASCII, b"Acme")})).ljust(len(exif), b"\0")


def test_a_block_that_cannot_be_followed_is_left_out() -> None:
    for damaged in (b"II*\0", b"II*\0\xff\0\0\0" + bytes(20), b"II+\0\x08\0\0\0" + bytes(20), b"\xff\xd8" + bytes(20)):
        assert patched(damaged) == b""


def test_a_block_that_says_nothing_but_a_place_is_left_out_with_the_place() -> None:
    exif = block(directory("<", 8, {0x8825: (LONG, [26])}), directory("<", 26, {2: (RATIONAL, LATITUDE)}))
    assert patched(exif) == exif
    assert patched(exif, location=False) == b""


def test_without_orientation_the_link_to_the_thumbnail_moves_up_with_the_entries() -> None:
    tags = {0x010F: (ASCII, b"Acme"), 0x0112: (SHORT, [6])}
    thumbnail = directory("<", 100, {0x0103: (SHORT, [6])})
    exif = block(directory("<", 8, tags, follow=100)).ljust(100, b"\0") + thumbnail
    expected = block(directory("<", 8, {0x010F: (ASCII, b"Acme")}, follow=100)).ljust(100, b"\0") + thumbnail
    assert without_orientation(Metadata(exif)).exif == expected
    assert without_orientation(Metadata(only_tag(0x0112, SHORT, b"\6"))).exif == b""
