"""Coupled inversion: up and down again is the photo, exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nti_desktop.core.errors import Cancelled, RecipeError
from nti_desktop.core.progress import CancelToken, Progress, report_nothing
from nti_desktop.engine.methods import edict
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.sampling.ddim import Levels, levels_of
from nti_desktop.recipe.kept_arrays import PAIR
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from tests.engine.trials import EDIT, SOURCE, prepared, some_latents

STEPS = 10


def levels(model: DiffusionModel, steps: int = STEPS) -> Levels:
    return levels_of(model.scheduler_config, steps)


@pytest.fixture(scope="module")
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared(prototype, Method.EDICT, steps=STEPS)


@pytest.mark.parametrize("steps", [2, 7, 12, 50])
@pytest.mark.parametrize("start", [0, 1])
def test_up_and_down_is_nothing_done_whatever_the_noise(prototype: DiffusionModel, steps: int, start: int) -> None:
    def noise(latents: torch.Tensor, level: int) -> torch.Tensor:
        return torch.sin(3 * latents + level) + 0.2 * latents.flip(-1)

    scale = levels(prototype, steps)
    pair = tuple(
        torch.randn((1, 4, 6, 5), dtype=torch.float64, generator=torch.Generator().manual_seed(k)) for k in (1, 2)
    )
    x, y = edict.down(edict.up(pair, noise, scale, start), noise, scale, start)  # type: ignore[arg-type]
    assert max(float((x - pair[0]).abs().max()), float((y - pair[1]).abs().max())) < 1e-9


def test_each_mixing_brings_the_two_nearer_by_the_square_of_p(prototype: DiffusionModel) -> None:
    scale = levels(prototype, 2)
    pair = torch.zeros((1, 4, 2, 2), dtype=torch.float64), torch.ones((1, 4, 2, 2), dtype=torch.float64)
    still = replace(scale, alphas=(0.5,) * 3)  # nothing moves: A = 1, B = 0
    x, y = edict.down(pair, lambda latents, _level: latents, still, 1)
    assert torch.allclose(y - x, (pair[1] - pair[0]) * edict.MIXING**2)


def test_the_photo_comes_back_through_the_model_as_far_as_single_precision_lets_it(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    assert photo.arrays[PAIR.name].dtype == torch.float64
    assert photo.reconstruction is not None
    assert torch.allclose(photo.reconstruction, photo.photo, atol=1e-4)
    same = edict.render(Task(prototype, photo, None, EditRecipe(SOURCE)))
    assert torch.equal(same.latents, photo.reconstruction)
    assert not torch.allclose(
        edict.render(Task(prototype, photo, None, EditRecipe(EDIT))).latents, photo.photo, atol=0.05
    )


@pytest.mark.slow
def test_rows_are_four_a_step_of_the_lower_eight_tenths(prototype: DiffusionModel, photo: Prepared) -> None:
    with counted_rows(prototype) as rows:
        edict.render(Task(prototype, photo, None, EditRecipe(EDIT)))
    assert rows.rows == 4 * 8
    with counted_rows(prototype) as rows:
        prepared(prototype, Method.EDICT, steps=STEPS)
    assert rows.rows == 2 * 4 * 8


@pytest.mark.slow
def test_another_guidance_is_refused_and_a_cancel_heeded_and_progress_told(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    with pytest.raises(RecipeError, match="prepare it again"):
        edict.render(Task(prototype, photo, None, EditRecipe(EDIT, guidance_scale=1.5)))
    cancel, told = CancelToken(), []

    def report(progress: Progress) -> None:
        told.append(progress.step)
        if len(told) == 3:
            cancel.cancel()

    with pytest.raises(Cancelled):
        edict.prepare(prototype, some_latents(), photo.settings, report, cancel)
    assert told[0] == 0
    assert edict.prepare(prototype, some_latents(), photo.settings, report_nothing, CancelToken()).arrays


def test_equal_pairs_are_numpy_doubles_in_the_file() -> None:
    from nti_desktop.project.tensors import Layout, pack, unpack

    pair = np.random.default_rng(0).standard_normal((2, 4, 3, 3))
    expected = Layout(5, 24, 24, Method.EDICT.row.keeps)
    assert np.array_equal(unpack(pack({"pair": pair}), expected)["pair"], pair)
