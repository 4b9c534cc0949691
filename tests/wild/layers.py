"""The layers that the published modules are made of, as functions of named tensors."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Tensors = Mapping[str, Tensor]


def part(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    """The tensors under a prefix, by their names behind it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def numbered(tensors: Tensors, name: str) -> list[str]:
    """Names of the numbered modules directly under `name`, in their order."""
    behind = (key.removeprefix(f"{name}.") for key in tensors if key.startswith(f"{name}."))
    return [f"{name}.{number}" for number in sorted({int(key.split(".")[0]) for key in behind})]


def linear(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """x: (..., in) -> (..., out)."""
    return F.linear(x, tensors[f"{name}.weight"], tensors.get(f"{name}.bias"))


def conv(tensors: Tensors, name: str, x: Tensor, stride: int = 1, padding: int | None = None) -> Tensor:
    """x: (B, in, h, w) -> (B, out, h', w'), padded to the same size by default."""
    weight = tensors[f"{name}.weight"]
    padding = weight.shape[-1] // 2 if padding is None else padding
    return F.conv2d(x, weight, tensors[f"{name}.bias"], stride=stride, padding=padding)


def group_norm(tensors: Tensors, name: str, x: Tensor, eps: float) -> Tensor:
    """x: (B, C, h, w), in 32 groups."""
    return F.group_norm(x, 32, tensors[f"{name}.weight"], tensors[f"{name}.bias"], eps)


def layer_norm(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """x: (..., C)."""
    return F.layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"], 1e-5)


def upsample(x: Tensor) -> Tensor:
    """x: (B, C, h, w) -> (B, C, 2h, 2w)."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, causal: bool = False) -> Tensor:
    """softmax(q k^T / sqrt(d)) v in each head; q: (B, n, C), k and v: (B, m, C) -> (B, n, C)."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if causal:
        scores = scores + torch.full(scores.shape[-2:], float("-inf")).triu(1)
    mixed: Tensor = scores.softmax(-1) @ v
    return mixed.transpose(1, 2).flatten(2)
