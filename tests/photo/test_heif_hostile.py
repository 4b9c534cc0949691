"""Broken and lying HEIC and AVIF: no bytes are too broken, and no claim is believed."""

import io
import random
import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.core.errors import PhotoError
from nti_desktop.photo.reading import header
from nti_desktop.photo.reading.heif import heif_metadata, heif_parts, read_heif_header
from nti_desktop.photo.reading.heif_boxes import read_boxes
from nti_desktop.photo.reading.heif_decode import decode_heif
from tests.heif_files import KINDS, PICTURE, WHOLE, avif, heic, identity, replaced, saved
from tests.picture_files import smooth_picture


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


@pytest.mark.slow
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
