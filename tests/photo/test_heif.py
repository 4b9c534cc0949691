"""HEIC and AVIF: pixels, colours, orientation; metadata does not count for identity, and no bytes are too broken."""

import hashlib
import io
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.orientation import turned
from nti_desktop.photo.reading import header
from nti_desktop.photo.reading.containers import read_at
from nti_desktop.photo.reading.heif import heif_metadata, heif_parts, read_heif_header
from nti_desktop.photo.reading.heif_boxes import heif_kind, is_animated, read_boxes
from nti_desktop.photo.reading.heif_decode import decode_heif
from tests.picture_files import encoded, gamma_profile, noisy_picture, smooth_picture

PICTURE = smooth_picture(64, 128)  # multiples of 64, as HEVC's encoder pads others
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
NCLX = struct.pack(">HH", 1, 13)  # BT.709 primaries, sRGB curve
exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


def heic(pixels: NDArray[np.generic], mode: str | None = None, **options: object) -> bytes:
    """A lossless HEIC unless the options say otherwise. mode: pillow-heif's, "RGB;16" for uint16 by default."""
    mode = mode or ("RGB" if pixels.dtype == np.uint8 else "RGB;16")
    image = pillow_heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=pixels.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, **{"quality": -1, "chroma": 444, "matrix_coefficients": 0} | options)
    return buffer.getvalue()


def avif(pixels: NDArray[np.generic], bits: int = 8) -> bytes:
    """A lossless AVIF by libvips. pixels: (H, W, 3), uint8 for 8 bits, uint16 else."""
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb" if bits == 8 else "rgb16")
    data: bytes = image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True, effort=1)
    return data


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = "a description"
    return made.tobytes()


KINDS: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
    "HEIC": lambda pixels: heic(pixels, exif=exif(), xmp=XMP),
    "tiled HEIC": lambda pixels: heic(pixels, tile_size=64, exif=exif(), xmp=XMP),
    "AVIF": lambda pixels: encoded(pixels, "AVIF", exif=exif(), xmp=XMP, speed=10),
}


WHOLE = {kind: make(PICTURE) for kind, make in KINDS.items()}


def saved(folder: Path, data: bytes, name: str = "photo.heic") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def identity(data: bytes) -> str | None:
    file = io.BytesIO(data)
    parts = heif_parts(file)
    if parts is None:
        return None
    return hashlib.sha256(b"".join(part.name + read_at(file, part.start, part.size) for part in parts)).hexdigest()


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    assert len(old) == len(new)
    return data.replace(old, new)


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


def test_what_it_takes_to_read_heic_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match=r"save it as JPEG or TIFF .* or install the Python package pillow-heif"):
        decode_heif(saved(tmp_path, heic(PICTURE)))
    assert decode_heif(saved(tmp_path, avif(PICTURE)))[0].shape == PICTURE.shape


@pytest.mark.parametrize("kind", KINDS)
def test_claims_of_too_many_pixels_are_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    huge = replaced(KINDS[kind](PICTURE), struct.pack(">II", 128, 64), struct.pack(">II", 64_000, 48_000))
    for module in (pillow_heif, pyvips.Image):
        monkeypatch.setattr(module, "open_heif" if module is pillow_heif else "heifload_buffer", None)
    with pytest.raises(PhotoError, match="3072 megapixels, more than the 300"):
        decode_heif(saved(tmp_path, huge))


def test_a_grids_own_claim_counts_too(tmp_path: Path) -> None:
    tiled = heic(PICTURE, tile_size=64)
    huge = replaced(tiled, struct.pack(">HH", 128, 64), struct.pack(">HH", 64_000, 48_000))
    with pytest.raises(PhotoError, match="3072 megapixels"):
        decode_heif(saved(tmp_path, huge))


def test_the_limit_of_pixels_is_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MOST_PIXELS", 64 * 128 - 1)
    with pytest.raises(PhotoError, match="megapixels"):
        decode_heif(saved(tmp_path, avif(PICTURE)))


def test_a_broken_picture_is_not_replaced_by_another_in_the_file(tmp_path: Path) -> None:
    other = pillow_heif.from_bytes(mode="RGB", size=(64, 64), data=smooth_picture(64, 64).tobytes())
    broken = replaced(heic(PICTURE, tile_size=64, append_images=list(other)), b"dimg", b"dimX")
    assert [image.size for image in pillow_heif.open_heif(broken)] == [(64, 64)]
    with pytest.raises(PhotoError, match="cut short or damaged"):
        decode_heif(saved(tmp_path, broken))


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_is_told(tmp_path: Path, kind: str) -> None:
    whole = KINDS[kind](PICTURE)
    for length in range(16, len(whole) - 1, 37):
        data = whole[:length]
        heif_metadata(io.BytesIO(data))
        parts = heif_parts(io.BytesIO(data))
        if parts is None:
            with pytest.raises(PhotoError, match="cut short or damaged"):
                decode_heif(saved(tmp_path, data))
        else:
            assert identity(data) == identity(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_raise_only_photo_errors_and_equal_identities_mean_equal_pixels(
    tmp_path: Path, kind: str
) -> None:
    whole = KINDS[kind](PICTURE)
    boxes = whole.index(b"mdat") + 4
    original, known = decode_heif(saved(tmp_path, whole))[0], identity(whole)
    chance = random.Random(f"flips in a {kind}")
    same = 0
    for _ in range(300):
        data = bytearray(whole)
        data[chance.randrange(boxes)] = chance.randrange(256)
        for function in (read_heif_header, heif_metadata):
            function(io.BytesIO(data))
        made = identity(bytes(data))
        try:
            pixels, _ = decode_heif(saved(tmp_path, bytes(data)))
        except PhotoError:
            continue
        if made == known:
            same += 1
            assert np.array_equal(pixels, original)
    assert same > 30


@pytest.mark.timeout(10)
def test_extents_without_bytes_end_the_walk() -> None:
    """16 million extents that take no room in the table: only their count is there."""
    locations = struct.pack(">IBBH", 0, 0, 0, 256) + struct.pack(">HHH", 1, 0, 0xFFFF) * 256
    boxes = {
        b"pitm": struct.pack(">IH", 0, 1),
        b"iinf": struct.pack(">IH", 0, 0),
        b"iprp": b"",
        b"iloc": locations,
    }
    body = b"".join(struct.pack(">I", len(data) + 8) + name + data for name, data in boxes.items())
    file = io.BytesIO(struct.pack(">I", len(body) + 12) + b"meta" + bytes(4) + body)
    assert read_boxes(file) is None


@given(
    flips=st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=8)), max_size=6),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_the_parts_of_any_bytes_lie_in_the_file(flips: list[tuple[int, bytes]], kind: str) -> None:
    data = bytearray(WHOLE[kind])
    for at, new in flips:
        data[at : at + len(new)] = new
    for part in heif_parts(io.BytesIO(data)) or ():
        assert part.size >= 0
        assert 0 <= part.start <= part.start + part.size <= len(data)
