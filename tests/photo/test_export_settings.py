"""What an export keeps and what it changes when asked: depth, size, colours, metadata, layers."""

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.colour import srgb_profile, to_srgb
from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.export_metadata import Provenance
from nti_desktop.photo.export.openraster import Layered
from nti_desktop.photo.export.settings import ExportSettings
from nti_desktop.photo.photo import full_raster, open_photo
from nti_desktop.photo.raster import Raster
from tests.metadata_files import FIRMWARE, SERIAL, camera_jpeg
from tests.picture_files import smooth_picture
from tests.profiles import DISPLAY_P3, PRO_PHOTO
from tests.witnesses import as_read_by_imagemagick, profile_read_by_imagemagick, tags_read_by_exiftool

DEEP = np.random.default_rng(0).integers(0, 65536, (40, 60, 3), dtype=np.uint16)
EDITED = Provenance("Program 1.0", ("a red wall",))


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(camera_jpeg())
    return path


def exported(picture: Raster, original: Path, name: str, **options: Any) -> Path:
    path = export_picture(picture, original.with_name(name), original=original, **options).path
    assert path is not None
    return path


@pytest.mark.parametrize("profile", [None, DISPLAY_P3, PRO_PHOTO])
@pytest.mark.parametrize("pixels", [DEEP, (DEEP >> 8).astype(np.uint8)], ids=["16 bit", "8 bit"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_lossless_formats_keep_every_value_and_the_profile(
    original: Path, suffix: str, pixels: np.ndarray, profile: bytes | None
) -> None:
    path = exported(Raster(pixels, profile), original, f"edit{suffix}")
    expected = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257
    assert np.array_equal(as_read_by_imagemagick(path), expected)
    assert profile_read_by_imagemagick(path) == (profile or srgb_profile())
    reopened = full_raster(open_photo(path))
    assert np.array_equal(reopened.pixels, pixels)
    assert reopened.pixels.dtype == pixels.dtype


@pytest.mark.parametrize("bits", [8, 16])
def test_the_depth_can_be_chosen(original: Path, bits: int) -> None:
    path = exported(Raster(DEEP), original, "edit.tif", settings=ExportSettings(bits=bits))
    assert tags_read_by_exiftool(path)["IFD0:BitsPerSample"] == f"{bits} {bits} {bits}"
    difference = as_read_by_imagemagick(path).astype(int) - DEEP
    assert np.abs(difference).max() <= (0 if bits == 16 else 129)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lossy_formats_stay_close_and_keep_the_profile(original: Path, suffix: str) -> None:
    path = exported(Raster(smooth_picture(), DISPLAY_P3), original, f"edit{suffix}")
    photo = open_photo(path)
    assert np.abs(photo.pixels.astype(int) - smooth_picture()).mean() < 2
    assert photo.profile == DISPLAY_P3
    worse = exported(
        Raster(smooth_picture(), DISPLAY_P3), original, f"worse{suffix}", settings=ExportSettings(quality=20)
    )
    assert worse.stat().st_size < path.stat().st_size


def test_colours_can_be_halved_in_resolution(original: Path) -> None:
    noise = Raster((DEEP >> 8).astype(np.uint8))
    full = exported(noise, original, "full.jpg")
    half = exported(noise, original, "half.jpg", settings=ExportSettings(full_chroma=False))
    sampling = [tags_read_by_exiftool(path)["File:YCbCrSubSampling"] for path in (full, half)]
    assert sampling == ["YCbCr4:4:4 (1 1)", "YCbCr4:2:0 (2 2)"]


def test_colours_can_become_srgb(original: Path) -> None:
    picture = Raster(DEEP, DISPLAY_P3)
    path = exported(picture, original, "edit.png", settings=ExportSettings(srgb=True))
    assert profile_read_by_imagemagick(path) == srgb_profile()
    assert np.array_equal(as_read_by_imagemagick(path), to_srgb(picture))


@pytest.mark.parametrize(("longest", "size"), [(30, (30, 20)), (600, (60, 40)), (None, (60, 40))])
def test_a_picture_becomes_smaller_but_never_larger(original: Path, longest: int | None, size: tuple[int, int]) -> None:
    path = exported(Raster(smooth_picture()), original, "edit.png", settings=ExportSettings(longest_side=longest))
    with Image.open(path) as image:
        assert image.size == size
        assert np.abs(np.asarray(image).mean(axis=(0, 1)) - smooth_picture().mean(axis=(0, 1))).max() < 1.5


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_the_photos_metadata_goes_along_and_the_edit_says_what_it_is(original: Path, suffix: str) -> None:
    done = export_picture(
        Raster(smooth_picture()), original.with_name(f"edit{suffix}"), original=original, provenance=EDITED
    )
    assert done.path is not None
    tags = tags_read_by_exiftool(done.path)
    assert tags["IFD0:Make"] == "Canon"
    assert tags["Canon:CanonFirmwareVersion"] == FIRMWARE
    assert str(tags["Canon:SerialNumber"]).lstrip("0") == str(SERIAL)
    assert tags["XMP-iptcExt:DigitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    assert tags["XMP-iptcExt:AISystemUsed"] == "Program 1.0"
    assert "XMP-iptcExt:AIPromptInformation" not in tags
    assert tags.get("IFD0:Orientation", "Horizontal (normal)") == "Horizontal (normal)"
    assert "ExifTool:Warning" not in tags
    assert done.notes[0].startswith("Not copied, as it would no longer be true: the embedded preview")
    assert any("IPTC" in note for note in done.notes) == (suffix in (".webp", ".avif"))


def test_exif_that_a_jpeg_has_no_place_for_is_told_and_kept_by_a_tiff(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "A long description. " * 4_000
    photo = tmp_path / "photo.png"
    Image.fromarray(smooth_picture()).save(photo, exif=exif)
    jpeg, tiff = (
        export_picture(Raster(smooth_picture()), tmp_path / name, original=photo) for name in ("edit.jpg", "edit.tif")
    )
    assert [note for note in jpeg.notes if "EXIF" in note and "TIFF and PNG" in note]
    assert jpeg.path is not None
    assert "IFD0:ImageDescription" not in tags_read_by_exiftool(jpeg.path)
    assert tiff.notes == ()
    assert tiff.path is not None
    assert str(tags_read_by_exiftool(tiff.path)["IFD0:ImageDescription"]).startswith("A long description.")


def test_metadata_is_left_out_when_asked_and_the_edit_still_says_what_it_is(original: Path) -> None:
    settings = ExportSettings(metadata=False, prompt=True)
    path = exported(Raster(smooth_picture()), original, "edit.jpg", settings=settings, provenance=EDITED)
    tags = tags_read_by_exiftool(path)
    assert "IFD0:Make" not in tags
    assert tags["XMP-iptcExt:AIPromptInformation"] == "a red wall"
    assert "XMP-iptcExt:DigitalSourceType" in tags


def test_the_photo_itself_does_not_say_that_a_model_took_part(original: Path) -> None:
    tags = tags_read_by_exiftool(exported(Raster(smooth_picture()), original, "same.jpg"))
    assert tags["IFD0:Make"] == "Canon"
    assert not [name for name in tags if "DigitalSourceType" in name or "AISystem" in name]


def test_layers_are_the_photo_the_edit_and_the_mask_and_together_the_picture(original: Path) -> None:
    photo, picture = DEEP, DEEP.copy()
    picture[10:20, 10:30] = 1234
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 10:30] = 200
    target = original.with_name("layers.ora")
    export_picture(
        Raster(picture, DISPLAY_P3),
        target,
        original=original,
        layers=lambda: Layered(Raster(photo, DISPLAY_P3), mask),
        provenance=EDITED,
    )
    with zipfile.ZipFile(target) as archive:
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.read("mimetype") == b"image/openraster"
        stack = ElementTree.fromstring(archive.read("stack.xml"))
        named = [(layer.get("name"), layer.get("visibility")) for layer in stack.iter("layer")]
        assert named == [("Mask", "hidden"), ("Edit", "visible"), ("Photo", "visible")]
        with Image.open(io.BytesIO(archive.read("data/mask.png"))) as image:
            assert np.array_equal(np.asarray(image), mask)
        layers = {}
        for name in ("data/photo.png", "data/edit.png", "mergedimage.png"):
            path = original.with_name(Path(name).name)
            path.write_bytes(archive.read(name))
            layers[name] = as_read_by_imagemagick(path)
        with Image.open(io.BytesIO(archive.read("data/edit.png"))) as image:
            opaque = np.asarray(image.getchannel("A")) > 0
        assert max(Image.open(archive.open("Thumbnails/thumbnail.png")).size) <= 256
    assert np.array_equal(layers["data/photo.png"], photo)
    assert np.array_equal(layers["mergedimage.png"], picture)
    assert opaque.sum() == 200
    assert np.array_equal(np.where(opaque[..., None], layers["data/edit.png"], layers["data/photo.png"]), picture)


@pytest.mark.parametrize(
    ("settings", "sentence"), [({"quality": 0}, "quality"), ({"bits": 12}, "8 or 16"), ({"longest_side": 0}, "longest")]
)
def test_settings_out_of_range_are_refused(settings: dict[str, int], sentence: str) -> None:
    with pytest.raises(PhotoError, match=sentence):
        ExportSettings(**settings)
