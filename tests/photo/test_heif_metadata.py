"""Metadata of HEIC and AVIF is found, and does not count for the photo's identity, as all pixels do."""

import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.photo.reading.heif import heif_metadata, heif_parts
from tests.heif_files import KINDS, PICTURE, XMP, exif, heic, identity, replaced, saved
from tests.picture_files import gamma_profile

exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


@pytest.mark.parametrize("kind", KINDS)
def test_exif_and_xmp_are_found(kind: str) -> None:
    described, packet = heif_metadata(io.BytesIO(KINDS[kind](PICTURE)))
    assert described[:4] in (b"MM\0*", b"II*\0")
    assert b"a description" in described
    assert packet == XMP


def test_exif_whose_offset_forgets_its_name_is_found() -> None:
    data = replaced(KINDS["HEIC"](PICTURE), b"\0\0\0\6Exif\0\0", b"\0\0\0\0Exif\0\0")
    assert b"a description" in heif_metadata(io.BytesIO(data))[0]


def test_data_without_a_length_goes_to_the_end_of_the_file() -> None:
    plain = heic(PICTURE)
    (data,) = [part for part in heif_parts(io.BytesIO(plain)) or () if part.name == b"hvc1"]
    assert data.start + data.size == len(plain)
    without = replaced(plain, struct.pack(">HII", 1, 0, data.size), struct.pack(">HII", 1, 0, 0))
    assert identity(without) == identity(plain)


def test_without_metadata_there_is_none() -> None:
    assert heif_metadata(io.BytesIO(heic(PICTURE))) == (b"", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_keeps_the_identity_and_a_changed_pixel_does_not(kind: str) -> None:
    changed = PICTURE.copy()
    changed[10, 10] ^= 0x80
    assert identity(KINDS[kind](PICTURE)) != identity(KINDS[kind](changed))
    if kind == "HEIC":
        assert identity(KINDS[kind](PICTURE)) == identity(heic(PICTURE))


def test_another_profile_and_another_turn_change_the_identity() -> None:
    made = [heic(PICTURE, icc_profile=gamma_profile(gamma)) for gamma in (1.0, 1.8)]
    made += [heic(PICTURE, exif=exif(orientation)) for orientation in (1, 3, 6)]
    assert len({identity(data) for data in made}) == len(made)


def test_all_tiles_and_the_transparency_count() -> None:
    tiled, with_alpha = (
        io.BytesIO(heic(PICTURE, tile_size=64)),
        io.BytesIO(heic(np.dstack([PICTURE] * 2)[..., :4], "RGBA")),
    )
    names = [part.name for part in heif_parts(tiled) or ()]
    assert (names.count(b"grid"), names.count(b"hvc1")) == (1, 2)
    assert [part.name for part in heif_parts(with_alpha) or ()].count(b"hvc1") == 2


def test_a_thumbnail_does_not_count() -> None:
    plain, with_thumbnail = heic(PICTURE), heic(PICTURE, thumbnails=[32])
    assert with_thumbnail.count(b"infe") == plain.count(b"infe") + 1
    assert identity(plain) == identity(with_thumbnail)


@exiftool
@pytest.mark.parametrize("kind", KINDS)
def test_a_star_rating_keeps_the_identity(tmp_path: Path, kind: str) -> None:
    whole = KINDS[kind](PICTURE)
    path = saved(tmp_path, whole)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-Rating=5", "-XMP:Rating=5", "-Artist=" + "someone" * 40, path],
        check=True,
    )
    assert path.read_bytes() != whole
    assert identity(path.read_bytes()) == identity(whole)
    assert b"someone" in heif_metadata(io.BytesIO(path.read_bytes()))[0]
