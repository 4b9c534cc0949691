"""What a version looks like, small: made, read again, and refused where it is anything else."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from nti_desktop.editing.previews import PreviewSource, decode_preview, encode_preview
from nti_desktop.photo.raster import Raster

LONGEST = 1600  # as it is stored; older and newer programs read each other's


def plain(width: int, height: int) -> Raster:
    return Raster(np.full((height, width, 3), (180, 90, 30), np.uint8))


@pytest.mark.parametrize(("width", "height"), [(3200, 1600), (800, 2400), (100, 50)])
def test_a_preview_is_as_large_as_the_picture_up_to_a_limit(width: int, height: int) -> None:
    pixels = decode_preview(encode_preview(plain(width, height)))
    assert pixels is not None
    scale = min(1.0, LONGEST / max(width, height))
    assert pixels.shape == (round(height * scale), round(width * scale), 3)
    assert np.abs(pixels.astype(int) - (180, 90, 30)).max() < 6


def test_it_is_read_smaller_where_that_is_enough() -> None:
    pixels = decode_preview(encode_preview(plain(400, 200)), 100)
    assert pixels is not None
    assert pixels.shape == (50, 100, 3)


@pytest.mark.parametrize(("kind", "size"), [("PNG", (20, 10)), ("WEBP", (LONGEST + 1, 10))])
def test_what_no_preview_can_be_is_none(kind: str, size: tuple[int, int]) -> None:
    data = BytesIO()
    Image.new("RGB", size).save(data, kind)
    assert decode_preview(data.getvalue()) is None
    assert decode_preview(data.getvalue()[:20]) is None


def test_one_that_was_not_saved_yet_is_read_as_it_lies_now() -> None:
    data = encode_preview(plain(40, 20))
    pixels = PreviewSource("a", data, None, turn=6).pixels()
    assert pixels is not None
    assert pixels.shape == (20, 40, 3), "it was made after the photo was turned"
    assert PreviewSource("a", None, None, 1).pixels() is None
