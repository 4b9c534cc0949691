"""What an edit has changed is drawn once more from a little noise."""

from dataclasses import replace

import pytest
import torch

from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.sampling.places import changed
from nti_desktop.recipe.methods import METHODS, REDRAWN_LEVELS, Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef
from tests.engine.trials import EDIT, SOURCE, prepared, rendered

RECIPE = EditRecipe(EDIT, cross_until=0.2, self_until=0.1, self_limit=1.0, guidance_scale=7.5)
AGAIN = replace(RECIPE, redrawn=0.5)


def test_only_what_has_changed_and_what_is_beside_it_is_drawn_anew(prototype: DiffusionModel) -> None:
    photo = prepared(prototype, Method.FLOWEDIT, steps=6, guidance_scale=7.5)
    once, again = (rendered(prototype, photo, recipe) for recipe in (RECIPE, AGAIN))
    place = changed(once.latents, photo.photo)
    assert place.any()
    different = (once.latents != again.latents).any(1, keepdim=True)
    assert different.any()
    assert not (different & ~place).any()


def test_it_takes_as_many_rows_as_are_foretold(prototype: DiffusionModel) -> None:
    photo = prepared(prototype, Method.FLOWEDIT, steps=6, guidance_scale=7.5)
    rows = []
    for recipe in (RECIPE, AGAIN):
        with counted_rows(prototype) as counted:
            rendered(prototype, photo, recipe)
        rows.append(counted.rows)
    assert rows[1] - rows[0] == 2 * REDRAWN_LEVELS
    row = METHODS[Method.FLOWEDIT]
    assert row.calls_of_edit(AGAIN, 6).rows - row.calls_of_edit(RECIPE, 6).rows == 2 * REDRAWN_LEVELS


@pytest.mark.parametrize(
    ("method", "visits", "recipe"),
    [
        (Method.FLOWEDIT, 2, AGAIN),  # a preview
        (Method.FLOWEDIT, None, replace(AGAIN, redrawn=0.01)),  # less than the least noise of the model
        (Method.RESIDUAL, None, AGAIN),  # another method
    ],
)
def test_otherwise_nothing_is_drawn_anew(
    prototype: DiffusionModel, method: Method, visits: int | None, recipe: EditRecipe
) -> None:
    photo = prepared(prototype, method, steps=6, guidance_scale=7.5)
    once, again = (rendered(prototype, photo, each, visits) for each in (replace(recipe, redrawn=0.0), recipe))
    assert torch.equal(once.latents, again.latents)


def test_unchanged_words_return_the_photo(prototype: DiffusionModel) -> None:
    photo = prepared(prototype, Method.FLOWEDIT, steps=6, guidance_scale=7.5)
    held = rendered(prototype, photo, replace(AGAIN, prompt=SOURCE))
    assert torch.allclose(held.latents, photo.photo, atol=1e-4)


def test_a_mask_holds_for_it_too(prototype: DiffusionModel) -> None:
    photo = prepared(prototype, Method.FLOWEDIT, steps=6, guidance_scale=7.5)
    ball = WordRef(Side.EDIT, EDIT.split().index("ball"), "ball")
    blend = Blend((ball,), threshold=0.9, positions=1, pooled=False)
    edit = rendered(prototype, photo, replace(AGAIN, blend=blend))
    assert edit.mask is not None
    assert edit.mask.any()
    outside = ~edit.mask.expand_as(edit.latents)
    assert outside.any()
    assert torch.equal(edit.latents[outside], photo.pivot[-1:][outside])
