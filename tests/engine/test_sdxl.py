"""What SDXL reads besides its tokens: the sentence as a whole and the picture's size, through the methods."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch

from nti_desktop.engine.methods import null_text
from nti_desktop.engine.methods.denoise import Prepared
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef
from tests.engine.trials import EDIT, SENTENCES, SOURCE, prepared, rendered, some_latents

pytestmark = pytest.mark.slow

Photos = Callable[[Method], Prepared]


@pytest.fixture(scope="module")
def photos(sdxl: DiffusionModel) -> Photos:
    """Small inversions in few inner steps, each made once for all tests."""

    @cache
    def made(method: Method) -> Prepared:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(null_text, "INNER_STEPS", 3)
            return prepared(sdxl, method, some_latents(8, 8), steps=3)

    return made


@torch.no_grad()
def test_the_answer_depends_on_the_sentence_as_a_whole_and_on_the_size(sdxl: DiffusionModel) -> None:
    latents, embedding = some_latents(), sdxl.embed(SOURCE)
    assert embedding.pooled is not None
    plain = sdxl.predict(latents, 501, embedding)
    other = sdxl.predict(latents, 501, Embedding(embedding.tokens, 2 * embedding.pooled))
    assert not torch.allclose(plain, other, atol=1e-3)
    added = sdxl._added(some_latents(24, 16), embedding.pooled)
    assert added is not None
    assert added["time_ids"].tolist() == [[192, 128, 0, 0, 192, 128]]


@torch.no_grad()
def test_rows_of_one_call_are_read_apart(sdxl: DiffusionModel) -> None:
    latents, embeddings = some_latents(), [sdxl.embed(prompt) for prompt in ("", SOURCE, EDIT)]
    together = sdxl.predict(latents.expand(3, -1, -1, -1), 501, stacked(*embeddings))
    for row, embedding in zip(together.split(1), embeddings, strict=True):
        assert torch.allclose(row, sdxl.predict(latents, 501, embedding), atol=1e-4)


@torch.no_grad()
def test_what_comes_before_the_first_word_is_kept_for_one_sentence_only(sdxl: DiffusionModel) -> None:
    latents = some_latents()
    source, empty = sdxl.embed(SOURCE), sdxl.embed("")
    plain = [sdxl.predict(latents, 501, embedding) for embedding in (source, empty)]
    with sdxl.prefix.kept():
        for embedding, expected in ((source, plain[0]), (source, plain[0]), (empty, plain[1]), (source, plain[0])):
            assert torch.equal(sdxl.predict(latents, 501, embedding), expected)


def test_null_text_optimises_the_tokens_of_both_encoders_and_nothing_else(sdxl: DiffusionModel, photos: Photos) -> None:
    photo = photos(Method.NULL_TEXT)
    assert photo.arrays["null_embeddings"].shape == (3, sdxl.length, sdxl.text.width)
    start = null_text.null_start(sdxl, photo.settings)
    full = null_text.completed(photo.arrays["null_embeddings"], start)
    assert full.tokens.shape == (3, sdxl.length, sdxl.text.width)
    assert full.pooled is not None
    assert start.pooled is not None
    assert torch.equal(full.pooled, start.pooled.expand(3, -1))
    moved = (photo.arrays["null_embeddings"][-1] - start.tokens[0]).abs()
    widths = [encoder.config.hidden_size for encoder in sdxl.text.encoders]
    assert all(part.max() > 0 for part in moved.split(widths, dim=-1))


@pytest.mark.parametrize("method", SENTENCES)
def test_every_method_edits_and_residual_returns_the_photo(
    sdxl: DiffusionModel, photos: Photos, method: Method
) -> None:
    photo = photos(method)
    edit = rendered(sdxl, photo, EditRecipe(EDIT))
    assert edit.latents.isfinite().all()
    assert not torch.allclose(edit.latents, photo.pivot[-1:], atol=1e-2)
    if method is Method.RESIDUAL:
        same = rendered(sdxl, photo, EditRecipe(SOURCE))
        assert torch.allclose(same.latents, photo.pivot[-1:], atol=1e-3)


@pytest.fixture(scope="module")
def photo_of_32x32(sdxl: DiffusionModel) -> Prepared:
    return prepared(sdxl, Method.RESIDUAL, some_latents(32, 32), steps=2)


@pytest.mark.parametrize(("positions", "grid"), [(16, (8, 8)), (40, (8, 8)), (65, (16, 16)), (10_000, (16, 16))])
def test_words_are_looked_up_at_the_resolutions_that_read_words(
    sdxl: DiffusionModel, photo_of_32x32: Prepared, positions: int, grid: tuple[int, int]
) -> None:
    """At 32x32 latents SDXL reads words at 16x16 and 8x8 only."""
    ball = WordRef(Side.EDIT, 5, "ball")
    recipe = replace(EditRecipe(EDIT), blend=Blend(words=(ball,), positions=positions))
    edit = rendered(sdxl, photo_of_32x32, recipe)
    assert edit.word_maps.grid == grid
    assert edit.mask is not None
