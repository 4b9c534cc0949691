"""What jobs are predicted to take of a device's memory, and what can be saved."""

from dataclasses import dataclass
from enum import IntEnum

from nti_desktop.recipe.methods import Method


class Saving(IntEnum):
    """What a loaded model does to need less memory: a ladder, each rung with all those below it."""

    NONE = 0
    IDLE = 1  # text encoders and autoencoder are on the graphics card only while they work
    CHECKPOINTS = 2  # a backward computes again what the forward did not keep
    TILES = 3  # large pictures pass through the autoencoder in tiles
    SLICES = 4  # attention is computed head by head
    OFFLOAD = 5  # weights wait in the computer's memory and visit the graphics card one by one


@dataclass(frozen=True)
class Need:
    """What a job is predicted to take of the device's memory. size: bytes at its peak, the model included; saving: the
    least of the ladder with which it fits, or its end; fits: whether it does.
    """

    size: int
    saving: Saving
    fits: bool


@dataclass(frozen=True)
class Forecast:
    """Predictions for one model, device and picture size. learning: preparing by null-text, with gradients; preparing:
    by the other methods; editing: with the source's recorded attention, or an order; room: bytes that a job may take,
    the model included.
    """

    learning: Need
    preparing: Need
    editing: Need
    room: int

    def of(self, method: Method) -> Need:
        """Preparing by a method."""
        return self.learning if method.row.learns else self.preparing
