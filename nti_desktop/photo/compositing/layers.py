"""Edits of several frames in one photo: a later one lies on an earlier one wherever it changes something."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from nti_desktop.photo.compositing.composite import STRIP_PIXELS, Layer, fitted_mask, lay_in
from nti_desktop.photo.compositing.detail import visible_change
from nti_desktop.photo.compositing.patch import patches
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.raster import Pixels, Raster


def lay_in_all(photo: Raster, layers: Sequence[Layer]) -> None:
    """Lay edits into a photo, the first lowest; see `lay_in`.

    Every frame was seen by the model as the photo shows it, without the others. So where a layer overlaps earlier ones
    it is laid into the photo as it was, and what they did stays as far as it changes nothing itself.
    """
    beneath = {
        number: _part(photo, layer.frame).copy()
        for number, layer in enumerate(layers)
        if any(_overlap(layer.frame, lower.frame) for lower in layers[:number])
    }
    for number, layer in enumerate(layers):
        if number in beneath:
            _lay_over(photo, layer, beneath[number])
        else:
            lay_in(photo, layer)


def _lay_over(photo: Raster, layer: Layer, original: Pixels) -> None:
    """original: (height, width, 3) of the layer's frame, as the photo showed it before any edit."""
    part = _part(photo, layer.frame)
    lower = part.copy()
    part[...] = original
    covers = visible_change(layer.edit, layer.source) * fitted_mask(photo, layer)
    lay_in(photo, layer)
    everywhere = np.ones(covers.shape, np.bool_)
    for patch in patches(layer.frame, everywhere, STRIP_PIXELS):
        at = (slice(patch.top, patch.bottom), slice(patch.left, patch.right))
        share = 1 - np.clip(patch.enlarge(covers, Image.Resampling.BILINEAR), 0, 1)[..., None]
        done_beneath = share * (lower[at].astype(np.float32) - original[at])
        part[at] = np.clip(np.rint(part[at] + done_beneath), 0, photo.white).astype(part.dtype)


def _part(photo: Raster, frame: Frame) -> Pixels:
    return photo.pixels[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]


def _overlap(one: Frame, other: Frame) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height
