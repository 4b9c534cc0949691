"""How a loaded model saves memory: a ladder that is climbed only as far as needed, and not down again.

What costs nothing is always on and no rung of it: frozen weights, fused attention, channels_last.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from nti_desktop.engine.memory.offload import Move, Offload, present
from nti_desktop.engine.sampling.attention import AttentionSwitch
from nti_desktop.recipe.memory import Saving

# Pixels of a tile's side, of which a quarter overlaps with its neighbour. The autoencoder normalises over all it sees,
# so tiles differ a little in tone: at most a picture of this size is drawn as one.
TILE = 512


class Savings:
    """The savings that a model makes now. others: its small parts, the text encoders first of all; move: see Visits."""

    def __init__(
        self,
        unet: Any,
        vae: Any,
        others: tuple[Any, ...],
        attention: AttentionSwitch,
        device: torch.device,
        move: Move,
    ) -> None:
        self.saving = Saving.NONE
        self._unet, self._vae, self._others = unet, vae, others
        self._attention = attention
        self._device = device
        self._home = device if device.type == "meta" else torch.device("cpu")  # of weights that wait
        self._move = move

    @property
    def last(self) -> Saving:
        """The end of the ladder: where weights lie in the computer's memory anyway they need not go there."""
        return Saving.OFFLOAD if self._device.type in ("cuda", "xpu", "meta") else Saving.SLICES

    def climb(self) -> None:
        """One saving more; there is one below `last`."""
        self.saving = Saving(self.saving + 1)
        match self.saving:
            case Saving.CHECKPOINTS:
                self._unet.enable_gradient_checkpointing(_computed_again)
            case Saving.TILES:
                self._vae.enable_tiling()
                self._vae.tile_sample_min_size = TILE
                self._vae.tile_latent_min_size = TILE // 2 ** (len(self._vae.config.block_out_channels) - 1)
            case Saving.SLICES:
                self._attention.sliced = True
            case Saving.OFFLOAD:
                for part in (self._unet, self._vae, *self._others):
                    part.to(self._home)
                Offload(self._unet, self._device, self._move)

    def climb_to(self, saving: Saving) -> None:
        """At least these savings."""
        while self.saving < min(saving, self.last):
            self.climb()

    @contextmanager
    def present(self, *parts: nn.Module) -> Iterator[None]:
        """For work with any part but the UNet, which may have gone to the computer's memory."""
        with ExitStack() as stack:
            for part in parts if self.saving >= Saving.OFFLOAD else ():
                stack.enter_context(present(part, self._device, self._home))
            yield


def _computed_again(module: nn.Module, *inputs: Any) -> Any:
    """A block's forward whose inner values a backward computes again; nothing in it is random."""
    call: Callable[..., Any] = module.__call__
    return checkpoint(call, *inputs, use_reentrant=False, preserve_rng_state=False)
