"""Words that know their place: the renderer's masks teach cross-attention where each word's thing is.

For a token that names a thing or the ground, attention over the picture's positions, normalised to sum to 1, should be
the mask of what it names, normalised likewise: the loss is their cross-entropy, averaged over tokens and layers. And at
each position, of all that is named, what is seen there should be looked at (Wang et al. 2024, "TokenCompose").
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nti_desktop.studio.captions import Phrase

SMALLEST = 8  # grids coarser than 8x8 cells are left alone: a thing has no form there
ARTICLES = {"a", "an"}


class WatchedAttention:
    """Cross-attention that keeps its probabilities, averaged over heads: (batch, positions, tokens)."""

    def __init__(self) -> None:
        self.seen: Tensor | None = None

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """softmax(Q K^T / sqrt(d)) V."""
        q, k, v = (
            layer(states).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for layer, states in (
                (attn.to_q, hidden_states),
                (attn.to_k, encoder_hidden_states),
                (attn.to_v, encoder_hidden_states),
            )
        )
        probabilities = (q @ k.transpose(-1, -2) * attn.scale).softmax(-1)
        self.seen = probabilities.mean(1)
        mixed = (probabilities @ v).transpose(1, 2).flatten(2)
        output: Tensor = attn.to_out[1](attn.to_out[0](mixed))
        return output


def watch(unet: Any) -> list[WatchedAttention]:
    """Make every cross-attention of a UNet keep what it looks at."""
    watched = []
    for name, module in unet.named_modules():
        if name.endswith("attn2"):
            watched.append(WatchedAttention())
            module.set_processor(watched[-1])
    return watched


@dataclass(frozen=True)
class Tokens:
    """A caption's tokens without the marks around it; about: what each names, GROUND, a thing's number, or None."""

    ids: list[int]
    about: list[int | None]


class PhraseTokens:
    """Tokens of captions, phrase by phrase, so that each token knows what it is about."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}

    def __call__(self, phrases: list[Phrase]) -> Tokens:
        """The tokens of all the phrases together."""
        ids: list[int] = []
        about: list[int | None] = []
        for phrase in phrases:
            for word in phrase.text.split():
                pieces = self._pieces(word)
                ids += pieces
                about += [None if word in ARTICLES else phrase.about] * len(pieces)
        return Tokens(ids, about)

    def _pieces(self, word: str) -> list[int]:
        if word not in self._known:
            self._known[word] = self._tokenizer(word, add_special_tokens=False).input_ids
        return self._known[word]


def halved_to(positions: int, height: int, width: int) -> tuple[int, int]:
    """Height and width of the grid of so many positions that comes of halving this one, odd sides rounded up."""
    while height * width > positions:
        height, width = -(-height // 2), -(-width // 2)
    return height, width


def supervision_loss(watched: list[WatchedAttention], names: Tensor, masks: Tensor) -> Tensor:
    """names: (batch, tokens, REGIONS) of 0 and 1; masks: (batch, REGIONS, h, w) of 0 to 1.

    Regions that cannot be seen are left out.
    """
    losses = []
    for layer in watched:
        assert layer.seen is not None
        grid = halved_to(layer.seen.shape[1], masks.shape[-2], masks.shape[-1])
        if grid[0] * grid[1] < SMALLEST**2 * 0.8:
            continue
        regions = F.adaptive_avg_pool2d(masks, grid).flatten(2)
        seen = layer.seen.float()
        losses.append(_where_words_look(seen, names, regions) + _what_is_looked_at(seen, names, regions))
    return torch.stack(losses).mean()


def _where_words_look(seen: Tensor, names: Tensor, regions: Tensor) -> Tensor:
    """seen: attention (batch, positions, tokens); regions: (batch, REGIONS, positions) of 0 to 1."""
    area = regions.sum(-1, keepdim=True)
    visible = (area > 0.5).float()
    targets = torch.einsum("bts,bsp->bpt", names, regions / area.clamp(min=0.5) * visible)
    named = (names * visible[:, None, :, 0]).sum(-1)
    spread = seen / seen.sum(1, keepdim=True)
    return -(targets * spread.clamp(min=1e-8).log()).sum() / named.sum().clamp(min=1)


def _what_is_looked_at(seen: Tensor, names: Tensor, regions: Tensor) -> Tensor:
    """The same sizes. Where only one region is named there is nothing to choose, and nothing to lose."""
    looked = torch.einsum("bpt,bts->bsp", seen, names)
    share = looked / looked.sum(1, keepdim=True).clamp(min=1e-8)
    there = regions * names.amax(1)[..., None]
    return -(there * share.clamp(min=1e-8).log()).sum() / there.sum().clamp(min=1)
