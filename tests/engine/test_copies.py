"""Weights that set out before they are needed, to a card that is as late as it may be."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace

import psutil
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.memory.copies import CopyStream
from nti_desktop.engine.memory.offload import Offload
from nti_desktop.engine.memory.savings import Savings
from nti_desktop.engine.methods import null_text
from nti_desktop.engine.model.loading import load_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.late_card import LateCard, late_card
from tests.engine.trials import PROTOTYPE, SOURCE, some_latents

CARD = torch.device("cuda")
X = torch.ones(1, 8)


@pytest.fixture
def card() -> Iterator[LateCard]:
    with late_card() as found:
        yield found


def layers() -> nn.Sequential:
    """Twelve modules with weights, of three sizes."""
    torch.manual_seed(0)
    widths = [8, 8, 32, 8, 8, 8, 32, 32, 8, 8, 32, 8, 8]
    found = [nn.Sequential(nn.Linear(a, b), nn.Tanh()) for a, b in pairwise(widths)]
    return nn.Sequential(*found).requires_grad_(False)


def size_of(part: nn.Module) -> int:
    return sum(weight.nbytes for weight in part.parameters())


def offloaded(part: nn.Module) -> Offload:
    return Offload(part, CopyStream(CARD, size_of(part)))


def test_the_answer_is_the_same_bits_in_the_first_pass_and_in_those_that_know_the_order(card: LateCard) -> None:
    part = layers()
    plain = part(X)
    offloaded(part)
    assert all(torch.equal(part(X), plain) for _ in range(3))
    assert card.reused_early == 0


def test_once_the_order_is_known_a_module_set_out_before_the_one_ahead_computed(card: LateCard) -> None:
    part, ahead = layers(), []
    part(X)
    offloaded(part)
    for module in part.modules():
        if isinstance(module, nn.Tanh):
            module.register_forward_hook(lambda *_: ahead.append(card.sent - card.copied))
    part(X)
    assert not any(ahead)
    ahead.clear()
    part(X)
    assert all(ahead[:-1])


def test_a_card_that_is_behind_is_waited_for_and_never_holds_more_than_four_of_the_largest(card: LateCard) -> None:
    """One that computes, one's worth ahead, one's worth behind, and what was let go of since the host last waited."""
    part = layers()
    offloaded(part)
    for _ in range(3):
        part(X)
        assert card.most <= 4 * max(size_of(each) for each in part)
    assert card.waits > 0


def test_another_order_is_followed_and_what_came_in_vain_goes(card: LateCard) -> None:
    class Forked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ways = nn.ModuleList(layers() for _ in range(2))
            self.way = 0

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.ways[self.way](self.ways[1 - self.way][0](x))
            return found

    part = Forked()
    plain = []
    for part.way in (0, 1):
        plain.append(part(X))
    offloaded(part)
    for part.way in (0, 1, 0, 0, 1):
        assert torch.equal(part(X), plain[part.way])
    assert card.reused_early == 0
    card.finish()
    assert card.held == 0


def test_between_two_passes_nothing_stays_and_weights_may_be_written_to_and_cast(card: LateCard) -> None:
    part = layers()
    offloaded(part)
    part(X), part(X)
    card.finish()
    assert card.held == 0
    for weight in part.parameters():
        weight.mul_(2)
    part.double()
    expected = layers().requires_grad_(False)
    for weight in expected.parameters():
        weight.mul_(2)
    assert torch.equal(part(X.double()), expected.double()(X.double()))


def test_a_pass_that_fails_leaves_nothing_behind(card: LateCard) -> None:
    part, fails = layers(), [False]

    def fail(*_: object) -> None:
        if fails[0]:
            raise ValueError("in the middle")

    part[5].register_forward_hook(fail)
    plain = part(X)
    offloaded(part)
    part(X)
    fails[0] = True
    with suppress(ValueError):
        part(X)
    card.finish()
    assert card.held == 0
    fails[0] = False
    assert torch.equal(part(X), plain)


def test_a_card_without_room_for_what_comes_next_is_sent_it_when_it_is_needed(
    card: LateCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, send = layers(), card.send
    plain = part(X)
    offloaded(part)
    part(X)

    def full(weight: Tensor) -> Tensor:
        if card.sent > card.copied + 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return send(weight)

    monkeypatch.setattr(card, "send", full)
    assert torch.equal(part(X), plain)


def test_gradients_through_blocks_that_are_computed_again_are_the_same(card: LateCard) -> None:
    class Blocks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(layers() for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            for block in self.blocks:
                x = checkpoint(block, x, use_reentrant=False)
            return x

    part, leaf = Blocks(), X.clone().requires_grad_()
    (expected,) = torch.autograd.grad(part(leaf).sum(), leaf)
    offloaded(part)
    for _ in range(3):
        (found,) = torch.autograd.grad(part(leaf).sum(), leaf)
        assert torch.equal(found, expected)
    assert card.reused_early == 0


def test_after_a_backward_weights_may_be_cast(card: LateCard) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers()

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = checkpoint(self.layers, x, use_reentrant=False)
            return found

    part, leaf = Block(), X.clone().requires_grad_()
    offloaded(part)
    for _ in range(3):
        torch.autograd.grad(part(leaf).sum(), leaf)
    part.double()
    assert torch.equal(part(X.double()), layers().double()(X.double()))


def test_modules_inside_of_others_and_shared_by_them_are_sent_once_a_visit(card: LateCard) -> None:
    class Outer(nn.Module):
        def __init__(self, inner: nn.Linear) -> None:
            super().__init__()
            self.inner, self.gain = inner, nn.Parameter(torch.full((8,), 2.0), requires_grad=False)

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.gain * self.inner(self.gain * x)
            return found

    inner = nn.Linear(8, 8).requires_grad_(False)
    part = nn.Sequential(Outer(inner), Outer(inner))
    plain = part(X)
    offloaded(part)
    part(X)
    for _ in range(2):
        before = card.sent
        assert torch.equal(part(X), plain)
        assert card.sent - before == 6


@pytest.fixture
def pinned(card: LateCard, monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """What was moved to memory that is not paged; there is enough for some."""
    found: list[Tensor] = []

    def pin(weight: Tensor) -> Tensor:
        if len(found) == 20:
            raise RuntimeError("CUDA error: OS call failed or operation not supported on this OS")
        found.append(weight.clone())
        return found[-1]

    monkeypatch.setattr(Tensor, "is_pinned", lambda weight: any(weight.data_ptr() == each.data_ptr() for each in found))
    monkeypatch.setattr(Tensor, "pin_memory", pin)
    return found


def test_weights_are_moved_once_to_memory_that_is_not_paged(card: LateCard, pinned: list[Tensor]) -> None:
    part = layers()[:4]
    plain = part(X)
    offloaded(part)
    assert all(torch.equal(part(X), plain) for _ in range(3))
    assert len(pinned) == len(list(part.parameters()))


def test_they_stay_where_the_system_allows_no_more_of_it(card: LateCard, pinned: list[Tensor]) -> None:
    part = layers()
    plain = part(X)
    offloaded(part)
    assert all(torch.equal(part(X), plain) for _ in range(3))
    assert len(pinned) == 20 < len(list(part.parameters()))


def test_they_stay_where_that_would_take_more_than_half_of_what_is_free(
    card: LateCard, pinned: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = layers()
    free = SimpleNamespace(available=4 * size_of(part) - 1)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    offloaded(part)
    part(X)
    assert not pinned
    free.available += 1
    offloaded(part)
    part(X)
    assert pinned


@pytest.mark.slow
def test_a_whole_inversion_by_the_second_stream_is_the_same(card: LateCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)
    monkeypatch.setattr(Savings, "rungs", tuple(Saving))
    resident, visiting = (load_model(ModelFiles(PROTOTYPE), torch.device("cpu")) for _ in range(2))
    resident.savings.climb_to(Saving.SLICES)
    visiting.savings._copies = CopyStream(CARD, size_of(visiting.unet))
    visiting.savings.climb_to(Saving.OFFLOAD)
    settings = InversionSettings(SOURCE, Method.NULL_TEXT, 2, 3.0)
    expected, found = (
        null_text.prepare(model, some_latents(8, 8), settings, report_nothing, CancelToken())
        for model in (resident, visiting)
    )
    assert card.sent > 1000
    assert card.reused_early == 0
    assert torch.allclose(found.pivot, expected.pivot, atol=1e-5)
    assert torch.allclose(found.arrays["null_embeddings"], expected.arrays["null_embeddings"], atol=1e-3)
