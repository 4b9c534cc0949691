"""A rectangle of a frame at the photo's size, and how planes of the model's size are brought to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.frame import Frame
from nti_desktop.photo.raster import Pixels


@dataclass(frozen=True)
class Patch:
    """Rows `top` to `bottom` and columns `left` to `right` of a frame, in photo pixels from the frame's own corner."""

    frame: Frame
    top: int
    bottom: int
    left: int
    right: int

    def of_photo(self, pixels: Pixels) -> Pixels:
        """This patch of a photo (H, W, 3), as a view."""
        y, x = self.frame.y, self.frame.x
        return pixels[y + self.top : y + self.bottom, x + self.left : x + self.right]

    def enlarge(self, plane: NDArray[np.float32], how: Image.Resampling) -> NDArray[np.float32]:
        """This patch of a plane (h, w) of the model's size, at the photo's; neighbouring patches meet seamlessly."""
        height, width = plane.shape
        if (plane == plane[0, 0]).all():
            return np.full((self.bottom - self.top, self.right - self.left), plane[0, 0], np.float32)
        weights = _weights(how, height, self.frame.height, self.top, self.bottom)
        rows = np.flatnonzero(weights.any(axis=0))
        first, last = int(rows[0]), int(rows[-1]) + 1
        part = Image.fromarray(np.ascontiguousarray(plane[first:last]))
        across = width / self.frame.width
        box = (self.left * across, 0, self.right * across, last - first)
        wide = np.asarray(part.resize((self.right - self.left, last - first), how, box))
        enlarged: NDArray[np.float32] = weights[:, first:last] @ wide
        return enlarged

    def nearest(self, plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For every photo pixel of this patch, the value of the plane's pixel that its centre lies in."""
        height, width = plane.shape
        rows = (2 * np.arange(self.top, self.bottom) + 1) * height // (2 * self.frame.height)
        columns = (2 * np.arange(self.left, self.right) + 1) * width // (2 * self.frame.width)
        first = int(rows[0])
        values: NDArray[np.bool_] = plane[first : int(rows[-1]) + 1, columns][rows - first]
        return values


@lru_cache(maxsize=8)
def _weights(how: Image.Resampling, length: int, length_in_photo: int, start: int, stop: int) -> NDArray[np.float32]:
    """Build the matrix (stop - start, length) that makes the rows `start` to `stop` at the photo's size of the model's.

    A strip is much taller than its few rows of the model's size, so that multiplying with this matrix is many times
    faster than resampling the columns one by one. It is what Pillow makes of rows that are 1 in one place each.
    """
    down = length / length_in_photo
    each = Image.fromarray(np.eye(length, dtype=np.float32))
    return np.asarray(each.resize((length, stop - start), how, (0, start * down, length, stop * down)))


def bounds(frame: Frame, where: NDArray[np.bool_]) -> Patch | None:
    """Find the least patch that covers the true pixels of `where`, (h, w) of the model's size; None without any."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return None
    height, width = where.shape
    top, bottom = int(rows[0]) * frame.height // height, -(-(int(rows[-1]) + 1) * frame.height // height)
    left, right = int(columns[0]) * frame.width // width, -(-(int(columns[-1]) + 1) * frame.width // width)
    return Patch(frame, top, bottom, left, right)


def patches(frame: Frame, where: NDArray[np.bool_], most_pixels: int) -> Iterator[Patch]:
    """Strips that together are the `bounds` of `where`; none when there are none."""
    whole = bounds(frame, where)
    if whole is None:
        return
    tall = max(1, most_pixels // (whole.right - whole.left))
    for start in range(whole.top, whole.bottom, tall):
        yield replace(whole, top=start, bottom=min(start + tall, whole.bottom))
