"""Sequential offload, with moves to the device that are counted instead of made."""

import contextlib

import pytest
import torch
from torch import Tensor, nn

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.memory.copies import Copies
from nti_desktop.engine.memory.offload import Offload, present
from nti_desktop.engine.memory.savings import Savings
from nti_desktop.engine.methods import null_text
from nti_desktop.engine.methods.denoise import Prepared
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings, Schedule
from tests.engine.trials import PROTOTYPE, SOURCE, some_latents

CPU = torch.device("cpu")


class Border:
    """Counts the weights that cross it, and how many are on the other side at once."""

    def __init__(self) -> None:
        self.crossed = 0
        self.there: list[Tensor] = []
        self.copies = Copies(CPU, self.move)

    def move(self, weight: Tensor, _device: torch.device) -> Tensor:
        self.crossed += 1
        self.there.append(weight.clone())
        return self.there[-1]


class Fault(RuntimeError):
    """Raised inside of a forward."""


class Faulty(nn.Module):
    """A module that cannot."""

    def forward(self, _x: Tensor) -> Tensor:
        raise Fault


def test_weights_visit_for_one_forward_and_go_home_also_when_it_fails() -> None:
    border, layers = Border(), nn.Sequential(nn.Linear(4, 4), nn.GroupNorm(2, 4), Faulty())
    own = dict(layers.named_parameters())
    Offload(layers, border.copies)
    with contextlib.suppress(Fault):
        layers(torch.ones(1, 4))
    assert border.crossed == 4
    assert all(weight is own[name] for name, weight in layers.named_parameters())


def test_what_autograd_saved_of_a_visitor_stays_valid() -> None:
    torch.manual_seed(0)
    plain, x = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1)).requires_grad_(False), torch.ones(1, 4)
    leaf = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(plain(leaf), leaf)
    Offload(plain, Border().copies)
    answer = plain(leaf)
    with torch.no_grad():
        for weight in plain.parameters():
            weight.zero_()  # those at home
    (found,) = torch.autograd.grad(answer, leaf)
    assert torch.equal(found, expected)


@pytest.mark.slow
def test_a_whole_inversion_with_visiting_weights_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)

    def learned(model: DiffusionModel) -> Prepared:
        settings = InversionSettings(SOURCE, Method.NULL_TEXT, 2, 3.0, Schedule.REFERENCE)
        return null_text.prepare(model, some_latents(8, 8), settings, report_nothing, CancelToken())

    border = Border()
    resident, visiting = (load_model(ModelFiles(PROTOTYPE), CPU) for _ in range(2))
    resident.savings.climb_to(Saving.SLICES)
    visiting.savings._copies = border.copies
    monkeypatch.setattr(Savings, "rungs", tuple(Saving))
    visiting.savings.climb_to(Saving.OFFLOAD)
    expected, found = learned(resident), learned(visiting)
    assert border.crossed > 100
    assert torch.allclose(found.pivot, expected.pivot, atol=1e-5)
    assert torch.allclose(found.arrays["null_embeddings"], expected.arrays["null_embeddings"], atol=1e-3)


def test_weights_that_are_cast_at_home_visit_in_the_new_type() -> None:
    border, layer = Border(), nn.Linear(4, 4, dtype=torch.float16)
    Offload(layer, border.copies)
    layer(torch.ones(1, 4, dtype=torch.float16))
    layer.to(torch.float32)
    assert layer(torch.ones(1, 4)).dtype == torch.float32
    assert [weight.dtype for weight in border.there] == [torch.float16] * 2 + [torch.float32] * 2


def test_a_part_that_is_present_for_a_while_goes_home_as_it_was_also_from_half_the_way() -> None:
    layers, own, there = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), {}, []
    own.update(layers.named_parameters())
    with present(layers, Border().copies):
        assert not any(weight is own[name] for name, weight in layers.named_parameters())

    def full(weight: Tensor, _device: torch.device) -> Tensor:
        there.append(weight)
        if len(there) == 3:
            raise Fault
        return weight.clone()

    with contextlib.suppress(Fault), present(layers, Copies(CPU, full)):
        pass
    assert len(there) == 3
    assert all(weight is own[name] for name, weight in layers.named_parameters())
