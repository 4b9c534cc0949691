"""Resolution, texts and profiles a little off are in a photo's exports; what is not is said, with the reason."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from lxml import etree
from PIL import Image

from nti_desktop.photo.colour import srgb_profile
from nti_desktop.photo.export.export import Exported, export_picture
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.metadata import left_out_of_heif
from nti_desktop.photo.photo import full_raster, open_photo
from nti_desktop.photo.raster import Raster
from tests.metadata_files import exif_block, jpeg_with, resource, segment, tags_of
from tests.picture_files import encoded, noisy_picture, png_chunk, smooth_picture, tiff_file
from tests.profiles import DISPLAY_P3
from tests.witnesses import profile_read_by_imagemagick, tags_read_by_exiftool

SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".avif")
PICTURE = smooth_picture()


def exported(folder: Path, data: bytes, suffix: str, name: str = "photo") -> tuple[Path, Exported]:
    original = folder / name
    original.write_bytes(data)
    target = folder / ("edit" + suffix)
    done = export_picture(Raster(PICTURE), target, original=original, conflict=Conflict.OVERWRITE)
    assert done.path is not None
    return done.path, done


def with_chunks(*chunks: bytes) -> bytes:
    data = encoded(PICTURE, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def exif_saying(across: float, down: float, unit: int = 2) -> bytes:
    made = Image.Exif()
    made[0x011A], made[0x011B], made[0x0128] = across, down, unit
    return made.tobytes()


def exif_maker() -> bytes:
    made = Image.Exif()
    made[0x010F] = "A maker"
    return made.tobytes()


PHOTOSHOP = struct.pack(">LHHLHH", 300 << 16, 1, 1, 150 << 16, 1, 1)  # ResolutionInfo, Adobe Photoshop File Formats
PER_METRE = png_chunk(b"pHYs", struct.pack(">LLB", 11811, 5906, 1))
RESOLUTIONS = {
    "JFIF": encoded(PICTURE, "JPEG", dpi=(300, 150)),
    "JFIF beside EXIF's unknown": encoded(PICTURE, "JPEG", dpi=(300, 150), exif=exif_saying(72, 72)),
    "EXIF": encoded(PICTURE, "JPEG", exif=exif_saying(300, 150)),
    "EXIF in centimetres": encoded(PICTURE, "JPEG", exif=exif_saying(300 / 2.54, 150 / 2.54, 3)),
    "EXIF in a PNG": encoded(PICTURE, "PNG", exif=exif_saying(300, 150)),
    "Photoshop": jpeg_with([segment(0xED, b"Photoshop 3.0\0" + resource(0x03ED, PHOTOSHOP))]),
    "pHYs": with_chunks(PER_METRE),
    "pHYs beside EXIF that does not say": encoded(PICTURE, "PNG", dpi=(300, 150), exif=exif_maker()),
    "TIFF": encoded(PICTURE, "TIFF", x_resolution=300, y_resolution=150, resolution_unit=2),
}


@pytest.mark.parametrize("source", RESOLUTIONS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_has_the_photos_resolution_in_every_place(tmp_path: Path, source: str, suffix: str) -> None:
    path, _ = exported(tmp_path, RESOLUTIONS[source], suffix)
    tags = tags_read_by_exiftool(path)
    if source != "JFIF beside EXIF's unknown" or suffix == ".png":
        per_inch = 2.54 if tags["IFD0:ResolutionUnit"] == "cm" else 1
        found = [float(tags[f"IFD0:{side}Resolution"]) * per_inch for side in "XY"]
        expected = [72, 72] if "unknown" in source else [300, 150]
        assert np.allclose(found, expected, atol=0.01)
    if suffix == ".jpg":
        assert [tags[f"JFIF:{name}"] for name in ("XResolution", "YResolution", "ResolutionUnit")] == [
            300,
            150,
            "inches",
        ]
    if suffix == ".png":
        assert [tags[f"PNG-pHYs:{name}"] for name in ("PixelsPerUnitX", "PixelsPerUnitY")] == [11811, 5906]


def test_layers_have_the_photos_resolution(tmp_path: Path) -> None:
    for source, expected in ((RESOLUTIONS["JFIF"], ("300", "150")), (encoded(PICTURE, "PNG"), (None, None))):
        path, _ = exported(tmp_path, source, ".ora")
        with zipfile.ZipFile(path) as archive:
            image = etree.fromstring(archive.read("stack.xml"))
        assert (image.get("xres"), image.get("yres")) == expected


@pytest.mark.parametrize("source", [encoded(PICTURE, "PNG"), encoded(PICTURE, "JPEG"), encoded(PICTURE, "WEBP")])
def test_a_resolution_that_nobody_stated_is_not_made_up(tmp_path: Path, source: bytes) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        path, _ = exported(tmp_path, source, suffix)
        assert not [name for name in tags_read_by_exiftool(path) if "Resolution" in name or "pHYs" in name]
    path, _ = exported(tmp_path, source, ".tif")
    assert tags_read_by_exiftool(path)["IFD0:ResolutionUnit"] == "None"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("source", ["EXIF", "JFIF"])
def test_resolutions_across_and_down_change_places_with_the_sides(tmp_path: Path, suffix: str, source: str) -> None:
    made = Image.Exif()
    made[0x0112] = 6
    if source == "EXIF":
        made[0x011A], made[0x011B], made[0x0128] = 300.0, 150.0, 2
    dpi = {} if source == "EXIF" else {"dpi": (300, 150)}
    path, _ = exported(tmp_path, encoded(PICTURE, "JPEG", exif=made, **dpi), suffix)
    tags = tags_read_by_exiftool(path)
    assert (tags["IFD0:XResolution"], tags["IFD0:YResolution"]) == (150, 300)
    if suffix == ".png":
        assert (tags["PNG-pHYs:PixelsPerUnitX"], tags["PNG-pHYs:PixelsPerUnitY"]) == (5906, 11811)


def test_maker_notes_stay_readable_where_a_resolution_was_added(tmp_path: Path) -> None:
    source = encoded(PICTURE, "PNG", dpi=(300, 300), exif=exif_block(orientation=1))
    path, _ = exported(tmp_path, source, ".jpg")
    (tags,) = tags_of(path)
    assert any(name.startswith("Canon:") for name in tags)
    assert "ExifTool:Warning" not in tags


TEXTS = with_chunks(
    png_chunk(b"tEXt", b"Copyright\0(c) 2024 Jane Doe"),
    png_chunk(b"iTXt", b"Author\0\0\0\0\0" + "Jáne Döe ✓".encode()),
    png_chunk(b"tEXt", b"title\0A garden"),
    png_chunk(b"tEXt", b"Comment\0by hand"),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_author_and_the_copyright_of_a_png_are_in_every_export(tmp_path: Path, suffix: str) -> None:
    path, done = exported(tmp_path, TEXTS, suffix)
    tags = tags_read_by_exiftool(path)
    assert tags["IFD0:Copyright"] == "(c) 2024 Jane Doe"
    assert tags["IFD0:Artist"] == "Jáne Döe ✓"
    said = " ".join(done.notes)
    assert ("“Title”" in said) == (suffix != ".png")
    assert ("“Comment”" in said) == (suffix not in (".png", ".jpg"))
    if suffix == ".png":
        assert [tags[f"PNG:{name}"] for name in ("Copyright", "Author", "Title", "Comment")] == [
            "(c) 2024 Jane Doe", "Jáne Döe ✓", "A garden", "by hand",
        ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_jpegs_comment_is_in_its_export(tmp_path: Path, suffix: str) -> None:
    path, done = exported(tmp_path, encoded(PICTURE, "JPEG", comment="naïve".encode()), suffix)
    tags = tags_read_by_exiftool(path)
    assert tags["File:Comment" if suffix == ".jpg" else "PNG:Comment"] == "naïve"
    assert done.notes == ()


def test_texts_that_a_program_keeps_for_itself_are_left_out_and_said(tmp_path: Path) -> None:
    path, done = exported(tmp_path, with_chunks(png_chunk(b"tEXt", b"parameters\0a prompt")), ".png")
    assert b"a prompt" not in path.read_bytes()
    assert done.notes == (
        "Not copied, as it may speak of the photo before the edit: texts that other programs keep in the file for "
        "themselves.",
    )
    _, done = exported(tmp_path, with_chunks(png_chunk(b"tEXt", b"date:create\x002024")), ".png")
    assert done.notes == ()


@pytest.mark.parametrize("suffix", [".png", ".ora", ".tif", ".jpg"])
@pytest.mark.parametrize("off", [b"\0\0", b"\0", b"xyz"])
def test_a_photo_whose_profile_has_bytes_too_many_is_exported_with_it(tmp_path: Path, suffix: str, off: bytes) -> None:
    original = tmp_path / "photo.jpg"
    original.write_bytes(encoded(noisy_picture(), "JPEG", icc_profile=DISPLAY_P3 + off))
    photo = open_photo(original)
    path = export_picture(full_raster(photo), tmp_path / ("edit" + suffix), original=original).path
    assert path is not None
    if suffix != ".ora":
        assert profile_read_by_imagemagick(path) == DISPLAY_P3
        assert open_photo(path).profile == DISPLAY_P3


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".ora"])
@pytest.mark.parametrize("fault", ["cut", "intent", "illuminant", "no place"])
def test_no_fault_of_a_profile_keeps_a_picture_from_being_written(tmp_path: Path, suffix: str, fault: str) -> None:
    profile = bytearray(srgb_profile())
    if fault == "cut":
        del profile[-2:]
    elif fault == "intent":
        profile[64:68] = b"\xff\xff\xff\xff"
    elif fault == "illuminant":
        profile[68:80] = struct.pack(">3i", 62289, 65536, 71372)
    else:
        profile[16:20] = b"RGBx"
    original = tmp_path / "photo.jpg"
    original.write_bytes(encoded(noisy_picture(), "JPEG", icc_profile=bytes(profile)))
    photo = open_photo(original)
    path = export_picture(full_raster(photo), tmp_path / ("edit" + suffix), original=original).path
    assert path is not None
    if suffix == ".png":
        assert np.array_equal(open_photo(path).pixels, photo.pixels)


def test_exif_too_long_for_a_jpeg_keeps_all_but_the_maker_note_and_what_belongs_to_nothing(tmp_path: Path) -> None:
    block = exif_block(orientation=1) + b"x" * 100_000
    original = encoded(PICTURE, "PNG")
    original = original[:33] + png_chunk(b"eXIf", block) + original[33:]
    path, done = exported(tmp_path, original, ".jpg")
    whole, _ = exported(tmp_path, original, ".tif")
    short, long = tags_of(path, whole)
    kept = {name for name in long if name.split(":")[0] in ("IFD0", "ExifIFD", "GPS", "InteropIFD")}
    picture = {name for name in kept if name not in short}
    assert all(name.startswith("IFD0:") for name in picture)
    assert {"IFD0:Make", "GPS:GPSLatitude", "ExifIFD:LensModel"} <= kept - picture
    assert not any(name.startswith(("Canon:", "ExifIFD:MakerNote", "ExifTool:")) for name in short)
    assert all(short[name] == long[name] for name in kept - picture)
    assert done.notes[-1] == (
        "JPEG has no place for so much EXIF data, so the maker note was left out; TIFF and PNG have."
    )


def test_one_value_too_long_for_a_jpeg_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    made = Image.Exif()
    made[0x010F], made[0x0110], made[0x013B] = "A maker", "A camera", "x" * 70_000
    path, done = exported(tmp_path, encoded(PICTURE, "PNG", exif=made), ".jpg")
    tags = tags_read_by_exiftool(path)
    assert (tags["IFD0:Make"], tags["IFD0:Model"]) == ("A maker", "A camera")
    assert "IFD0:Artist" not in tags
    assert "the longest values were left out" in done.notes[-1]


def test_a_saved_selection_is_said_not_to_be_exported(tmp_path: Path) -> None:
    rows = np.concatenate([PICTURE, np.zeros((40, 60, 1), np.uint8)], axis=2).tobytes()
    for kinds, is_said in (([0], True), ([2], False), ([1], False)):
        _, done = exported(tmp_path, tiff_file(rows, 60, 40, bits=(8,) * 4, extra=[(338, 3, kinds)]), ".tif")
        assert any("saved selections" in note for note in done.notes) == is_said


@pytest.mark.parametrize(
    ("exif", "what"),
    [(exif_block(), "the embedded preview"), (b"II*\0\xff\0\0\0", "damaged EXIF data")],
)
@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_what_of_the_exif_of_a_heic_or_avif_is_never_copied_is_said(suffix: str, exif: bytes, what: str) -> None:
    data = heic() if suffix == ".heic" else encoded(PICTURE, "AVIF")
    with io.BytesIO(data) as file:
        assert left_out_of_heif(file) == ()
    # pillow-heif and Pillow write blocks anew, so a marked one of the same length is put in its place
    placeholder = Image.Exif()
    placeholder[0x010E] = "x" * (len(exif) + 100)
    block = placeholder.tobytes()
    data = heic(exif=block) if suffix == ".heic" else encoded(PICTURE, "AVIF", exif=block)
    at = data.index(block[6:])
    with io.BytesIO(data[:at] + exif.ljust(len(block) - 6, b"\0") + data[at + len(block) - 6 :]) as file:
        assert left_out_of_heif(file) == (what,)


def heic(**options: object) -> bytes:
    image = pillow_heif.from_bytes(mode="RGB", size=(128, 128), data=smooth_picture(128, 128).tobytes())
    data = io.BytesIO()
    image.save(data, quality=80, **options)
    return data.getvalue()


ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
SEEN_THROUGH = np.concatenate([smooth_picture(64, 64), np.full((64, 64, 1), 99, np.uint8)], axis=2)
WITH_AUXILIARY = encoded(SEEN_THROUGH, "AVIF", quality=50)
HEIFS = {
    "nothing": (heic(), None),
    "tiles": (heic(tile_size=64), None),
    "transparency": (WITH_AUXILIARY, None),
    "a thumbnail": (heic(thumbnails=[32]), "the embedded preview"),
    "a gain map of ISO 21496-1": (
        WITH_AUXILIARY.replace(ALPHA, b"urn:iso:std:iso:ts:21496:-1".ljust(len(ALPHA), b"\0")), "the gain map"
    ),
    "a gain map of Apple": (
        WITH_AUXILIARY.replace(ALPHA, b"urn:com:apple:photo:2020:aux:hdrgainmap".ljust(len(ALPHA), b"\0")),
        "the gain map",
    ),
    "a depth map": (
        WITH_AUXILIARY.replace(ALPHA, b"urn:mpeg:hevc:2015:auxid:2".ljust(len(ALPHA), b"\0")), "further pictures"
    ),
    "a film": (heic() + struct.pack(">L4s", 16, b"mpvd") + bytes(8), "the video of a motion photo"),
}  # fmt: skip


@pytest.mark.parametrize("what", HEIFS)
def test_what_a_heic_holds_besides_is_said_not_to_be_exported(tmp_path: Path, what: str) -> None:
    data, phrase = HEIFS[what]
    _, done = exported(tmp_path, data, ".tif", "photo.heic")
    assert done.notes == () if phrase is None else phrase in done.notes[0]


@pytest.mark.parametrize(
    "tail", [struct.pack(">L4s", 24, b"ftyp") + b"mp42" + bytes(12), bytes(8) + b"MotionPhoto_Data" + bytes(99)]
)
def test_a_film_behind_a_jpeg_is_said_not_to_be_exported(tmp_path: Path, tail: bytes) -> None:
    _, done = exported(tmp_path, jpeg_with([segment(0xFE, b"a comment")]) + tail, ".jpg")
    assert done.notes == ("Not copied, as an export is one picture and no more: the video of a motion photo.",)
