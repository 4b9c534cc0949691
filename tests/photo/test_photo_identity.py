"""Which picture a file holds: metadata does not count, pixels do, and no bytes are too broken."""

import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.photo import open_photo
from nti_desktop.photo.reading.containers import jpeg_parts, png_parts, tiff_tags, webp_parts
from nti_desktop.photo.reading.identify import identify
from tests.picture_files import encoded, gamma_profile, noisy_picture, png_chunk, tiff_file, webp_chunks, webp_file

PICTURE = noisy_picture(24, 32)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><xmp:Rating>%d</xmp:Rating></x:xmpmeta>'
KINDS = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
}


def identity(folder: Path, data: bytes) -> str:
    path = folder / "photo"
    path.write_bytes(data)
    return identify(path)


def exif(rating: int) -> Image.Exif:
    made = Image.Exif()
    made[0x4746] = rating
    made[0x0132] = f"2026:01:0{rating} 10:00:00"
    made[0x0112] = 1 + rating
    made[0x010E] = "words " * 50 * rating
    return made


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(data) + 2) + data


@pytest.mark.parametrize("kind", KINDS)
def test_a_star_rating_keeps_the_identity(tmp_path: Path, kind: str) -> None:
    one, five = (encoded(PICTURE, kind, exif=exif(rating), xmp=XMP % rating, **KINDS[kind]) for rating in (1, 5))
    plain = encoded(PICTURE, kind, **KINDS[kind])
    assert one != five
    assert identity(tmp_path, one) == identity(tmp_path, five) == identity(tmp_path, plain)


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_pixel_changes_the_identity(tmp_path: Path, kind: str) -> None:
    changed = PICTURE.copy()
    changed[10, 10] ^= 0x80
    assert identity(tmp_path, encoded(PICTURE, kind, **KINDS[kind])) != identity(
        tmp_path, encoded(changed, kind, **KINDS[kind])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_another_colour_profile_changes_the_identity(tmp_path: Path, kind: str) -> None:
    profiles = [gamma_profile(1.0), gamma_profile(1.8)]
    made = {identity(tmp_path, encoded(PICTURE, kind, icc_profile=profile, **KINDS[kind])) for profile in profiles}
    assert len(made) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_opened_photo_carries_its_files_identity(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(encoded(PICTURE, kind, **KINDS[kind]))
    assert open_photo(path).identity == identify(path)


def test_comments_and_thumbnails_in_a_jpeg_keep_the_identity(tmp_path: Path) -> None:
    plain = encoded(PICTURE, "JPEG", progressive=True)
    thumbnail = encoded(PICTURE[:8, :8], "JPEG")
    added = jpeg_segment(0xFE, b"a comment \xff\xd9 with markers") + jpeg_segment(0xE1, b"Exif\0\0" + thumbnail)
    assert identity(tmp_path, plain[:2] + added + plain[2:]) == identity(tmp_path, plain)


def test_fill_bytes_and_what_follows_a_jpeg_keep_the_identity(tmp_path: Path) -> None:
    plain = encoded(PICTURE, "JPEG")
    filled = plain[:2] + b"\xff\xff\xff" + plain[2:] + b"a short video behind the photo"
    assert identity(tmp_path, filled) == identity(tmp_path, plain)


def test_a_moved_jpeg_profile_keeps_the_identity(tmp_path: Path) -> None:
    plain = encoded(PICTURE, "JPEG")
    profile = jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + gamma_profile(1.0))
    tables = plain.index(b"\xff\xc0")
    assert identity(tmp_path, plain[:2] + profile + plain[2:]) == identity(
        tmp_path, plain[:tables] + profile + plain[tables:]
    )


def test_the_second_picture_of_an_mpo_does_not_count(tmp_path: Path) -> None:
    others = [Image.fromarray(noisy_picture(24, 32, seed)) for seed in (1, 2)]
    one, other = (encoded(PICTURE, "MPO", save_all=True, append_images=[image]) for image in others)
    assert identity(tmp_path, one) == identity(tmp_path, other)


def test_text_and_time_in_a_png_keep_the_identity(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a comment")
    text.add_itxt("XML:com.adobe.xmp", "<rating/>", zip=True)
    text.add(b"tIME", struct.pack(">HBBBBB", 2026, 1, 2, 3, 4, 5))
    assert identity(tmp_path, encoded(PICTURE, "PNG", pnginfo=text)) == identity(tmp_path, encoded(PICTURE, "PNG"))


def test_a_png_cut_into_other_chunks_keeps_the_identity(tmp_path: Path) -> None:
    plain = encoded(PICTURE, "PNG")
    start = plain.index(b"IDAT") - 4
    length = int.from_bytes(plain[start : start + 4])
    data = plain[start + 8 : start + 8 + length]
    cut = plain[:start] + b"".join(png_chunk(b"IDAT", data[at : at + 100]) for at in range(0, length, 100))
    assert identity(tmp_path, cut + plain[start + 12 + length :]) == identity(tmp_path, plain)


def test_metadata_in_a_simple_webp_keeps_the_identity(tmp_path: Path) -> None:
    plain = encoded(PICTURE, "WEBP", lossless=True)
    extended = encoded(PICTURE, "WEBP", lossless=True, xmp=XMP % 3)
    assert [name for name, _ in webp_chunks(plain)] != [name for name, _ in webp_chunks(extended)]
    odd = webp_file([*webp_chunks(extended), (b"EXIF", b"odd")])
    assert identity(tmp_path, plain) == identity(tmp_path, extended) == identity(tmp_path, odd)


@pytest.mark.parametrize("deflate", [False, True])
def test_a_tiff_whose_data_was_moved_keeps_the_identity(tmp_path: Path, deflate: bool) -> None:
    plain = tiff_file(PICTURE.tobytes(), 32, 24, deflate=deflate)
    grown = tiff_file(PICTURE.tobytes(), 32, 24, deflate=deflate, extra=[(0x4746, 3, [5]), (50_000, 4, range(100))])
    assert identity(tmp_path, plain) == identity(tmp_path, grown)


def test_a_tiff_with_another_palette_has_another_identity(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8))
    made = set()
    for palette in ([1, 2, 3], [3, 2, 1]):
        image.putpalette(palette)
        made.add(identity(tmp_path, encoded(image, "TIFF")))
    assert len(made) == 2


def test_a_tiff_whose_strips_overlap_without_end_is_hashed_once(tmp_path: Path) -> None:
    strips = 4096
    data = tiff_file(b"abc" * strips, 1, strips, strips=strips)
    everything = struct.pack(f"<{strips}L", *[len(data)] * strips)
    at = data.index(struct.pack("<4L", 3, 3, 3, 3))
    hostile = data[:at] + everything + data[at + len(everything) :]
    assert len(identity(tmp_path, hostile)) == 64


def test_a_file_that_is_no_picture_has_no_identity(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is not a picture"):
        identity(tmp_path, b"a text")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_identity_of_flipped_bytes_never_crashes_and_opening_raises_only_photo_errors(
    tmp_path: Path, kind: str
) -> None:
    whole = encoded(PICTURE, kind, exif=exif(2), icc_profile=gamma_profile(1.8), **KINDS[kind])
    chance = random.Random(f"flips in a {kind}")
    path = tmp_path / "flipped"
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            data[chance.randrange(min(len(data), chance.choice((64, 700, 10_000))))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            photo = open_photo(path)
        except PhotoError:
            continue
        assert photo.identity == identify(path)
        assert photo.pixels.dtype == np.uint8


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_equal_identities_of_flipped_bytes_mean_equal_stored_pixels(tmp_path: Path, kind: str) -> None:
    whole = encoded(PICTURE, kind, exif=exif(2), **KINDS[kind])
    path = tmp_path / "flipped"
    path.write_bytes(whole)
    original = open_photo(path, orientation=1)
    same = 0
    for at in range(12, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 0x11
        path.write_bytes(data)
        try:
            photo = open_photo(path, orientation=1)
        except PhotoError:
            continue
        if photo.identity == original.identity:
            same += 1
            assert np.array_equal(photo.pixels, original.pixels), f"byte {at}"
    assert same > (2 if kind == "PNG" else 20)  # a PNG with a wrong checksum is damaged, whatever it covers


HEADS = {
    b"\xff\xd8": jpeg_parts,
    b"\x89PNG\r\n\x1a\n": png_parts,
    b"RIFF\xff\xff\0\0WEBP": webp_parts,
}


@given(head=st.sampled_from(sorted(HEADS)), body=st.binary(max_size=400))
def test_the_parts_of_any_bytes_lie_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, body: bytes
) -> None:
    import io

    file = io.BytesIO(head + body)
    for part in HEADS[head](file):
        assert part.size >= 0
        assert len(head) <= part.start
        assert part.start + part.size <= len(head + body)


@given(head=st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]), body=st.binary(max_size=400))
def test_the_tags_of_any_bytes_can_be_asked_for(head: bytes, body: bytes) -> None:
    import io

    tags = tiff_tags(io.BytesIO(head + body), range(0x10000))
    assert tags is None or all(isinstance(value, tuple | bytes) for value in tags.values())


def test_a_scan_of_the_parts_finds_a_whole_png(tmp_path: Path) -> None:
    import io

    data = encoded(PICTURE, "PNG")
    parts = {part.name: part for part in png_parts(io.BytesIO(data))}
    assert next(iter(parts)) == b"IHDR"
    picture = parts[b"IDAT"]
    assert len(zlib.decompress(data[picture.start : picture.start + picture.size])) == 24 * (32 * 3 + 1)
