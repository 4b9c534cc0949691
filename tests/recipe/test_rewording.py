"""The edit's sentence without some of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.recipe.rewording import as_written, counterparts, source_places, without
from nti_desktop.recipe.words import split_words

SOURCE = "a red cube on sand, at noon"


def gone(edit: str, *words: str) -> str:
    positions = [word.position for word in split_words(edit) if word.text in words]
    return without(SOURCE, edit, positions).prompt


@pytest.mark.parametrize(
    ("edit", "words", "left"),
    [
        ("a blue cube on sand, at noon", ["blue"], "a red cube on sand, at noon"),  # a swapped word: the source's
        ("a blue cube on snow, at noon", ["snow"], "a blue cube on sand, at noon"),
        ("a shiny red cube on sand, at noon", ["shiny"], "a red cube on sand, at noon"),  # an added one: nothing
        ("a red cube on sand, at noon", ["red"], "a cube on sand, at noon"),  # a kept one: nothing
        ("a blue ball on sand, at noon", ["blue", "ball"], SOURCE),
        ("a red cube on sand, at noon", ["a"], "red cube on sand, at noon"),  # at the beginning
        ("a red cube on sand, at noon", ["noon"], "a red cube on sand, at"),
        ("a cube blue on sand, at noon", ["blue"], SOURCE),  # one of its kind that went elsewhere: at its old place
    ],
)
def test_a_word_is_taken_back(edit: str, words: list[str], left: str) -> None:
    assert gone(edit, *words) == left


@pytest.mark.parametrize(
    ("source", "edit", "word", "left"),
    [
        ("a cat, outdoors", "a cat, cute, outdoors", "cute", "a cat, , outdoors"),
        ("a photo of a cat", "a photo of a cat, sleeping.", "sleeping", "a photo of a cat, ."),
        ("a ball (red)", "a ball (red)", "red", "a ball ( )"),
        ("a dark-blue car", "a dark red car", "red", "a dark blue car"),
        ("a snow-covered hill", "a snow free hill", "free", "a snow covered hill"),
    ],
)
def test_words_that_come_to_stand_beside_each_other_stay_apart(source: str, edit: str, word: str, left: str) -> None:
    assert without(source, edit, [w.position for w in split_words(edit) if w.text == word]).prompt == left


marks = st.sampled_from([",", ".", "-", "--", "(", ")", "'", '"', "…", "“", "’", "\u0301"])
sentences = st.lists(st.sampled_from(["red", "cat", "dog's", "é"]) | marks | st.just(" ")).map("".join)


@given(sentences, sentences, st.sets(st.integers(0, 30)))
def test_the_places_lead_to_those_very_words_whatever_stands_between_them(
    source: str, edit: str, positions: set[int]
) -> None:
    after = split_words(edit)
    found = without(source, edit, positions & set(range(len(after))))
    words, instead = split_words(found.prompt), counterparts(source, edit)
    assert {place for place in found.places if place is not None} == set(range(len(words)))
    for word, place in zip(after, found.places, strict=True):
        if word.position not in positions:
            assert place is not None
            assert words[place].text == word.text
        elif place is not None:
            assert words[place].text == split_words(source)[instead[word.position]].text


def test_the_places_lead_from_every_word_to_what_stands_for_it() -> None:
    edit = "a shiny blue cube on sand, at noon"
    found = without(SOURCE, edit, [1, 2])
    assert found.prompt == SOURCE
    assert found.places == (0, None, 1, 2, 3, 4, 5, 6, 7)
    assert source_places(SOURCE, edit) == found.places


def test_nothing_is_taken_back_where_nothing_is_asked() -> None:
    edit = "a  blue cube"
    assert without(SOURCE, edit, []).prompt == edit
    assert without(SOURCE, edit, []).places == (0, 1, 2)


def test_a_new_word_stands_for_a_removed_one_of_its_kind_alone() -> None:
    source = "a shiny black bowl at noon"
    assert dict(counterparts(source, "a black glass bowl at noon")) == {2: 1}
    assert dict(counterparts(source, "a black bowl at noon in fog")) == {}
    assert without(source, "a black glass bowl at noon", [2]).prompt == source
    assert source_places(source, "a black glass bowl at noon") == (0, 2, 1, 3, 4, 5)


def test_what_an_edit_adds_is_read_without_what_nobody_sees() -> None:
    assert as_written("a cube", "\ufeffa dark\u2011blue cu\u200bbe on san\u200bd") == "a dark-blue cube on sand"
