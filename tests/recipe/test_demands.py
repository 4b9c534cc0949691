"""What an order demands, and the guidance that a model does it best with."""

import pytest

from nti_desktop.models.library.catalog import ORDERS_DEFAULTS, STUDIO_ORDERS_DEFAULTS
from nti_desktop.recipe.demands import Demand, demand_of
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for


@pytest.mark.parametrize(
    ("order", "demand"),
    [
        ("Remove the ball", Demand.REMOVE),
        ("please erase the red cube", Demand.REMOVE),
        ("take the mug away", Demand.REMOVE),
        ("without the lamp", Demand.REMOVE),
        ("move it to the left", Demand.MOVE),
        ("take the photo at night", None),
        ("make it blue", None),
        ("put a ball on the left", None),
        ("", None),
    ],
)
def test_the_verb_says_what_an_order_demands(order: str, demand: Demand | None) -> None:
    assert demand_of(order) is demand


def guidance(order: str, chosen: float | None = None) -> float | None:
    """Of an order to the Studio; chosen: by the user."""
    usual = STUDIO_ORDERS_DEFAULTS
    prepared = InversionSettings("", Method.INSTRUCT, usual.steps, chosen or usual.guidance_scale)
    return recipe_for(order, prepared, usual).guidance_scale


def test_an_order_is_guided_as_the_model_does_it_best_unless_the_user_chose() -> None:
    known = dict(STUDIO_ORDERS_DEFAULTS.demands)
    assert guidance("remove the ball") == known[Demand.REMOVE]
    assert guidance("move the ball to the left") == known[Demand.MOVE]
    assert guidance("make the ball blue") is None
    assert guidance("remove the ball", chosen=2.0) is None


def test_a_model_that_nobody_measured_has_one_guidance_for_all_orders() -> None:
    prepared = InversionSettings("", Method.INSTRUCT, ORDERS_DEFAULTS.steps, ORDERS_DEFAULTS.guidance_scale)
    assert recipe_for("remove the ball", prepared, ORDERS_DEFAULTS).guidance_scale is None
