"""Teaching a model a word by a few photos: what is asked of the engine, and what it has learned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nti_desktop.recipe.costs import Calls, Phase
from nti_desktop.recipe.jobs import Figures, ModelFiles, Seen

STEPS = 120  # of the optimiser
COPIES = 4  # noisy ones of a photo in a step
VECTORS = 2  # that the word is
LEARNING = Phase("Learning the word", each_step=Calls(learned=COPIES))

Learned = Mapping[str, NDArray[np.float32]]  # where a learning stands, by names that the engine gives


@dataclass(frozen=True, eq=False)
class Example:
    """A photo of what the word is to mean, as the model sees it, and a sentence in which the word stands."""

    image: Seen
    sentence: str


@dataclass(frozen=True, eq=False)
class TeachJob:
    """Teach a model a word.

    word: by which sentences call it; kind: what it is one of, in words that the model knows; begun: where a learning
    that was interrupted stood, empty for a new one; keep: told that now and then and in the end, and
    nothing once it is not needed any more.
    """

    model: ModelFiles
    word: str
    kind: str
    examples: tuple[Example, ...]
    begun: Learned
    keep: Callable[[Learned], None]


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learned. vectors: (VECTORS, width) float32 for each text encoder of the model, in their order."""

    word: str
    vectors: tuple[NDArray[np.float32], ...]
    figures: Figures
