"""Weights that lie in the files that they were read from, which the libraries map into memory.

Where such a file is written to or cut short, or its drive is pulled out, whoever reads a weight is ended by the system.
"""

from collections.abc import Iterable

import torch
from torch import nn

from nti_desktop.engine.memory.device import free_memory


def take_in(parts: Iterable[nn.Module]) -> None:
    """Copy these networks out of their files, one weight at a time. What goes to a card is a copy anyway.

    Where that would take more than half of the memory that is free, all stays as it is: the system reads a file again
    sooner than it finds room.
    """
    weights = [weight for part in parts for weight in (*part.parameters(), *part.buffers())]
    mapped = [weight for weight in weights if weight.is_contiguous()]  # in channels_last they are copies
    if sum(weight.nbytes for weight in mapped) <= free_memory(torch.device("cpu")) / 2:
        for weight in mapped:
            weight.data = weight.data.clone()
