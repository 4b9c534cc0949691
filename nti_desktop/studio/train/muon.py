"""Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers"): steps whose singular values are about the same.

A matrix moves by the nearest orthogonal one to its momentum, found by Newton-Schulz iterations, scaled so that its
values move about as far as Adam's do (Liu et al. 2025, "Muon is scalable for LLM training"); a kernel is the matrix
that maps all it sees to what it gives. Everything else is left to AdamW.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

ITERATIONS = 5
FACTORS = (3.4445, -4.7750, 2.0315)  # of X, X X^T X and (X X^T)^2 X
MOMENTUM = 0.95
AS_FAR_AS_ADAM = 0.2  # times the root of the longer side
OUTER = ("conv_in", "conv_out", "quant_conv", "embedding")  # layers that a model begins or ends with


def orthogonal(matrix: Tensor) -> Tensor:
    """Return about the nearest matrix (m, n) with singular values of 1, computed in bfloat16 where that is quick."""
    x = matrix.bfloat16() / (matrix.norm() + 1e-7)
    upright = x.shape[0] > x.shape[1]
    x = x.T if upright else x
    a, b, c = FACTORS
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    found: Tensor = (x.T if upright else x).to(matrix.dtype)
    return found


class Muon(torch.optim.Optimizer):
    """For weights of two dimensions or more."""

    def __init__(self, weights: Iterable[Tensor], lr: float = 0.0) -> None:
        super().__init__(weights, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Move every weight that has a gradient."""
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].mul_(MOMENTUM).add_(weight.grad)
                towards = orthogonal((weight.grad + MOMENTUM * momentum).flatten(1))
                far = AS_FAR_AS_ADAM * max(towards.shape) ** 0.5
                weight.add_(towards.view_as(weight), alpha=-group["lr"] * far)


def optimisers_of(*models: nn.Module, weight_decay: float) -> dict[str, torch.optim.Optimizer]:
    """One for the inner layers of models, and one for all else, by name. weight_decay: of the latter."""
    named = [pair for model in models for pair in model.named_parameters()]
    inner = [weight for name, weight in named if weight.ndim > 1 and not any(mark in name for mark in OUTER)]
    taken = {id(weight) for weight in inner}
    others = [weight for _, weight in named if id(weight) not in taken]
    return {
        "muon": Muon(inner),
        "adamw": torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=weight_decay, fused=True),
    }
