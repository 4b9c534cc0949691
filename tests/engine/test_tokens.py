"""Words -> tokens, and the attention mapping; against the published aligner's answers where they should agree."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.core.errors import RecipeError
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.tokens import attention_mapping, word_columns
from nti_desktop.recipe.recipe import Side, WordRef
from nti_desktop.recipe.rewording import as_written
from nti_desktop.recipe.words import Change, align_words, split_words

PUBLISHED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden" / "alignment.json").read_text("utf-8")
)


def test_a_word_of_several_tokens_owns_them_all(sd15: DiffusionModel) -> None:
    tokens = sd15.tokens("a Labradoodle's house, sun-lit")
    words = [w.text for w in split_words(tokens.prompt)]
    owned = dict(zip(words, tokens.columns, strict=True))
    assert len(owned["Labradoodle's"]) > 2
    assert [c for columns in tokens.columns for c in columns] == list(range(1, tokens.end))
    assert tokens.ids[tokens.end] == 49407
    assert len(tokens.ids) == 77


def test_a_sentence_over_the_limit_is_refused_and_the_lost_words_are_named(model: DiffusionModel) -> None:
    with pytest.raises(RecipeError, match=r"“w\d.* w79”"):
        model.tokens(" ".join(f"w{i}" for i in range(80)))


def test_a_sentence_too_long_by_what_nobody_sees_is_refused(sd15: DiffusionModel) -> None:
    with pytest.raises(RecipeError, match="characters that nobody sees"):
        sd15.tokens("a cat " + "\u200b " * 80)


def test_a_sentence_that_just_fits_is_read(sd15: DiffusionModel) -> None:
    assert sd15.tokens("cat " * 75).end == 76
    with pytest.raises(RecipeError, match="“cat”"):
        sd15.tokens(("cat " * 76).strip())


def test_an_empty_prompt_has_a_begin_and_an_end(model: DiffusionModel) -> None:
    assert model.tokens("").end == 1


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["target"])
def test_the_mapping_differs_from_the_published_one_only_where_words_come_first(
    sd15: DiffusionModel, case: dict[str, Any]
) -> None:
    """The published aligner prefers gaps, so a swapped word is a removed and an added one, and pads go by position.

    Here words come first: a swapped word takes its predecessor's attention over (what the published replacement edit
    does), and pads are counted from the end token.
    """
    source, edit = sd15.tokens(case["source"]), sd15.tokens(case["target"])
    assert list(source.ids[: source.end + 1]) == case["source_ids"]
    assert list(edit.ids[: edit.end + 1]) == case["target_ids"]
    mapping = attention_mapping(source, edit)

    swapped = {
        column
        for pair in align_words(case["source"], case["target"])
        if pair.change is Change.SWAPPED and pair.edit is not None
        for column in edit.columns[pair.edit]
    }
    for column in range(edit.end + 1):
        published = case["refine_mapper"][column] if case["refine_alpha"][column] else None
        ours = mapping[:, column].nonzero()[:, 0].tolist()
        if column in swapped:
            # the published one leaves it alone, or keeps those of its tokens that happen to recur
            assert published is None or published in ours
            assert ours
        else:
            assert ours == ([] if published is None else [published])
    for behind in range(77 - max(source.end, edit.end)):
        assert mapping[source.end + behind, edit.end + behind] == 1

    if case["replace_mapper_nonzero"] is not None and source.end == edit.end:
        theirs = torch.zeros(77, 77)
        for row, column, value in case["replace_mapper_nonzero"]:
            theirs[row, column] = value
        for column in swapped:
            assert torch.allclose(mapping[:, column], theirs[:, column])


words = st.lists(
    st.sampled_from(["a", "red", "cat", "dog", "labradoodle", "sun-lit", ",", "on", "grass"]),
    min_size=1,
    max_size=8,
).map(" ".join)


@given(words, words)
def test_kept_columns_are_one_to_one_swaps_conserve_mass_and_added_columns_are_their_own(
    prototype: DiffusionModel, source_prompt: str, edit_prompt: str
) -> None:
    source, edit = prototype.tokens(source_prompt), prototype.tokens(edit_prompt)
    mapping = attention_mapping(source, edit)
    for pair in align_words(source_prompt, edit_prompt):
        rows = list(source.columns[pair.source]) if pair.source is not None else []
        columns = list(edit.columns[pair.edit]) if pair.edit is not None else []
        if pair.change is Change.KEPT:
            assert torch.equal(mapping[rows][:, columns], torch.eye(len(rows)))
        elif pair.change is Change.SWAPPED:
            assert torch.allclose(mapping[rows].sum(1), torch.ones(len(rows)))
            assert torch.allclose(mapping[rows][:, columns].sum(1), torch.ones(len(rows)))
        elif pair.change is Change.ADDED:
            assert not mapping[:, columns].any()
        else:
            assert not mapping[rows].any()
    assert mapping[0, 0] == 1
    assert mapping[source.end, edit.end] == 1


def test_a_chosen_word_is_found_in_both_prompts(sd15: DiffusionModel) -> None:
    source, edit = sd15.tokens("a white ball"), sd15.tokens("a big red ball")
    assert word_columns(source, edit, WordRef(Side.EDIT, 2, "red")) == ((2,), (3,))
    assert word_columns(source, edit, WordRef(Side.EDIT, 1, "big")) == ((), (2,))
    assert word_columns(source, edit, WordRef(Side.SOURCE, 2, "ball")) == ((3,), (4,))
    with pytest.raises(RecipeError, match="cone"):
        word_columns(source, edit, WordRef(Side.EDIT, 2, "cone"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a café cube", "a cafe\u0301 cube"),
        ("a dog's ball", "a dog’s ball"),
        ("a dark-blue cube", "a dark\u2011blue cu\u200bbe"),
        ("a dark-blue cube", "a dark–blue cube"),
    ],
)
def test_words_that_read_the_same_are_the_same_tokens(sd15: DiffusionModel, one: str, other: str) -> None:
    for source, edit in ((one, other), (other, one)):  # the source is read as it was written, whatever the edit has
        assert as_written(source, edit) == source
    plain = sd15.tokens(one)
    assert sd15.tokens(as_written(one, f"{other} on sand")).ids[: plain.end] == plain.ids[: plain.end]
    assert len(split_words(as_written(one, other))) == len(split_words(other))
    ball = split_words(one)[-1]
    assert word_columns(plain, plain, WordRef(Side.SOURCE, ball.position, split_words(other)[-1].text))[1]
