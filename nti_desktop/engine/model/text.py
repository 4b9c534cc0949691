"""PromptReader: a model's tokenizers and text encoders, one of each or two, from a prompt to what the UNet reads."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.tokens import Learned, PromptTokens, tokenize


@dataclass(frozen=True, eq=False)
class PromptReader:
    """tokenizers, encoders: one for Stable Diffusion 1 and 2, two for SDXL, which share their vocabulary and differ in
    padding; zeros_for_nothing: whether the empty prompt's embedding is all zeros, as SDXL was trained with;
    learned: words that users' files add.
    """

    tokenizers: tuple[Any, ...]
    encoders: tuple[Any, ...]
    zeros_for_nothing: bool = False
    learned: Learned = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Tokens the encoders read."""
        limits = (
            min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
            for tokenizer, encoder in zip(self.tokenizers, self.encoders, strict=True)
        )
        return int(min(limits))

    @property
    def width(self) -> int:
        """Numbers the UNet reads of each token."""
        return sum(int(encoder.config.hidden_size) for encoder in self.encoders)

    def tokens(self, prompt: str) -> PromptTokens:
        """The prompt's tokens; raises RecipeError when it is longer than the encoders read."""
        return tokenize(self.tokenizers[0], prompt, self.length, self.learned)

    @torch.no_grad()
    def read(self, prompt: str) -> Embedding:
        """The prompt's embedding, one row, float32."""
        return self.read_to_learn(prompt)

    def read_to_learn(self, prompt: str) -> Embedding:
        """Like `read`, with gradients for whatever asks for them.

        One encoder gives its last layer; of two each gives its last but one, side by side, and the second also the
        sentence as a whole (Podell et al. 2023, sec. 2.1).
        """
        if len(self.encoders) == 1:
            (encoder,) = self.encoders
            return Embedding(encoder(self._ids(0, prompt)).last_hidden_state.float())
        answers = [encoder(self._ids(i, prompt), output_hidden_states=True) for i, encoder in enumerate(self.encoders)]
        tokens = torch.cat([answer.hidden_states[-2] for answer in answers], dim=-1).float()
        pooled: Tensor = answers[-1].text_embeds.float()
        if self.zeros_for_nothing and not prompt:
            return Embedding(torch.zeros_like(tokens), torch.zeros_like(pooled))
        return Embedding(tokens, pooled)

    def _ids(self, encoder: int, prompt: str) -> Tensor:
        ids = tokenize(self.tokenizers[encoder], prompt, self.length, self.learned).ids
        return torch.tensor([ids], device=self.encoders[encoder].device)
