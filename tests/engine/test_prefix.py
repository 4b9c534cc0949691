"""What is computed before the first word is read, and kept."""

import torch

from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from tests.engine.trials import EDIT, SOURCE, some_latents


@torch.no_grad()
def test_answers_are_the_same_bit_for_bit_and_the_prefix_is_computed_once(model: DiffusionModel) -> None:
    latents, embeddings = some_latents(), [model.embed(prompt) for prompt in (SOURCE, EDIT, "")]
    plain = [model.predict(latents, 501, embedding) for embedding in embeddings]
    weight = model.unet.conv_in.weight
    before = weight.clone()
    try:
        with model.prefix.kept():
            for embedding, expected in zip(embeddings, plain, strict=True):
                assert torch.equal(model.predict(latents, 501, embedding), expected)
                weight.zero_()  # which a prefix that is computed again would notice
        assert not torch.equal(model.predict(latents, 501, embeddings[0]), plain[0])
    finally:
        weight.copy_(before)


def test_gradients_of_the_embedding_are_the_same(model: DiffusionModel) -> None:
    def gradient() -> torch.Tensor:
        leaf = model.embed(SOURCE).tokens.clone().requires_grad_()
        (found,) = torch.autograd.grad(model.predict(latents, 501, Embedding(leaf)).square().sum(), leaf)
        return found

    latents = some_latents()
    plain = gradient()
    with model.prefix.kept():
        assert torch.equal(gradient(), plain)
        assert torch.equal(gradient(), plain)


@torch.no_grad()
def test_nothing_is_kept_beyond_its_own_latents(model: DiffusionModel) -> None:
    embedding, latents = model.embed(SOURCE), some_latents()
    expected = model.predict(latents + 0.5, 501, embedding)
    for shift in (0.0, 0.5):
        with model.prefix.kept():
            found = model.predict(latents + shift, 501, embedding)
    assert torch.equal(found, expected)
