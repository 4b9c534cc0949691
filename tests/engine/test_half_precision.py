"""What is not done in half precision where a model says so, or a sentence needs it, while all else stays in it."""

from collections.abc import Iterator

import pytest
import torch
from diffusers.models.attention_processor import Attention

from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.attention import Recording, Substitution, attention_edit
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.recipe import EditRecipe
from tests.engine.fake_card import FakeCard, fake_card
from tests.engine.trials import EDIT, PROTOTYPE, SOURCE, some_latents

MUCH = 2.0**9  # powers of two change no bit of a mantissa


@pytest.fixture
def card() -> Iterator[FakeCard]:
    with fake_card() as found:
        yield found


def steep(dtype: torch.dtype, upcast: bool) -> DiffusionModel:
    """A model whose cross-attention has scores beyond 65,504, as Stable Diffusion 2's may be."""
    model = load_model(ModelFiles(PROTOTYPE), torch.device("cpu"), torch.float16)
    model.precision.dtype = model.precision.chosen = dtype
    model.unet.to(dtype)
    layers: list[Attention] = [m for m in model.unet.modules() if isinstance(m, Attention) and m.is_cross_attention]
    for layer in layers:
        layer.upcast_attention = upcast
        for to in (layer.to_q, layer.to_k):
            to.weight.data.mul_(MUCH)
    return model


@torch.no_grad()
def test_attention_that_asks_for_it_is_scored_in_full_precision_and_the_unet_stays_in_half() -> None:
    """Recorded and substituted: fused attention adds up in full precision by itself."""
    latents, found = some_latents(8, 8), {}
    for name, model in (
        ("right", steep(torch.float32, upcast=False)),
        ("upcast", steep(torch.float16, upcast=True)),
        ("half", steep(torch.float16, upcast=False)),
    ):
        source, embedding = Recording(1, latents[0, 0].numel()), model.embed(SOURCE)
        with model.attention.set_to(source):
            answer = model.predict(latents, 501, embedding)
        edit = attention_edit(model.tokens(SOURCE), model.tokens(EDIT), EditRecipe(EDIT))
        control = Substitution(edit, source.step(0, 1.0, answer, None), 0.1, latents[0, 0].numel())
        with model.attention.set_to(control):
            edited = model.predict(latents.expand(2, -1, -1, -1), 501, model.embed(EDIT).for_rows(2))
        assert edited.isfinite().all()
        found[name] = model.precision.dtype, answer
    assert found["upcast"][0] == torch.float16
    assert found["half"][0] != torch.float16
    missed = float((found["upcast"][1] - found["right"][1]).square().mean())
    assert missed < 1e-2 * float(found["right"][1].square().mean())


def test_on_a_card_text_encoders_are_in_half_precision_and_say_nearly_the_same(
    card: FakeCard, prototype: DiffusionModel
) -> None:
    model = load_model(ModelFiles(PROTOTYPE), torch.device("cuda:0"))
    assert {weight.dtype for part in model.text.encoders for weight in part.parameters()} == {torch.float16}
    assert {weight.dtype for weight in model.vae.parameters()} == {torch.float32}
    assert {weight.dtype for part in prototype.text.encoders for weight in part.parameters()} == {torch.float32}
    found, right = model.embed(SOURCE).tokens.cpu(), prototype.embed(SOURCE).tokens
    assert found.dtype == torch.float32
    assert float((found - right).square().mean()) < 1e-4 * float(right.square().mean())


def test_a_sentence_that_half_precision_does_not_hold_is_read_in_full(card: FakeCard) -> None:
    model = load_model(ModelFiles(PROTOTYPE), torch.device("cuda:0"))
    (encoder,) = model.text.encoders

    def overflow(_encoder: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return output * (torch.inf if output.dtype == torch.float16 else 1)

    next(m for m in encoder.modules() if isinstance(m, torch.nn.LayerNorm)).register_forward_hook(overflow)
    assert model.embed(SOURCE).tokens.isfinite().all()
    assert model.unet.dtype == torch.float16
