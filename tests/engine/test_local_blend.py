"""Where words look, and the mask made of it."""

import pytest
import torch
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.blend import WordMaps, blend_mask, map_grid
from nti_desktop.recipe.recipe import Blend, Side, WordRef

SOURCE, EDIT = "a white ball on grass", "a red ball on grass"


@pytest.mark.parametrize(
    ("latents", "layers", "positions", "grid"),
    [
        ((64, 64), [4096, 1024, 256, 64], 160, (16, 16)),  # Stable Diffusion at 512, as published
        ((64, 64), [4096, 1024, 256, 64], 40, (8, 8)),
        ((16, 16), [256, 64, 16], 160, (16, 16)),
        ((16, 16), [256, 64, 16], 40, (8, 8)),
        ((20, 12), [240, 60, 15], 40, (10, 6)),
        ((96, 48), [4608, 1152, 288, 72], 160, (24, 12)),
        ((9, 7), [63, 20], 160, (9, 7)),
    ],
)
def test_words_are_read_on_the_coarsest_grid_that_is_fine_enough(
    latents: tuple[int, int], layers: list[int], positions: int, grid: tuple[int, int]
) -> None:
    assert map_grid(latents, layers, positions) == grid


def maps_with(model: DiffusionModel, *spots: tuple[str, str, tuple[int, int]]) -> WordMaps:
    """Attention of 1 at a spot of the 8x8 grid for a word of the source or the edit, 0.01 elsewhere."""
    maps = WordMaps.empty((8, 8), 77, torch.device("cpu"))
    layers: dict[str, Tensor] = {}
    for side, prompt in (("source", SOURCE), ("edit", EDIT)):
        tokens = model.tokens(prompt)
        attention = torch.full((2, 64, 77), 0.01)
        for at, word, (row, column) in spots:
            if at == side:
                place = prompt.split().index(word)
                attention[:, row * 8 + column, list(tokens.columns[place])] = 1
        layers[side] = attention
    coarse = {"coarse": torch.ones(2, 16, 77)}
    maps.add({"layer": layers["source"]} | coarse, {"layer": layers["edit"]} | coarse)
    return maps


def both(word: str, spot: tuple[int, int]) -> tuple[tuple[str, str, tuple[int, int]], ...]:
    """The same spot for a word in both prompts."""
    return ("source", word, spot), ("edit", word, spot)


def mask_of(model: DiffusionModel, maps: WordMaps, blend: Blend) -> Tensor:
    return blend_mask(maps, blend, model.tokens(SOURCE), model.tokens(EDIT), (16, 16))


def ref(word: str, side: Side = Side.EDIT) -> WordRef:
    return WordRef(side, (EDIT if side is Side.EDIT else SOURCE).split().index(word), word)


def test_source_and_edit_masks_are_united_and_pooled(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, ("source", "white", (1, 1)), ("edit", "red", (6, 6)))
    mask = mask_of(prototype, maps, Blend((ref("red"),)))
    assert mask[2:4, 2:4].all()
    assert mask[12:14, 12:14].all()
    assert mask[0, 0]  # max-pooled: the neighbours of the spot belong to it
    assert not mask[7:9].any()


def test_a_mask_that_is_not_pooled_is_widened_only_where_a_word_goes(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, *both("ball", (1, 1)), ("source", "white", (5, 5)), ("edit", "red", (5, 5)))

    def cells(word: WordRef) -> Tensor:
        return mask_of(prototype, maps, Blend((word,), threshold=0.6, pooled=False))

    kept, replaced = torch.zeros(2, 16, 16, dtype=torch.bool)
    kept[2:4, 2:4] = True  # half of the way to a neighbour attention is below the threshold
    replaced[8:14, 8:14] = True  # by a cell of the 8x8 grid
    assert torch.equal(cells(ref("ball")), kept)
    assert torch.equal(cells(ref("red")), replaced)
    assert torch.equal(cells(ref("white", Side.SOURCE)), replaced)


def test_keep_words_are_taken_out_unpooled(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, *both("ball", (4, 4)), *both("grass", (4, 4)))
    with_keep = mask_of(prototype, maps, Blend((ref("ball"),), (ref("grass"),)))
    without = mask_of(prototype, maps, Blend((ref("ball"),)))
    assert without[8:10, 8:10].all()
    assert not with_keep[8:10, 8:10].any()
    assert with_keep[6, 6]
    assert not without[0].any()


def test_a_faint_word_is_thresholded_by_its_own_maximum(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, *both("ball", (1, 1)), *both("grass", (6, 6)))
    faint = prototype.tokens(EDIT).columns[4][0]
    maps.edit[faint] *= 0.1
    maps.source[faint] *= 0.1
    mask = mask_of(prototype, maps, Blend((ref("ball"), ref("grass"))))
    assert mask[2:4, 2:4].all()
    assert mask[12:14, 12:14].all()
    assert not mask[7:9].any()


def test_a_word_of_the_source_alone_can_confine_the_edit(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, ("source", "white", (1, 1)), ("edit", "red", (1, 1)))
    assert mask_of(prototype, maps, Blend((ref("white", Side.SOURCE),)))[2:4, 2:4].all()


def test_a_higher_threshold_covers_less(prototype: DiffusionModel) -> None:
    torch.manual_seed(0)
    maps = WordMaps((8, 8), torch.rand(77, 8, 8), torch.rand(77, 8, 8))
    covered = [int(mask_of(prototype, maps, Blend((ref("ball"),), threshold=t)).sum()) for t in (0.2, 0.8, 0.95, 1.0)]
    assert covered == sorted(covered, reverse=True)
    assert covered[0] > covered[-1] == 0


def test_layers_of_another_grid_are_not_mixed_in(prototype: DiffusionModel) -> None:
    maps = maps_with(prototype, ("edit", "ball", (2, 5)))
    column = prototype.tokens(EDIT).columns[2][0]
    assert maps.edit[column].max() == 1
    assert maps.edit[column].argmax() == 2 * 8 + 5


def test_a_mask_word_that_is_not_in_the_prompt_is_an_error_with_its_name(prototype: DiffusionModel) -> None:
    with pytest.raises(RecipeError, match="cone"):
        mask_of(prototype, maps_with(prototype), Blend((WordRef(Side.EDIT, 2, "cone"),)))
