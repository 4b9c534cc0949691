"""A sentence takes over another look: what it says of light, weather and film gives way, and nothing else."""

import pytest

from nti_desktop.recipe.look import FILMS, LIGHTS, PHOTO, WEATHERS, Look, with_look

NIGHT = Look("at night")


@pytest.mark.parametrize(
    ("sentence", "look", "expected"),
    [
        ("a red ball on sand", NIGHT, "a red ball on sand at night"),
        ("a red ball on sand.", NIGHT, "a red ball on sand at night."),
        ("a red ball on sand at sunset", NIGHT, "a red ball on sand at night"),
        ("a red ball under a cloudy sky on sand", NIGHT, "a red ball at night on sand"),
        ("a vase of roses in the evening light", NIGHT, "a vase of roses at night"),
        ("a ball at sunset in fog", Look("at sunset"), "a ball at sunset"),  # the other photo's weather is fair
        ("a dog in the rain, asleep", Look("", "in fog"), "a dog in fog, asleep"),
        ("a ball at sunset", Look("", "in fog"), "a ball at sunset in fog"),  # nobody knows the other one's light
        ("a photo of a ball", Look(film="a sepia photo"), "a sepia photo of a ball"),
        ("a black and white photo of a cat", Look(film="an oil painting"), "an oil painting of a cat"),
        ("a black and white photo of a cat", NIGHT, "a photo of a cat at night"),
        ("A cup of tea", Look(film="a sepia photo"), "a sepia photo of a cup of tea"),
        ("Paris", Look(film="a sepia photo"), "a sepia photo of Paris"),
    ],
)
def test_what_is_said_of_the_look_gives_way(sentence: str, look: Look, expected: str) -> None:
    assert with_look(sentence, look) == expected
    assert with_look(expected, look) == expected


@pytest.mark.parametrize(
    "sentence", ["a light blue ball", "a wet dog", "sunset over the sea", "a dog with a sunny smile"]
)
def test_words_of_things_stay_though_they_sound_like_a_look(sentence: str) -> None:
    assert with_look(sentence, Look("at night")) == f"{sentence} at night"


def test_every_look_can_be_taken_back_by_another(subtests: pytest.Subtests) -> None:
    for light in LIGHTS:
        for weather in ("", *WEATHERS):
            for film in (PHOTO, *FILMS):
                look = Look(light, weather, film)
                with subtests.test(str(look)):
                    said = with_look("a photo of a ball on grass", look)
                    assert with_look(said, NIGHT) == "a photo of a ball on grass at night"
