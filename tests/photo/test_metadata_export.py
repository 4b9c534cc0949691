"""A photo's metadata in an edit's file: all of it but what would lie, as exiftool reads it."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from nti_desktop.photo.export.tiff_writer import write_tiff
from nti_desktop.photo.metadata import (
    LeftOut,
    Metadata,
    for_export,
    orientation_of,
    read_metadata,
    with_metadata,
    without_orientation,
)
from nti_desktop.photo.metadata.xmp_export import left_out_of_xmp
from nti_desktop.photo.reading.containers import Kind
from tests.metadata_files import (
    CAMERA_PACKET,
    FIRMWARE,
    LENS,
    NOTES,
    OWNER,
    PLACE_NAMES,
    SERIAL,
    THUMBNAIL,
    camera_jpeg,
    exif_block,
    iptc_record,
    tags_of,
)
from tests.picture_files import encoded, gamma_profile, smooth_picture, webp_chunks

KINDS: tuple[Kind, ...] = ("JPEG", "PNG", "TIFF", "WEBP")
SUFFIXES: Mapping[Kind, str] = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp"}
PROFILE = gamma_profile(1.0)
PICTURE = smooth_picture(50, 30)
PROGRAM, PROMPT = "A photo editor 1.0", "a garden <in> spring\0 & light"

CHANGED = {
    "IFD0:ImageWidth": 30,
    "IFD0:ImageHeight": 50,
    "IFD0:Orientation": 1,
    "ExifIFD:ExifImageWidth": 30,
    "ExifIFD:ExifImageHeight": 50,
    "XMP-tiff:Orientation": 1,
    "XMP-tiff:ImageWidth": 30,
    "XMP-tiff:ImageHeight": 50,
    "XMP-exif:ExifImageWidth": 30,
    "XMP-exif:ExifImageHeight": 50,
    "XMP-iptcExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
    "XMP-iptcExt:AISystemUsed": PROGRAM,
    "XMP-iptcExt:AIPromptInformation": "a garden <in> spring & light",
}
LEFT_OUT = {
    "IFD1:Compression",
    "IFD1:XResolution",
    "IFD1:YResolution",
    "IFD1:ThumbnailOffset",
    "IFD1:ThumbnailLength",
    "IFD1:ThumbnailImage",
    "XMP-xmp:Thumbnails",
    "XMP-hdrgm:Version",
    "XMP-hdrgm:GainMapMax",
    "XMP-GCamera:MotionPhoto",
    "XMP-GCamera:MicroVideoOffset",
    "XMP-Container:Directory",
    "XMP-dcterms:Provenance",
}
PLACE_TAGS = {
    "GPS:GPSVersionID",
    "GPS:GPSLatitudeRef",
    "GPS:GPSLatitude",
    "GPS:GPSLongitudeRef",
    "GPS:GPSLongitude",
    "XMP-drone:GpsLatitude",
    "XMP-exif:GPSMapDatum",
    "XMP-exif:GPSLatitude",
    "XMP-exif:GPSLongitude",
    "XMP-photoshop:City",
    "XMP-photoshop:State",
    "XMP-photoshop:Country",
    "XMP-iptcCore:Location",
    "XMP-iptcCore:CountryCode",
    "XMP-iptcExt:LocationShown",
    "XMP-iptcExt:LocationCreated",
    "IPTC:ContentLocationCode",
    "IPTC:ContentLocationName",
    "IPTC:City",
    "IPTC:Sub-location",
    "IPTC:Province-State",
    "IPTC:Country-PrimaryLocationCode",
    "IPTC:Country-PrimaryLocationName",
}
# Written anew by each container: how exiftool saw the XMP cut in two, and how a TIFF's picture is stored.
OF_THE_CONTAINER = {
    "XMP-xmpNote:HasExtendedXMP",
    "IFD0:BitsPerSample",
    "IFD0:Compression",
    "IFD0:PhotometricInterpretation",
    "IFD0:StripOffsets",
    "IFD0:SamplesPerPixel",
    "IFD0:RowsPerStrip",
    "IFD0:StripByteCounts",
    "IFD0:PlanarConfiguration",
    "IFD0:Predictor",
}


def written(kind: Kind, metadata: Metadata) -> bytes:
    if kind == "TIFF":
        file = io.BytesIO()
        write_tiff(file, PICTURE, PROFILE, metadata)
        return file.getvalue()
    return with_metadata(encoded(PICTURE, kind, icc_profile=PROFILE), kind, metadata)


def edit_of(photo: bytes, kind: Kind, *, location: bool = True, prompt: str | None = PROMPT) -> bytes:
    metadata = read_metadata(io.BytesIO(photo), "JPEG")
    return written(kind, for_export(metadata, (30, 50), location=location, program=PROGRAM, prompt=prompt))


Told = Mapping[tuple[str, ...], Mapping[str, object]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What exiftool reads from the photo and its edits: by (order,), and by (order, kind, "with" or "without")."""
    folder = tmp_path_factory.mktemp("told")
    files: dict[tuple[str, ...], bytes] = {}
    for order in "<>":
        photo = files[order,] = camera_jpeg(order)
        for kind in KINDS:
            files[order, kind, "with"] = edit_of(photo, kind)
            files[order, kind, "without"] = edit_of(photo, kind, location=False)
    paths = [folder / str(number) for number in range(len(files))]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    return {
        name: {tag: value for tag, value in tags.items() if tag not in OF_THE_CONTAINER}
        for name, tags in zip(files, tags_of(*paths), strict=True)
    }


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_says_what_its_photo_says_but_for_what_would_lie(told: Told, kind: Kind, order: str) -> None:
    before, after = told[order,], told[order, kind, "with"]
    assert before.keys() >= LEFT_OUT | PLACE_TAGS
    expected = {name: value for name, value in {**before, **CHANGED}.items() if name not in LEFT_OUT}
    if kind == "WEBP":
        expected = {name: value for name, value in expected.items() if not name.startswith("IPTC:")}
    assert after == expected


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_without_location_says_the_same_but_for_the_places(told: Told, kind: Kind, order: str) -> None:
    somewhere, nowhere = told[order, kind, "with"], told[order, kind, "without"]
    assert nowhere == {name: value for name, value in somewhere.items() if name not in PLACE_TAGS}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_without_location_names_no_place_in_any_byte(kind: Kind, order: str) -> None:
    photo = camera_jpeg(order)
    somewhere, nowhere = (edit_of(photo, kind, location=location) for location in (True, False))
    latitude, longitude = (number.to_bytes(4, "little" if order == "<" else "big") for number in (1234567, 7654321))
    assert latitude in somewhere
    assert longitude in somewhere
    for trace in (latitude, longitude, b"22.2057", b"12.37", b"WGS-84", *(name.encode() for name in PLACE_NAMES)):
        assert trace not in nowhere


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_the_values_of_a_maker_note_with_absolute_offsets_stay_readable(told: Told, kind: Kind, order: str) -> None:
    after = told[order, kind, "without"]
    assert after["Canon:OwnerName"] == OWNER
    assert after["Canon:CanonFirmwareVersion"] == FIRMWARE
    assert after["Canon:SerialNumber"] == SERIAL
    assert after["Canon:LensModel"] == LENS


@pytest.mark.parametrize("kind", KINDS)
def test_ratings_keywords_and_a_text_longer_than_a_segment_are_kept(told: Told, kind: Kind) -> None:
    after = told["<", kind, "with"]
    assert after["IFD0:Rating"] == after["XMP-xmp:Rating"] == 4
    assert after["XMP-dc:Subject"] == ["garden", "gradient & light"]
    assert after["XMP-garden:Notes"] == NOTES
    assert kind == "WEBP" or after["IPTC:Keywords"] == ["garden", "gradient & light"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_thumbnail_and_of_the_gain_map_is_left_in_the_bytes(kind: Kind) -> None:
    photo = camera_jpeg()
    edit = edit_of(photo, kind)
    for trace in (
        THUMBNAIL[-40:-10],
        b"c29tZXRoaW5n",
        b"hdrgm",
        b"hdr-gain-map",
        b"photos/1.0/container",
        b"provenance",
    ):
        assert trace in photo
        assert trace not in edit


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_is_read_back_as_it_was_written(kind: Kind) -> None:
    metadata = for_export(read_metadata(io.BytesIO(camera_jpeg()), "JPEG"), (30, 50), program=PROGRAM)
    found = read_metadata(io.BytesIO(written(kind, metadata)), kind)
    assert orientation_of(found) == 1
    if kind != "TIFF":  # whose block is made of the file's tags
        assert found.exif == metadata.exif
    if kind != "JPEG":  # whose packet was cut in two and joined
        assert found.xmp == metadata.xmp
    assert found.iptc == (b"" if kind == "WEBP" else metadata.iptc)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_and_the_profile_of_an_edit_are_those_without_metadata(kind: Kind) -> None:
    pictures = [Image.open(io.BytesIO(data)) for data in (written(kind, Metadata()), edit_of(camera_jpeg(), kind))]
    assert pictures[0].size == (30, 50)
    assert pictures[0].tobytes() == pictures[1].tobytes()
    assert [picture.info["icc_profile"] for picture in pictures] == [PROFILE, PROFILE]


def test_a_photo_that_says_nothing_gets_an_edit_that_says_only_what_it_is(tmp_path: Path) -> None:
    photo = encoded(smooth_picture(), "JPEG")
    paths = [tmp_path / kind for kind in KINDS]
    for path, kind in zip(paths, KINDS, strict=True):
        path.write_bytes(edit_of(photo, kind, prompt=None))
    resolution = {"IFD0:XResolution", "IFD0:YResolution", "IFD0:ResolutionUnit", "IFD0:ImageWidth", "IFD0:ImageHeight"}
    for kind, tags in zip(KINDS, tags_of(*paths), strict=True):
        said = tags.keys() - (resolution | OF_THE_CONTAINER if kind == "TIFF" else set())
        assert said == {"XMP-iptcExt:DigitalSourceType", "XMP-iptcExt:AISystemUsed"}


@pytest.mark.parametrize("order", "<>")
def test_a_block_without_orientation_goes_through_pillows_avif_writer_as_it_is(tmp_path: Path, order: str) -> None:
    metadata = for_export(read_metadata(io.BytesIO(camera_jpeg(order)), "JPEG"), (30, 50), program=PROGRAM)
    upright = without_orientation(metadata)
    assert len(upright.exif) == len(metadata.exif)
    (tmp_path / "edit.avif").write_bytes(encoded(PICTURE, "AVIF", exif=upright.exif, xmp=upright.xmp))
    (tmp_path / "edit.jpg").write_bytes(written("JPEG", metadata))
    avif, jpeg = tags_of(tmp_path / "edit.avif", tmp_path / "edit.jpg")
    assert avif["Canon:OwnerName"] == OWNER
    left = OF_THE_CONTAINER | {"IFD0:Orientation"}
    assert avif == {name: value for name, value in jpeg.items() if name not in left and not name.startswith("IPTC:")}


def test_exif_too_long_for_a_segment_is_left_out_of_a_jpeg_whole_and_the_rest_carries_on(tmp_path: Path) -> None:
    long = Metadata(exif_block(thumbnail=b"\xff\xd8" + bytes(70_000)), CAMERA_PACKET)
    (tmp_path / "edit.jpg").write_bytes(written("JPEG", long))
    (after,) = tags_of(tmp_path / "edit.jpg")
    assert after["XMP-xmp:Rating"] == 4
    assert not any(name.startswith(("IFD0:", "ExifTool:")) for name in after)


def test_exif_that_just_fits_into_a_segment_is_written() -> None:
    room = 65_527 - len(exif_block(thumbnail=b""))
    fitting, too_long = (Metadata(exif_block(thumbnail=bytes(size))) for size in (room, room + 1))
    assert read_metadata(io.BytesIO(written("JPEG", fitting)), "JPEG").exif == fitting.exif
    assert read_metadata(io.BytesIO(written("JPEG", too_long)), "JPEG").exif == b""


def test_iptc_longer_than_a_segment_is_spread_over_several(tmp_path: Path) -> None:
    caption = b"\x1c\x02\x78\x80\x04" + (100_000).to_bytes(4) + b"c" * 100_000
    data = written("JPEG", Metadata(iptc=caption))
    assert read_metadata(io.BytesIO(data), "JPEG").iptc == caption
    (tmp_path / "edit.jpg").write_bytes(data)
    assert tags_of(tmp_path / "edit.jpg")[0]["IPTC:Caption-Abstract"] == "c" * 100_000


def test_a_record_in_the_extended_form_is_followed_like_any_other() -> None:
    caption = b"\x1c\x02\x78\x80\x02\0\x05words"
    city = b"\x1c\x02\x5a\x80\x01\x05Delft"
    metadata = Metadata(iptc=city + caption + city + caption)
    assert for_export(metadata, (30, 50), location=False, program=PROGRAM).iptc == caption * 2


def test_a_preview_among_the_records_is_left_out() -> None:
    preview = iptc_record(200, b"\0\x0b") + iptc_record(201, b"\0\1") + iptc_record(202, THUMBNAIL)
    title = iptc_record(5, b"A gradient")
    assert for_export(Metadata(iptc=preview + title), (30, 50), program=PROGRAM).iptc == title


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exact": True, "icc_profile": gamma_profile(1.8)}])
@pytest.mark.parametrize("channels", ["RGB", "RGBA"])
def test_any_webp_takes_metadata_and_keeps_its_transparency(options: dict[str, object], channels: str) -> None:
    picture = Image.fromarray(PICTURE).convert(channels)
    if channels == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    plain = encoded(picture, "WEBP", **options)
    edit = with_metadata(plain, "WEBP", Metadata(exif_block(), CAMERA_PACKET))
    opened, before = Image.open(io.BytesIO(edit)), Image.open(io.BytesIO(plain))
    assert opened.mode == channels
    assert opened.tobytes() == before.tobytes()
    assert opened.info["xmp"] == CAMERA_PACKET
    assert opened.getexif()[0x010F] == "Canon"
    flags = dict(webp_chunks(edit))[b"VP8X"][0]
    assert bool(flags & 0x10) == (channels == "RGBA")


REGIONS = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:ColorSpace="65535"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:ICCProfile="Adobe RGB (1998)" photoshop:ColorMode="4"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#">
<exif:SubjectArea><rdf:Seq><rdf:li>10</rdf:li><rdf:li>20</rdf:li></rdf:Seq></exif:SubjectArea>
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:Name>Anna</mwg-rs:Name>
<mwg-rs:AppliedToDimensions %s</mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""
FORMS = (
    b'stDim:w="60" stDim:h="100" stDim:unit="pixel"/>',
    b'rdf:parseType="Resource"><stDim:w>60</stDim:w><stDim:h>100</stDim:h></mwg-rs:AppliedToDimensions>',
)


def placed_exif(orientation: int) -> bytes:
    """Of a stored picture of 60 by 100 pixels in Adobe RGB, with the place of its subject."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x8769] = {0x9214: (10, 20), 0xA001: 0xFFFF, 0xA002: 60, 0xA003: 100, 0xA005: {1: "R03"}}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def stated(exif: bytes) -> dict[int, object]:
    """Of the EXIF directory, with the index of the one for interoperability under 1."""
    read = Image.Exif()
    read.load(exif)
    return read.get_ifd(0x8769) | read.get_ifd(0xA005)


@pytest.mark.parametrize("form", FORMS)
def test_places_in_the_picture_are_told_only_where_they_are_still_true(form: bytes) -> None:
    xmp = REGIONS % form
    same = for_export(Metadata(placed_exif(1), xmp), (60, 100), program=None)
    assert stated(same.exif)[0x9214] == (10, 20)
    assert b"SubjectArea" in same.xmp

    smaller = for_export(Metadata(placed_exif(1), xmp), (30, 50), program=None)
    assert 0x9214 not in stated(smaller.exif)
    assert b"SubjectArea" not in smaller.xmp
    assert b"Anna" in smaller.xmp
    assert (b"60" in smaller.xmp, b"100" in smaller.xmp, b"30" in smaller.xmp) == (False, False, True)

    turned = for_export(Metadata(placed_exif(6), xmp), (100, 60), program=None)
    assert 0x9214 not in stated(turned.exif)
    assert b"Anna" not in turned.xmp
    assert left_out_of_xmp(xmp, turned=True) == {LeftOut.REGIONS}
    assert left_out_of_xmp(xmp, turned=False) == set()


@pytest.mark.parametrize(("srgb", "space", "index"), [(True, 1, "R98"), (False, 0xFFFF, "R03")])
def test_the_colour_space_is_told_that_the_export_is_in(srgb: bool, space: int, index: str) -> None:
    made = for_export(Metadata(placed_exif(1), REGIONS % FORMS[0]), (60, 100), program=None, srgb=srgb)
    told = stated(made.exif)
    assert (told[0xA001], told[1]) == (space, index)
    assert f'exif:ColorSpace="{space}"'.encode() in made.xmp
    assert b"Adobe RGB" not in made.xmp
    assert b"ColorMode" not in made.xmp
