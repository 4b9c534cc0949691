"""The DDIM move: exact inverse, parity with diffusers, agreement of the three predictions, zero terminal SNR."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.sampling.ddim import (
    Levels,
    clean_and_noise,
    guided,
    levels_of,
    longer_step,
    step_down,
    step_up,
    undo_step_down,
)

SD15 = {
    "_class_name": "PNDMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": True,
}


def output_for(noise: Tensor, latents: Tensor, alpha: float, prediction: str) -> Tensor:
    """What a model of that kind says where `noise` is in latents at level alpha."""
    clean = (latents - (1 - alpha) ** 0.5 * noise) / alpha**0.5
    if prediction == "epsilon":
        return noise
    if prediction == "sample":
        return clean
    return alpha**0.5 * noise - (1 - alpha) ** 0.5 * clean


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("steps", [2, 7, 50])
def test_down_is_the_exact_inverse_of_up_when_the_noise_depends_on_the_step_alone(prediction: str, steps: int) -> None:
    levels = levels_of(SD15 | {"prediction_type": prediction}, steps)
    start = torch.randn(1, 4, 6, 5, dtype=torch.float64)
    noises = torch.randn(steps, 1, 4, 6, 5, dtype=torch.float64)
    z = start
    for level in range(steps, 0, -1):
        # the model is asked with the label of the level it goes to, and v or x0 are read with its alpha
        z = step_up(output_for(noises[level - 1], z, levels.alphas[level - 1], prediction), z, levels, level)
    for a in range(steps):
        z = step_down(output_for(noises[a], z, levels.alphas[a], prediction), z, levels, a, a + 1)
    assert torch.allclose(z, start, atol=1e-9)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("clean_end", [False, True])
def test_a_step_down_can_be_undone(prediction: str, clean_end: bool) -> None:
    levels = levels_of(SD15 | {"prediction_type": prediction, "set_alpha_to_one": clean_end}, 7)
    latents, output = torch.randn(2, 1, 4, 6, 5, dtype=torch.float64).unbind()
    for b in range(1, 8):
        above = undo_step_down(output, latents, levels, b)
        assert above.isfinite().all()
        if not (clean_end and prediction == "sample" and b == 7):  # that step keeps nothing of what it comes from
            assert torch.allclose(step_down(output, above, levels, b - 1, b), latents, atol=1e-9)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_a_longer_step_is_the_same_step_gone_on(prediction: str) -> None:
    levels = levels_of(SD15 | {"prediction_type": prediction}, 10)
    latents, output = torch.randn(2, 1, 4, 6, 5, dtype=torch.float64).unbind()
    for a in (0, 4):
        landed = step_down(output, latents, levels, a, a + 1)
        for b in range(a + 1, 11):
            there = longer_step(latents, landed, levels, a, b)
            assert torch.allclose(there, step_down(output, latents, levels, a, b), atol=1e-9)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("steps", [50, 100, 500])
def test_every_step_equals_that_of_diffusers(prediction: str, steps: int) -> None:
    config = SD15 | {"prediction_type": prediction}
    reference = DDIMScheduler.from_config(config, clip_sample=False)
    reference.set_timesteps(steps)
    levels = levels_of(config, steps)
    assert levels.timesteps == tuple(int(t) for t in reference.timesteps)
    z = torch.randn(1, 4, 8, 8)
    for a, t in enumerate(reference.timesteps):
        output = torch.randn(1, 4, 8, 8)
        theirs = reference.step(output, t, z).prev_sample
        z = step_down(output, z, levels, a, a + 1)
        assert torch.allclose(z, theirs, atol=2e-5)
        z = theirs


def analytic_noise(latents: Tensor, alpha: float, spread: float = 0.5) -> Tensor:
    """The best denoiser's answer for photos that are Gaussian with this spread."""
    return (1 - alpha) ** 0.5 * latents / (alpha * spread**2 + 1 - alpha)


def test_noise_v_and_x0_models_agree_on_one_analytic_denoiser() -> None:
    ends = []
    for prediction in ("epsilon", "v_prediction", "sample"):
        levels = levels_of(SD15 | {"prediction_type": prediction}, 100)
        torch.manual_seed(0)
        z = torch.randn(1, 4, 8, 8, dtype=torch.float64)
        for level in range(100, 0, -1):
            label = levels.alphas[level - 1]
            z = step_up(output_for(analytic_noise(z, label), z, label, prediction), z, levels, level)
        up = z
        for a in range(100):
            alpha = levels.alphas[a]
            z = step_down(output_for(analytic_noise(z, alpha), z, alpha, prediction), z, levels, a, a + 1)
        ends.append((up, z))
    for up, down in ends[1:]:
        assert torch.allclose(up, ends[0][0], atol=1e-8)
        assert torch.allclose(down, ends[0][1], atol=1e-8)
    torch.manual_seed(0)
    start = torch.randn(1, 4, 8, 8, dtype=torch.float64)
    assert float((ends[0][1] - start).abs().max()) < 0.1  # and the way back ends near the photo


@pytest.mark.parametrize("prediction", ["v_prediction", "sample"])
def test_a_level_of_pure_noise_is_legal_for_v_and_x0(prediction: str) -> None:
    config = SD15 | {
        "prediction_type": prediction,
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    levels = levels_of(config, 10)
    assert levels.alphas[0] == 0
    torch.manual_seed(0)
    clean, noise = torch.randn(2, 1, 4, 8, 8).unbind()
    answer = clean if prediction == "sample" else -clean
    found_clean, found_noise = clean_and_noise(answer, noise, 0.0, 0.0, prediction)
    assert torch.equal(found_clean, clean)
    assert torch.allclose(found_noise, noise)
    assert step_up(answer, clean, levels, 1).isfinite().all()


def test_a_level_of_pure_noise_is_refused_for_noise_prediction() -> None:
    config = SD15 | {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "epsilon"}
    with pytest.raises(ModelError, match="cannot be inverted"):
        levels_of(config, 10)


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_however_many_steps_there_are_each_goes_to_a_level_of_less_noise(spacing: str) -> None:
    for steps in range(2, 501):
        levels = levels_of(SD15 | {"timestep_spacing": spacing, "set_alpha_to_one": True}, steps)
        assert levels.steps == steps
        assert levels.timesteps[-1] >= 0, steps
        assert list(levels.alphas) == sorted(set(levels.alphas)), steps


def test_more_steps_than_the_model_has_levels_are_refused() -> None:
    with pytest.raises(ModelError, match="at most that many"):
        levels_of(SD15 | {"num_train_timesteps": 20}, 50)


def test_an_unknown_prediction_is_refused() -> None:
    with pytest.raises(ModelError, match="flow"):
        levels_of(SD15 | {"prediction_type": "flow"}, 10)


def test_the_last_step_of_an_offset_free_checkpoint_is_no_identity() -> None:
    levels = levels_of(SD15 | {"steps_offset": 0}, 50)
    assert levels.timesteps[-1] == 1
    assert levels.alphas[-2] != levels.alphas[-1]


def test_guidance_one_is_the_conditional_answer_and_zero_the_unconditional() -> None:
    u, c = torch.randn(2, 1, 4, 4, 4).unbind()
    assert torch.allclose(guided(u, c, 1.0), c, atol=1e-6)
    assert torch.equal(guided(u, c, 0.0), u)
    assert torch.allclose(guided(u, c, 7.5), u + 7.5 * (c - u))


@pytest.mark.parametrize("steps", [2, 10, 20, 49])
def test_fewer_steps_begin_and_end_where_fifty_do(steps: int) -> None:
    levels, fifty = levels_of(SD15, steps), levels_of(SD15, 50)
    assert levels.steps == steps
    for i in (0, -1):
        assert levels.timesteps[i] == fifty.timesteps[i]
    assert levels.alphas[0] == fifty.alphas[0]
    assert levels.alphas[-2:] == fifty.alphas[-2:]
    strides = -np.diff(levels.timesteps)
    assert strides.min() > 0
    assert max(strides[0], strides[-1]) <= strides.mean()  # denser at the ends
    assert abs(strides - strides[::-1]).max() <= 1


@pytest.mark.parametrize(("trained", "steps"), [(20, 19), (20, 11), (60, 49)])
def test_a_model_trained_with_few_levels_has_few(trained: int, steps: int) -> None:
    levels = levels_of(SD15 | {"num_train_timesteps": trained}, steps)
    assert len(set(levels.timesteps)) == steps


@pytest.mark.parametrize("steps", [2, 5, 12, 50, 100])
def test_progress_runs_from_none_to_all(steps: int) -> None:
    levels = levels_of(SD15, steps)
    found = [levels.progress(level) for level in range(steps + 1)]
    assert found[0] == 0
    assert found[-1] == 1
    assert found == sorted(found)
    if steps >= 50:
        assert np.allclose(found, np.arange(steps + 1) / steps)


@pytest.mark.parametrize("steps", [3, 50])
def test_levels_run_from_noise_to_picture(steps: int) -> None:
    levels: Levels = levels_of(SD15, steps)
    assert levels.steps == steps
    assert list(levels.timesteps) == sorted(levels.timesteps, reverse=True)
    assert np.all(np.diff(levels.alphas) > 0)
