"""What models are best at, and that nothing of a recipe changes behind its owner's back."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from nti_desktop import recipe
from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef, with_prompt
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Windows
from nti_desktop.recipe.structure import settled
from nti_desktop.recipe.words import MOST_LETTERS

DEFAULTS = EditDefaults(guidances=((Kind.MATERIAL, 9.0),))


def settings(guidance_scale: float = 7.5, method: Method = Method.PINNED) -> InversionSettings:
    return InversionSettings("a ball", method, guidance_scale=guidance_scale)


def test_a_sentence_far_longer_than_models_read_is_refused() -> None:
    """What is split into words and aligned stays small, wherever the sentence comes from."""
    longest = "ball ".ljust(MOST_LETTERS, "a")
    EditRecipe(longest)
    InversionSettings(longest)
    for make in (EditRecipe, InversionSettings):
        with pytest.raises(RecipeError, match="shorten it"):
            make(longest + "a")


@pytest.mark.parametrize("make", [EditRecipe, InversionSettings])
def test_a_sentence_that_is_no_text_is_refused(make: Callable[[str], object]) -> None:
    with pytest.raises(RecipeError, match="is no text"):
        make("a red ball \udcff")


def test_an_order_nobody_said_numbers_of_has_the_likeness_that_is_best_on_its_model() -> None:
    order, orders = EditRecipe("remove it", automatic=True), settings(method=Method.INSTRUCT)
    assert settled(order, orders, EditDefaults()).image_guidance is None  # as published
    best = EditDefaults(image_guidance=1.0)
    assert settled(order, orders, best).image_guidance == 1.0
    by_hand = replace(order, automatic=False, image_guidance=2.0)
    assert settled(by_hand, orders, best) == by_hand
    assert settled(replace(by_hand, automatic=True), orders, best).image_guidance == 1.0


def test_what_is_usual_is_what_was_published() -> None:
    """Mokady et al. (50 steps, guidance 7.5); Hertz et al. and their examples (windows, layers, threshold)."""
    usual, published, edit = EditDefaults(), InversionSettings("a ball"), EditRecipe("a ball")
    assert (published.method, published.steps, published.guidance_scale) == (Method.NULL_TEXT, 50, 7.5)
    assert (usual.steps, usual.guidance_scale, usual.self_limit) == (50, 7.5, 0.25)
    assert (usual.cross_until, usual.self_until, usual.blend_threshold) == (0.8, 0.4, 0.3)
    assert usual.windows_for(Kind.MATERIAL) == Windows(0.8, 0.6)
    assert usual.windows_for(Kind.FILM) == Windows(0.5, 0.2)
    assert usual.windows_for(Kind.COLOUR) == Windows(0.8, 0.4)
    assert (edit.cross_until, edit.self_until, edit.self_limit) == (0.8, 0.4, 0.25)
    assert Blend(words=(WordRef(Side.EDIT, 1, "ball"),)).positions == usual.blend_positions == 160


def test_a_grid_of_one_position_is_one_and_of_none_is_none() -> None:
    ball = (WordRef(Side.EDIT, 1, "ball"),)
    assert Blend(ball, positions=1).positions == 1
    with pytest.raises(RecipeError, match="at least 1"):
        Blend(ball, positions=0)


def test_a_word_of_the_description_stays_in_the_mask_whatever_the_edit_says() -> None:
    hat, ball = WordRef(Side.SOURCE, 5, "hat"), WordRef(Side.EDIT, 1, "ball")
    recipe = EditRecipe("a red ball", blend=Blend((hat, replace(ball, position=2)), keep=(hat,)))
    after = with_prompt(recipe, "a red").blend
    assert after is not None
    assert (after.words, after.keep) == ((hat,), (hat,))


def test_a_published_guidance_is_for_models_that_are_guided_as_strongly() -> None:
    assert EditDefaults().guidance_of(Method.EDICT) == Method.EDICT.row.guidance == 3.0
    assert EditDefaults(guidance_scale=1.5).guidance_of(Method.EDICT) == 1.5
    assert EditDefaults().guidance_of(Method.PINNED) == 7.5


@pytest.mark.parametrize("chosen", [5.0, 8.0])
def test_a_guidance_that_the_user_chose_is_kept(chosen: float) -> None:
    assert DEFAULTS.guidance_for([Kind.MATERIAL], settings(), None) == 9.0
    assert DEFAULTS.guidance_for([Kind.MATERIAL], settings(chosen), None) is None
    assert DEFAULTS.guidance_for([Kind.MATERIAL], settings(method=Method.NULL_TEXT), None) is None


def test_everything_in_the_room_is_frozen() -> None:
    modules = [
        importlib.import_module(f"{recipe.__name__}.{found.name}") for found in pkgutil.iter_modules(recipe.__path__)
    ]
    found = {
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__name__[0] != "_"
    }
    assert len(found) > 20
    assert [each.__name__ for each in found if not each.__dataclass_params__.frozen] == []


@pytest.mark.parametrize(
    ("method", "prompt", "then"),
    [
        (Method.FLOWEDIT, "a cube", 0.4),
        (Method.FLOWEDIT, "a ball and a cube", 0.4),
        (Method.FLOWEDIT, "a red ball", 0.0),
        (Method.FLOWEDIT, "a ball at night", 0.0),
        (Method.RESIDUAL, "a cube", 0.0),
    ],
)
def test_what_becomes_another_thing_is_drawn_anew_where_the_method_can(
    method: Method, prompt: str, then: float
) -> None:
    defaults = EditDefaults(redrawn=0.4)
    found = settled(EditRecipe(prompt, automatic=True), settings(method=method), defaults)
    assert found.redrawn == then
    by_hand = EditRecipe(prompt, redrawn=0.7)
    assert settled(by_hand, settings(method=method), defaults).redrawn == 0.7
    assert settled(replace(found, prompt="a red ball"), settings(method=method), defaults).redrawn == 0.0
