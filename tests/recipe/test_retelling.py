"""Sentences from sentences: a story's things stay as they were said to be, and a change is made in other words."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef, with_weight
from nti_desktop.recipe.retelling import carried, carried_recipe, told_after
from nti_desktop.recipe.words import split_words

CUBE = "a red cube on grey stone"


@pytest.mark.parametrize(
    ("before", "sentence", "told"),
    [
        (
            "a photo of a red glass mug on sand",
            "a photo of a mug at night",
            "a photo of a red glass mug on sand at night",
        ),
        ("a red glass mug on sand", "a blue mug at night", "a blue glass mug on sand at night"),
        ("a shiny black cube on sand", "a red cube on grass", "a shiny red cube on grass"),
        ("an orange mug and a white ball", "a ball and a mug in fog", "a white ball and an orange mug in fog"),
        ("a black cat sitting on a sofa", "a cat sleeping on snow", "a black cat sleeping on snow"),
        ("an old skateboard", "A skateboard at night", "An old skateboard at night"),
        ("a mug on sand", "a red mug", "a red mug on sand"),
        ("a glass red mug", "a red glass mug", "a red glass mug"),
        ("a red ball and a blue ball", "a ball and a ball at night", "a red ball and a blue ball at night"),
        ("a red ball and a blue ball", "a ball at night", "a ball at night"),
    ],
)
def test_a_thing_stays_as_it_was_said_to_be_until_a_frame_says_otherwise(before: str, sentence: str, told: str) -> None:
    assert told_after([before], sentence) == told


def test_a_thing_that_comes_back_is_as_it_was_said_to_be_last() -> None:
    story = ["a red glass mug on sand", "a blue glass mug on sand", "a table at night"]
    assert told_after(story, "a mug in fog") == "a blue glass mug at night in fog"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("a cube in fog", "a photo of a cube on green grass under a cloudy sky in fog"),
        ("A cube at sunset.", "a photo of a cube on green grass at sunset."),
        ("a cube on sand", "a photo of a cube on sand under a cloudy sky after rain"),
        ("a sepia photo of a cube", "a sepia photo of a cube on green grass under a cloudy sky after rain"),
        ("a ball", "a photo of a ball on green grass under a cloudy sky after rain"),
    ],
)
def test_so_does_what_is_around_it_and_another_light_brings_fair_weather(sentence: str, told: str) -> None:
    assert told_after(["a photo of a cube on green grass under a cloudy sky after rain"], sentence) == told


def test_weather_that_went_does_not_come_back_by_itself() -> None:
    story = ["a cube on sand in fog"]
    for sentence in ("a cube at night", "a blue cube"):
        story.append(told_after(story, sentence))
    assert story[1:] == ["a cube on sand at night", "a blue cube on sand at night"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("In fog", "a cube on green grass under a cloudy sky in fog"),
        ("at night", "a cube on green grass at night"),
        ("on sand at sunset", "a cube on sand at sunset"),
        ("?", "?"),
        ("", ""),
    ],
)
def test_a_sentence_without_a_thing_is_of_the_frame_before(sentence: str, told: str) -> None:
    assert told_after(["a cube on green grass under a cloudy sky"], sentence) == told


@pytest.mark.parametrize(
    ("edit", "description", "made"),
    [
        ("a red cube on grey stone at sunset", "a ball on sand", "a ball on sand at sunset"),
        ("a red cube on grey stone at sunset", "a ball on sand.", "a ball on sand at sunset."),
        ("a blue cube on grey stone", "a green ball on sand", "a blue ball on sand"),
        ("a red cube on a wooden table", "a ball on sand", "a ball on a wooden table"),
        ("a shiny red cube on grey stone", "a ball on sand", "a shiny ball on sand"),
        ("a cube on grey stone", "a green ball on sand", "a ball on sand"),
        ("a cube on grey stone", "a ball on sand", "a ball on sand"),
    ],
)
def test_a_change_is_made_in_the_words_of_another_description(edit: str, description: str, made: str) -> None:
    assert carried(CUBE, edit, description) == made


@pytest.mark.parametrize(
    ("source", "edit", "description", "made"),
    [
        ("a cube on stone.", "a cube on stone at sunset.", "a ball on sand.", "a ball on sand at sunset."),
        ("a cat, on grass", "a cat and a dog, on grass", "a cat, on sand", "a cat and a dog, on sand"),
        ("a cube", "a cube, at night.", "a ball.", "a ball, at night."),
        ("a cube", "a cube (wet)", "a ball.", "a ball (wet)."),
        ("a cube on stone", "a cube, shiny on stone", "a ball, on sand", "a ball, shiny on sand"),
        ("a red cube", "a shiny red cube", "a ball (red)", "a ball (shiny red)"),
        ("a red cube", "a dark-red cube", "a red ball", "a dark-red ball"),
        ("a cat on grass", "a cat on wet grass", "a cat on moss-grass", "a cat on wet moss-grass"),
        ("a ball on stone", "a ball in fog on stone at sunset", "a ball", "a ball in fog at sunset"),
        ("a green ball", "a ball", "a green-brown ball", "a brown ball"),
        ("a brown ball", "a ball", "a green-brown ball", "a green ball"),
        ("a red ball on grass", "a ball on grass", "a cube (red) on sand", "a cube on sand"),
        ("a cat, cute", "a cat", "a cat, big and cute", "a cat big and"),
        ("a red cube", "a blue cube", "a red ball () on sand", "a blue ball () on sand"),
        ("a red cube", "a blue cube", "“” a red ball", "“” a blue ball"),
    ],
)
def test_what_is_said_anew_or_no_more_leaves_the_punctuation_around_it_right(
    source: str, edit: str, description: str, made: str
) -> None:
    assert carried(source, edit, description) == made


Said = list[tuple[str, str]]  # words, each with what stands behind it


def said_of(words: list[str], most: int) -> st.SearchStrategy[Said]:
    behind = st.sampled_from([" ", " ", " ", ", ", "; ", "-"])
    return st.lists(st.tuples(st.sampled_from(words), behind), min_size=1, max_size=most, unique_by=lambda one: one[0])


def sentence(said: Said, end: str) -> str:
    return "".join(word + behind for word, behind in said).rstrip(" ,;-") + end


def words_in(*sentences: str) -> Counter[str]:
    return Counter(word.text for each in sentences for word in split_words(each) if not word.is_punctuation)


WORDS = ["red", "cat", "ball", "sand", "small", "on"]
ends = st.sampled_from(["", "", ".", "!", "..."])


@given(said_of(WORDS, 5), said_of(["wide", "shiny", "fog"], 3), said_of(WORDS, 5), st.integers(0, 5), ends, ends)
def test_new_words_and_words_that_go_are_never_glued_to_what_is_around_them(
    said: Said, new: Said, other: Said, at: int, end: str, other_end: str
) -> None:
    less, description = sentence(said, end), sentence(other, other_end)
    more = sentence([*said[:at], *new, *said[at:]], end)
    longer = carried(less, more, description)
    assert words_in(longer) == words_in(description) + words_in(*(word for word, _ in new))
    shorter = carried(more, less, longer)
    assert words_in(description) <= words_in(shorter) <= words_in(longer)
    for made in (longer, shorter):
        assert not re.search(r"\s[,.;:!?]|[,;][,.;:!?]", made)


def test_a_change_of_what_a_description_does_not_say_has_no_place_in_it() -> None:
    with pytest.raises(
        RecipeError, match="“a ball on sand” has nothing in place of “red”, which the edit changes; describe "
    ):
        carried(CUBE, "a blue cube on grey stone", "a ball on sand")


def test_weights_and_masks_go_along_with_their_words() -> None:
    edit = EditRecipe("a blue cube on grey stone", blend=Blend((WordRef(Side.SOURCE, 2, "cube"),)))
    made = carried_recipe(with_weight(edit, 1, 1.5), CUBE, "one green ball on sand")
    assert made.prompt == "one blue ball on sand"
    assert [(control.position, control.weight) for control in made.words] == [(1, 1.5)]
    assert made.blend is not None
    assert made.blend.words == (WordRef(Side.SOURCE, 2, "ball"),)


def test_a_mask_of_words_that_a_description_does_not_say_is_not_left_out_in_silence() -> None:
    edit = EditRecipe(f"{CUBE} at sunset", blend=Blend((WordRef(Side.SOURCE, 1, "red"),)))
    with pytest.raises(RecipeError, match="does not say all the words that the mask of the edit is made of"):
        carried_recipe(edit, CUBE, "a ball on sand")
