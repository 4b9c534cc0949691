"""What is said of each scene, in several wordings, as tokens: drawn once, so that a batch is only looked up."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers import CLIPTokenizer

from nti_desktop.studio.captions import Wording, phrases
from nti_desktop.studio.scenes import Scene
from nti_desktop.studio.train.supervision import PhraseTokens, Tokens
from nti_desktop.studio.train.tokenizer import CONTEXT

WORDINGS = 12
NOTHING = -1  # what a token is about that is about nothing


class Wordings:
    """Draws what is said of scenes, with the tokenizer in a folder."""

    def __init__(self, tokenizer_folder: Path) -> None:
        self._tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder)
        self._read = PhraseTokens(self._tokenizer)

    def __call__(
        self, scenes: Sequence[Scene], draw: Callable[[random.Random], Wording], seed: int
    ) -> NDArray[np.int16]:
        """Of each scene in each wording its tokens and what each of them is about (N, WORDINGS, 2, CONTEXT). draw: the
        next wording by lot.
        """
        rng = random.Random(seed)
        said = [[self.row(self._read(phrases(scene, draw(rng)))) for _ in range(WORDINGS)] for scene in scenes]
        return np.array(said, np.int16)

    def row(self, tokens: Tokens) -> list[list[int]]:
        """A caption's tokens and what they are about: start, caption, end, and the end again up to the full length."""
        ids = [self._tokenizer.bos_token_id, *tokens.ids[: CONTEXT - 2]]
        about = [NOTHING, *(NOTHING if it is None else it for it in tokens.about[: CONTEXT - 2])]
        left = CONTEXT - len(ids)
        return [ids + [self._tokenizer.eos_token_id] * left, about + [NOTHING] * left]
