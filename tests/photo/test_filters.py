"""The filters that compositing is made of do what their names say, strip by strip too."""

import numpy as np
import pytest
from PIL import Image

from nti_desktop.photo.compositing.box_filter import window_maximum, window_mean
from nti_desktop.photo.compositing.guided_filter import guided_coefficients
from nti_desktop.photo.compositing.patch import Patch
from nti_desktop.photo.frame import Frame


def test_the_guided_filter_finds_the_line_that_a_plane_follows() -> None:
    guide = np.random.default_rng(11).random((3, 24, 32), dtype=np.float32)
    target = (0.5 * guide[0] - 0.25 * guide[2] + 0.125)[None]
    slope, offset = guided_coefficients(target, guide, 3, 1e-6)
    assert np.allclose(slope[0, :, 8, 8], (0.5, 0, -0.25), atol=1e-3)
    assert np.allclose(offset, 0.125, atol=1e-3)


@pytest.mark.parametrize("reach", [1, 4, 30])
def test_a_window_mean_is_the_mean_of_the_window(reach: int) -> None:
    plane = np.random.default_rng(12).random((20, 31), dtype=np.float32)
    padded = np.pad(plane, reach, mode="edge")
    size = 2 * reach + 1
    expected = [[padded[y : y + size, x : x + size].mean() for x in range(31)] for y in range(20)]
    assert np.allclose(window_mean(plane, reach), expected, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 1, 4, 30])
def test_a_window_maximum_is_the_maximum_of_the_window(reach: int) -> None:
    plane = np.random.default_rng(14).random((20, 31), dtype=np.float32)
    padded, size = np.pad(plane, reach, mode="edge"), 2 * reach + 1
    expected = [[padded[y : y + size, x : x + size].max() for x in range(31)] for y in range(20)]
    assert np.array_equal(window_maximum(plane, reach), expected)


@pytest.mark.parametrize("how", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize("size", [(300, 200), (13, 9)])
def test_enlarging_strip_by_strip_is_resampling_the_whole(size: tuple[int, int], how: Image.Resampling) -> None:
    plane = np.random.default_rng(13).random((18, 26), dtype=np.float32)
    whole = np.array(Image.fromarray(plane).resize(size, how))
    frame, (width, height) = Frame(0, 0, *size, 26, 18), size
    strips = [Patch(frame, top, min(top + 7, height), 0, width) for top in range(0, height, 7)]
    assert np.allclose(np.concatenate([strip.enlarge(plane, how) for strip in strips]), whole, atol=1e-5)
