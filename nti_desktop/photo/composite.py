"""Lay an edit, made at the model's size, back into the photo at its own size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.frame import Frame, check_frame
from nti_desktop.photo.mask import Sides, soften_inwards, window_maximum, window_mean
from nti_desktop.photo.patch import patches

STRIP_PIXELS = 2_000_000  # of the photo at a time: about 100 MB of working memory

# Between the two ends a pixel is partly carried and partly replaced. Change: largest difference of the channels, in
# [0, 1]; likeness: of edit and source in where their edges are, 1 for the same.
_CHANGE_ENDS = (4 / 255, 24 / 255)
_LIKENESS_ENDS = (0.8, 0.4)
_FLAT = 0.02  # gradients below this, per pixel, are noise of the autoencoder
_REACH = 2  # pixels of the model's size around a pixel that decide about it


@dataclass(frozen=True)
class Finish:
    """How an edit is laid into the photo; needs no rendering.

    feather: softness of the mask's border as a fraction of the frame's shorter side, 0 to 0.2, inwards.
    """

    feather: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.feather <= 0.2:
            raise ValueError(f"feather must be within 0 and 0.2, not {self.feather}")


def composite(
    pixels: NDArray[np.uint8],
    frame: Frame,
    edit: NDArray[np.float32],
    source: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    finish: Finish,
) -> NDArray[np.uint8]:
    """The photo with the edit in it, (H, W, 3); pixels where the mask is 0 are copied as integers.

    With m the softened mask and up() the way to the photo's size, the photo carries its detail where only colours
    changed, photo + m (up(edit) - up(source)), and is replaced where edges came or went, photo + m (up(edit) - photo).
    Equal edit and source give the photo back bit for bit.

    pixels: (H, W, 3); edit, source: (h, w, 3) in [0, 1] at the model's size; mask: (h, w) in [0, 1], None for the
    whole frame. Raises PhotoError when the frame does not lie within the photo.
    """
    check_frame(pixels, frame)
    if mask is None:
        mask = np.ones(edit.shape[:2], np.float32)
    softened = softened_mask(pixels, frame, mask, finish)
    replaced = replaced_fraction(edit, source)
    edit, source = edit * np.float32(255), source * np.float32(255)
    change = edit - source
    out = pixels.copy()
    for patch in patches(frame, mask > 0, STRIP_PIXELS):
        strength = np.minimum(patch.enlarge(softened, Image.Resampling.BILINEAR), patch.nearest(mask))
        share = np.clip(patch.enlarge(replaced, Image.Resampling.BILINEAR), 0, 1)
        some_replaced = share.any()
        for channel in range(pixels.shape[-1]):
            photo = patch.of_photo(pixels)[..., channel].astype(np.float32)
            step = patch.enlarge(change[..., channel], Image.Resampling.BICUBIC)
            if some_replaced:
                step += share * (patch.enlarge(edit[..., channel], Image.Resampling.BICUBIC) - photo - step)
            photo += strength * step
            laid_in = np.clip(np.rint(photo, out=photo), 0, 255, out=photo)
            np.copyto(patch.of_photo(out)[..., channel], laid_in, casting="unsafe", where=strength > 0)
    return out


def softened_mask(
    pixels: NDArray[np.uint8], frame: Frame, mask: NDArray[np.float32], finish: Finish
) -> NDArray[np.float32]:
    """How far each pixel of the frame follows the edit, (h, w) in [0, 1]; see `composite` for the arguments."""
    feather = max(1, round(finish.feather * min(mask.shape)))
    return soften_inwards(mask, feather, _open_sides(pixels, frame))


def replaced_fraction(edit: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of each pixel is another thing and not the same one in another colour: (h, w), 0 to 1.

    edit, source: (h, w, 3) in [0, 1]. Another colour leaves the edges where they were, so both are asked: did it
    change visibly, and did edges come or go around it?
    """
    change = window_maximum(np.abs(edit - source).max(axis=-1), _REACH)
    edges, edges_before = _edges(edit), _edges(source)
    both = window_mean(2 * edges * edges_before, _REACH)
    either = window_mean(edges**2 + edges_before**2, _REACH)
    likeness = (both + _FLAT**2) / (either + _FLAT**2)
    replaced = _ramp(change, _CHANGE_ENDS) * _ramp(likeness, _LIKENESS_ENDS)
    return window_mean(window_maximum(replaced, _REACH), 1)


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of the colour gradient per pixel, (h, w)."""
    down, across = np.gradient(picture, axis=(0, 1))
    edges: NDArray[np.float32] = np.sqrt((down**2 + across**2).sum(axis=-1))
    return edges


def _ramp(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    """0 at the first end, 1 at the second, straight between them."""
    start, end = ends
    ramp: NDArray[np.float32] = np.clip((values - start) / (end - start), 0, 1)
    return ramp


def _open_sides(pixels: NDArray[np.uint8], frame: Frame) -> Sides:
    """Top, bottom, left, right: whether there is photo beyond the frame."""
    height, width = pixels.shape[:2]
    return frame.y > 0, frame.y + frame.height < height, frame.x > 0, frame.x + frame.width < width
