"""What an edit of an area changes at the area's own border, where the photo goes on as it was, is taken out again.

A model that draws an area anew shifts it by a level or two, which nobody sees but as the outline of a rectangle. So the
slight change along the border is spread over the area and subtracted, as seamless cloning does with all of it
(Pérez et al. 2003; here by inverse distances). A change that can be seen by itself is meant, and stays.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.photo.compositing.box_filter import window_mean
from nti_desktop.photo.compositing.guided_filter import Planes
from nti_desktop.photo.compositing.mask import Sides

_CELLS = 32  # along the longer side, at which the change of the border is spread
_REACH = 2  # pixels that say together how the border has changed
_MEANT_ENDS = (6 / 255, 12 / 255)  # largest change of a channel: below none of it is meant, above all
_FALLS = 3  # power of the distance by which a place of the border counts less


def levelled(edit: Planes, source: Planes, inside: NDArray[np.bool_], open_sides: Sides) -> Planes:
    """Take from an area's edit what its border slightly changes by, (3, h, w).

    edit, source: (3, h, w) in [0, 1]; inside: (h, w), where the photo may change; open_sides: top, bottom, left, right,
    True where the photo goes on.
    """
    height, width = inside.shape
    border = _border(height, width, open_sides)
    if not border.any():
        return edit
    seen = window_mean(edit - source, _REACH) * inside
    drift = seen * (1 - _meant(np.abs(seen).max(axis=0)))
    rows, columns = (max(2, round(side * _CELLS / max(height, width))) for side in (height, width))
    down, across = (np.arange(count) + 0.5 for count in (rows, columns))
    places = np.stack(np.nonzero(border)) + 0.5
    places *= np.array([[rows / height], [columns / width]])
    squared = (down[:, None, None] - places[0]) ** 2 + (across[None, :, None] - places[1]) ** 2
    shares = (squared + 0.25) ** (-_FALLS / 2)  # half a cell is as near as can be
    shares /= shares.sum(axis=-1, keepdims=True)
    spread = np.einsum("yxn,cn->cyx", shares, drift[:, border]).astype(np.float32)
    planes = [Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC) for plane in spread]
    even: Planes = edit - np.stack([np.asarray(plane) for plane in planes]) * inside
    return even


def _border(height: int, width: int, open_sides: Sides) -> NDArray[np.bool_]:
    border = np.zeros((height, width), np.bool_)
    top, bottom, left, right = open_sides
    border[0], border[-1] = top, bottom
    border[:, 0] |= left
    border[:, -1] |= right
    return border


def _meant(change: NDArray[np.float32]) -> NDArray[np.float32]:
    start, end = _MEANT_ENDS
    meant: NDArray[np.float32] = np.clip((change - start) / (end - start), 0, 1)
    return meant
