"""What becomes of the photo's fine detail under an edit: kept where a thing is recoloured, gone where it is replaced.

With detail = photo - up(source), what the photo shows and its picture at the model's size does not, the edited photo is

    up(edit) + detail + gain · detail

A gain of 0 keeps the detail as it is, one of -1 drops it. At the outline of a recoloured thing the detail is the very
sharpness that the model's picture lacks; the gain there turns it from the old contrast into the new one, and no rim is
left.

The best witness of what became of the detail is the finest that the model's pictures still show: it is next to it in
scale, and edges that merely lie near one another, which agree in all that is coarser, do not agree in it. It is
believed as far as the source shows it as the photo has it, which an autoencoder's picture hardly does, and of a
replaced thing only where both pictures agree. What it leaves open is decided by the colours around.
"""

import numpy as np
from numpy.typing import NDArray

from nti_desktop.photo.compositing.box_filter import window_maximum, window_mean
from nti_desktop.photo.compositing.guided_filter import Planes, guided_coefficients

_REACH = 3  # pixels of the model's size around a pixel that say what became of its colours
_NOISE = 1e-3  # variance of the source, in [0, 1] squared, that is rather noise than contrast to be followed
_FINE_REACH = 2  # the same of the finest detail that the model's size shows: what stands out from its neighbours
_FINE_NOISE = 1e-4  # and what of its variance tells nothing, however well the source shows it
_DISTRUST = 3.0  # variances that tell nothing for each by which the source fails to show it
_FLAT_DETAIL = 1e-6  # variance that is no detail at all
_AGREEMENT_ENDS = (0.1, 0.5)  # of the larger detail of the two is the same in both
# Texture is mostly light and shade: where nothing else is known it goes with the colour, as black stays black.
_BLACK = 0.02

# Between the two ends a pixel is partly carried and partly replaced. Change: largest difference of the channels, in
# [0, 1]; likeness: of edit and source in where their edges are, 1 for the same.
_CHANGE_ENDS = (4 / 255, 24 / 255)
_LIKENESS_ENDS = (0.84, 0.72)
_FLAT = 0.01  # gradients below this, per pixel, are noise of the autoencoder
_NEAR = 2  # pixels of the model's size that a blurred edge reaches
_REGION = 1 / 6  # of the shorter side: so far around a pixel its edges are compared


def detail_gain(edit: Planes, source: Planes, shown: Planes, replaced: NDArray[np.float32]) -> Planes:
    """Compute how much of the photo's detail to add, (3, 3, h, w): to channel i, for what it is in channel j.

    edit, source: (3, h, w) in [0, 1], in the photo's colours; shown: what the photo shows at their size, (3, h, w) in
    [0, 1]; replaced: (h, w) as `replaced_fraction` gives it. Where change ≈ gain · source + offset around a pixel, the
    same gain holds for the detail; as far as the pixel is replaced, the gain is -1. It is then corrected by what it
    leaves unexplained in the change of the finest detail. Equal edit and source give 0 exactly.
    """
    gain, _ = guided_coefficients(edit - source, source, _REACH, _NOISE, _BLACK)
    gain = window_mean(gain, _FINE_REACH) * (1 - replaced)
    for channel in range(3):
        gain[channel, channel] -= replaced
    fine, fine_edit = _finest(source), _finest(edit)
    left = fine_edit - fine - _applied(gain, fine)
    error = window_mean(((fine - _finest(shown)) ** 2).mean(axis=0), _FINE_REACH)
    correction, _ = guided_coefficients(left, fine, _FINE_REACH, _FINE_NOISE + _DISTRUST * error)
    left -= _applied(correction, fine)
    correction *= 1 - replaced * (1 - _agreement(fine_edit, fine, left))
    gain += correction
    return gain


def _finest(planes: Planes) -> Planes:
    """Measure how far each pixel stands out from those next to it, (n, h, w)."""
    finest: Planes = planes - window_mean(planes, 1)
    return finest


def _applied(gain: Planes, detail: Planes) -> Planes:
    """Apply a gain (3, 3, h, w) to detail (3, h, w)."""
    applied: Planes = np.einsum("nihw,ihw->nhw", gain, detail)
    return applied


def _agreement(edit: Planes, source: Planes, unexplained: Planes) -> NDArray[np.float32]:
    """Measure how surely the finest detail of both pictures is the same, (h, w), 0 to 1.

    unexplained: (3, h, w), what remains of the change of that detail once the best gain is applied. A thing that is
    replaced may be like its predecessor by chance here and there, but then either picture has details that the other
    lacks.
    """
    after, before, rest = window_mean(
        np.stack([(planes**2).sum(axis=0) for planes in (edit, source, unexplained)]), _FINE_REACH
    )
    return _ramp((np.minimum(after, before) - rest) / (np.maximum(after, before) + _FLAT_DETAIL), _AGREEMENT_ENDS)


def replaced_fraction(edit: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how much of each pixel is replaced by another thing, not just recoloured: (h, w), 0 to 1.

    edit, source: (h, w, 3) in [0, 1]. Another colour leaves the edges where they were. So the edges of all that changed
    visibly in a region are compared; where they are elsewhere, the region is replaced as one, gaps included.
    """
    changed = visible_change(edit, source)
    region = max(2, round(_REGION * min(changed.shape)))
    edges, edges_before = changed * _edges(edit), changed * _edges(source)
    both, after, before, noise = window_mean(
        np.stack([edges * edges_before, edges**2, edges_before**2, _FLAT**2 * changed]), region
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
    """Length of the colour gradient per pixel, (h, w)."""
    down, across = np.gradient(picture, axis=(0, 1))
    edges: NDArray[np.float32] = np.sqrt((down**2 + across**2).sum(axis=-1))
    return edges


def _ramp(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    """0 at the first end, 1 at the second, straight between them."""
    start, end = ends
    ramp: NDArray[np.float32] = np.clip((values - start) / (end - start), 0, 1)
    return ramp
