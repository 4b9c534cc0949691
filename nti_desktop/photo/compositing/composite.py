"""Lay an edit, made at the model's size, back into the photo at its own size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.colour import from_srgb, tone_curve
from nti_desktop.photo.compositing.detail import detail_gain, replaced_fraction
from nti_desktop.photo.compositing.guided_filter import Planes, followed
from nti_desktop.photo.compositing.levelling import levelled
from nti_desktop.photo.compositing.mask import FittedMask, Sides, fit_mask, fit_nothing, soften_inwards, strength_of
from nti_desktop.photo.compositing.patch import Patch, patches
from nti_desktop.photo.frame import Frame, check_frame, shrunk_frame
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.parameters import FEATHER

STRIP_PIXELS = 500_000  # of the photo at a time: about 40 MB of working memory, little enough to stay in the caches

_SMOOTHLY, _STRAIGHT = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
_SMALL_STEP = 1 / 128  # of white: mixed as light or as values, a smaller step comes out the same


@dataclass(frozen=True)
class Finish:
    """How an edit is laid into the photo; needs no rendering.

    feather: softness of the mask's border as a fraction of the frame's shorter side, inwards, see FEATHER.
    """

    feather: float = FEATHER.usual

    def __post_init__(self) -> None:
        """Raises RecipeError where the value is out of range."""
        FEATHER.check(self.feather)


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

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Where the photo may change at all: (h, w), True there."""
        return np.ones(self.edit.shape[:2], np.bool_) if self.mask is None else self.mask > 0


def composite(photo: Raster, layer: Layer) -> Raster:
    """The photo with the edit in it; see `lay_in`."""
    out = Raster(photo.pixels.copy(), photo.profile)
    lay_in(out, layer)
    return out


def lay_in(photo: Raster, layer: Layer, shown: NDArray[np.uint8] | None = None) -> None:
    """Lay an edit into a photo; pixels where the mask is 0 stay the integers they are.

    shown: `shrunk_frame` of the photo without other edits, where it has some by now.

    With up() the way to the photo's size and colours, the photo takes the change of its pixels and keeps what detail of
    its own still belongs there: photo + up(edit - source) + gain · (photo - up(source)), see `detail`. What the fitted
    mask mixes of that with the photo is mixed as light, so that no dark rim stands between them. Equal edit and source
    leave the photo bit for bit. Raises PhotoError when the frame does not lie within the photo.
    """
    check_frame(photo.size, layer.frame)
    edit, source = _in_colours_of(photo, layer)
    fit, inside = _fit(photo.size, layer, edit, source), layer.inside
    edit = levelled(edit, source, inside, _open_sides(photo.size, layer.frame))
    shown = shrunk_frame(photo, layer.frame) if shown is None else shown
    of_photo = _planes(shown) / np.float32(255)
    gain = detail_gain(edit, source, of_photo, replaced_fraction(layer.edit, layer.source))
    change, curve, white = edit - source, tone_curve(photo.profile), np.float32(photo.white)
    for patch in patches(layer.frame, inside, STRIP_PIXELS):
        own = patch.of_photo(photo.pixels)
        before = _planes(own) / white
        strength = _strength(patch, fit, before)
        within = (strength > 0) & patch.nearest(inside)
        detail = [plane - patch.enlarge(seen, _SMOOTHLY) for plane, seen in zip(before, source, strict=True)]
        for channel, plane in enumerate(before):
            after = plane + patch.enlarge(change[channel], _SMOOTHLY)
            for share, part in zip(gain[channel], detail, strict=True):
                after += patch.enlarge(share, _STRAIGHT) * part
            np.clip(after, 0, 1, out=after)
            mixed = mixed_as_light(plane, after, strength, curve)
            mixed *= white
            np.copyto(own[..., channel], np.rint(mixed, out=mixed), casting="unsafe", where=within)


def fitted_mask(photo: Raster, layer: Layer) -> NDArray[np.float32]:
    """Measure how far each pixel of the frame follows the edit, (h, w) in [0, 1], at the model's size."""
    edit, source = _in_colours_of(photo, layer)
    fit = _fit(photo.size, layer, edit, source)
    of_photo = followed(fit.slope[None], fit.offset[None], source)[0]
    return strength_of(of_photo, fit.of_edit, fit.ramp)


def mixed_as_light(
    before: NDArray[np.float32], after: NDArray[np.float32], strength: NDArray[np.float32], curve: NDArray[np.float64]
) -> NDArray[np.float32]:
    """`strength` of `after` and the rest of `before`, added up as light; all in [0, 1], (h, w).

    curve: linear light of n values evenly spread over [0, 1], see `colour.tone_curve`.
    """
    step = after - before
    mixed = before + strength * step
    visibly = (strength > 0) & (strength < 1) & (np.abs(step) > _SMALL_STEP)
    if visibly.any():
        light, light_before = _looked_up(after[visibly], curve), _looked_up(before[visibly], curve)
        light = light_before + strength[visibly] * (light - light_before)
        values = np.linspace(0, 1, len(curve))
        # By the root of the light, of which the values are nearly a straight line.
        mixed[visibly] = _looked_up(np.sqrt(light), np.interp(values**2, curve, values))
    return mixed


def _looked_up(values: NDArray[np.float32], table: NDArray[np.float64]) -> NDArray[np.float32]:
    """A function of [0, 1] at some values (n,), of which the table has evenly spread ones; straight between them."""
    places = values * np.float32(len(table) - 1)
    entries = np.minimum(places.astype(np.int32), len(table) - 2)
    places -= entries
    looked_up: NDArray[np.float32] = table.astype(np.float32)[entries]
    looked_up += np.diff(table).astype(np.float32)[entries] * places
    return looked_up


def softened_mask(
    size: tuple[int, int], frame: Frame, mask: NDArray[np.float32], finish: Finish
) -> NDArray[np.float32]:
    """A mask that rises inwards from its border, (h, w) in [0, 1]. size: (width, height) of the photo."""
    feather = max(1, round(finish.feather * min(mask.shape)))
    return soften_inwards(mask, feather, _open_sides(size, frame))


def _in_colours_of(photo: Raster, layer: Layer) -> tuple[Planes, Planes]:
    """The edit and the source, (3, h, w) in [0, 1]."""
    edit, source = (_planes(from_srgb(picture, photo.profile)) for picture in (layer.edit, layer.source))
    return edit, source


def _planes(pixels: NDArray[np.generic]) -> Planes:
    """(h, w, 3) -> (3, h, w)."""
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0), np.float32)


def _fit(size: tuple[int, int], layer: Layer, edit: Planes, source: Planes) -> FittedMask:
    ramp = softened_mask(size, layer.frame, layer.inside.astype(np.float32), layer.finish)
    return fit_nothing(ramp) if layer.mask is None else fit_mask(layer.mask, edit, source, ramp)


def _strength(patch: Patch, fit: FittedMask, photo: Planes) -> NDArray[np.float32]:
    """Measure how far each pixel of a patch follows the edit, (h, w) in [0, 1]. photo: its own pixels, in [0, 1]."""
    of_photo = patch.enlarge(fit.offset, _STRAIGHT)
    for slope, plane in zip(fit.slope, photo, strict=True):
        of_photo += patch.enlarge(slope, _STRAIGHT) * plane
    return strength_of(of_photo, patch.enlarge(fit.of_edit, _STRAIGHT), patch.enlarge(fit.ramp, _STRAIGHT))


def _open_sides(size: tuple[int, int], frame: Frame) -> Sides:
    """Top, bottom, left, right: whether there is photo beyond the frame."""
    width, height = size
    return frame.y > 0, frame.y + frame.height < height, frame.x > 0, frame.x + frame.width < width
