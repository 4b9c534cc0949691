"""Learning one photo by heart: the loss a model was trained with, on noisy copies of that photo alone."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.ddim import levels_of, trained_for
from nti_desktop.recipe.methods import PUBLISHED_STEPS

COPIES = 4  # noisy ones of the photo in a step


def learn(
    model: DiffusionModel,
    latents: Tensor,
    told: Callable[[], Embedding],
    leaf: Tensor,
    steps: int,
    learning_rate: float,
    phase: str,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Move a leaf by Adam's steps towards less of

        || model(sqrt(alpha) z_0 + sqrt(1 - alpha) n, t, told()) - v ||^2, v what the model was trained to predict,

    with noise n and times t that are the same for every photo. The copies go through the UNet one by one, as memory may
    be short. latents: (1, C, h, w) z_0; told: the embedding; leaf: what it or the UNet's answer depends on; phase: for
    the report.
    """
    levels = levels_of(model.scheduler_config, PUBLISHED_STEPS)
    lot = torch.Generator().manual_seed(0)
    adam = torch.optim.Adam([leaf], lr=learning_rate)

    def gradient(level: int, noise: Tensor) -> Tensor:
        alpha = torch.tensor(levels.alphas[level], device=model.device)
        noisy = alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
        wanted = trained_for(latents, noise, alpha, levels.prediction)
        missed = (model.predict(noisy, levels.timesteps[level], told()) - wanted).square().sum()  # a mean would vanish
        (found,) = torch.autograd.grad(missed, leaf)
        model.precision.watch(found)
        return found / latents.numel()

    for _ in watched(phase, range(steps), report, cancel):
        gradients = []
        for level in torch.randint(levels.steps, (COPIES,), generator=lot).tolist():
            cancel.check()
            noise = torch.randn(latents.shape, generator=lot).to(model.device)
            gradients.append(model.enduring(partial(gradient, level, noise)))
        leaf.grad = torch.stack(gradients).mean(0)
        adam.step()
