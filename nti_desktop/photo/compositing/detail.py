"""What becomes of the photo's fine detail under an edit: kept where a thing is recoloured, gone where it is replaced.

With detail = photo - up(source), what the photo shows and its picture at the model's size does not, the edited photo is

    up(edit) + detail + gain · detail

A gain of 0 keeps the detail as it is, one of -1 drops it. At the outline of a recoloured thing the detail is the very
sharpness that the model's picture lacks; the gain there turns it from the old contrast into the new one, and no rim is
left.

The best witness of what became of the detail is the finest that the model's pictures still show: it is next to it in
scale, and edges that merely lie near one another, which agree in all that is coarser, do not agree in it. It is
believed as far as the source shows it as the photo has it, which an autoencoder's picture hardly does, and of a
replaced thing only where both pictures agree. What it leaves open is decided by what is a little coarser, which an
autoencoder shows better, and what that leaves open by the colours around.
"""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.photo.compositing.box_filter import window_maximum, window_mean
from nti_desktop.photo.compositing.guided_filter import Planes, guided_coefficients

_REACH = 3  # pixels of the model's size around a pixel that say what became of its colours
_NOISE = 1e-3  # variance of the source, in [0, 1] squared, that is rather noise than contrast to be followed
_SCALES = (3, 1)  # what stands out from so many pixels around is asked next, the finest last
_FINE_REACH = 2  # pixels around a pixel that say what became of what stands out
_FINE_NOISE = 1e-4  # and what of its variance tells nothing, however well the source shows it
_DISTRUST = 0.9  # variances that tell nothing for each by which the source fails to show it
_FLAT_DETAIL = 1e-6  # variance that is no detail at all
_AGREEMENT_ENDS = (0.1, 0.5)  # of the larger detail of the two is the same in both
# Texture is mostly light and shade: where nothing else is known it goes with the colour, as black stays black.
_BLACK = 0.02

# Between the two ends a pixel is partly carried and partly replaced. Change: largest difference of the channels, in
# [0, 1]; likeness: of edit and source in where their edges are and how they run, 1 for the same.
_CHANGE_ENDS = (3 / 255, 16 / 255)
_LIKENESS_ENDS = (0.8, 0.6)
_FLAT = 0.003  # gradients below this, per pixel, are noise of the autoencoder
_NEAR = 2  # pixels of the model's size that a blurred edge reaches
_REGION = 1 / 6  # of the shorter side: so far around a pixel its edges are compared


def detail_gain(edit: Planes, source: Planes, shown: Planes, replaced: NDArray[np.float32]) -> Planes:
    """Compute how much of the photo's detail to add, (3, 3, h, w): to channel i, for what it is in channel j.

    edit, source: (3, h, w) in [0, 1], in the photo's colours; shown: what the photo shows at their size, (3, h, w) in
    [0, 1]; replaced: (h, w) as `replaced_fraction` gives it. Where change ≈ gain · source + offset around a pixel, the
    same gain holds for the detail; as far as the pixel is replaced, the gain is -1. It is then corrected, scale by
    scale, by what it leaves unexplained in the change of what stands out. Equal edit and source give 0 exactly.
    """
    gain, _ = guided_coefficients(edit - source, source, _REACH, _NOISE, _BLACK)
    gain = window_mean(gain, _FINE_REACH) * (1 - replaced)
    for channel in range(3):
        gain[channel, channel] -= replaced
    for scale in _SCALES:
        after, before, of_photo = (_standing_out(planes, scale) for planes in (edit, source, shown))
        left = after - before - _applied(gain, before)
        error = window_mean(((before - of_photo) ** 2).mean(axis=0), _FINE_REACH)
        correction, _ = guided_coefficients(left, before, _FINE_REACH, _FINE_NOISE + _DISTRUST * error)
        left -= _applied(correction, before)
        correction *= 1 - replaced * (1 - _agreement(after, before, left))
        gain += correction
    return gain


def _standing_out(planes: Planes, scale: int) -> Planes:
    """Measure how far each pixel stands out from those up to `scale` pixels around it, (n, h, w)."""
    standing_out: Planes = planes - window_mean(planes, scale)
    return standing_out


def _applied(gain: Planes, detail: Planes) -> Planes:
    """Apply a gain (3, 3, h, w) to detail (3, h, w)."""
    applied: Planes = np.einsum("nihw,ihw->nhw", gain, detail)
    return applied


def _agreement(edit: Planes, source: Planes, unexplained: Planes) -> NDArray[np.float32]:
    """Measure how surely what stands out in both pictures is the same, (h, w), 0 to 1.

    unexplained: (3, h, w), what remains of its change once the best gain is applied. A thing that is replaced may be
    like its predecessor by chance here and there, but then either picture has details that the other lacks.
    """
    after, before, rest = window_mean(
        np.stack([(planes**2).sum(axis=0) for planes in (edit, source, unexplained)]), _FINE_REACH
    )
    return _ramp((np.minimum(after, before) - rest) / (np.maximum(after, before) + _FLAT_DETAIL), _AGREEMENT_ENDS)


def replaced_fraction(edit: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how much of each pixel is replaced by another thing, not just recoloured: (h, w), 0 to 1.

    edit, source: (h, w, 3) in [0, 1]. Another colour leaves the edges where they were, running as they ran; edges of
    another thing cross them, also where a faint rest of the old thing is in the edit. So the edges of all that changed
    visibly in a region are compared; where they differ, the region is replaced as one, gaps included.
    """
    changed = visible_change(edit, source)
    region = max(2, round(_REGION * min(changed.shape)))
    edges, edges_before = (changed * _edges(picture) for picture in (edit, source))
    both, after, before, noise = window_mean(
        np.stack(
            [(edges * edges_before).sum(0), (edges**2).sum(0), (edges_before**2).sum(0), _FLAT**2 * changed],
        ),
        region,
    )
    noise += 1e-8  # where nothing changed
    likeness = (both + noise) / np.sqrt((after + noise) * (before + noise))
    replaced = changed * _ramp(likeness, _LIKENESS_ENDS)
    # Closed: gaps in a replaced thing belong to it.
    closed = -window_maximum(-window_maximum(replaced, region // 2), region // 2)
    return window_mean(closed, 1)


def visible_change(edit: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how surely each pixel or one next to it changed, (h, w), 0 to 1. edit, source: (h, w, 3) in [0, 1]."""
    return _ramp(window_maximum(np.abs(edit - source).max(axis=-1), _NEAR), _CHANGE_ENDS)


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how much colours differ from pixel to pixel and which way, (2, h, w). picture: (h, w, 3).

    As vectors of twice the gradient's angle, which are the same from dark to light and from light to dark, and opposite
    for edges that cross at a right angle; of every channel, the squares of the gradients added up, and the root.
    """
    down, across = np.gradient(picture, axis=(0, 1))
    squared = np.stack([(across**2 - down**2).sum(axis=-1), (2 * across * down).sum(axis=-1)])
    length = np.sqrt(np.hypot(*squared))
    edges: NDArray[np.float32] = np.divide(squared, length, out=np.zeros_like(squared), where=length > 0)
    return edges


def _ramp(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    """0 at the first end, 1 at the second, straight between them."""
    start, end = ends
    ramp: NDArray[np.float32] = np.clip((values - start) / (end - start), 0, 1)
    return ramp
