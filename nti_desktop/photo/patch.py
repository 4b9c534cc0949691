"""A rectangle of a frame at the photo's size, and how planes of the model's size are brought to it."""

from collections.abc import Iterator
from dataclasses import dataclass

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
        across, down = width / self.frame.width, height / self.frame.height
        box = (self.left * across, self.top * down, self.right * across, self.bottom * down)
        size = (self.right - self.left, self.bottom - self.top)
        resized = Image.fromarray(np.ascontiguousarray(plane)).resize(size, how, box)
        return np.array(resized, dtype=np.float32)

    def nearest(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """For every photo pixel of this patch, the value of the plane's pixel that its centre lies in."""
        height, width = plane.shape
        rows = (2 * np.arange(self.top, self.bottom) + 1) * height // (2 * self.frame.height)
        columns = (2 * np.arange(self.left, self.right) + 1) * width // (2 * self.frame.width)
        values: NDArray[np.float32] = plane[rows[:, None], columns]
        return values


def patches(frame: Frame, where: NDArray[np.bool_], most_pixels: int) -> Iterator[Patch]:
    """Strips that together cover the true pixels of `where`, (h, w) of the model's size; none when there are none."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return
    height, width = where.shape
    top, bottom = int(rows[0]) * frame.height // height, -(-(int(rows[-1]) + 1) * frame.height // height)
    left, right = int(columns[0]) * frame.width // width, -(-(int(columns[-1]) + 1) * frame.width // width)
    tall = max(1, most_pixels // (right - left))
    for start in range(top, bottom, tall):
        yield Patch(frame, start, min(start + tall, bottom), left, right)
