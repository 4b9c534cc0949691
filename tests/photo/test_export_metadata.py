"""Metadata carried from every kind of original."""

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest

from nti_desktop.photo.export.export import export_picture
from nti_desktop.photo.export.export_metadata import Provenance, carried_metadata, left_out_in_words
from nti_desktop.photo.metadata import LeftOut
from nti_desktop.photo.raster import Raster
from tests.metadata_files import exif_block
from tests.picture_files import encoded, smooth_picture
from tests.raw_files import dng_file
from tests.witnesses import tags_read_by_exiftool

PICTURE = Raster(smooth_picture())


def exported_from(original: Path) -> dict[str, object]:
    path = export_picture(PICTURE, original.with_name("edit.jpg"), original=original).path
    assert path is not None
    return tags_read_by_exiftool(path)


def test_a_raw_files_camera_is_named_in_the_export(tmp_path: Path) -> None:
    original = tmp_path / "photo.dng"
    original.write_bytes(dng_file(np.full((32, 32), 5000, np.uint16), orientation=6))
    tags = exported_from(original)
    assert tags["IFD0:Model"] == "Test Camera 1"
    assert tags["IFD0:Orientation"] == "Horizontal (normal)"
    assert not any("CFA" in name or "DNG" in name for name in tags)


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_phones_metadata_is_carried(tmp_path: Path, kind: str) -> None:
    original = tmp_path / f"photo.{kind}"
    if kind == "heic":
        image = pillow_heif.from_bytes(mode="RGB", size=(64, 64), data=smooth_picture(64, 64).tobytes())
        data = io.BytesIO()
        image.save(data, exif=b"Exif\0\0" + exif_block(), quality=90)
        original.write_bytes(data.getvalue())
    else:
        original.write_bytes(encoded(smooth_picture(64, 64), "AVIF", exif=exif_block(orientation=1)))
    tags = exported_from(original)
    assert tags["IFD0:Make"] == "Canon"
    assert tags.get("IFD0:Orientation", "Horizontal (normal)") == "Horizontal (normal)"


def test_an_original_that_is_gone_has_nothing_to_carry(tmp_path: Path) -> None:
    carried = carried_metadata(
        tmp_path / "gone.jpg", (10, 10), Provenance(), copy=True, location=True, prompt=False, srgb=True
    )
    assert (carried.metadata.exif, carried.metadata.xmp, carried.left_out) == (b"", b"", ())


def test_what_is_left_out_is_said_with_the_reason_that_is_true() -> None:
    assert left_out_in_words(()) == ()
    assert left_out_in_words((LeftOut.PREVIEW, LeftOut.GAIN_MAP, LeftOut.CREDENTIALS)) == (
        "Not copied, as it would no longer be true: the embedded preview, the gain map and content credentials.",
    )
    assert left_out_in_words((LeftOut.PREVIEW, LeftOut.VIDEO, LeftOut.DAMAGED_EXIF, LeftOut.DAMAGED_XMP)) == (
        "Not copied, as it would no longer be true: the embedded preview.",
        "Not copied, as an export is one picture and no more: the video of a motion photo.",
        "Not copied, as it cannot be read: damaged EXIF data and damaged XMP data.",
    )
