"""HEIC and AVIF: which files are, their pixels, colours and orientation, and what of them is refused."""

import io
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import pyvips
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.reading.heif import heif_metadata, read_heif_header
from nti_desktop.photo.reading.heif_boxes import heif_kind, is_animated
from nti_desktop.photo.reading.heif_decode import decode_heif
from tests.heif_files import KINDS, NCLX, PICTURE, avif, exif, heic, identity, replaced, saved
from tests.picture_files import encoded, gamma_profile, noisy_picture

exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIC"),
        (b"mif1\0\0\0\0mif1heix", "HEIC"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"avis\0\0\0\0avifavismsf1", "AVIF"),
        (b"msf1\0\0\0\0hevc", "HEIC"),
        (b"mif1\0\0\0\0mif1", "HEIC"),
        (b"isom\0\0\0\0isommp41", None),
        (b"crx \0\0\0\1crx isom", None),
        (b"", None),
    ],
)
def test_the_brands_tell_the_kind(brands: bytes, kind: str | None) -> None:
    head = struct.pack(">I", len(brands) + 8) + b"ftyp" + brands
    assert heif_kind(head + b"avif behind the box") == kind


def test_other_files_are_neither() -> None:
    for head in (b"", b"\xff\xd8\xff", b"\0\0\0\x20ftyp", b"RIFF\0\0\0\0WEBP"):
        assert heif_kind(head) is None


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_eight_bits_come_back_as_they_were(tmp_path: Path, kind: str) -> None:
    data = {"HEIC": heic, "AVIF": avif}[kind](PICTURE)
    pixels, profile = decode_heif(saved(tmp_path, data))
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - PICTURE).max() <= 1
    assert profile is None
    assert heif_kind(data[:64]) == kind


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize("bits", [10, 12])
def test_more_bits_fill_the_whole_sixteen_bit_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, bits: int
) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    steps = np.linspace(0, 65535, 128).astype(np.uint16)
    picture = np.ascontiguousarray(np.broadcast_to(steps[:, None], (64, 128, 3)))
    data = avif(picture, bits) if kind == "AVIF" else heic(picture)
    pixels, _ = decode_heif(saved(tmp_path, data))
    head = read_heif_header(io.BytesIO(data))
    assert pixels.dtype == np.uint16
    assert (pixels.min(), pixels.max()) == (0, 65535)
    assert np.abs(pixels.astype(int) - picture).max() <= 65536 // 2**bits * 2
    assert head is not None
    assert head.bits == bits


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_come_upright_as_their_boxes_say(tmp_path: Path, kind: str, orientation: int) -> None:
    if kind == "HEIC":
        data = heic(PICTURE, exif=exif(orientation))
    else:
        data = encoded(PICTURE, "AVIF", exif=exif(orientation), quality=100, subsampling="4:4:4", speed=10)
    pixels, _ = decode_heif(saved(tmp_path, data))
    head = read_heif_header(io.BytesIO(data))
    expected = turned(PICTURE, orientation)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= 4
    assert head is not None
    assert head.size == pixels.shape[1::-1]
    assert head.stored_size == (128, 64)


@exiftool
def test_an_orientation_in_exif_has_no_say(tmp_path: Path) -> None:
    path = saved(tmp_path, KINDS["HEIC"](PICTURE))
    subprocess.run(["exiftool", "-q", "-n", "-overwrite_original", "-IFD0:Orientation=6", path], check=True)
    described, _ = heif_metadata(io.BytesIO(path.read_bytes()))
    tags = Image.Exif()
    tags.load(described)
    assert tags[0x0112] == 6
    assert decode_heif(path)[0].shape == PICTURE.shape


def test_a_crop_is_applied_and_told(tmp_path: Path) -> None:
    whole = heic(PICTURE, icc_profile=bytes(500), nclx_profile=None, save_nclx_profile=False)
    at = whole.index(b"colrprof")
    crop = struct.pack(">8I", 32, 1, 24, 1, 0, 1, 0, 1)
    cropped = whole[:at] + b"clap" + crop + whole[at + 4 + len(crop) :]
    head = read_heif_header(io.BytesIO(cropped))
    assert head is not None
    assert (head.size, head.stored_size) == ((32, 24), (128, 64))
    pixels, _ = decode_heif(saved(tmp_path, cropped))
    assert np.abs(pixels.astype(int) - PICTURE[20:44, 48:80]).max() <= 1
    other = replaced(cropped, crop, struct.pack(">8I", 30, 1, 24, 1, 0, 1, 0, 1))
    assert identity(other) != identity(cropped)


@pytest.mark.parametrize("mode", ["L", "L;16"])
def test_greys_become_equal_channels(tmp_path: Path, mode: str) -> None:
    grey = PICTURE[..., 0] if mode == "L" else PICTURE[..., 0].astype(np.uint16) * 257
    pixels, _ = decode_heif(saved(tmp_path, heic(grey, mode, chroma=None, matrix_coefficients=6)))
    assert pixels.shape == PICTURE.shape
    assert np.abs(pixels.astype(int) - grey[..., None]).max() <= (1 if mode == "L" else 70)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_transparency_is_kept(tmp_path: Path, kind: str) -> None:
    alpha = np.full((64, 128, 1), 255, np.uint8)
    alpha[:, :20] = 40
    picture = np.dstack([PICTURE, alpha])
    data = heic(picture, "RGBA") if kind == "HEIC" else encoded(picture, "AVIF", quality=100, speed=10)
    pixels, _ = decode_heif(saved(tmp_path, data))
    assert pixels.shape == (64, 128, 4)
    assert np.abs(pixels[..., 3:].astype(int) - alpha).max() <= 2


@pytest.mark.parametrize("which", [b"irot", b"imir"])
def test_a_picture_that_is_turned_otherwise_than_its_transparency_is_refused(tmp_path: Path, which: bytes) -> None:
    layers = np.dstack([PICTURE, PICTURE[..., 0]])
    data = encoded(layers, "AVIF", exif=exif(5), quality=100, subsampling="4:4:4", speed=10)
    decode_heif(saved(tmp_path, data))
    kept = numbered_properties(data)
    number = next(at for at, name in kept.items() if name == which)
    unmoved = next(at for at, name in kept.items() if name == b"pixi")
    at = data.index(b"ipma") + 12  # behind version, flags and the number of entries
    own = at + 3 + data[at + 2]  # the second item's entry
    entry = data[own : own + 3 + data[own + 2]]
    changed = entry[:3] + bytes(unmoved if one & 0x7F == number else one for one in entry[3:])
    assert changed != entry
    with pytest.raises(PhotoError, match="stored in a rare way"):
        decode_heif(saved(tmp_path, data[:own] + changed + data[own + len(entry) :]))


def numbered_properties(data: bytes) -> dict[int, bytes]:
    """The names of a HEIF's property boxes by their number, from 1."""
    at = data.index(b"ipco") - 4
    end, at, names = at + int.from_bytes(data[at : at + 4]), at + 8, {}
    while at < end:
        names[len(names) + 1] = data[at + 4 : at + 8]
        at += int.from_bytes(data[at : at + 4])
    return names


def test_colours_multiplied_by_their_transparency_are_divided_again(tmp_path: Path) -> None:
    alpha = np.full((64, 128, 1), 128, np.uint8)
    multiplied = np.round(PICTURE * (128 / 255)).astype(np.uint8)
    data = heic(np.dstack([multiplied, alpha]), "RGBa")
    pixels, _ = decode_heif(saved(tmp_path, data))
    assert np.abs(pixels[..., :3].astype(int) - PICTURE).max() <= 4
    assert identity(replaced(data, b"prem", b"preX")) != identity(data)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_the_embedded_profile_is_given_as_it_is(tmp_path: Path, kind: str) -> None:
    profile = gamma_profile(1.8)
    data = heic(PICTURE, icc_profile=profile) if kind == "HEIC" else encoded(PICTURE, "AVIF", icc_profile=profile)
    assert decode_heif(saved(tmp_path, data))[1] == profile


@pytest.mark.parametrize("data", [heic(PICTURE), avif(PICTURE)], ids=["HEIC", "AVIF"])
def test_named_primaries_become_a_profile(tmp_path: Path, data: bytes) -> None:
    display_p3 = replaced(data, b"nclx" + NCLX, b"nclx" + struct.pack(">HH", 12, 13))
    video = replaced(data, b"nclx" + NCLX, b"nclx" + struct.pack(">HH", 1, 1))
    assert decode_heif(saved(tmp_path, display_p3))[1] == pyvips.Image.profile_load("p3")
    assert decode_heif(saved(tmp_path, video))[1] is None


@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize("data", [heic(PICTURE), avif(PICTURE)], ids=["HEIC", "AVIF"])
def test_hdr_pictures_are_refused(tmp_path: Path, data: bytes, curve: int) -> None:
    path = saved(tmp_path, replaced(data, b"nclx" + NCLX, b"nclx" + struct.pack(">HH", 9, curve)))
    with pytest.raises(PhotoError, match=r"“photo\.heic” is an HDR picture .* export it in standard range"):
        decode_heif(path)


def test_colours_without_a_profile_here_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, replaced(avif(PICTURE), b"nclx" + NCLX, b"nclx" + struct.pack(">HH", 9, 10)))
    with pytest.raises(PhotoError, match="primaries 9, curve 10"):
        decode_heif(path)


def test_animations_are_refused_and_a_still_one_is_not(tmp_path: Path) -> None:
    frames = [Image.fromarray(noisy_picture(32, 32, seed)) for seed in range(3)]
    moving = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)
    assert is_animated(io.BytesIO(moving))
    with pytest.raises(PhotoError, match=r"“photo\.heic” is animated"):
        decode_heif(saved(tmp_path, moving))
    assert not is_animated(io.BytesIO(avif(PICTURE)))


def test_a_still_picture_with_a_burst_behind_it_opens(tmp_path: Path) -> None:
    frames = [Image.fromarray(noisy_picture(32, 32, seed)) for seed in range(3)]
    moving = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10, quality=100)
    still = moving[:8] + b"avif" + moving[12:]
    assert decode_heif(saved(tmp_path, still))[0].shape == (32, 32, 3)


def test_what_it_takes_to_read_heic_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match=r"save it as JPEG or TIFF .* with the Python package pillow-heif"):
        decode_heif(saved(tmp_path, heic(PICTURE)))
    assert decode_heif(saved(tmp_path, avif(PICTURE)))[0].shape == PICTURE.shape
