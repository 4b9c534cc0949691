"""Drawing a photo anew from a noise level: what SDEdit, DDIB and Direct Inversion promise."""

from dataclasses import replace

import pytest
import torch

from nti_desktop.engine.methods import resample
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Lot
from tests.engine.trials import EDIT, SOURCE, prepared

STEPS = 12
DRAWN = EditRecipe(EDIT, noise=0.5)


@pytest.fixture(scope="module")
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared(prototype, Method.RESAMPLE, steps=STEPS)


def drawn(model: DiffusionModel, photo: Prepared, recipe: EditRecipe, visits: int | None = None) -> torch.Tensor:
    return resample.render(Task(model, photo, None, recipe, visits)).latents


def test_the_photos_own_noise_and_its_own_sentence_at_guidance_one_lead_back_to_it(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    same = EditRecipe(SOURCE, noise=1, lot=Lot.OWN, guidance_scale=1)
    missed = float((drawn(prototype, photo, same) - photo.photo).square().mean())
    moved = float((drawn(prototype, photo, replace(same, prompt=EDIT)) - photo.photo).square().mean())
    assert missed < 0.01 * float(photo.photo.square().mean())
    assert missed < 0.5 * moved


def test_a_seed_gives_the_same_bits_and_another_seed_another_picture(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    first = drawn(prototype, photo, DRAWN)
    assert torch.equal(first, drawn(prototype, photo, DRAWN))
    assert not torch.allclose(first, drawn(prototype, photo, replace(DRAWN, seed=1)), atol=0.1)


def test_the_less_noise_the_nearer_the_photo(prototype: DiffusionModel, photo: Prepared) -> None:
    far = [
        float((drawn(prototype, photo, replace(DRAWN, noise=noise)) - photo.photo).square().mean())
        for noise in (0.1, 0.4, 0.8)
    ]
    assert far == sorted(far)
    assert far[0] < 0.5 * far[-1]


def test_a_render_is_the_published_loop(prototype: DiffusionModel, photo: Prepared) -> None:
    """Meng et al. 2021, as for images: noise the photo to a level, then guided DDIM from there."""
    levels = levels_of(prototype.scheduler_config, STEPS)
    start = STEPS - STEPS // 2
    noise = torch.randn(photo.photo.shape, generator=torch.Generator().manual_seed(0))
    z = levels.alphas[start] ** 0.5 * photo.photo + (1 - levels.alphas[start]) ** 0.5 * noise
    for a in range(start, STEPS):
        without, told = (prototype.predict(z, levels.timesteps[a], prototype.embed(text)) for text in ("", EDIT))
        z = step_down(guided(without, told, photo.settings.guidance_scale), z, levels, a, a + 1)
    assert torch.allclose(drawn(prototype, photo, DRAWN), z, atol=1e-4)


def test_rows_are_two_a_step_and_one_without_guidance(prototype: DiffusionModel, photo: Prepared) -> None:
    for recipe, visits, rows in (
        (DRAWN, None, 2 * STEPS // 2),
        (replace(DRAWN, guidance_scale=1), None, STEPS // 2),
        (replace(DRAWN, noise=1), None, 2 * STEPS),
        (replace(DRAWN, noise=0.05), None, 2),
        (DRAWN, 2, 4),
    ):
        with counted_rows(prototype) as counted:
            drawn(prototype, photo, recipe, visits)
        assert counted.rows == rows
