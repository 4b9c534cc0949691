"""The way up to noise: which one the way down retraces, and what it costs."""

import pytest
import torch

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.sampling.ddim import levels_of, step_down
from nti_desktop.engine.sampling.pivot import invert, invert_exactly
from tests.engine.trials import SOURCE, some_latents


@torch.no_grad()
def missed(model: DiffusionModel, pivot: torch.Tensor, steps: int) -> float:
    """How far from the photo the unguided way down ends, as a mean square."""
    levels = levels_of(model.scheduler_config, steps)
    z, embedding = pivot[:1], model.embed(SOURCE)
    for a in range(steps):
        z = step_down(model.predict(z, levels.timesteps[a], embedding), z, levels, a, a + 1)
    return float((z - pivot[-1:]).square().mean())


@pytest.mark.slow
def test_the_exact_way_up_is_retraced_far_better_at_one_row_a_level(prototype: DiffusionModel) -> None:
    model = prototype
    levels, latents = levels_of(model.scheduler_config, 20), some_latents()
    misses = []
    for way_up in (invert, invert_exactly):
        with counted_rows(model) as rows:
            pivot = way_up(model, latents, model.embed(SOURCE), levels, report_nothing, CancelToken())
        assert rows.rows == 20
        assert torch.equal(pivot[-1:], latents)
        misses.append(missed(model, pivot, 20))
    assert misses[1] < misses[0] / 4
