"""Noise that is the same at any resolution."""

import torch
import torch.nn.functional as F
from torch import Tensor

CELLS = 64  # a grid of noise repeats after so many


def noise_grid(seed: int) -> Tensor:
    """A grid (CELLS, CELLS), uniform in [0, 1)."""
    return torch.rand(CELLS, CELLS, generator=torch.Generator().manual_seed(seed))


def smooth_noise(grid: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The grid at (x, y) in cells, blended smoothly between its points; about 0.5 in the mean."""
    column, row = x.floor(), y.floor()
    across, down = x - column, y - row
    across, down = across * across * (3 - 2 * across), down * down * (3 - 2 * down)
    wrapped = F.pad(grid[None], (0, 1, 0, 1), "circular")[0]
    place = (row.long() % CELLS) * (CELLS + 1) + column.long() % CELLS
    left, right, below_left, below_right = (wrapped.take(place + step) for step in (0, 1, CELLS + 1, CELLS + 2))
    upper = left * (1 - across) + right * across
    lower = below_left * (1 - across) + below_right * across
    return upper * (1 - down) + lower * down
