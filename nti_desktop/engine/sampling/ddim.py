"""Timesteps and the DDIM move (Song et al. 2021), pure functions.

Levels run from the noisiest, 0, to the clean picture, `steps`. Step i goes from level i to level i + 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from nti_desktop.core.errors import ModelError
from nti_desktop.recipe.methods import PUBLISHED_STEPS

PREDICTIONS = ("epsilon", "v_prediction", "sample")


@dataclass(frozen=True)
class Levels:
    """The noise levels of a trajectory.

    timesteps: the UNet's label of each step, noisiest first; alphas: cumulative alpha of each level, one more than
    timesteps, the last one that of the clean end; prediction: what the model was trained to predict.
    """

    timesteps: tuple[int, ...]
    alphas: tuple[float, ...]
    prediction: str

    @property
    def steps(self) -> int:
        """Number of timesteps on the way down."""
        return len(self.timesteps)

    def progress(self, level: int) -> float:
        """Return how far down the trajectory a level lies, 0 to 1: level / steps where the levels are even."""
        if level == self.steps:
            return 1.0
        first, last = self.timesteps[0], self.timesteps[-1]
        return (first - self.timesteps[level]) / (first - last) * (1 - 1 / self.steps)

    def label(self, level: int) -> int:
        """The UNet's label of a level; the clean end's is the lowest there is."""
        return self.timesteps[level] if level < self.steps else 0


def levels_of(scheduler_config: Mapping[str, Any], steps: int) -> Levels:
    """The levels of a model's own noise schedule for a number of DDIM steps.

    Fewer than the published fifty lie between the first and the last of those, denser towards both ends (Chebyshev's
    points): what the noisy end decides is the light of the whole scene, what the other one does is the grain.
    Raises ModelError for a schedule that cannot be inverted, or for more steps than it was trained with.
    """
    scheduler: Any = DDIMScheduler.from_config(
        dict(scheduler_config), clip_sample=False, thresholding=False, steps_offset=1
    )
    prediction = str(scheduler.config.prediction_type)
    if prediction not in PREDICTIONS:
        raise ModelError(f"This model predicts “{prediction}”, which this program does not know; choose another model.")
    trained = scheduler.config.num_train_timesteps
    if steps > trained:
        raise ModelError(f"This model has {trained} noise levels; choose at most that many steps.")
    even = max(steps, min(PUBLISHED_STEPS, trained))
    scheduler.set_timesteps(even)
    # Of 61 steps and some others diffusers' trailing ones are one too many, by rounding, with a label below 0.
    timesteps = tuple(scheduler.timesteps[:even].clamp(max=trained - 1).tolist())
    if steps < len(timesteps):
        timesteps = _denser_at_the_ends(timesteps[0], timesteps[-1], steps)
    alphas = (*(float(scheduler.alphas_cumprod[t]) for t in timesteps), float(scheduler.final_alpha_cumprod))
    if prediction == "epsilon" and min(alphas) <= 0:
        raise ModelError("This model predicts noise at a level that holds nothing else; it cannot be inverted.")
    return Levels(timesteps, alphas, prediction)


def _denser_at_the_ends(first: int, last: int, steps: int) -> tuple[int, ...]:
    share = (1 + np.cos(np.linspace(0, np.pi, steps))) / 2
    denser = (last + (first - last) * share).round()
    if len(set(denser)) < steps:  # of few levels in training; near the ends there are not enough
        denser = np.linspace(first, last, steps).round()
    return tuple(denser.astype(int).tolist())


def clean_and_noise(
    output: Tensor, latents: Tensor, alpha: float, alpha_label: float, prediction: str
) -> tuple[Tensor, Tensor]:
    """Split latents at level `alpha` into the clean picture and the noise that a raw model output says are in them.

    alpha_label: cumulative alpha of the timestep the model was asked with. The move up asks with the label of the level
    it goes *to*, as in the published code; v and x0 are read with the alpha of that label.
    """
    root, rest = alpha_label**0.5, (1 - alpha_label) ** 0.5
    if prediction == "epsilon":
        noise = output
    elif prediction == "v_prediction":  # Salimans & Ho 2022: v = sqrt(alpha) noise - sqrt(1 - alpha) clean
        noise = root * output + rest * latents
        if alpha == alpha_label:
            return root * latents - rest * output, noise
    else:
        noise = (latents - root * output) / rest
        if alpha == alpha_label:
            return output, noise
    clean: Tensor = (latents - (1 - alpha) ** 0.5 * noise) / alpha**0.5
    return clean, noise


def ddim_move(clean: Tensor, noise: Tensor, alpha_to: float) -> Tensor:
    """One deterministic DDIM move to the noise level `alpha_to` (Song et al. 2021, eq. 12, eta = 0).

    clean, noise: (B, C, h, w), the model's two answers at the level it comes from; alpha_to: cumulative alpha in
    [0, 1]. Towards a larger alpha it denoises, towards a smaller one it inverts.
    """
    moved: Tensor = alpha_to**0.5 * clean + (1 - alpha_to) ** 0.5 * noise
    return moved


def step_down(output: Tensor, latents: Tensor, levels: Levels, a: int, b: int) -> Tensor:
    """Denoise latents at level `a` to level `b` > a with the model's output there."""
    alpha = levels.alphas[a]
    return ddim_move(*clean_and_noise(output, latents, alpha, alpha, levels.prediction), levels.alphas[b])


def step_up(output: Tensor, latents: Tensor, levels: Levels, b: int) -> Tensor:
    """Invert latents at level `b` to level b - 1 with the model's output at label b - 1."""
    label = levels.alphas[b - 1]
    return ddim_move(*clean_and_noise(output, latents, levels.alphas[b], label, levels.prediction), label)


def undo_step_down(output: Tensor, latents: Tensor, levels: Levels, b: int) -> Tensor:
    """The latents at level b - 1 which `step_down`, with this output there, brings to `latents` at level `b`.

    The step is linear in both, step_down(output, z) = step_down(output, 0) + reach z. Where nothing of z is left, which
    only an x0-prediction's last step brings about, it is `step_up`.
    """
    nothing, one = torch.tensor([0.0, 1.0], dtype=torch.float64)
    reach = step_down(nothing, one, levels, b - 1, b).item()
    if reach == 0:
        return step_up(output, latents, levels, b)
    return (latents - step_down(output, torch.zeros_like(latents), levels, b - 1, b)) / reach


def longer_step(latents: Tensor, landed: Tensor, levels: Levels, a: int, b: int) -> Tensor:
    """Extend the step that takes latents at level `a` to `landed` at level a + 1 to where it gets at level `b`.

    Both lie on one line of clean picture and noise: z = sqrt(alpha) clean + sqrt(1 - alpha) noise.
    """
    (root, rest), (next_root, next_rest) = (
        (levels.alphas[i] ** 0.5, (1 - levels.alphas[i]) ** 0.5) for i in (a, a + 1)
    )
    determinant = root * next_rest - next_root * rest
    clean = (next_rest * latents - rest * landed) / determinant
    noise = (root * landed - next_root * latents) / determinant
    return ddim_move(clean, noise, levels.alphas[b])


def trained_for(clean: Tensor, noise: Tensor, alpha: Tensor, prediction: str) -> Tensor:
    """Return the right answer of a model to sqrt(alpha) clean + sqrt(1 - alpha) noise. alpha: cumulative, a scalar."""
    if prediction == "epsilon":
        return noise
    return alpha**0.5 * noise - (1 - alpha) ** 0.5 * clean if prediction == "v_prediction" else clean.expand_as(noise)


def guided(unconditional: Tensor, conditional: Tensor, guidance_scale: float) -> Tensor:
    """Classifier-free guidance on the raw outputs (Ho & Salimans 2022, eq. 6; w = 1 + their w)."""
    return unconditional + guidance_scale * (conditional - unconditional)
