"""Edits of several frames in one photo: a later one lies on an earlier one wherever it changes something."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.compositing.box_filter import window_maximum
from nti_desktop.photo.compositing.composite import STRIP_PIXELS, Layer, fitted_mask, lay_in
from nti_desktop.photo.compositing.detail import visible_change
from nti_desktop.photo.compositing.patch import Patch, bounds, patches
from nti_desktop.photo.frame import Frame, shrunk_frame
from nti_desktop.photo.raster import Pixels, Raster


@dataclass(frozen=True, eq=False)
class _Original:
    """What the photo showed before any edit. pixels: of what a layer reaches, (height, width, 3); shown: its frame at
    the model's size, (h, w, 3).
    """

    reached: Patch
    pixels: Pixels
    shown: NDArray[np.uint8]


def lay_in_all(photo: Raster, layers: Sequence[Layer]) -> None:
    """Lay edits into a photo, the first lowest; see `lay_in`.

    Every frame was seen by the model as the photo shows it, without the others. So where a layer overlaps earlier ones
    it is laid into the photo as it was, and what they did stays as far as it changes nothing itself.
    """
    originals = {
        number: _original(photo, layer)
        for number, layer in enumerate(layers)
        if any(_overlap(layer.frame, lower.frame) for lower in layers[:number])
    }
    for number, layer in enumerate(layers):
        original = originals.get(number)
        if original is None:
            lay_in(photo, layer)
        else:
            _lay_over(photo, layer, original)


def _original(photo: Raster, layer: Layer) -> _Original | None:
    """Keep what a layer reaches; None where that is nothing."""
    reached = bounds(layer.frame, _reach(layer))
    if reached is None:
        return None
    return _Original(reached, reached.of_photo(photo.pixels).copy(), shrunk_frame(photo, layer.frame))


def _reach(layer: Layer) -> NDArray[np.bool_]:
    """Find where a layer counts at all, enlarged straight from one of the model's pixels to the next: (h, w)."""
    inside = layer.inside
    height, width = inside.shape
    spread = max(1, -(-height // layer.frame.height), -(-width // layer.frame.width))
    return window_maximum(inside.astype(np.float32), spread) > 0


def _lay_over(photo: Raster, layer: Layer, original: _Original) -> None:
    reached = original.reached
    part = reached.of_photo(photo.pixels)
    lower = part.copy()
    part[...] = original.pixels
    covers = visible_change(layer.edit, layer.source) * fitted_mask(photo, layer)
    lay_in(photo, layer, original.shown)
    for strip in patches(layer.frame, np.ones(covers.shape, np.bool_), STRIP_PIXELS):
        top, bottom = max(strip.top, reached.top), min(strip.bottom, reached.bottom)
        if top < bottom:
            covered = strip.enlarge(covers, Image.Resampling.BILINEAR)
            within = covered[top - strip.top : bottom - strip.top, reached.left : reached.right]
            share = 1 - np.clip(within, 0, 1)[..., None]
            at = slice(top - reached.top, bottom - reached.top)
            done_beneath = share * (lower[at].astype(np.float32) - original.pixels[at])
            part[at] = np.clip(np.rint(part[at] + done_beneath), 0, photo.white).astype(part.dtype)


def _overlap(one: Frame, other: Frame) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height
