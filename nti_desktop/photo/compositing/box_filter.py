"""Maximum and mean over a square window around every pixel; beyond a picture's border its last pixel goes on."""

import numpy as np
from numpy.typing import NDArray


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

    By running sums (Crow 1984), so the time does not depend on the reach.
    """
    means = np.empty(planes.shape, np.float32)
    for at in np.ndindex(planes.shape[:-2]):
        plane = np.pad(planes[at].astype(np.float64), reach, mode="edge")
        for _ in range(2):
            sums = np.pad(np.cumsum(plane, axis=0), ((1, 0), (0, 0)))
            plane = ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).T
        means[at] = plane
    return means
