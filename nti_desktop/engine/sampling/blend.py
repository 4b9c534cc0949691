"""Word attention -> mask; the blend of edited and source latents (Hertz et al. 2022, local editing).

It differs from the published code's LocalBlend, which sums the maps of all words, after substitution, and normalises
and thresholds the sum: see `WordMaps` and `blend_mask`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nti_desktop.engine.sampling.places import grown
from nti_desktop.engine.sampling.tokens import PromptTokens, word_columns
from nti_desktop.recipe.recipe import Blend


def map_grid(latent_size: tuple[int, int], layer_positions: Iterable[int], positions: int) -> tuple[int, int]:
    """The grid (rows, columns) on which word attention is read.

    latent_size: (h, w); layer_positions: of the cross-attention layers. The coarsest grid with at least `positions`
    positions, else the finest.
    """
    there = set(layer_positions)
    grids = [latent_size]
    while grids[-1] != (1, 1):
        grids.append(((grids[-1][0] + 1) // 2, (grids[-1][1] + 1) // 2))
    grids = [(rows, columns) for rows, columns in grids if rows * columns in there]
    enough = [grid for grid in grids if grid[0] * grid[1] >= positions]
    return enough[-1] if enough else grids[0]


@dataclass(eq=False)
class WordMaps:
    """Attention of both prompts' tokens, before substitution and weighting, summed over the steps.

    The published code gathers the maps after both: there the edit's map of a kept word is the source's own within the
    window, and a word that is turned up counts for more.

    source, edit: (tokens, rows, columns) float32 on one grid, averaged over heads and layers.
    """

    grid: tuple[int, int]
    source: Tensor
    edit: Tensor

    @staticmethod
    def empty(grid: tuple[int, int], tokens: int, device: torch.device) -> "WordMaps":
        """Maps of no word yet."""
        zeros = torch.zeros(tokens, *grid, device=device)
        return WordMaps(grid, zeros, zeros.clone())

    def add(self, source: Mapping[str, Tensor], edit: Mapping[str, Tensor]) -> None:
        """Add one step; source, edit: per cross-attention layer (heads, positions, tokens)."""
        self.source = self.source + self._average(source)
        self.edit = self.edit + self._average(edit)

    def _average(self, layers: Mapping[str, Tensor]) -> Tensor:
        size = self.grid[0] * self.grid[1]
        maps = [p.float().mean(0).to(self.edit.device) for p in layers.values() if p.shape[-2] == size]
        average: Tensor = torch.stack(maps).mean(0).T
        return average.reshape(-1, *self.grid)


def blend_mask(
    maps: WordMaps, blend: Blend, source: PromptTokens, edit: PromptTokens, latent_size: tuple[int, int]
) -> Tensor:
    """Find where an edit may change the picture, (h, w) bool, from the attention gathered so far.

    Each word's map is normalised and thresholded by itself, so that a word that is looked at little has a place all the
    same; the words' masks of both prompts are united, those of the keep words taken out. Where maps are not pooled, the
    mask of a word that another one replaces, or nothing, is widened by a cell of its map: its outline has to go. The
    published code adds up the maps of a prompt's words first, then pools, normalises and thresholds the sum; it unites
    both prompts' masks, too.
    """

    def covered(columns: tuple[int, ...], of: Tensor, pooled: bool) -> Tensor:
        attention = of[list(columns)].sum(0)[None, None]
        if pooled:
            attention = F.max_pool2d(attention, 3, stride=1, padding=1)
        attention = F.interpolate(attention, size=latent_size, mode="bilinear")[0, 0]
        inside: Tensor = attention > blend.threshold * attention.max()
        return inside

    mask = torch.zeros(latent_size, dtype=torch.bool, device=maps.edit.device)
    for word in blend.words:
        in_source, in_edit = word_columns(source, edit, word)
        found = covered(in_source, maps.source, blend.pooled) | covered(in_edit, maps.edit, blend.pooled)
        goes = [source.ids[column] for column in in_source] != [edit.ids[column] for column in in_edit]
        widened = goes and in_source and not blend.pooled
        mask |= grown(found, max(1, latent_size[0] // maps.grid[0])) if widened else found
    for word in blend.keep:
        in_source, in_edit = word_columns(source, edit, word)
        mask &= ~(covered(in_source, maps.source, pooled=False) | covered(in_edit, maps.edit, pooled=False))
    return mask
