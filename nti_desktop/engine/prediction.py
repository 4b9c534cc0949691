"""What a model predicts, asked of the model itself: a wrong setting shows in no shape and in every picture."""

import torch
from torch import Tensor

from nti_desktop.engine.ddim import levels_of
from nti_desktop.engine.embedding import Embedding
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.recipe.settings import PUBLISHED_STEPS

PROGRESS = 0.4  # down the trajectory: mostly noise, so that noise, velocity and picture are told apart
EXPLAINED = 0.5  # of the answer's variance; less is no answer


@torch.no_grad()
def likely_prediction(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> str | None:
    """The prediction that the model's answer to a noised picture is nearest to; None when it is near none.

    latents: (1, C, h, w) of a picture; embedding: of what it shows.
    """
    levels = levels_of(model.scheduler_config, PUBLISHED_STEPS)
    level = next(i for i in range(levels.steps) if levels.progress(i) >= PROGRESS)
    root, rest = levels.alphas[level] ** 0.5, (1 - levels.alphas[level]) ** 0.5
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0)).to(latents)
    answer = model.predict(root * latents + rest * noise, levels.timesteps[level], embedding)
    candidates = {  # v: Salimans & Ho 2022
        "epsilon": noise,
        "v_prediction": root * noise - rest * latents,
        "sample": latents,
    }
    missed = {name: float((answer - right).square().mean() / right.var()) for name, right in candidates.items()}
    nearest = min(missed, key=lambda name: missed[name])
    return nearest if missed[nearest] < 1 - EXPLAINED else None
