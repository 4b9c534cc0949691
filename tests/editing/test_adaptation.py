"""The same wish by another model or method."""

from dataclasses import replace

import pytest

from nti_desktop.editing.adaptation import adapted
from nti_desktop.editing.basis import Basis
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from nti_desktop.recipe.settings import EditDefaults, InversionSettings

BEFORE = EditDefaults(cross_until=0.8, self_until=0.4, blend_threshold=0.3, blend_positions=160)
NOW = EditDefaults(
    cross_until=0.3, self_until=0.2, self_limit=1.0, blend_threshold=0.8, blend_positions=200, blend_pooled=False
)
BALL = WordRef(Side.EDIT, 2, "ball")
BY_HAND = EditRecipe("a blue ball", cross_until=0.9, self_until=0.1, guidance_scale=3.0)


def basis(method: Method = Method.RESIDUAL, defaults: EditDefaults = NOW) -> Basis:
    return Basis(InversionSettings("a red ball" if method.row.described else "", method), defaults)


@pytest.mark.parametrize(
    ("recipe", "automatic"),
    [
        (EditRecipe("a ball", cross_until=0.8, self_until=0.4), True),
        (EditRecipe("a ball", cross_until=0.8, self_until=0.1), False),
        (EditRecipe("a ball", automatic=True, cross_until=0.1, self_until=0.1), True),
    ],
)
def test_windows_that_were_the_models_usual_ones_follow_the_change_on_another_model(
    recipe: EditRecipe, automatic: bool
) -> None:
    assert adapted(recipe, basis(), BEFORE).automatic is automatic


@pytest.mark.parametrize(("threshold", "then"), [(0.3, 0.8), (0.5, 0.5)])
def test_a_masks_threshold_stays_on_another_model_where_it_was_chosen(threshold: float, then: float) -> None:
    recipe = replace(BY_HAND, blend=Blend((BALL,), threshold=threshold, positions=160))
    blend = adapted(recipe, basis(), BEFORE).blend
    assert blend == Blend((BALL,), threshold=then, positions=200, pooled=False)


def test_the_same_model_leaves_what_is_said_by_hand() -> None:
    recipe = replace(BY_HAND, blend=Blend((BALL,), threshold=0.3))
    assert adapted(recipe, basis()) == recipe
    assert adapted(replace(recipe, cross_until=0.3, self_until=0.2), basis()).automatic is False


def test_another_models_limit_holds_there() -> None:
    assert adapted(BY_HAND, basis(), BEFORE) == replace(BY_HAND, self_limit=1.0)


def test_what_is_automatic_settles_to_the_windows_of_the_other_model() -> None:
    other = replace(NOW, windows=())
    recipe = adapted(replace(BY_HAND, automatic=True), basis(defaults=other), BEFORE)
    assert (recipe.cross_until, recipe.self_until) == (0.3, 0.2)


def test_where_null_embeddings_hold_for_one_guidance_there_is_no_other() -> None:
    assert adapted(BY_HAND, basis(Method.NULL_TEXT)).guidance_scale is None
    assert adapted(BY_HAND, basis(Method.PINNED)).guidance_scale == 3.0


def test_a_method_that_does_not_know_where_words_look_has_no_mask() -> None:
    recipe = replace(BY_HAND, blend=Blend((BALL,)))
    assert adapted(recipe, basis(Method.RESAMPLE)) == BY_HAND


def test_an_order_has_neither_weights_nor_a_mask() -> None:
    recipe = replace(BY_HAND, words=(WordControl(1, "blue", 2.0),), blend=Blend((BALL,)))
    order = adapted(recipe, basis(Method.INSTRUCT))
    assert (order.prompt, order.words, order.blend, order.guidance_scale) == ("a blue ball", (), None, None)
    assert order.automatic


def test_a_sentence_has_no_likeness() -> None:
    defaults = replace(NOW, image_guidance=1.0)
    order = adapted(BY_HAND, basis(Method.INSTRUCT, defaults))
    assert order.image_guidance == 1.0
    assert adapted(order, basis(Method.RESIDUAL, defaults)).image_guidance is None
