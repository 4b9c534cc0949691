"""What a model predicts of a noised picture: whether its settings belong to it, and how well a sentence explains it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.recipe.methods import PUBLISHED_STEPS

PROGRESS = 0.4  # down the trajectory: mostly noise, so that noise, velocity and picture are told apart
NOISIEST = 0.02  # where next to nothing but the sentence says what the picture shows
EXPLAINED = 0.5  # of the answer's variance; less is no answer


@dataclass(frozen=True, eq=False)
class Asked:
    """A noised picture, (1, C, h, w). right: what the model has to answer, by what it was trained to predict."""

    noised: Tensor
    timestep: int
    right: dict[str, Tensor]


def asked(model: DiffusionModel, latents: Tensor, progress: float) -> Asked:
    """The picture's latents (1, C, h, w) with the same noise each time, so far down the trajectory."""
    levels = levels_of(model.scheduler_config, PUBLISHED_STEPS)
    level = next(i for i in range(levels.steps) if levels.progress(i) >= progress)
    root, rest = levels.alphas[level] ** 0.5, (1 - levels.alphas[level]) ** 0.5
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0)).to(latents)
    right = {  # v: Salimans & Ho 2022
        "epsilon": noise,
        "v_prediction": root * noise - rest * latents,
        "sample": latents,
    }
    return Asked(root * latents + rest * noise, levels.timesteps[level], right)


@torch.no_grad()
def explained(model: DiffusionModel, latents: Tensor, prompt: str) -> float:
    """Measure the share of the model's error about a picture that a sentence takes away, compared with no words: 1 all
    of it, 0 nothing, below 0 where the sentence misleads. Takes two UNet rows.

    latents: (1, C, h, w) of the picture.
    """
    noised = asked(model, latents, NOISIEST)
    right = noised.right[levels_of(model.scheduler_config, PUBLISHED_STEPS).prediction]
    both = stacked(model.embed(""), model.embed(prompt))
    answers = model.predict(noised.noised.expand(2, -1, -1, -1), noised.timestep, both)
    without, told = (float((answer - right).square().mean()) for answer in answers.split(1))
    return 1 - told / max(without, 1e-12)


@torch.no_grad()
def likely_prediction(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> str | None:
    """The prediction that the model's answer to a noised picture is nearest to; None when it is near none.

    latents: (1, C, h, w) of a picture; embedding: of what it shows.
    """
    noised = asked(model, latents, PROGRESS)
    answer = model.predict(noised.noised, noised.timestep, embedding)
    missed = {name: float((answer - right).square().mean() / right.var()) for name, right in noised.right.items()}
    nearest = min(missed, key=lambda name: missed[name])
    return nearest if missed[nearest] < 1 - EXPLAINED else None
