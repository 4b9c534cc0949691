"""The mask that the newest picture was made with, to be laid over the photo: the mask shown is the mask used."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nti_desktop.editing.document import Document
from nti_desktop.editing.render_plan import Composed
from nti_desktop.photo.frame import Area


@dataclass(frozen=True, eq=False)
class UsedMask:
    """reach: see Composed; area: of the photo that it lies on; coverage: see Rendered."""

    reach: NDArray[np.float32]
    area: Area
    coverage: float


def used_mask(document: Document, last: Composed[Any] | None) -> UsedMask | None:
    """Return the mask of the newest picture; None where it has none, or the edit as it stands asks for none.

    last: the newest picture, None before the first.
    """
    state = document.state
    if last is None or last.rendered is None or last.reach is None or state is None:
        return None
    if state.recipe.blend is None and not state.recipe.within and not document.row.finds:
        return None
    return UsedMask(last.reach, document.session.frame(last.wanted.inversion).area, last.rendered.coverage)
