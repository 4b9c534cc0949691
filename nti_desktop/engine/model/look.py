"""The look of a picture, told by the model itself: of all sentences the one by which it denoises the picture best.

That is classifying by the error of denoising (Li et al. 2023, "Your Diffusion Model is Secretly a Zero-Shot
Classifier", arXiv 2303.16203), with the same noise for every sentence. One thing more is said as long as that tells
more; the light is always said, and the ground, without which its colours are taken for the light's.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.prediction import Asked, asked
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.methods import PUBLISHED_STEPS

NOISES = (0.0, 0.02, 0.06, 0.1, 0.16, 0.24)  # down the trajectory, where a picture's light and colours are decided
TELLS_MORE = 0.005  # of the error of no look; a phrase that lessens it by less tells nothing


@torch.no_grad()
def read_look(
    model: DiffusionModel, latents: Tensor, learned: frozenset[str] | None, report: Report, cancel: CancelToken
) -> Look:
    """Tell the look of a picture from its latents (1, C, h, w). learned: words of the model, None when it does not say.

    Takes a UNet row for each of `NOISES` and each sentence that is tried, which are some fifty.
    """
    pictures = [asked(model, latents, progress) for progress in NOISES]
    look = Look()
    errors = plain = _errors(model, pictures, look)
    while further := look.further(learned):
        tried = {each: _errors(model, pictures, each) for each in watched("Reading the look", further, report, cancel)}
        mean = {each: float((tried[each] / plain).mean()) for each in tried}
        best = min(tried, key=mean.__getitem__)
        if float((errors / plain).mean()) - mean[best] < TELLS_MORE:
            # "A photo" is of some light and some ground as well, which hides those that it has.
            unsaid = [each for each in tried if (each.light, each.ground) != (look.light, look.ground)]
            if not unsaid:
                break
            best = min(unsaid, key=mean.__getitem__)
        look, errors = best, tried[best]
    return replace(look, ground="")


def _errors(model: DiffusionModel, pictures: Sequence[Asked], look: Look) -> Tensor:
    """The mean squared errors of the model's answers when it is told this look and nothing else, one a noise level."""
    prediction, embedding = levels_of(model.scheduler_config, PUBLISHED_STEPS).prediction, model.embed(str(look))
    answers = [model.predict(each.noised, each.timestep, embedding) - each.right[prediction] for each in pictures]
    return torch.stack([answer.square().mean() for answer in answers])
