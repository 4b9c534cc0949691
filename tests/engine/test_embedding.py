"""The photo's own words: an embedding near the description's that explains more of the photo."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken, Progress
from nti_desktop.engine.methods import embedding, residual
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.ddim import levels_of, trained_for
from nti_desktop.recipe.kept_arrays import EMBEDDED
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.engine.trials import EDIT, SOURCE, prepared, rendered, some_latents


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "STEPS", 6)
    monkeypatch.setattr(embedding, "LEARNING_RATE", 1e-2)


@pytest.fixture
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared_once(prototype)


@cache
def prepared_once(model: DiffusionModel) -> Prepared:
    return prepared(model, Method.EMBEDDING, steps=4)


@pytest.mark.slow
def test_what_is_learned_explains_the_photo_better_and_begins_as_the_description(prototype: DiffusionModel) -> None:
    latents, start = some_latents(), prototype.embed(SOURCE)
    levels = levels_of(prototype.scheduler_config, 50)
    own = embedding.learned(prototype, latents, start, lambda _: None, CancelToken())
    assert torch.equal(own.tokens[:, 0], start.tokens[:, 0])
    assert not torch.equal(own.tokens[:, 1:], start.tokens[:, 1:])
    assert float((own.tokens - start.tokens).abs().max()) <= 6 * 1e-2 + 1e-4  # Adam's steps are no longer than its rate

    @torch.no_grad()
    def missed(words: torch.Tensor) -> float:
        lot, total = torch.Generator().manual_seed(7), 0.0
        for i in range(0, 50, 3):
            noise = torch.randn(latents.shape, generator=lot)
            alpha = torch.tensor(levels.alphas[i])
            noisy = alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
            wanted = trained_for(latents, noise, alpha, levels.prediction)
            total += float(
                (prototype.predict(noisy, levels.timesteps[i], start.with_tokens(words)) - wanted).square().mean()
            )
        return total

    assert missed(own.tokens) < missed(start.tokens)


def test_unchanged_words_return_the_photo_whatever_was_learned(prototype: DiffusionModel, photo: Prepared) -> None:
    same = rendered(prototype, photo, EditRecipe(SOURCE, self_limit=1.0))
    assert torch.allclose(same.latents, photo.photo, atol=1e-4)
    wild = {**photo.arrays, EMBEDDED.name: photo.arrays[EMBEDDED.name] + 0.3}
    same = rendered(prototype, replace(photo, arrays=wild), EditRecipe(SOURCE, self_limit=1.0))
    assert torch.allclose(same.latents, photo.photo, atol=1e-4)


def test_where_nothing_was_learned_an_edit_is_residuals(prototype: DiffusionModel, photo: Prepared) -> None:
    described = prototype.embed(SOURCE).tokens[0]
    nothing = replace(photo, arrays={**photo.arrays, EMBEDDED.name: described})
    plain = replace(nothing, settings=replace(photo.settings, method=Method.RESIDUAL))
    recipe = EditRecipe(EDIT, cross_until=0.3, self_until=0.3)
    expected = residual.render(Task(prototype, plain, residual.source(prototype, plain), recipe))
    found = rendered(prototype, nothing, recipe)
    assert torch.allclose(found.latents, expected.latents, atol=1e-5)
    assert not torch.allclose(rendered(prototype, photo, recipe).latents, expected.latents, atol=1e-4)


def test_no_strength_is_the_photo_and_half_lies_between(prototype: DiffusionModel, photo: Prepared) -> None:
    far = [
        float((rendered(prototype, photo, EditRecipe(EDIT, strength=share)).latents - photo.photo).square().mean())
        for share in (0.0, 0.5, 1.0)
    ]
    assert far[0] < 1e-6
    assert far[0] < far[1] < far[2]


def test_a_cancel_is_heeded_while_it_learns(prototype: DiffusionModel) -> None:
    cancel = CancelToken()

    def report(progress: Progress) -> None:
        if progress.step == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        embedding.learned(
            prototype,
            some_latents(),
            prototype.embed(SOURCE),
            report,
            cancel,
        )
