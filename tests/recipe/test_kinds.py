"""What kind of change the words of an edit ask for, and how closely it then follows the photo."""

import random
from dataclasses import replace

import pytest

from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.recipe.kinds import Kind, changed_kinds, is_setting, kinds_in, unsaid_kinds
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Lot, with_weight
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Windows
from nti_desktop.recipe.structure import by_hand, fades, recipe_for, settled
from nti_desktop.recipe.words import split_words
from nti_desktop.studio.captions import caption_pair
from nti_desktop.studio.scenes import draw_scene
from nti_desktop.studio.variants import VARIANTS, variant

CUBE = "a photo of a red cube on grey stone on a sunny day"
WIDE, MIDDLE, NONE = Windows(1.0, 1.0), Windows(0.6, 0.5), Windows(0.0, 0.0)
DEFAULTS = EditDefaults(windows=((Kind.COLOUR, WIDE), (Kind.MATERIAL, MIDDLE), (Kind.WEATHER, NONE)))


def prepared(source: str, defaults: EditDefaults) -> InversionSettings:
    return InversionSettings(source, Method.RESIDUAL, defaults.steps, defaults.guidance_scale)


def plain(source: str, edit: str, defaults: EditDefaults) -> EditRecipe:
    return recipe_for(edit, prepared(source, defaults), defaults)


def kinds(source: str, edit: str) -> set[Kind]:
    return {kind for _, kind in changed_kinds(source, edit)}


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (CUBE.replace("red", "blue"), Kind.COLOUR),
        (CUBE.replace("red", "red glass"), Kind.MATERIAL),
        (CUBE.replace("cube", "ball"), Kind.THING),
        (CUBE.replace("grey stone", "green grass"), Kind.GROUND),  # the green is the grass's
        (CUBE.replace("on a sunny day", "at night"), Kind.LIGHT),
        (f"{CUBE} in fog", Kind.WEATHER),
        (CUBE.replace("a photo", "a black and white photo"), Kind.FILM),
        (CUBE.replace("a photo", "a watercolour painting"), Kind.FILM),
        (CUBE.replace("cube", "quux"), Kind.THING),  # of an unknown word what it stands for is known
        (f"{CUBE} with a quux", Kind.OTHER),
        (CUBE.replace("red ", ""), Kind.COLOUR),  # a removed word
    ],
)
def test_a_change_is_of_the_kind_of_its_words(edit: str, kind: Kind) -> None:
    assert kinds(CUBE, edit) == {kind}


@pytest.mark.parametrize("kind", list(VARIANTS))
def test_every_change_of_the_studio_world_is_told(kind: str) -> None:
    expected = {"shape": Kind.THING, "sky": Kind.LIGHT}.get(kind) or Kind(kind)
    for seed in range(900_000, 900_040):
        scene = draw_scene(seed)
        found = kinds(*caption_pair(scene, variant(kind, scene, random.Random(seed))))
        assert found == {expected}, seed


def test_several_kinds_are_told_apart_and_small_words_say_nothing() -> None:
    assert kinds(CUBE, CUBE.replace("a red cube", "the blue ball")) == {Kind.COLOUR, Kind.THING}
    assert kinds_in("under the, over a") == (None,) * 5
    assert kinds(CUBE, CUBE) == set()


def test_a_weighted_word_is_a_change_too() -> None:
    fog = f"{CUBE} in fog"
    position = split_words(fog)[-1].position
    assert changed_kinds(fog, fog, [position]) == ((position, Kind.WEATHER),)


def test_settings_have_no_place() -> None:
    assert all(map(is_setting, ("sunset", "Fog", "night", "sepia", "grass")))
    assert not any(map(is_setting, ("cube", "red", "quux", "glass")))


def test_windows_follow_the_kind_of_change() -> None:
    colour = plain(CUBE, CUBE.replace("red", "blue"), DEFAULTS)
    assert (colour.automatic, colour.cross_until, colour.self_until, colour.words) == (True, 1.0, 1.0, ())
    weather = plain(CUBE, f"{CUBE} in fog", DEFAULTS)
    assert (weather.cross_until, weather.self_until) == (0.0, 0.0)
    unknown = plain(CUBE, f"{CUBE} with a quux", DEFAULTS)
    assert (unknown.cross_until, unknown.self_until) == (DEFAULTS.cross_until, DEFAULTS.self_until)


def test_of_several_kinds_each_word_has_its_window_and_what_is_kept_follows_the_freest() -> None:
    edit = CUBE.replace("red", "blue").replace("cube", "metal cube") + " in fog"
    recipe = plain(CUBE, edit, DEFAULTS)
    assert (recipe.cross_until, recipe.self_until) == (0.0, 0.0)
    assert {c.text: c.cross_until for c in recipe.words} == {"blue": 1.0, "metal": 0.6}


def test_weights_stay_when_windows_follow_and_windows_said_by_hand_stay_too() -> None:
    source = f"{CUBE} in fog"
    position = split_words(source)[-1].position
    recipe = settled(with_weight(plain(source, source, DEFAULTS), position, -0.5), prepared(source, DEFAULTS), DEFAULTS)
    assert [(c.text, c.weight, c.cross_until) for c in recipe.words] == [("fog", -0.5, None)]
    assert recipe.cross_until == 0.0
    fixed = by_hand(recipe, 0.7, 0.3)
    assert settled(fixed, prepared(source, DEFAULTS), DEFAULTS) == fixed
    assert (fixed.automatic, fixed.cross_until, fixed.self_until) == (False, 0.7, 0.3)
    assert [(c.text, c.weight) for c in fixed.words] == [("fog", -0.5)]


@pytest.mark.parametrize(("weight", "held"), [(-1.0, 0.0), (0.0, 0.0), (0.25, 0.25), (1.5, 1.0), (4.0, 1.0)])
def test_a_kept_word_is_held_the_closer_the_less_is_taken_from_it(weight: float, held: float) -> None:
    fog = f"{CUBE} in fog"
    position = split_words(fog)[-1].position
    defaults = replace(DEFAULTS, kept=WIDE)
    turned = settled(with_weight(plain(fog, fog, defaults), position, weight), prepared(fog, defaults), defaults)
    assert (turned.cross_until, turned.self_until) == (held, held)
    added = settled(with_weight(plain(CUBE, fog, defaults), position, weight), prepared(CUBE, defaults), defaults)
    assert (added.cross_until, added.self_until) == (0.0, 0.0)  # a change, whatever its weight


@pytest.mark.parametrize(
    ("edit", "strength", "fading"),
    [
        (f"{CUBE} in fog", 0.5, True),
        (CUBE.replace("red", "blue").replace("stone", "sand"), 0.5, True),
        (CUBE.replace("cube", "ball"), 0.5, False),
        (CUBE.replace("cube", "ball"), 0.0, True),
        (CUBE.replace("red cube", "blue quux"), 0.5, False),
        (f"{CUBE} in fog", 1.0, False),
        (f"{CUBE} in fog", 1.2, False),
    ],
)
def test_what_keeps_its_form_fades_and_other_things_turn_into_each_other(
    edit: str, strength: float, fading: bool
) -> None:
    assert fades(prepared(CUBE, DEFAULTS), EditRecipe(edit, strength=strength)) == fading


def test_all_that_is_drawn_anew_without_holding_the_photo_fades() -> None:
    ball = EditRecipe("a blue ball", strength=0.5)
    for method in Method:
        settings = InversionSettings(CUBE if method.row.described else "", method)
        anew = {lot for lot in method.row.lots if fades(settings, replace(ball, lot=lot))}
        assert anew == set(method.row.lots) - {Lot.HELD}, method
        assert fades(settings, ball) == (method in (Method.RESAMPLE, Method.DIFFEDIT, Method.INPAINT)), method


def test_settling_twice_changes_nothing() -> None:
    for edit in (CUBE.replace("red", "blue"), f"{CUBE} in fog", CUBE.replace("red cube", "blue glass ball")):
        once = plain(CUBE, edit, STUDIO_DEFAULTS)
        assert settled(once, prepared(CUBE, STUDIO_DEFAULTS), STUDIO_DEFAULTS) == once
        assert once != EditRecipe(edit)


def test_guidance_follows_the_kind_where_the_preparation_leaves_it_free() -> None:
    defaults = replace(DEFAULTS, guidances=((Kind.COLOUR, 1.25), (Kind.THING, 1.0)), guidance_scale=1.5)
    colour, both = CUBE.replace("red", "blue"), CUBE.replace("red cube", "blue ball")
    assert plain(CUBE, colour, defaults).guidance_scale == 1.25
    assert plain(CUBE, both, defaults).guidance_scale == 1.25  # the largest: none of them stops short
    assert plain(CUBE, f"{colour} in fog", defaults).guidance_scale is None
    chosen = InversionSettings(CUBE, Method.RESIDUAL, 12, 3.0)
    fixed = InversionSettings(CUBE, Method.NULL_TEXT, 12, 1.5)
    assert all(recipe_for(colour, settings, defaults).guidance_scale is None for settings in (chosen, fixed))


def test_the_less_a_description_explains_the_less_guidance_there_is() -> None:
    defaults = replace(DEFAULTS, guidance_scale=1.5, explaining=0.4)
    settings, edit = prepared(CUBE, defaults), CUBE.replace("red", "blue")
    told = [recipe_for(edit, settings, defaults, share).guidance_scale for share in (None, 0.6, 0.4, 0.3, 0.0, -3.0)]
    assert told == [None, None, None, 1.38, 1.25, 1.25]


def test_what_a_description_leaves_out_is_named() -> None:
    assert unsaid_kinds("a cube") == (Kind.COLOUR, Kind.MATERIAL, Kind.GROUND, Kind.LIGHT)
    assert unsaid_kinds("a red glass cube on sand at noon") == ()
