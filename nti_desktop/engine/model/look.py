"""How a picture looks, told by the model itself: of all sentences the one by which it denoises the picture best.

That is classifying by the error of denoising (Li et al. 2023, "Your Diffusion Model is Secretly a Zero-Shot
Classifier", arXiv 2303.16203), with the same noise for every sentence. What tells most is said first, then all else is
asked again beside it, until nothing changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.prediction import asked
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.methods import PUBLISHED_STEPS

NOISES = (0.03, 0.1, 0.24, 0.5)  # down the trajectory, from where light and colours are decided to where forms are
TELLS_MORE = 0.005  # of the error of no look; a phrase that lessens it by less tells nothing
ANOTHER = 0.1  # the same of another thing: one that is there lessens the error by a quarter and more
ROUNDS = 4  # that all is asked in, at most
# "A photo" is of some light and some ground as well, which hides those that it has: they are said at first.
_ALWAYS = ("light", "ground")
_BESIDE = ("beside_colour", "beside_material")  # of another thing, where there is one
_DESCRIBING = ("colour", "material", *_BESIDE)


@torch.no_grad()
def read_look(
    model: DiffusionModel, image: NDArray[np.uint8], question: LookQuestion, report: Report, cancel: CancelToken
) -> Look:
    """Tell the look of a picture (height, width, 3), as far as the question's sentence does not.

    Takes a UNet row for each of `NOISES` and each sentence that is tried, which are some thirty to two hundred. Of a
    picture that nobody described the ground is asked, as its colours are taken for the light's else, and not told.
    """
    choices = question.choices(image)
    tried = watched("Reading the look", range(ROUNDS * sum(map(len, choices.values())) + 1), report, cancel)
    errors = _Errors(model, image, question, tried, cancel)
    look, telling = Look(), [field for field in choices if field not in _DESCRIBING]
    gains = {field: errors.of(look) - errors.of(_best(errors, look, field, choices)) for field in telling}
    fields = sorted(gains, key=gains.__getitem__, reverse=True) + [field for field in choices if field in _DESCRIBING]
    for _ in range(ROUNDS - 1):
        before = look
        for field in fields:
            if look.beside or field not in _BESIDE:
                look = _best(errors, look, field, choices)
        if look == before:
            break
    return _without_idle(errors, look) if question.sentence else replace(look, ground="")


def _best(errors: "_Errors", look: Look, field: str, choices: Mapping[str, tuple[str, ...]]) -> Look:
    """The look with the phrase that tells most in one field, none where none tells more."""
    unsaid = (field, *_BESIDE) if field == "beside" else (field,)
    silent = replace(look, **{name: getattr(Look(), name) for name in unsaid})
    best = min((replace(look, **{field: phrase}) for phrase in choices[field]), key=errors.of)
    least = ANOTHER if field == "beside" else TELLS_MORE
    return best if field in _ALWAYS or errors.of(silent) - errors.of(best) >= least else silent


def _without_idle(errors: "_Errors", look: Look) -> Look:
    """The look without those phrases that were always said and tell nothing beside the others."""
    while said := [field for field in _ALWAYS if getattr(look, field)]:
        silent = min((replace(look, **{field: ""}) for field in said), key=errors.of)
        if errors.of(silent) - errors.of(look) >= TELLS_MORE:
            break
        look = silent
    return look


class _Errors:
    """How badly the model denoises the picture when it is told a look, as a share of the error without one."""

    def __init__(
        self,
        model: DiffusionModel,
        image: NDArray[np.uint8],
        question: LookQuestion,
        tried: Iterator[int],
        cancel: CancelToken,
    ) -> None:
        """tried: steps on with each sentence that is tried."""
        self._model, self._question, self._tried, self._cancel = model, question, tried, cancel
        latents = model.encode(image)
        self._pictures = [asked(model, latents, progress) for progress in NOISES]
        self._plain = self._measured(Look())
        self._known = {Look(): 1.0}

    def of(self, look: Look) -> float:
        """The mean over the noise levels."""
        if look not in self._known:
            self._known[look] = float((self._measured(look) / self._plain).mean())
        return self._known[look]

    def _measured(self, look: Look) -> torch.Tensor:
        """The mean squared errors of the model's answers, one a noise level."""
        next(self._tried, None)
        prediction = levels_of(self._model.scheduler_config, PUBLISHED_STEPS).prediction
        embedding = self._model.embed(self._question.told(look))
        missed = []
        for each in self._pictures:
            self._cancel.check()
            answer = self._model.predict(each.noised, each.timestep, embedding)
            missed.append((answer - each.right[prediction]).square().mean())
        return torch.stack(missed)
