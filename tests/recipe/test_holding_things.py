"""A frame of a story holds what it keeps of the photo's things, and leaves free what it changes."""

from dataclasses import replace

from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Windows
from nti_desktop.recipe.structure import by_hand, holding_things, recipe_for

SOURCE = "a red glass mug on sand"
SETTINGS = InversionSettings(SOURCE, Method.RESIDUAL)
DEFAULTS = replace(STUDIO_DEFAULTS, story=Windows(1.0, 0.7))


def frame(prompt: str) -> EditRecipe:
    return recipe_for(prompt, SETTINGS, DEFAULTS)


def held(recipe: EditRecipe, defaults: EditDefaults = DEFAULTS) -> EditRecipe:
    return holding_things(recipe, SOURCE, defaults)


def test_the_words_of_things_are_held_to_the_end_and_the_shapes_for_long() -> None:
    recipe = held(frame("a red glass mug on snow at night"))
    assert {control.text: control.cross_until for control in recipe.words if control.cross_until == 1.0} == {
        "red": 1.0, "glass": 1.0, "mug": 1.0,
    }  # fmt: skip
    assert recipe.self_until == 0.7
    assert not recipe.automatic


def test_what_a_frame_says_otherwise_is_as_free_as_usual() -> None:
    recipe = frame("a blue glass mug at night")
    blue = next(control for control in recipe.words if control.text == "blue")
    assert blue in held(recipe).words
    assert {"glass", "mug"} <= {control.text for control in held(recipe).words if control.cross_until == 1.0}


def test_a_thing_that_becomes_another_has_room() -> None:
    recipe = frame("a red glass bowl at night")
    assert held(recipe) == recipe


def test_windows_that_were_said_by_hand_and_models_that_nobody_measured_stay_as_they_are() -> None:
    recipe = frame("a red glass mug at night")
    assert held(by_hand(recipe, 0.3, 0.3)) == by_hand(recipe, 0.3, 0.3)
    assert held(recipe, EditDefaults()) == recipe
