"""An edit laid into a small photo, and masks and fabrics for that."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.compositing import composite as composite_module
from nti_desktop.photo.compositing.composite import Finish, Layer
from nti_desktop.photo.frame import Frame, frame_image
from nti_desktop.photo.raster import Raster

CLOSED = (False, False, False, False)


def seen(pixels: NDArray[np.uint8], frame: Frame) -> NDArray[np.float32]:
    return frame_image(Raster(pixels), frame).astype(np.float32) / 255


def composite(
    pixels: NDArray[np.uint8],
    frame: Frame,
    edit: NDArray[np.float32],
    source: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    finish: Finish,
) -> NDArray[np.uint8]:
    """An edit laid into an 8-bit sRGB photo."""
    out = composite_module.composite(Raster(pixels), Layer(frame, edit, source, mask, finish)).pixels
    assert out.dtype == np.uint8
    return out


def at_photo_size(mask: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """The mask's pixel that each photo pixel's centre lies in, written out one by one."""
    height, width = mask.shape
    rows = [int((y + 0.5) * height / frame.height) for y in range(frame.height)]
    columns = [int((x + 0.5) * width / frame.width) for x in range(frame.width)]
    return mask[np.ix_(rows, columns)]


def blocky(mask: NDArray[np.bool_], block: int) -> NDArray[np.float32]:
    """A mask as a model makes it: any block with some of it, soft by interpolation, never 0 where it is true."""
    height, width = mask.shape
    blocks = mask.reshape(height // block, block, width // block, block).any(axis=(1, 3)).astype(np.float32)
    soft = Image.fromarray(blocks).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.array(soft), 0, 1)


def woven(height: int, width: int, seed: int = 1) -> NDArray[np.float64]:
    """Light and shade of a fabric too fine for a model to see, (height, width, 1), about 1."""
    return 1 + np.random.default_rng(seed).normal(0, 0.06, (height, width, 1))


def some_mask(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Blobs, single pixels and soft values."""
    mask = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(0, 4)):
        y, x = rng.integers(height), rng.integers(width)
        mask[y : y + rng.integers(1, height), x : x + rng.integers(1, width)] = rng.choice([1.0, 0.5])
    mask[rng.integers(height), rng.integers(width)] = 1
    return mask
