"""Lay an edit, made at the model's size, back into the photo at its own size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.colour import from_srgb, tone_curve
from nti_desktop.photo.frame import Frame, check_frame
from nti_desktop.photo.mask import Sides, soften_inwards, window_maximum, window_mean
from nti_desktop.photo.patch import patches
from nti_desktop.photo.raster import Raster

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


@dataclass(frozen=True, eq=False)
class Layer:
    """An edit to be laid into a photo.

    edit, source: (h, w, 3) in [0, 1], sRGB, at the size the model saw the frame; mask: (h, w) in [0, 1], None for the
    whole frame.
    """

    frame: Frame
    edit: NDArray[np.float32]
    source: NDArray[np.float32]
    mask: NDArray[np.float32] | None = None
    finish: Finish = Finish()


def composite(photo: Raster, layer: Layer) -> Raster:
    """The photo with the edit in it; see `lay_in`."""
    out = Raster(photo.pixels.copy(), photo.profile)
    lay_in(out, layer)
    return out


def lay_in(photo: Raster, layer: Layer) -> None:
    """Lay an edit into a photo; pixels where the mask is 0 stay the integers they are.

    With m the softened mask and up() the way to the photo's size and colours, the photo carries its detail where only
    colours changed, photo + up(edit) - up(source), and is replaced where edges came or went, up(edit). What m mixes of
    that with the photo is mixed as light, so that no dark rim stands between them. Equal edit and source leave the
    photo bit for bit. Raises PhotoError when the frame does not lie within the photo.
    """
    frame, mask = layer.frame, layer.mask
    check_frame(photo.size, frame)
    if mask is None:
        mask = np.ones(layer.edit.shape[:2], np.float32)
    softened = softened_mask(photo.size, frame, mask, layer.finish)
    replaced = replaced_fraction(layer.edit, layer.source)
    white = np.float32(photo.white)
    edit, source = (from_srgb(picture, photo.profile) * white for picture in (layer.edit, layer.source))
    change, curve = edit - source, tone_curve(photo.profile)
    for patch in patches(frame, mask > 0, STRIP_PIXELS):
        strength = np.minimum(patch.enlarge(softened, Image.Resampling.BILINEAR), patch.nearest(mask))
        share = np.clip(patch.enlarge(replaced, Image.Resampling.BILINEAR), 0, 1)
        some_replaced = share.any()
        for channel in range(3):
            own = patch.of_photo(photo.pixels)[..., channel]
            before = own.astype(np.float32)
            step = patch.enlarge(change[..., channel], Image.Resampling.BICUBIC)
            if some_replaced:
                step += share * (patch.enlarge(edit[..., channel], Image.Resampling.BICUBIC) - before - step)
            after = np.clip(before + step, 0, white)
            between = (strength < 1) & (strength > 0) & (step != 0)
            after[between] = mixed_as_light(before[between], after[between], strength[between], white, curve)
            np.copyto(own, np.rint(after, out=after), casting="unsafe", where=strength > 0)


def mixed_as_light(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    strength: NDArray[np.float32],
    white: np.float32,
    curve: NDArray[np.float64],
) -> NDArray[np.float32]:
    """`strength` of `after` and the rest of `before`, added up as light; values in [0, white], (n,).

    curve: linear light of n values evenly spread over [0, white], see `colour.tone_curve`.
    """
    values = np.linspace(0, white, len(curve))
    light, light_before = np.interp(after, values, curve), np.interp(before, values, curve)
    light = light_before + strength * (light - light_before)
    mixed: NDArray[np.float32] = np.interp(light, curve, values).astype(np.float32)
    return mixed


def softened_mask(
    size: tuple[int, int], frame: Frame, mask: NDArray[np.float32], finish: Finish
) -> NDArray[np.float32]:
    """How far each pixel of the frame follows the edit, (h, w) in [0, 1]. size: (width, height) of the photo."""
    feather = max(1, round(finish.feather * min(mask.shape)))
    return soften_inwards(mask, feather, _open_sides(size, frame))


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


def _open_sides(size: tuple[int, int], frame: Frame) -> Sides:
    """Top, bottom, left, right: whether there is photo beyond the frame."""
    width, height = size
    return frame.y > 0, frame.y + frame.height < height, frame.x > 0, frame.x + frame.width < width
