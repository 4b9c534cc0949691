"""A model that was tuned on one photo, beside that photo's own words."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken, Progress
from nti_desktop.engine.methods import embedding, imagic
from nti_desktop.engine.methods.denoise import Prepared
from nti_desktop.engine.model import low_rank
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.ddim import levels_of, trained_for
from nti_desktop.recipe.kept_arrays import TUNED
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import EDIT, SOURCE, prepared, rendered, some_latents


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "STEPS", 2)
    monkeypatch.setattr(imagic, "STEPS", 6)
    monkeypatch.setattr(imagic, "LEARNING_RATE", 1e-2)


@pytest.fixture
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared_once(prototype)


@cache
def prepared_once(model: DiffusionModel) -> Prepared:
    return prepared(model, Method.IMAGIC, steps=4)


@torch.no_grad()
def answer(model: DiffusionModel) -> Tensor:
    return model.predict(some_latents(), 500, model.embed(SOURCE))


def some_additions(model: DiffusionModel, size: float = 0.05) -> Tensor:
    return size * torch.randn(low_rank.count(model.unet), generator=torch.Generator().manual_seed(5))


def test_additions_that_add_nothing_change_no_bit_and_others_are_gone_afterwards(prototype: DiffusionModel) -> None:
    plain = answer(prototype)
    with low_rank.added(prototype.unet, low_rank.nothing(prototype.unet, prototype.device)):
        assert torch.equal(answer(prototype), plain)
    with low_rank.added(prototype.unet, some_additions(prototype)):
        assert not torch.allclose(answer(prototype), plain, atol=1e-4)
    assert torch.equal(answer(prototype), plain)


def test_the_additions_are_as_if_their_products_were_added_to_the_weights(prototype: DiffusionModel) -> None:
    plain, numbers = answer(prototype), some_additions(prototype)
    with low_rank.added(prototype.unet, numbers):
        beside = answer(prototype)
    weights = {name: weight.clone() for name, weight in prototype.unet.state_dict().items()}
    at = 0
    with torch.no_grad():
        for layer in low_rank._layers(prototype.unet):
            down, up = (
                numbers[start : start + low_rank.RANK * size]
                for start, size in (
                    (at, layer.in_features),
                    (at + low_rank.RANK * layer.in_features, layer.out_features),
                )
            )
            layer.weight += up.view(-1, low_rank.RANK) @ down.view(low_rank.RANK, -1)
            at += low_rank.RANK * (layer.in_features + layer.out_features)
        assert at == len(numbers)
        assert torch.allclose(answer(prototype), beside, atol=1e-4)
        prototype.unet.load_state_dict(weights)
    assert torch.equal(answer(prototype), plain)


def test_an_error_on_the_way_takes_the_additions_off(prototype: DiffusionModel) -> None:
    plain = answer(prototype)
    with pytest.raises(ZeroDivisionError), low_rank.added(prototype.unet, some_additions(prototype)):
        raise ZeroDivisionError
    assert torch.equal(answer(prototype), plain)


def missed(model: DiffusionModel, latents: Tensor) -> float:
    levels, told = levels_of(model.scheduler_config, 50), model.embed(SOURCE)
    lot, total = torch.Generator().manual_seed(7), 0.0
    with torch.no_grad():
        for i in range(0, 50, 3):
            noise = torch.randn(latents.shape, generator=lot)
            alpha = torch.tensor(levels.alphas[i])
            noisy = alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
            wanted = trained_for(latents, noise, alpha, levels.prediction)
            total += float((model.predict(noisy, levels.timesteps[i], told) - wanted).square().mean())
    return total


@pytest.mark.slow
def test_the_tuned_model_knows_the_photo_better(prototype: DiffusionModel) -> None:
    latents = some_latents()
    numbers = imagic.tuned(prototype, latents, prototype.embed(SOURCE), lambda _: None, CancelToken())
    before = missed(prototype, latents)
    with low_rank.added(prototype.unet, numbers):
        assert missed(prototype, latents) < before
    assert missed(prototype, latents) == before


def test_unchanged_words_return_the_photo_whatever_was_tuned(prototype: DiffusionModel, photo: Prepared) -> None:
    same = rendered(prototype, photo, EditRecipe(SOURCE, self_limit=1.0))
    assert torch.allclose(same.latents, photo.photo, atol=1e-4)
    wild = replace(photo, arrays={**photo.arrays, TUNED.name: some_additions(prototype)})
    same = rendered(prototype, wild, EditRecipe(SOURCE, self_limit=1.0))
    assert torch.allclose(same.latents, photo.photo, atol=1e-4)


def test_without_additions_an_edit_is_that_of_the_own_words(prototype: DiffusionModel, photo: Prepared) -> None:
    none = torch.zeros_like(photo.arrays[TUNED.name])
    plain = replace(photo, arrays={**photo.arrays, TUNED.name: none})
    words = replace(plain, settings=replace(photo.settings, method=Method.EMBEDDING))
    recipe = EditRecipe(EDIT, cross_until=0.0, self_until=0.0)
    found = rendered(prototype, plain, recipe).latents
    assert torch.equal(found, rendered(prototype, words, recipe).latents)
    assert not torch.allclose(rendered(prototype, photo, recipe).latents, found, atol=1e-4)


@pytest.mark.parametrize("what", ["Learning the photo", "Tuning the model"])
def test_a_cancel_is_heeded_while_it_learns(prototype: DiffusionModel, what: str) -> None:
    cancel, settings = CancelToken(), InversionSettings(SOURCE, Method.IMAGIC, 4)
    plain = answer(prototype)

    def report(progress: Progress) -> None:
        if progress.phase == what and progress.step == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        imagic.prepare(prototype, some_latents(), settings, report, cancel)
    assert torch.equal(answer(prototype), plain)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["sd15", pytest.param("sdxl", marks=pytest.mark.slow)])
def test_models_of_published_shapes_are_tuned_and_lead_back_to_the_photo(
    form: str, request: pytest.FixtureRequest
) -> None:
    model: DiffusionModel = request.getfixturevalue(form)
    photo = prepared(model, Method.IMAGIC, steps=3)
    assert photo.arrays[TUNED.name].shape == (low_rank.count(model.unet),)
    assert photo.arrays[TUNED.name].abs().max() > 0
    same = rendered(model, photo, EditRecipe(SOURCE, self_limit=1.0))
    assert torch.allclose(same.latents, photo.photo, atol=1e-3)
    assert not torch.allclose(rendered(model, photo, EditRecipe(EDIT)).latents, photo.photo, atol=1e-3)
