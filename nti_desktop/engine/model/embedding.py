"""What a UNet reads of prompts."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Embedding:
    """B prompts as the UNet reads them.

    tokens: (B, length, width) float32, for the cross-attention; pooled: (B, width) float32, each sentence as a whole,
    which SDXL adds to the timestep's embedding; None for models that do not.
    """

    tokens: Tensor
    pooled: Tensor | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, rows: slice) -> "Embedding":
        return Embedding(self.tokens[rows], None if self.pooled is None else self.pooled[rows])

    def for_rows(self, rows: int) -> "Embedding":
        """One prompt's embedding for so many rows; as many as there are stay as they are."""
        if len(self) == rows:
            return self
        return Embedding(
            self.tokens.expand(rows, -1, -1), None if self.pooled is None else self.pooled.expand(rows, -1)
        )

    def with_tokens(self, tokens: Tensor) -> "Embedding":
        """The same sentence as a whole, with other tokens."""
        return replace(self, tokens=tokens)


def stacked(*embeddings: Embedding) -> Embedding:
    """The rows of all of them; all are of one model."""
    pooled = [embedding.pooled for embedding in embeddings if embedding.pooled is not None]
    return Embedding(torch.cat([embedding.tokens for embedding in embeddings]), torch.cat(pooled) if pooled else None)
