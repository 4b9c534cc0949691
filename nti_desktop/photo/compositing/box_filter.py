"""Maximum and mean over a square window around every pixel; beyond a picture's border its last pixel goes on."""

import numpy as np
from numpy.typing import NDArray

_SMALL = 3  # pixels of reach up to which adding up a window takes less time than running sums


def window_maximum(plane: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Maximum over the square window that reaches `reach` pixels to every side; (h, w).

    Two windows of one length that overlap, or meet, make a longer one; so it takes a few steps, whatever the reach.
    """
    size = 2 * reach + 1
    plane = np.pad(plane, reach, mode="edge")
    for _ in range(2):
        length = 1
        while length < size:
            further = min(length, size - length)
            plane = np.maximum(plane[:-further], plane[further:])
            length += further
        plane = plane.T
    return plane


def window_mean(planes: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Mean over the square window that reaches `reach` pixels to every side; (..., h, w).

    By running sums (Crow 1984), so the time does not depend on the reach; small windows are quicker added up as they
    are.
    """
    mean = _mean_of_shifted if reach <= _SMALL else _mean_by_running_sums
    means = np.empty(planes.shape, np.float32)
    for at in np.ndindex(planes.shape[:-2]):
        means[at] = mean(planes[at], reach)
    return means


def _mean_of_shifted(plane: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """(h, w)."""
    (height, width), size = plane.shape, 2 * reach + 1
    plane = np.pad(plane, reach, mode="edge")
    columns = plane[:height].copy()
    for start in range(1, size):
        columns += plane[start : start + height]
    mean = columns[:, :width].copy()
    for start in range(1, size):
        mean += columns[:, start : start + width]
    mean /= size**2
    return mean


def _mean_by_running_sums(plane: NDArray[np.float32], reach: int) -> NDArray[np.float64]:
    """(h, w)."""
    means = np.pad(plane.astype(np.float64), reach, mode="edge")
    for _ in range(2):
        sums = np.pad(np.cumsum(means, axis=0), ((1, 0), (0, 0)))
        means = ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).T
    return means
