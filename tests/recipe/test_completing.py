"""A description is completed: what is asked about a photo, by what it shows and the model knows, and how it is said."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.recipe.completing import RELATIONS, LookQuestion, completed, is_of_one_hue
from nti_desktop.recipe.look import FILMS, GROUNDS, LIGHTS, PHOTO, TONED, WEATHERS, Look
from nti_desktop.recipe.words import split_words, word_key
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import draw_scene


def words_in(sentence: str) -> frozenset[str]:
    return frozenset(word_key(word.text) for word in split_words(sentence))


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
    assert LookQuestion(learned=words_in("a photo at sunset in fog")).choices(GREY) == {
        "light": ("at sunset",),
        "weather": ("in fog",),
    }


KNOWN = words_in("a photo of a red shiny metal cube and an owl in front of a ball behind it")
BESIDE = {f"{how} {name}" for how in RELATIONS for name in ("a cube", "an owl", "a ball")}
DESCRIBED = {"colour": ("red",), "material": ("shiny", "metal")}


def test_of_things_a_model_is_asked_that_knows_a_few() -> None:
    asked = LookQuestion("a cube", KNOWN).choices(COLOURED)
    assert set(asked.pop("beside")) == BESIDE
    assert asked == DESCRIBED | {f"beside_{kind}": words for kind, words in DESCRIBED.items()}
    assert "beside" not in LookQuestion("a cube").choices(COLOURED)
    assert LookQuestion("a cube and a ball", KNOWN).choices(COLOURED) == DESCRIBED
    assert "colour" not in LookQuestion("a red cube", KNOWN).choices(COLOURED)
    assert "material" not in LookQuestion("a metal cube", KNOWN).choices(COLOURED)
    assert LookQuestion("at night", KNOWN).choices(COLOURED) == {}


def test_before_the_picture_is_known_nothing_is_ruled_out() -> None:
    assert set(TONED) <= set(LookQuestion("a cube", words_in("a sepia black and white photo")).choices()["film"])
    assert {"colour", "beside_colour"} <= set(LookQuestion("a cube", KNOWN).choices())


def test_a_picture_of_one_hue_shows_no_colours() -> None:
    assert {"colour", "beside_colour"} & set(LookQuestion("a cube", KNOWN).choices(GREY)) == set()


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
        ("a ball", Look(colour="orange"), "a photo of an orange ball"),
        ("an ball", Look(colour="red", material="metal"), "a photo of a red metal ball"),
        ("a shiny ball", Look(colour="orange", material="metal"), "a photo of a shiny orange ball"),
        ("a metal ball", Look(colour="orange"), "a photo of an orange metal ball"),
        ("a small ball", Look(colour="red", material="shiny"), "a photo of a shiny small red ball"),
        ("a blue ball", Look(colour="red"), "a photo of a blue ball"),
        ("a ball on sand", Look(beside="behind a mug"), "a photo of a ball behind a mug on sand"),
        (
            "a ball",
            Look(beside="in front of a mug", beside_colour="orange", beside_material="glass", ground="on sand"),
            "a photo of a ball in front of an orange glass mug on sand",
        ),
        ("a ball and a cube", Look(beside="behind a mug"), "a photo of a ball behind a mug and a cube"),
        ("a ball and a mug", Look(beside="behind a mug"), "a photo of a ball and a mug"),
        ("a mug", Look(beside="behind a mug"), "a photo of a mug behind a mug"),
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
