"""Words, their alignment and what travels with them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.recipe import (
    Blend,
    EditRecipe,
    Side,
    WordControl,
    WordRef,
    asks_for_nothing,
    find_refs,
    with_prompt,
)
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.recipe.words import (
    Change,
    align_words,
    as_read,
    ask_the_same,
    find_words,
    same_word,
    split_words,
    unlearned_words,
    word_at,
    word_key,
)

LETTER = {Change.KEPT: "=", Change.SWAPPED: "~", Change.ADDED: "+", Change.REMOVED: "-"}


def drawn(source: str, edit: str) -> str:
    """The diff as a line: =kept ~old>new +added -removed."""
    a, b = split_words(source), split_words(edit)
    parts = []
    for pair in align_words(source, edit):
        old = a[pair.source].text if pair.source is not None else ""
        new = b[pair.edit].text if pair.edit is not None else ""
        parts.append(
            LETTER[pair.change] + (f"{old}>{new}" if pair.change is Change.SWAPPED else (new or old)),
        )
    return " ".join(parts)


@pytest.mark.parametrize(
    ("source", "edit", "expected"),
    [
        ("a cat", "a cat", "=a =cat"),
        ("a cat", "a dog", "=a ~cat>dog"),
        ("cat", "fluffy dog", "+fluffy ~cat>dog"),
        ("fluffy cat", "dog", "-fluffy ~cat>dog"),
        ("a red cone", "an orange cone", "~a>an ~red>orange =cone"),
        ("a cat, sitting", "a dog sitting", "=a ~cat>dog -, =sitting"),
        ("a cat sitting", "a cat, sitting", "=a =cat +, =sitting"),
        ("a ball and a ball", "a ball", "-a -ball -and =a =ball"),
        ("a white ball on grass", "a ball on white grass", "=a -white =ball =on +white =grass"),
        ("a ball on a sunny day", "a ball at sunset", "=a =ball -on -a ~sunny>at ~day>sunset"),
        ("A Cat", "a cat", "=A =cat"),
        ("", "a cat", "+a +cat"),
        ("a cat", "", "-a -cat"),
        ("a cat...", "a cat!", "=a =cat ~...>!"),
        ("a cat and a dog", "a red cat and a blue fox", "=a +red =cat =and =a +blue ~dog>fox"),
    ],
)
def test_prompts_align_by_words(source: str, edit: str, expected: str) -> None:
    assert drawn(source, edit).replace("=A ", "=a ").casefold() == expected.casefold()


sentences = st.lists(
    st.sampled_from(["a", "the", "red", "blue", "cat", "dog", "ball", ",", ".", "on", "grass", "Ball"]), max_size=9
).map(" ".join)


@given(sentences, sentences)
def test_an_alignment_uses_every_word_of_both_prompts_once_and_in_order(source: str, edit: str) -> None:
    pairs = align_words(source, edit)
    assert [p.source for p in pairs if p.source is not None] == list(range(len(split_words(source))))
    assert [p.edit for p in pairs if p.edit is not None] == list(range(len(split_words(edit))))
    for pair in pairs:
        assert (pair.source is None) == (pair.change is Change.ADDED)
        assert (pair.edit is None) == (pair.change is Change.REMOVED)


@given(sentences)
def test_a_prompt_aligns_with_itself_by_keeping_everything(prompt: str) -> None:
    assert all(pair.change is Change.KEPT and pair.source == pair.edit for pair in align_words(prompt, prompt))


@given(sentences, sentences)
def test_as_many_words_are_kept_from_left_to_right_as_from_right_to_left(source: str, edit: str) -> None:
    kept = sum(p.change is Change.KEPT for p in align_words(source, edit))
    assert kept == sum(p.change is Change.KEPT for p in align_words(edit, source))


def test_words_know_their_place_in_the_prompt() -> None:
    prompt = "the dog's sun-lit café, at last"
    assert [w.text for w in split_words(prompt)] == ["the", "dog's", "sun", "-", "lit", "café", ",", "at", "last"]
    assert all(prompt[w.start : w.end] == w.text for w in split_words(prompt))


def test_the_second_of_two_equal_words_is_found_by_its_number() -> None:
    assert [w.position for w in find_words("a ball and a ball", "ball")] == [1]
    assert [w.position for w in find_words("a ball and a ball", "BALL#2")] == [4]
    assert [w.text for w in find_words("number # one", "#")] == ["#"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("cat", "“cat”"), ("ball#3", "“ball” number 3"), ("ball#0", "“ball” number 0"), ("#2", "“#2”"), ("", "“”")],
)
def test_a_word_that_is_not_there_is_an_error_with_its_name(name: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        find_words("a ball and a ball", name)


def test_words_that_were_never_learned_are_found_where_they_stand() -> None:
    prompt = "A Zebra, a red zebra's ball and 2 BALLS!"
    found = unlearned_words(prompt, frozenset({"a", "red", "ball"}))
    assert [w.text for w in found] == ["Zebra", "zebra's", "and", "2", "BALLS"]
    assert all(prompt[w.start : w.end] == w.text for w in found)
    assert unlearned_words(prompt, None) == ()


@given(st.text(alphabet="aAbB', -ßİ", max_size=30), st.frozensets(st.sampled_from(["a", "b", "ab", "ss"])))
def test_every_word_is_either_learned_or_found_and_no_punctuation_is(prompt: str, learned: frozenset[str]) -> None:
    words = [w for w in split_words(prompt) if not w.is_punctuation]
    found = unlearned_words(prompt, learned)
    assert [w for w in words if w not in found] == [w for w in words if word_key(w.text) in learned]
    assert set(found) <= set(words)
    assert unlearned_words(prompt, learned | {word_key(w.text) for w in words}) == ()


def test_a_mask_word_is_looked_for_in_the_edit_and_then_in_the_source() -> None:
    assert find_refs("red", "a white ball", "a red ball") == (WordRef(Side.EDIT, 1, "red"),)
    assert find_refs("white", "a white ball", "a red ball") == (WordRef(Side.SOURCE, 1, "white"),)


def test_weights_and_masks_travel_with_their_words() -> None:
    recipe = EditRecipe(
        "a red ball on grass",
        words=(WordControl(1, "red", 2.0), WordControl(4, "grass", 0.5)),
        blend=Blend((WordRef(Side.EDIT, 2, "ball"), WordRef(Side.SOURCE, 0, "a")), (WordRef(Side.EDIT, 4, "grass"),)),
    )
    moved = with_prompt(recipe, "a shiny red ball on sand")
    assert moved.words == (WordControl(2, "red", 2.0), WordControl(5, "sand", 0.5))
    assert moved.blend is not None
    assert moved.blend.words == (WordRef(Side.EDIT, 3, "ball"), WordRef(Side.SOURCE, 0, "a"))
    assert moved.blend.keep == (WordRef(Side.EDIT, 5, "sand"),)


def test_what_was_said_of_a_removed_word_goes_with_it() -> None:
    recipe = EditRecipe("a red ball", words=(WordControl(1, "red", 2.0),), blend=Blend((WordRef(Side.EDIT, 1, "red"),)))
    moved = with_prompt(recipe, "a ball")
    assert moved.words == ()
    assert moved.blend is None


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 11.0, -11.0])
def test_a_weight_out_of_range_is_refused(weight: float) -> None:
    with pytest.raises(RecipeError, match="red"):
        WordControl(1, "red", weight)


def test_a_control_must_name_the_word_at_its_place() -> None:
    with pytest.raises(RecipeError, match="blue"):
        EditRecipe("a red ball", words=(WordControl(1, "blue", 2.0),))
    with pytest.raises(RecipeError, match="red"):
        EditRecipe("a red ball", words=(WordControl(7, "red", 2.0),))


def test_an_empty_edit_is_refused() -> None:
    with pytest.raises(RecipeError, match="empty"):
        recipe_for("  ", InversionSettings("a red ball"), EditDefaults())


ACUTE = "e\u0301"  # an accent of its own
UNSEEN = ["\u200d", "\u200c", "\u200b", "\ufeff", "\u00ad", "\ufe0f", "\u2060", "\u200e"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("café", f"caf{ACUTE}"),
        ("CAFÉ", f"caf{ACUTE}"),
        *(("dog's", f"dog{mark}s") for mark in "’‘ʼ＇"),
        *(("dog", f"d{unseen}og{unseen}") for unseen in UNSEEN),
    ],
)
def test_a_word_is_the_same_one_in_whatever_form_it_is_stored(one: str, other: str) -> None:
    assert same_word(one, other)
    assert drawn(f"a {one} cube", f"a {other} cube") == f"=a ={other} =cube"
    assert [w.position for w in find_words(f"a {one} cube", other)] == [1]
    assert unlearned_words(f"a {other} cube", frozenset(map(word_key, ("a", one, "cube")))) == ()
    assert ask_the_same(f"a {one} cube", f"a {other} cube")
    assert EditRecipe(f"a {one} cube", words=(WordControl(1, other, 2.0),)).words[0].position == 1


@pytest.mark.parametrize("hyphen", ["-", "\u2010", "\u2011", "–"])
def test_a_word_with_a_hyphen_is_found_in_the_sentence_that_shows_it(hyphen: str) -> None:
    prompt = f"a dark{hyphen}blue cube and a dark{hyphen}blue ball"
    assert [w.text for w in find_words(prompt, "dark-blue")] == ["dark", "blue"]
    assert [w.position for w in find_words(prompt, "Dark\u2011Blue#2")] == [7, 9]
    assert find_refs("dark-blue", prompt, "a red cube") == (
        WordRef(Side.SOURCE, 1, "dark"),
        WordRef(Side.SOURCE, 3, "blue"),
    )
    assert [w.text for w in find_words(prompt, "-")] == [hyphen]
    assert all(p.change is Change.KEPT for p in align_words(prompt, prompt.replace(hyphen, "-")))


def test_a_word_with_an_accent_of_its_own_is_one_word_and_knows_its_place() -> None:
    prompt = f"un caf{ACUTE} rouge, l\u200b\u2019e\u0301te\u0301 हिन्दी"
    assert [as_read(w.text) for w in split_words(prompt)] == ["un", "café", "rouge", ",", "l'été", "हिन्दी"]
    assert all(prompt[w.start : w.end] == w.text for w in split_words(prompt))


def test_emoji_of_several_characters_are_told_apart() -> None:
    assert ask_the_same("a ❤\ufe0f here", "a ❤ here")
    assert not ask_the_same("a 👨\u200d👩\u200d👧 here", "a 👨👩👧 here")
    assert not ask_the_same("a cat", "a cat 😀")


@given(st.text(alphabet="aB9_ '’‘ʼ-–‐.“…e\u0301\u0338\u200d\u200b\ufe0f\u00adé=🐈♂", max_size=24))
def test_what_a_model_reads_has_the_same_words_at_the_same_positions(prompt: str) -> None:
    read = as_read(prompt)
    assert as_read(read) == read
    assert [word_key(w.text) for w in split_words(read)] == [word_key(w.text) for w in split_words(prompt)]
    assert [w.is_punctuation for w in split_words(read)] == [w.is_punctuation for w in split_words(prompt)]
    for word in split_words(prompt):
        assert prompt[word.start : word.end] == word.text
        assert word_at(prompt, word.position, word.text) == word


@given(st.text(alphabet="aB9_ '’-–.,é🐈", max_size=24))
def test_words_that_could_be_split_before_keep_their_positions(prompt: str) -> None:
    before = re.findall(r"\w+(?:['’]\w+)*|[^\w\s]+", prompt)
    assert [w.text for w in split_words(prompt)] == before


def test_a_word_is_found_where_format_1_counted_it() -> None:
    prompt = f"un caf{ACUTE} rouge"
    assert word_at(prompt, 3, "rouge") == split_words(prompt)[2]
    assert word_at(prompt, 1, "cafe") == word_at(prompt, 2, "\u0301") == split_words(prompt)[1]
    assert word_at(prompt, 0, "rouge") is None


@pytest.mark.parametrize(
    "edit",
    [
        "A Red Cube on stone",
        "a red cube on stone.",
        "“A red cube”, on  stone…",
        "a red-cube on stone!",
        "a red cube on stone",
    ],
)
def test_capitals_and_punctuation_ask_for_nothing(edit: str) -> None:
    assert ask_the_same("a red cube on stone", edit)
    assert asks_for_nothing(EditRecipe(edit), "a red cube on stone")
    word = find_words(edit, "stone")[0]
    assert not asks_for_nothing(EditRecipe(edit, (WordControl(word.position, "stone", 2.0),)), "a red cube on stone")


@pytest.mark.parametrize(
    ("source", "edit"),
    [
        ("a red cube", "a blue cube"),
        ("a red cube", "red cube"),
        ("3.5 cubes", "3 5 cubes"),
        ("5°", "-5°"),
        ("a", "a & b"),
    ],
)
def test_other_words_numbers_and_signs_ask_for_something(source: str, edit: str) -> None:
    assert not ask_the_same(source, edit)
