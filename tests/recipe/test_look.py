"""A sentence takes over another look: what it says of light, weather and film gives way, and nothing else; or it is
completed by its own.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.recipe.look import (
    FILMS,
    GROUNDS,
    LIGHTS,
    PHOTO,
    TONED,
    WEATHERS,
    Look,
    LookQuestion,
    can_be_completed,
    completed,
    is_of_one_hue,
    with_look,
)
from nti_desktop.recipe.words import split_words, word_key
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import draw_scene

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


GREY = np.full((8, 8, 3), 90, np.uint8)
COLOURED = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)


def test_it_is_asked_what_the_sentence_leaves_out_in_words_that_the_model_knows() -> None:
    assert {field: set(asked) for field, asked in LookQuestion().choices(GREY).items()} == {
        "light": set(LIGHTS),
        "weather": set(WEATHERS),
        "film": set(FILMS),
        "ground": set(GROUNDS),
    }
    assert set(LookQuestion("a dog at night").choices(GREY)) == {"weather", "film", "ground"}
    assert set(LookQuestion("a sepia photo of a dog on sand at night in fog").choices(GREY)) == set()
    assert "film" not in LookQuestion("a pencil drawing of a dog").choices(GREY)
    learned = frozenset(word_key(word.text) for word in split_words("a photo at sunset in fog"))
    assert LookQuestion(learned=learned).choices(GREY) == {"light": ("at sunset",), "weather": ("in fog",)}


def test_a_picture_of_many_hues_is_on_no_toned_film() -> None:
    assert set(TONED) <= set(LookQuestion().choices(GREY)["film"])
    assert set(LookQuestion().choices(COLOURED)["film"]) == set(FILMS) - set(TONED)


def test_asking_is_forecast_by_what_there_is_to_ask() -> None:
    assert LookQuestion("a dog").calls.rows > LookQuestion("a dog at night").calls.rows > 0
    assert LookQuestion("a sepia photo of a dog on sand at night in fog").calls.rows == 0


@pytest.mark.parametrize("tone", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.6), (0.8, 0.9, 1.0)])
def test_shades_of_one_colour_are_of_one_hue(tone: tuple[float, float, float], tmp_path: Path) -> None:
    scene = training_picture(draw_scene(720_000)).image
    shades = scene.mean(-1, keepdims=True)
    toned = np.clip(shades * tone, 0, 255).astype(np.uint8)
    Image.fromarray(toned).save(tmp_path / "toned.jpg", quality=75)
    assert is_of_one_hue(toned)
    assert is_of_one_hue(np.asarray(Image.open(tmp_path / "toned.jpg")))
    assert not is_of_one_hue(scene)


def test_two_tones_are_two_hues() -> None:
    split = np.concatenate([np.full((4, 8, 3), (90, 80, 60), np.uint8), np.full((4, 8, 3), (60, 80, 90), np.uint8)])
    assert not is_of_one_hue(split)


WINTER = Look("at night", "in a snowstorm", PHOTO, "on snow")


@pytest.mark.parametrize(
    ("sentence", "look", "expected"),
    [
        ("a red ball", WINTER, "a photo of a red ball on snow at night in a snowstorm"),
        ("A red ball.", WINTER, "a photo of a red ball on snow at night in a snowstorm."),
        ("a photo of a red ball on sand", WINTER, "a photo of a red ball on sand at night in a snowstorm"),
        ("a photo of a ball at sunset", WINTER, "a photo of a ball on snow at sunset in a snowstorm"),
        ("a ball in fog", Look(ground="on snow"), "a photo of a ball on snow in fog"),
        ("a ball", Look(film="a sepia photo"), "a sepia photo of a ball"),
        ("a pencil drawing of a ball", Look(film="a sepia photo"), "a pencil drawing of a ball"),
        ("a black and white photo of a ball", Look(ground="on snow"), "a black and white photo of a ball on snow"),
        ("in Paris", Look("at night"), "in Paris at night"),
        ("a ball", Look(), "a ball"),
    ],
)
def test_a_sentence_is_completed_by_what_it_leaves_out(sentence: str, look: Look, expected: str) -> None:
    assert completed(sentence, look) == expected
    assert look == Look() or LookQuestion(sentence).told(look) == expected
    assert completed(expected, look) == expected


def test_a_model_is_asked_about_photos_also_where_nothing_is_added() -> None:
    assert LookQuestion("a ball").told(Look()) == "a photo of a ball"
    assert LookQuestion().told(Look()) == "a photo"


def test_what_says_all_of_the_look_cannot_be_completed() -> None:
    assert can_be_completed("a ball")
    assert not can_be_completed(" ")
    assert not can_be_completed("a sepia photo of a ball on sand at night in fog")
