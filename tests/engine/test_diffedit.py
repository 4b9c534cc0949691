"""A place that the model finds by itself, and an edit that stays there: what DiffEdit promises."""

import pytest
import torch

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken
from nti_desktop.engine.methods import diffedit
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.methods.diffedit import difference_mask, first_steps, noises_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.engine.trials import EDIT, SOURCE, prepared

STEPS = 10
CHANGED = EditRecipe(EDIT)


@pytest.fixture(scope="module")
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared(prototype, Method.DIFFEDIT, steps=STEPS)


def edited(model: DiffusionModel, photo: Prepared, recipe: EditRecipe, visits: int | None = None) -> Edit:
    return diffedit.render(Task(model, photo, None, recipe, visits))


def test_a_planted_difference_is_found_exactly_wherever_the_mean_is_low_enough() -> None:
    differences = torch.full((16, 16), 0.02)
    differences[4:9, 6:12] = 1.0
    found = difference_mask(differences)
    assert torch.equal(found, differences > 0.5)
    assert torch.equal(difference_mask(1000 * differences), found), "how large they are says nothing"
    assert not difference_mask(torch.zeros(16, 16)).any()
    assert not difference_mask(torch.ones(16, 16)).any(), "nowhere more than elsewhere"


def test_unchanged_words_return_the_photo(prototype: DiffusionModel, photo: Prepared) -> None:
    edit = edited(prototype, photo, EditRecipe(SOURCE))
    assert edit.mask is not None
    assert not edit.mask.any()
    assert torch.equal(edit.latents, photo.photo)


def test_the_edit_stays_within_the_place_that_was_found(prototype: DiffusionModel, photo: Prepared) -> None:
    edit = edited(prototype, photo, CHANGED)
    assert edit.mask is not None
    assert 0 < float(edit.mask.float().mean()) < 0.6
    outside = ~edit.mask.expand_as(edit.latents)
    assert torch.equal(edit.latents[outside], photo.photo[outside])
    assert not torch.allclose(edit.latents[~outside], photo.photo[~outside], atol=0.1)
    again = edited(prototype, photo, CHANGED)
    assert torch.equal(again.latents, edit.latents)


@pytest.mark.parametrize(("steps", "levels", "noises"), [(50, 40, 10), (20, 16, 4), (2, 1, 1)])
def test_ten_noises_of_fifty_steps_as_published_and_in_proportion(steps: int, levels: int, noises: int) -> None:
    assert (first_steps(steps), noises_of(steps)) == (levels, noises)


def test_rows_are_two_for_each_noise_and_each_step(prototype: DiffusionModel, photo: Prepared) -> None:
    for visits, rows in ((None, 2 * STEPS), (3, 2 * (noises_of(STEPS) + 3))):
        with counted_rows(prototype) as counted:
            edited(prototype, photo, CHANGED, visits)
        assert counted.rows == rows
    assert Method.DIFFEDIT.row.edit_rows == 2


def test_a_cancel_is_heeded(prototype: DiffusionModel, photo: Prepared) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        diffedit.render(Task(prototype, photo, None, CHANGED, cancel=cancel))
