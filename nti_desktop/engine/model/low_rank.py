"""Low-rank additions to a UNet's attention (LoRA, Hu et al. 2021, arXiv 2106.09685): W x + up down x, W untouched.

All of them are one row of numbers, layer after layer in the order of the UNet's modules, `down` before `up`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor

RANK = 4


def _layers(unet: Any) -> Iterator[Any]:
    """Queries, keys, values and output of every attention layer; linear layers, all of them."""
    layers: list[Any] = [module for module in unet.modules() if isinstance(module, Attention)]
    for layer in layers:
        yield from (layer.to_q, layer.to_k, layer.to_v, layer.to_out[0])


def count(unet: Any) -> int:
    """Count the numbers that the additions to this UNet consist of."""
    return sum(RANK * (layer.in_features + layer.out_features) for layer in _layers(unet))


def nothing(unet: Any, device: torch.device) -> Tensor:
    """Additions (count,) that add nothing yet: `down` drawn by lot, always the same, `up` zero."""
    lot = torch.Generator().manual_seed(0)
    parts = [
        part
        for layer in _layers(unet)
        for part in (
            torch.randn(RANK * layer.in_features, generator=lot) / layer.in_features**0.5,
            torch.zeros(layer.out_features * RANK),
        )
    ]
    return torch.cat(parts).to(device)


@contextmanager
def added(unet: Any, numbers: Tensor) -> Iterator[None]:
    """The UNet with these additions (count,) float32, for the calls inside."""
    handles = []
    at = 0
    for layer in _layers(unet):
        middle = at + RANK * layer.in_features
        end = middle + layer.out_features * RANK
        down, up = numbers[at:middle].view(RANK, -1), numbers[middle:end].view(-1, RANK)
        handles.append(layer.register_forward_hook(partial(_add, down, up)))
        at = end
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _add(down: Tensor, up: Tensor, _layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    (x,) = inputs
    return output + (x.to(down.dtype) @ down.T @ up.T).to(output.dtype)
