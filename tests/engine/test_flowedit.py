"""The photo with noise of its own at every level, in place of an inversion."""

import pytest
import torch

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods import flowedit
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import EDIT, SOURCE, prepared, rendered, some_latents


def test_nothing_is_asked_of_the_model_and_the_path_is_the_photo_with_less_and_less_noise(
    prototype: DiffusionModel,
) -> None:
    photo, settings = some_latents(16, 24), InversionSettings(SOURCE, Method.FLOWEDIT, 9, 3.0)
    with counted_rows(prototype) as rows:
        found = flowedit.prepare(prototype, photo, settings, report_nothing, CancelToken())
    assert rows.rows == 0
    assert found.pivot.shape == (10, *photo.shape[1:])
    assert torch.equal(found.pivot[-1:], photo)
    alphas = levels_of(prototype.scheduler_config, 9).alphas[:-1]
    noises = torch.stack(
        [(z - alpha**0.5 * photo[0]) / (1 - alpha) ** 0.5 for alpha, z in zip(alphas, found.pivot, strict=False)]
    )
    assert noises.std() == pytest.approx(1, abs=0.05)
    alike = torch.corrcoef(noises.flatten(1)) - torch.eye(9)
    assert alike.abs().max() < 0.1, "each level has noise of its own"


def test_a_photo_is_prepared_alike_each_time(prototype: DiffusionModel) -> None:
    first, again = (prepared(prototype, Method.FLOWEDIT, steps=4) for _ in range(2))
    assert torch.equal(first.pivot, again.pivot)


@pytest.mark.slow
@pytest.mark.parametrize("visits", [None, 2])
def test_unchanged_words_return_the_photo_and_others_do_not(model: DiffusionModel, visits: int | None) -> None:
    photo = prepared(model, Method.FLOWEDIT, steps=10, guidance_scale=7.5)
    held = rendered(model, photo, EditRecipe(SOURCE, cross_until=0.8, self_until=0.4, self_limit=1.0), visits)
    assert torch.allclose(held.latents, photo.photo, atol=1e-4)
    edited = rendered(model, photo, EditRecipe(EDIT, cross_until=0.8, self_until=0.4, self_limit=1.0), visits)
    assert not torch.allclose(edited.latents, photo.photo, atol=1e-2)
