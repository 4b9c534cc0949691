"""What a photo's file says beside its pixels, in the ways in which cameras, exiftool and ImageMagick write it."""

import io
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.photo.metadata import Metadata, left_out, orientation_of, read_metadata, with_metadata
from nti_desktop.photo.reading.containers import Kind
from tests.metadata_files import (
    CAMERA_IPTC,
    CAMERA_PACKET,
    NOTES,
    THUMBNAIL,
    big_tiff,
    camera_jpeg,
    exif_block,
    extended_packets,
    iptc_record,
    jpeg_with,
    packet,
    resource,
    segment,
    tags_of,
    xmp_segments,
)
from tests.picture_files import encoded, png_chunk, png_file, smooth_picture, tiff_file, webp_chunks, webp_file

EXIF_SEGMENT = segment(0xE1, b"Exif\0\0" + exif_block())


def read(data: bytes, kind: Kind = "JPEG") -> Metadata:
    return read_metadata(io.BytesIO(data), kind)


def run_tool(*command: str | Path) -> bytes:
    return subprocess.run(list(map(str, command)), capture_output=True, check=False, timeout=60).stdout


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    return png_file(1, 1, 8, 0, b"\0", *(png_chunk(name, data) for name, data in chunks))


@pytest.mark.parametrize("order", "<>")
def test_a_jpegs_blocks_are_read_to_the_byte(order: str) -> None:
    found = read(camera_jpeg(order))
    assert found.exif == exif_block(order)
    assert found.iptc == CAMERA_IPTC
    assert orientation_of(found) == 6


def test_a_packet_without_an_extension_is_read_to_the_byte() -> None:
    assert read(jpeg_with(xmp_segments(CAMERA_PACKET))).xmp == CAMERA_PACKET


def test_the_extension_of_a_packet_is_joined_to_it_whatever_its_pieces_order() -> None:
    main, extension = extended_packets()
    found = read(jpeg_with(xmp_segments(main, extension))).xmp
    assert NOTES.encode() in found
    assert b"gradient &amp; light" in found
    assert b"HasExtendedXMP" not in found


def test_an_extension_with_a_piece_missing_is_left_out() -> None:
    main, extension = extended_packets()
    found = read(jpeg_with(xmp_segments(main, extension)[:-1])).xmp
    assert b"garden:Notes" not in found
    assert b"gradient &amp; light" in found
    assert b"HasExtendedXMP" not in found


def test_an_extension_that_another_packet_named_is_left_out() -> None:
    main, extension = extended_packets()
    other = extension.replace(b"long note", b"lost note")
    guid = main[main.index(b'HasExtendedXMP="') + 16 :][:32]
    assert b"garden:Notes" not in read(jpeg_with(xmp_segments(main, other, guid=guid))).xmp


def test_exif_that_exiftool_spread_over_segments_is_read_as_exiftool_reads_it(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(camera_jpeg())
    (tmp_path / "comment").write_text("a long comment " * 7_000)
    run_tool("exiftool", f"-UserComment<={tmp_path / 'comment'}", tmp_path / "photo.jpg")
    found = read((tmp_path / "photo.jpg").read_bytes()).exif
    assert len(found) > 100_000
    assert found == run_tool("exiftool", "-b", "-Exif", tmp_path / "photo.jpg")


def test_a_second_exif_block_does_not_count() -> None:
    second = segment(0xE1, b"Exif\0\0" + exif_block(orientation=3))
    assert read(jpeg_with([EXIF_SEGMENT, second])).exif == exif_block()


def test_iptc_records_are_found_behind_other_resources_and_across_segments() -> None:
    caption = iptc_record(120, b"c" * 30_000)
    long = CAMERA_IPTC + caption * 3
    data = resource(0x03ED, b"odd", b"named") + resource(0x0404, long)
    cut = [segment(0xED, b"Photoshop 3.0\0" + data[at : at + 60_000]) for at in range(0, len(data), 60_000)]
    assert len(cut) > 1
    assert read(jpeg_with(cut)).iptc == long


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_a_webps_blocks_are_read_with_and_without_the_prefix_of_jpeg(prefix: bytes) -> None:
    picture = list(webp_chunks(encoded(smooth_picture(), "WEBP")))
    data = webp_file([*picture, (b"EXIF", prefix + exif_block()), (b"XMP ", CAMERA_PACKET)])
    assert read(data, "WEBP") == Metadata(exif_block(), CAMERA_PACKET)


@pytest.mark.parametrize("packed", [False, True])
def test_a_pngs_blocks_are_read_from_their_own_chunks(packed: bool) -> None:
    text = b"\1\0en\0\0" + zlib.compress(CAMERA_PACKET) if packed else b"\0\0en\0\0" + CAMERA_PACKET
    data = png_with((b"eXIf", exif_block()), (b"iTXt", b"XML:com.adobe.xmp\0" + text))
    assert read(data, "PNG") == Metadata(exif_block(), CAMERA_PACKET)


def profile_text(data: bytes, name: bytes = b"some") -> bytes:
    return b"\n%s\n    %d\n%s\n" % (name, len(data), data.hex().encode())


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt"])
def test_raw_profiles_are_read_from_any_text_chunk(name: bytes) -> None:
    def chunk(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
        text = profile_text(data)
        packed = {b"tEXt": text, b"zTXt": b"\0" + zlib.compress(text), b"iTXt": b"\0\0\0\0" + text}
        return name, b"Raw profile type " + kind + b"\0" + packed[name]

    profiles = {
        b"exif": b"Exif\0\0" + exif_block(),
        b"xmp": CAMERA_PACKET,
        b"iptc": resource(0x0404, CAMERA_IPTC),
    }
    found = read(png_with(*(chunk(kind, data) for kind, data in profiles.items())), "PNG")
    assert found == Metadata(exif_block(), CAMERA_PACKET, CAMERA_IPTC)
    as_app1 = b"http://ns.adobe.com/xap/1.0/\0" + CAMERA_PACKET
    assert read(png_with(chunk(b"APP1", as_app1)), "PNG").xmp == CAMERA_PACKET
    assert read(png_with(chunk(b"APP1", b"Exif\0\0" + exif_block())), "PNG").exif == exif_block()
    assert read(png_with(chunk(b"iptc", CAMERA_IPTC)), "PNG").iptc == CAMERA_IPTC


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_imagemagick_carries_over_is_read_to_the_byte(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg_with([EXIF_SEGMENT, *xmp_segments(CAMERA_PACKET), iptc_segment()]))
    run_tool("convert", tmp_path / "photo.jpg", tmp_path / f"photo.{kind.lower()}")
    found = read((tmp_path / f"photo.{kind.lower()}").read_bytes(), kind)
    assert (found.exif, found.xmp) == (exif_block(), CAMERA_PACKET)
    assert found.iptc == (CAMERA_IPTC if kind == "PNG" else b"")


def test_records_that_imagemagick_cut_short_in_a_tiff_are_read_from_its_resources(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg_with([iptc_segment()]))
    run_tool("convert", tmp_path / "photo.jpg", tmp_path / "photo.tif")
    assert read((tmp_path / "photo.tif").read_bytes(), "TIFF").iptc == CAMERA_IPTC


def iptc_segment() -> bytes:
    return segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, CAMERA_IPTC))


PICTURE_TAGS = {
    "BitsPerSample",
    "Compression",
    "ImageHeight",
    "ImageWidth",
    "PhotometricInterpretation",
    "RowsPerStrip",
    "SamplesPerPixel",
    "StripByteCounts",
    "StripOffsets",
}


@pytest.mark.parametrize("order", "<>")
def test_a_tiffs_descriptive_tags_become_an_exif_block(tmp_path: Path, order: str) -> None:
    photo, scan, moved = (tmp_path / name for name in ("photo.jpg", "scan.tif", "moved.jpg"))
    photo.write_bytes(camera_jpeg(order))
    scan.write_bytes(tiff_file(smooth_picture().tobytes(), 60, 40, order=order))
    run_tool("exiftool", "-overwrite_original", "-tagsFromFile", photo, "-all:all", "-unsafe", scan)
    found = read(scan.read_bytes(), "TIFF")
    moved.write_bytes(with_metadata(encoded(smooth_picture(), "JPEG"), "JPEG", found))
    before, after = tags_of(scan, moved)
    moving = {
        name: value
        for name, value in before.items()
        if not name.startswith("Canon:") and name.removeprefix("IFD0:") not in PICTURE_TAGS
    }
    assert {"ExifIFD:LensModel", "GPS:GPSLatitude", "InteropIFD:InteropIndex", "IFD0:Rating"} <= moving.keys()
    assert {name: value for name, value in after.items() if not name.startswith(("Canon:", "ExifTool:"))} == moving
    assert found.exif[:2] == (b"II" if order == "<" else b"MM")


@pytest.mark.parametrize("order", "<>")
def test_a_bigtiffs_descriptive_tags_become_an_exif_block(tmp_path: Path, order: str) -> None:
    found = read(big_tiff(order), "TIFF")
    assert found.xmp == CAMERA_PACKET
    assert found.iptc.rstrip(b"\0") == CAMERA_IPTC.rstrip(b"\0")
    (tmp_path / "moved.jpg").write_bytes(with_metadata(encoded(smooth_picture(), "JPEG"), "JPEG", Metadata(found.exif)))
    assert tags_of(tmp_path / "moved.jpg") == [
        {
            "IFD0:Make": "Canon",
            "IFD0:Model": "Canon EOS 5D",
            "IFD0:Orientation": 8,
            "ExifIFD:ExposureTime": 0.004,
            "ExifIFD:LensModel": "EF24-105mm f/4L IS USM",
        }
    ]


def test_a_tiff_that_describes_nothing_has_no_exif_block() -> None:
    assert read(tiff_file(bytes(3), 1, 1), "TIFF") == Metadata()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_without_metadata_says_nothing_and_nothing_of_it_is_left_out(kind: Kind) -> None:
    data = encoded(smooth_picture(), kind)
    assert read(data, kind).xmp == b""
    assert read(data, kind).iptc == b""
    assert left_out(io.BytesIO(data), kind) == ()


def jumbf_segment(label: bytes = b"c2pa") -> bytes:
    return segment(0xEB, b"JP\0\1\0\0\0\1\0\0\1\0jumb\0\0\0\x26jumd" + label + b"\0" * 20)


THUMBNAIL_PACKET = packet("<xmp:Thumbnails><rdf:Alt/></xmp:Thumbnails>")

OF_JPEGS: Sequence[tuple[str, bytes]] = [
    ("the embedded preview", EXIF_SEGMENT),
    ("the embedded preview", segment(0xE0, b"JFXX\0\x10" + THUMBNAIL)),
    ("the embedded preview", segment(0xED, b"Photoshop 3.0\0" + resource(0x040C, THUMBNAIL))),
    ("the embedded preview", xmp_segments(THUMBNAIL_PACKET)[0]),
    ("the gain map", xmp_segments(packet("", 'hdrgm:Version="1.0"'))[0]),
    ("the gain map", segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")),
    ("further pictures in the file", segment(0xE2, b"MPF\0II*\0\x08\0\0\0")),
    ("the video of a motion photo", xmp_segments(packet("", 'GCamera:MicroVideo="1"'))[0]),
    ("content credentials", jumbf_segment()),
    ("content credentials", xmp_segments(packet("<dcterms:provenance>https://x</dcterms:provenance>"))[0]),
    ("damaged EXIF data", segment(0xE1, b"Exif\0\0II*\0\xff\0\0\0")),
    ("damaged XMP data", xmp_segments(CAMERA_PACKET[:-600])[0]),
]


@pytest.mark.parametrize(("what", "added"), OF_JPEGS)
def test_what_of_a_jpeg_is_never_copied_is_named(what: str, added: bytes) -> None:
    assert left_out(io.BytesIO(jpeg_with([added])), "JPEG") == (what,)


def test_what_is_never_copied_is_named_once_and_in_a_fixed_order() -> None:
    data = jpeg_with([added for _, added in reversed(OF_JPEGS[:3] + OF_JPEGS[5:7] + OF_JPEGS[8:9])])
    assert left_out(io.BytesIO(data), "JPEG") == (
        "the embedded preview",
        "the gain map",
        "further pictures in the file",
        "content credentials",
    )


FOREIGN = "what the camera or other programs keep in the file for themselves"


def test_a_box_that_is_no_content_credential_is_not_called_one() -> None:
    assert left_out(io.BytesIO(jpeg_with([jumbf_segment(b"json")])), "JPEG") == (FOREIGN,)


@pytest.mark.parametrize(
    "added",
    [
        segment(0xE0, b"AVI1\0\1"),
        segment(0xE1, b"FLIR\0\1\0\0data"),
        segment(0xE2, b"FPXR\0\1"),
        segment(0xE5, b"RMETA\0\1"),
        segment(0xE6, b"GoPro\0DEVC"),
        segment(0xEC, b"[picture info]\r\nResolution=2\r\n"),
    ],
)
def test_what_a_camera_keeps_in_a_segment_of_its_own_is_named(added: bytes) -> None:
    assert left_out(io.BytesIO(jpeg_with([added])), "JPEG") == (FOREIGN,)


@pytest.mark.parametrize(
    "added", [segment(0xEC, b"Ducky\0\1\0\4\0\0\0\x50\0\0"), segment(0xED, b"Adobe_CM\0\2"), segment(0xE3, bytes(40))]
)
def test_how_a_jpeg_was_encoded_is_nothing_to_tell_of(added: bytes) -> None:
    assert left_out(io.BytesIO(jpeg_with([added])), "JPEG") == ()


@pytest.mark.parametrize(
    ("behind", "what"),
    [
        (b"AXS!" + bytes(20) + b"AXS*", FOREIGN),
        (b"\0\0\0\x10ftypmp42\0\0\0\0", "the video of a motion photo"),
        (encoded(smooth_picture(), "JPEG"), "further pictures in the file"),
        (bytes(500) + b"\r\n", None),
    ],
)
def test_what_stands_behind_the_end_of_a_jpeg_is_named(behind: bytes, what: str | None) -> None:
    assert left_out(io.BytesIO(jpeg_with([]) + behind), "JPEG") == ((what,) if what else ())


def test_settings_of_photoshop_are_named_and_its_copies_of_what_is_read_are_not() -> None:
    def said(*numbers: int) -> tuple[str, ...]:
        resources = b"".join(resource(number, b"data") for number in numbers)
        return left_out(io.BytesIO(jpeg_with([segment(0xED, b"Photoshop 3.0\0" + resources)])), "JPEG")

    assert said(0x040A, 0x03F3) == ("Photoshop's settings for this file",)
    assert said(0x03ED, 0x0406, 0x0425) == ()


@pytest.mark.parametrize(
    ("tag", "what"),
    [
        (34735, "where on Earth the pixels lie (GeoTIFF)"),
        (33550, "where on Earth the pixels lie (GeoTIFF)"),
        (0x935C, "further pictures in the file"),
        (0xC634, "the camera's maker note"),
    ],
)
def test_what_of_a_tiff_is_never_copied_is_named(tag: int, what: str) -> None:
    assert left_out(io.BytesIO(tiff_file(bytes(3), 1, 1, extra=[(tag, 3, [1, 1, 0, 1])])), "TIFF") == (what,)


@pytest.mark.parametrize(
    ("semantic", "what"),
    [
        ("Primary", ()),
        ("GainMap", ("the gain map",)),
        ("MotionPhoto", ("the video of a motion photo",)),
        ("Depth", ("further pictures in the file",)),
    ],
)
@pytest.mark.parametrize("as_attribute", [True, False])
def test_what_a_container_lists_is_named(semantic: str, what: tuple[str, ...], as_attribute: bool) -> None:
    item = (
        f'<Container:Item Item:Semantic="{semantic}"/>'
        if as_attribute
        else f'<Container:Item rdf:parseType="Resource"><Item:Semantic>{semantic}</Item:Semantic></Container:Item>'
    )
    listed = packet(
        "<Container:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'>"
        f"{item}</rdf:li></rdf:Seq></Container:Directory>"
    )
    assert left_out(io.BytesIO(jpeg_with(xmp_segments(listed)[:1])), "JPEG") == what


def test_content_credentials_of_the_other_containers_are_named() -> None:
    png = png_with((b"caBX", b"\0\0\0\x20jumb"))
    webp = webp_file([*webp_chunks(encoded(smooth_picture(), "WEBP")), (b"C2PA", b"\0\0\0\x20jumb")])
    tiff = tiff_file(bytes(3), 1, 1, extra=[(0xCD41, 4, [1, 2, 3])])
    for data, kind in ((png, "PNG"), (webp, "WEBP"), (tiff, "TIFF")):
        assert left_out(io.BytesIO(data), kind) == ("content credentials",)


def test_a_tiffs_smaller_copies_are_previews_and_its_other_pages_are_pictures() -> None:
    first = tiff_file(bytes(3), 1, 1)
    for kind, what in ((1, "the embedded preview"), (2, "further pictures in the file")):
        second = tiff_file(bytes(3), 1, 1, extra=[(254, 4, [kind])])
        data = tiff_file(bytes(3), 1, 1, extra=[(0x014A, 4, [len(first) + 200])]).ljust(len(first) + 200, b"\0")
        assert left_out(io.BytesIO(data + second[8:]), "TIFF") == (what,)


def test_the_serial_number_and_the_lens_of_a_dng_are_read_and_how_its_data_are_developed_is_not() -> None:
    data = tiff_file(bytes(3), 1, 1, extra=[(tag, 4, [7, 8, 9]) for tag in (0xC612, 0xC62A, 0xC62F, 0xC630, 0xC65A)])
    tags = Image.Exif()
    tags.load(read(data, "TIFF").exif)
    assert {tag for tag in tags if tag >= 0xC000} == {0xC62F, 0xC630}


@pytest.mark.parametrize("behind", [b"", b"\n", b'\n$"\x1d\x1a!#\x9e4', b"\n}}}\xd1\x01", b"7"])
def test_what_stands_behind_the_digits_of_a_raw_profile_does_not_matter(behind: bytes) -> None:
    block = exif_block()
    text = b"\nExif\n%08d\n%s" % (len(block), block.hex().encode()) + behind
    assert read(png_with((b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))), "PNG").exif == block
