"""Steps by Muon: of one length in every direction, and for the inner layers only."""

import pytest
import torch
from torch import nn

from nti_desktop.studio.train.muon import AS_FAR_AS_ADAM, Muon, optimisers_of, orthogonal


@pytest.mark.parametrize("shape", [(24, 24), (16, 96), (96, 16)])
def test_the_singular_values_of_a_step_are_about_one_whatever_those_of_the_gradient(shape: tuple[int, int]) -> None:
    lot = torch.Generator().manual_seed(1)
    left, _, right = torch.linalg.svd(torch.randn(*shape, generator=lot), full_matrices=False)
    gradient = left * torch.logspace(0, -2, min(shape)) @ right
    values = torch.linalg.svdvals(orthogonal(gradient))
    assert values.min() > 0.5
    assert values.max() < 1.3
    assert float(torch.linalg.svdvals(gradient).max() / torch.linalg.svdvals(gradient).min()) > 50


def test_a_kernel_moves_as_far_as_by_adam() -> None:
    kernel = nn.Parameter(torch.zeros(16, 8, 3, 3))
    kernel.grad = torch.randn(kernel.shape, generator=torch.Generator().manual_seed(0))
    Muon([kernel], lr=0.01).step()
    moved = float(kernel.detach().square().mean().sqrt()) / 0.01
    assert 0.5 * AS_FAR_AS_ADAM < moved < 2 * AS_FAR_AS_ADAM
    assert float((kernel.detach() * kernel.grad).sum()) < 0, "against the gradient"


def test_inner_matrices_and_kernels_go_one_way_and_all_else_the_other() -> None:
    model = nn.ModuleDict(
        {
            "conv_in": nn.Conv2d(3, 4, 3),
            "block": nn.Sequential(nn.Conv2d(4, 4, 3), nn.GroupNorm(1, 4), nn.Linear(4, 4)),
            "token_embedding": nn.Embedding(5, 4),
            "conv_out": nn.Conv2d(4, 3, 3),
        }
    )
    by_name = optimisers_of(model, weight_decay=0.0)
    muon, adamw = ({id(p) for g in by_name[name].param_groups for p in g["params"]} for name in ("muon", "adamw"))
    block = model["block"]
    assert isinstance(block, nn.Sequential)
    assert muon == {id(block[0].weight), id(block[2].weight)}
    assert muon | adamw == {id(p) for p in model.parameters()}
    assert not muon & adamw


def test_it_goes_on_where_it_stopped() -> None:
    def walk(steps: int, weight: nn.Parameter, optimiser: Muon) -> None:
        for _ in range(steps):
            weight.grad = 2 * (weight.detach() - torch.eye(6))
            optimiser.step()

    whole, broken = (nn.Parameter(torch.zeros(6, 6)) for _ in range(2))
    walk(8, whole, Muon([whole], lr=0.1))
    first = Muon([broken], lr=0.1)
    walk(5, broken, first)
    second = Muon([broken], lr=0.1)
    second.load_state_dict(first.state_dict())
    walk(3, broken, second)
    assert torch.equal(whole, broken)
    assert float((whole.detach() - torch.eye(6)).norm()) < float(torch.eye(6).norm())
