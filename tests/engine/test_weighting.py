"""What the UNet reads of an edit with weighted words and a strength, on models of both kinds of text encoder."""

from collections.abc import Callable

import pytest
import torch

from nti_desktop.engine.methods import METHODS
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.weighting import carried, edit_embedding
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Reweighting, WordControl, with_weight
from nti_desktop.recipe.words import split_words
from tests.engine.trials import EDIT, SOURCE, prepared, rendered, some_latents

FOG = f"{EDIT} in fog"
Said = Callable[[EditRecipe], Embedding]


@pytest.fixture(params=["prototype", "sd15", "sdxl"])
def any_model(request: pytest.FixtureRequest) -> DiffusionModel:
    found: DiffusionModel = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def said(any_model: DiffusionModel) -> Said:
    return lambda recipe: edit_embedding(any_model.embed, any_model.tokens, SOURCE, recipe)


def weighted(prompt: str, **weights: float) -> EditRecipe:
    recipe = EditRecipe(prompt)
    for word in split_words(prompt):
        if word.text in weights:
            recipe = with_weight(recipe, word.position, weights[word.text])
    return recipe


def equal(one: Embedding, other: Embedding, atol: float = 0.0) -> bool:
    pooled = [e.pooled for e in (one, other) if e.pooled is not None]
    whole = not pooled or torch.allclose(*pooled, rtol=0, atol=atol)
    return whole and torch.allclose(one.tokens, other.tokens, rtol=0, atol=atol)


def test_weights_of_one_and_full_strength_are_the_plain_sentence_bit_for_bit(
    any_model: DiffusionModel, said: Said
) -> None:
    plain = any_model.embed(FOG)
    windowed = EditRecipe(FOG, words=(WordControl(4, "red", 1.0, 0.2),), strength=1.0)
    assert equal(said(EditRecipe(FOG)), plain)
    assert equal(said(windowed), plain)


def test_a_swapped_word_at_zero_is_the_source_and_at_one_half_halfway(any_model: DiffusionModel, said: Said) -> None:
    source, edit = any_model.embed(SOURCE), any_model.embed(EDIT)
    assert equal(said(weighted(EDIT, red=0)), source, 1e-5)
    middle = Embedding((source.tokens + edit.tokens) / 2)
    assert torch.allclose(said(weighted(EDIT, red=0.5)).tokens, middle.tokens, atol=1e-5)
    beyond = said(weighted(EDIT, red=2)).tokens
    assert torch.allclose(beyond, 2 * edit.tokens - source.tokens, atol=1e-5)


def test_an_added_word_at_zero_says_nothing_behind_its_place(any_model: DiffusionModel, said: Said) -> None:
    """Its end token and the padding behind are those of the sentence without it."""
    found, without = said(weighted(FOG, fog=0)), any_model.embed(f"{EDIT} in")
    here, there = any_model.tokens(FOG), any_model.tokens(f"{EDIT} in")
    assert torch.allclose(found.tokens[:, here.end], without.tokens[:, there.end], atol=1e-5)
    for fog in here.columns[-1]:
        assert torch.allclose(found.tokens[:, fog], without.tokens[:, here.columns[-2][-1]], atol=1e-5)


def test_a_kept_word_is_weighted_against_the_sentence_without_it(any_model: DiffusionModel) -> None:
    """The padding moves as far towards the sentence without it as the weight says."""

    def said(recipe: EditRecipe) -> Embedding:
        return edit_embedding(any_model.embed, any_model.tokens, FOG, recipe)

    whole, none, half = (said(weighted(FOG, fog=w)).tokens[:, -1] for w in (1, 0, 0.5))
    assert torch.allclose(half, (whole + none) / 2, atol=1e-5)
    assert not torch.allclose(whole, none, atol=1e-3)


def test_several_weights_end_where_all_words_are_taken_back(any_model: DiffusionModel, said: Said) -> None:
    edit = EDIT.replace("ball", "cube")
    assert equal(said(weighted(edit, red=0, cube=0)), any_model.embed(SOURCE), 1e-5)
    assert equal(said(weighted(edit, red=0, cube=1)), any_model.embed(edit.replace("red", "white")), 1e-5)
    both, one = said(weighted(edit, red=0.5, cube=0.5)), said(weighted(edit, red=0.5))
    assert not equal(both, one, 1e-3)


def test_of_a_repeated_word_each_place_has_its_own_weight(said: Said) -> None:
    edit = EDIT.replace("green", "red")
    places = [word.position for word in split_words(edit) if word.text == "red"]
    first, second = (said(with_weight(EditRecipe(edit), place, 0.0)) for place in places)
    assert not equal(first, second, 1e-3)


def test_a_word_of_several_tokens_stretches_over_what_it_replaces(any_model: DiffusionModel, said: Said) -> None:
    edit = EDIT.replace("red", "antidisestablishmentarian")
    here, there = any_model.tokens(edit), any_model.tokens(SOURCE)
    assert len(here.columns[4]) > len(there.columns[4])
    found, source = said(weighted(edit, antidisestablishmentarian=0)), any_model.embed(SOURCE)
    assert torch.allclose(found.tokens[:, here.end :], source.tokens[:, there.end :][:, : 77 - here.end], atol=1e-5)
    for column in here.columns[4]:
        assert torch.allclose(found.tokens[:, column], source.tokens[:, there.columns[4][0]], atol=1e-5)


def test_strength_leads_from_the_source_to_the_edit_and_beyond(any_model: DiffusionModel, said: Said) -> None:
    source, edit = any_model.embed(SOURCE), any_model.embed(EDIT)
    for strength in (0.25, 0.5, 1.5):
        expected = source.tokens + strength * (edit.tokens - source.tokens)
        found = said(EditRecipe(EDIT, strength=strength))
        assert torch.allclose(found.tokens, expected, atol=1e-5)
        if found.pooled is not None and source.pooled is not None and edit.pooled is not None:
            assert torch.allclose(found.pooled, source.pooled + strength * (edit.pooled - source.pooled), atol=1e-5)


def test_weights_on_attention_leave_the_sentence_alone(any_model: DiffusionModel, said: Said) -> None:
    recipe = EditRecipe(EDIT, words=(WordControl(4, "red", -2.0),), reweighting=Reweighting.ATTENTION)
    assert equal(said(recipe), any_model.embed(EDIT))


def test_laid_out_as_itself_a_sentence_is_itself(any_model: DiffusionModel) -> None:
    tokens, embedding = any_model.tokens(EDIT), any_model.embed(EDIT)
    assert equal(carried(embedding, tokens, tokens, range(len(tokens.columns))), embedding)


def test_weights_and_strength_take_no_row_more_and_equal_sentences_are_read_once(model: DiffusionModel) -> None:
    photo = prepared(model, Method.RESIDUAL, some_latents(8, 8), steps=3)
    source = METHODS[Method.RESIDUAL].source(model, photo)
    rendered(model, photo, EditRecipe(EDIT), source=source)  # records the source
    counts = []
    for recipe in (EditRecipe(EDIT), weighted(EDIT, red=0.5), EditRecipe(EDIT, strength=0.5)):
        with counted_rows(model) as rows:
            rendered(model, photo, recipe, source=source)
        counts.append(rows.rows)
    assert counts == [6, 6, 6]
    read: list[str] = []
    object.__setattr__(model, "text", Counting(model.text, read))
    try:
        rendered(model, photo, weighted(EDIT, red=0.7), source=source)
        assert read == []
    finally:
        object.__setattr__(model, "text", model.text.inner)  # type: ignore[attr-defined]


class Counting:
    """A prompt reader that notes what it reads."""

    def __init__(self, inner: object, read: list[str]) -> None:
        self.inner, self._read = inner, read

    def read(self, prompt: str) -> Embedding:
        self._read.append(prompt)
        found: Embedding = self.inner.read(prompt)  # type: ignore[attr-defined]
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)
