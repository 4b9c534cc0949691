"""Noise that is the same at any resolution."""

import torch
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
    left, top = column.long() % CELLS, row.long() % CELLS
    right, bottom = (left + 1) % CELLS, (top + 1) % CELLS
    upper = grid[top, left] * (1 - across) + grid[top, right] * across
    lower = grid[bottom, left] * (1 - across) + grid[bottom, right] * across
    return upper * (1 - down) + lower * down
