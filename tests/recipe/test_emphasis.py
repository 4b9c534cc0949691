"""Emphasis typed as text becomes weights; what only looks like it stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.recipe.emphasis import Emphasis, read_emphasis
from nti_desktop.recipe.parameters import WEIGHT
from nti_desktop.recipe.words import split_words


def weighed(text: str, known: str = "") -> tuple[str, dict[str, float]]:
    """The sentence, and the weights of its words."""
    read = read_emphasis(text, known)
    words = split_words(read.prompt)
    return read.prompt, {words[position].text: weight for position, weight in read.weights}


@pytest.mark.parametrize(
    ("text", "prompt", "weights"),
    [
        ("a (fog:1.2) hill", "a fog hill", {"fog": 1.2}),
        ("a (fog) hill", "a fog hill", {"fog": 1.1}),
        ("a ((fog)) hill", "a fog hill", {"fog": 1.21}),
        ("a [fog] hill", "a fog hill", {"fog": 0.91}),
        ("a [[fog]] hill", "a fog hill", {"fog": 0.83}),
        ("a (dark fog:1.3), hill", "a dark fog, hill", {"dark": 1.3, "fog": 1.3}),
        ("a (dark (fog:1.5):2) hill", "a dark fog hill", {"dark": 2.0, "fog": 3.0}),
        ("((fog:1.2))", "fog", {"fog": 1.32}),
        ("a fog++ hill--", "a fog hill", {"fog": 1.21, "hill": 0.81}),
        ("a fog+++, hill---.", "a fog, hill.", {"fog": 1.33, "hill": 0.73}),
        ("a (dark fog)++ hill", "a dark fog hill", {"dark": 1.21, "fog": 1.21}),
        ("a (dark fog)- hill", "a dark fog hill", {"dark": 0.9, "fog": 0.9}),
        ("a (dark-blue:1.5) cube", "a dark-blue cube", {"dark": 1.5, "blue": 1.5}),
        ("an ox++ on a hill", "an ox on a hill", {"ox": 1.21}),
        ("a dark-blue++ cube", "a dark-blue cube", {"dark": 1.21, "blue": 1.21}),
        ("a (fog:1) hill", "a fog hill", {"fog": 1.0}),
        ("a (fog:-.5) hill", "a fog hill", {"fog": -0.5}),
        ("a (fog:99) hill", "a fog hill", {"fog": WEIGHT.high}),
        ("a ( fog : 1.2 ) hill", "a fog hill", {"fog": 1.2}),
        ("(fog:1.2)hill", "fog hill", {"fog": 1.2}),
        ("a 🐈 (cafe\u0301:1.2)", "a 🐈 cafe\u0301", {"cafe\u0301": 1.2}),
        (r"a \(red\) (fog:1.2)", "a (red) fog", {"fog": 1.2}),
        (r"(fog \(thick\):1.2)", "fog (thick)", {"fog": 1.2, "thick": 1.2}),
        ("a hill :) (fog:1.2)", "a hill :) fog", {"fog": 1.2}),
        (
            "((a very old and mossy wall))",
            "a very old and mossy wall",
            dict.fromkeys(["a", "very", "old", "and", "mossy", "wall"], 1.21),
        ),
    ],
)
def test_marks_of_emphasis_become_weights(text: str, prompt: str, weights: dict[str, float]) -> None:
    assert weighed(text) == (prompt, weights)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a dark-blue cube",
        "a -- b",
        "a cube--red",
        "a cube - red",
        "a cube + ball",
        "a C++ book",
        "18++ signs",
        "two photo(s) of a cube",
        "a cube (2)",
        "a cube () []",
        "a cat :) on a mat",
        "a cat :-( on a mat ;)",
        "a cube (as it was seen from the window)",
        "a cube (red; old)",
        "at noon (10:30)",
        "a frame (ratio 3:2)",
        "a [cat:dog:0.5] here",
        "a [cat|dog] here",
        "a <lora:x:1> cube",
        "a (fog:1.2 hill",
        "a fog:1.2) hill",
        "a (fog] [hill)",
        "a (fog:1.2) hill (",
        "(" * 3000 + "fog" + ")" * 3000,
    ],
)
def test_what_only_looks_like_emphasis_stays_text(text: str) -> None:
    assert read_emphasis(text) == Emphasis(text)


@pytest.mark.parametrize(("sign", "weight"), [("+", WEIGHT.high), ("-", 0.0)])
def test_more_signs_than_anybody_counts_weigh_as_much_as_is_possible(sign: str, weight: float) -> None:
    assert read_emphasis(f"a fog{sign * 8000}") == Emphasis("a fog", ((1, weight),))


def test_brackets_of_the_sentence_as_it_was_are_text() -> None:
    assert weighed("a red cube (old)", "a cube (old)") == ("a red cube (old)", {})
    assert weighed("a (red:2) cube (old)", "a cube (old)") == ("a red cube (old)", {"red": 2.0})
    assert weighed("a ((red)) cube", "a ((red) cube") == ("a red cube", {"red": 1.21})  # was being typed


@given(st.text(alphabet="ab é🐈()[]\\:+-.,12", max_size=30))
def test_reading_twice_reads_no_more(text: str) -> None:
    read = read_emphasis(text)
    assert read_emphasis(read.prompt, read.prompt) == Emphasis(read.prompt)
    words = split_words(read.prompt)
    assert all(not words[position].is_punctuation and abs(weight) <= WEIGHT.high for position, weight in read.weights)
    assert [position for position, _ in read.weights] == sorted({position for position, _ in read.weights})


@given(st.text(alphabet="ab é🐈()[]\\:+-.,12", max_size=30))
def test_no_letter_is_lost(text: str) -> None:
    letters = [c for c in text if c.isalpha()]
    assert [c for c in read_emphasis(text).prompt if c.isalpha()] == letters
