"""What diffusion learns from: latents, masks and wordings of the training scenes, on the device, by format.

Streams can be added while training goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nti_desktop.studio.train.latents import Examples, is_encoded, load_examples
from nti_desktop.studio.train.pictures import REGIONS, Format
from nti_desktop.studio.train.supervision import Tokens
from nti_desktop.studio.train.wordings import Wordings

WITHOUT_CAPTION = 0.1


@dataclass(frozen=True, eq=False)
class Drafted:
    """x0: latents (B, C, h, w), float32; masks: (B, REGIONS, h, w) from 0 to 1; ids: (B, CONTEXT) tokens; names: which
    of them names which region (B, CONTEXT, REGIONS), 1 where it does.
    """

    x0: Tensor
    masks: Tensor
    ids: Tensor
    names: Tensor


class Pool:
    """The streams of a folder, as far as they were added."""

    def __init__(self, latents: Path, tokenizer: Path, device: str) -> None:
        self._latents, self._device = latents, device
        self._nothing_said = torch.tensor(Wordings(tokenizer).row(Tokens([], [])), device=device)
        self._examples: dict[Format, Examples] = {}
        self._seeds: set[int] = set()

    @property
    def size(self) -> int:
        """Scenes there are."""
        return sum(len(examples.latents) for examples in self._examples.values())

    def add_encoded(self, seeds: Iterable[int]) -> None:
        """Add those streams that are encoded by now."""
        for seed in seeds:
            if seed not in self._seeds and is_encoded(self._latents, seed):
                for size, found in load_examples(self._latents, seed).items():
                    more, known = found.to(self._device), self._examples.get(size)
                    self._examples[size] = more if known is None else known.and_more(more)
                self._seeds.add(seed)

    def draft(self, count: int, random: torch.Generator) -> Drafted:
        """So many scenes of one format, each in one of its wordings; of some nothing is said."""
        place = int(torch.randint(0, self.size, (1,), generator=random))
        for examples in self._examples.values():
            if place < len(examples.latents):
                break
            place -= len(examples.latents)
        scenes = torch.randint(0, len(examples.latents), (count,), generator=random)
        wordings = torch.randint(0, examples.words.shape[1], (count,), generator=random)
        silent = torch.rand(count, generator=random) < WITHOUT_CAPTION
        scenes, wordings, silent = (lot.to(self._device) for lot in (scenes, wordings, silent))
        words = torch.where(silent[:, None, None], self._nothing_said, examples.words[scenes, wordings].long())
        return Drafted(
            examples.latents[scenes].float(),
            examples.masks[scenes].float() / 255,
            words[:, 0],
            (words[:, 1, :, None] == torch.arange(REGIONS, device=self._device)).float(),
        )
