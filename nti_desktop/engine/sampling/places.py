"""Places in latents: where an edit is no longer the photo, and what is beside a place."""

import torch.nn.functional as F
from torch import Tensor

CHANGED = 0.15  # a difference of latents, whose deviation is about 1; what differs less, and not beside more, stays


def grown(place: Tensor, by: int = 1) -> Tensor:
    """A place (h, w) bool with all that is `by` cells or less beside it."""
    wider: Tensor = F.max_pool2d(place[None].float(), 2 * by + 1, stride=1, padding=by)[0] > 0
    return wider


def changed(edit: Tensor, photo: Tensor) -> Tensor:
    """Find where latents (1, C, h, w) are no longer the photo's, grown by one: (h, w) bool."""
    return grown((edit - photo).square().mean(1).sqrt()[0] > CHANGED)
