"""One picture of a whole series: each photo, and what it was told beside it."""

import math
from collections.abc import Sequence

import numpy as np

from nti_desktop.editing.contact_sheet import SIDE, contact_sheet
from nti_desktop.editing.series import Told
from nti_desktop.photo.raster import Raster

_EMPTY = Raster(np.full((SIDE // 2, SIDE, 3), 232, np.uint8))


def series_sheet(told: Sequence[Told], edits: int) -> Raster | None:
    """Lay out the photos that something came of, each with its frames in a row; None where nothing came of any.

    edits: of every photo; where a frame is missing its place is empty, and says why.
    """
    cells: list[tuple[Raster, str]] = []
    shown = [each for each in told if each.before is not None and each.frames]
    for each in shown:
        assert each.before is not None
        cells.append((each.before, f"{each.photo.name}: {each.description}" if len(told) > 1 else each.description))
        cells += [(frame.picture, frame.prompt) for frame in each.frames]
        cells += [(_EMPTY, str(each.error))] * (edits - len(each.frames))
    if not shown:
        return None
    together = 1 + edits
    across = math.ceil(math.sqrt(together)) if len(shown) == 1 else together * _abreast(len(shown), together)
    return contact_sheet(cells, columns=min(across, len(cells)))


def _abreast(photos: int, together: int) -> int:
    """So many photos side by side that the sheet is about square, as its formats end at some length."""
    return max(1, round(math.sqrt(photos / together)))
