"""How a loaded model saves memory: a ladder that is climbed only as far as needed, and down again when memory returns.

What costs nothing is always on and no rung of it: frozen weights, fused attention, channels_last.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from nti_desktop.engine.memory.copies import Copies, CopyStream, Move
from nti_desktop.engine.memory.device import GRAPHICS_CARDS, free_memory
from nti_desktop.engine.memory.faults import give_back_memory
from nti_desktop.engine.memory.offload import Offload, present
from nti_desktop.engine.sampling.attention import AttentionSwitch
from nti_desktop.recipe.memory import Need, Saving

# Pixels of a tile's side, of which a quarter overlaps with its neighbour. The autoencoder normalises over all it sees,
# so tiles differ a little in tone: at most a picture of this size is drawn as one.
TILE = 512
# Of what is free, a job may take so much: memory comes in blocks, and convolutions take some for themselves.
SHARE = 0.85
MORE = 1.1  # times the room in which a job failed twice, so that it is tried there again


class Savings:
    """The savings that a model makes now. others: its small parts, the text encoders first of all; move: see Copies.

    spare: what can be given up before a rung is climbed, the first one first.
    """

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
        self.spare: list[Callable[[], object]] = []
        self._unet, self._vae, self._others = unet, vae, others
        self._attention = attention
        self._device = device
        self._home = device if device.type == "meta" else torch.device("cpu")  # of weights that wait
        self._copies = Copies(device, move)
        self._offload: Offload | None = None
        self._settled: Saving | None = None
        self._forecast = 0  # bytes of the job at work, see begin
        self._failed: dict[Saving, list[float]] = {}  # how many times the forecast there was room for

    @property
    def rungs(self) -> tuple[Saving, ...]:
        """The ladder: where weights lie in the computer's memory anyway they need not go there."""
        elsewhere = self._device.type in (*GRAPHICS_CARDS, "meta")
        return tuple(saving for saving in Saving if elsewhere or saving not in (Saving.IDLE, Saving.OFFLOAD))

    @property
    def last(self) -> Saving:
        """The end of the ladder."""
        return self.rungs[-1]

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing left to give up."""
        return self.saving >= self.last and not self.spare

    @property
    def in_tiles(self) -> bool:
        """Whether large pictures pass through the autoencoder in tiles."""
        return self.saving >= Saving.TILES

    def resident(self, saving: Saving) -> int:
        """Bytes of weights that stay on the device on a rung."""
        return sum(bytes_of(part) for part in self._staying(saving))

    @property
    def room(self) -> int:
        """Bytes that a job may take, the model included."""
        return self.resident(self.saving) + int(SHARE * free_memory(self._device))

    def holds(self, size: int, saving: Saving) -> bool:
        """Tell whether a job of a forecast size may be tried on a rung. Where jobs have failed twice in spite of their
        forecasts, only with more room than they had.
        """
        failures = self._failed.get(saving, [])
        return size <= self.room and (len(failures) < 2 or self.room > MORE * min(failures[-2:]) * size)

    def begin(self, need: Need) -> None:
        """Step onto the rung that a job is forecast to need, down too; `settle` is still to be done."""
        self._forecast = need.size
        while self.saving < need.saving:
            self._step_up()
        while self.saving > need.saving:
            left, self.saving = self.saving, max(saving for saving in self.rungs if saving < self.saving)
            self._set(left, on=False)

    def give_up(self) -> None:
        """After a failure: what is spare, else one saving more; there is one."""
        if self.spare:
            self.spare.pop(0)()
            return
        if self._forecast:
            self._failed.setdefault(self.saving, []).append(self.room / self._forecast)
        self.climb()

    def climb(self) -> None:
        """One saving more; there is one below `last`."""
        self._step_up()
        self.settle()

    def climb_to(self, saving: Saving) -> None:
        """At least these savings."""
        while self.saving < min(saving, self.last):
            self.climb()

    def _step_up(self) -> None:
        self.saving = next(saving for saving in self.rungs if saving > self.saving)
        self._set(self.saving, on=True)

    def _set(self, saving: Saving, on: bool) -> None:
        match saving:
            case Saving.CHECKPOINTS if on:
                self._unet.enable_gradient_checkpointing(_computed_again)
            case Saving.CHECKPOINTS:
                self._unet.disable_gradient_checkpointing()
            case Saving.TILES:
                self._vae.use_tiling = on
                self._vae.tile_sample_min_size = TILE
                self._vae.tile_latent_min_size = TILE // 2 ** (len(self._vae.config.block_out_channels) - 1)
            case Saving.SLICES:
                self._attention.sliced = on

    def settle(self) -> None:
        """Put every part where it waits on this rung; what has to leave leaves first."""
        if self._settled == self.saving:
            return
        self._settled, staying = None, self._staying(self.saving)
        for part in (self._unet, self._vae, *self._others):
            if part not in staying:
                part.to(self._home)
        give_back_memory()
        offloaded = self.saving >= Saving.OFFLOAD
        if self._offload is not None and not offloaded:
            self._offload.end()
            self._offload = None
        if self._offload is None and offloaded:
            self._offload = Offload(self._unet, self._stream())
        for part in staying:
            part.to(self._device)
        if staying:
            give_back_memory()  # of the weights at home
        self._settled = self.saving

    def _stream(self) -> Copies:
        if self._device.type in GRAPHICS_CARDS:
            return CopyStream(self._device, bytes_of(self._unet))
        return self._copies

    def _staying(self, saving: Saving) -> tuple[Any, ...]:
        if saving >= Saving.OFFLOAD:
            return ()
        return (self._unet,) if self._leave(saving) else (self._unet, self._vae, *self._others)

    def _leave(self, saving: Saving) -> bool:
        """Tell whether idle parts leave the device."""
        return Saving.IDLE in self.rungs and saving >= Saving.IDLE

    @contextmanager
    def present(self, *parts: nn.Module) -> Iterator[None]:
        """For work with any part but the UNet, which may wait in the computer's memory."""
        with ExitStack() as stack:
            for part in parts if self._leave(self.saving) else ():
                stack.enter_context(present(part, self._copies))
            yield


def bytes_of(part: nn.Module) -> int:
    """Add up the bytes of a network's weights."""
    return sum(weight.nbytes for weight in part.parameters())


def _computed_again(module: nn.Module, *inputs: Any) -> Any:
    """A block's forward whose inner values a backward computes again; nothing in it is random."""
    call: Callable[..., Any] = module.__call__
    return checkpoint(call, *inputs, use_reentrant=False, preserve_rng_state=False)
