"""How long things take, as the rates say that were measured, and what follows from it."""

from dataclasses import replace

import pytest

from nti_desktop.editing.estimates import QUICK_RENDER, SLOW_RENDER, WORTH_ASKING, Estimates, Pace
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Measured
from nti_desktop.recipe.methods import SLOWEST, Method

STEPS = 10


def measured(double: float, single: float = 0.0, learned: float = 0.0) -> Estimates:
    return Estimates().with_measured(Measured(40.0, Speeds(Rates(single, double, learned)), "Processor"))


@pytest.mark.parametrize(
    ("seconds", "pace"),
    [
        (0.5 * QUICK_RENDER, Pace.AT_ONCE),
        (0.5 * (QUICK_RENDER + SLOW_RENDER), Pace.PREVIEWED),
        (2 * SLOW_RENDER, Pace.BY_HAND),
    ],
)
def test_the_slower_an_edit_the_more_is_asked_before(seconds: float, pace: Pace) -> None:
    known = measured(seconds / STEPS)
    assert known.rendering(Method.PINNED, STEPS) == pytest.approx(seconds)
    assert known.pace(Method.PINNED, STEPS) is pace
    assert Estimates().pace(Method.PINNED, STEPS) is Pace.AT_ONCE, "what is not known is tried"


def test_methods_are_offered_side_by_side_where_their_times_lie_far_apart() -> None:
    near, far = measured(1e-6, 1e-6, 1e-6), measured(1.0, 1.0, 1.0)
    assert near.far_apart(STUDIO_DEFAULTS) == ()
    (slow, seconds), (usual, less) = far.far_apart(STUDIO_DEFAULTS)
    assert (slow, usual) == (SLOWEST, STUDIO_DEFAULTS.method)
    assert seconds - less > WORTH_ASKING
    assert Estimates().far_apart(STUDIO_DEFAULTS) == ()
    assert far.far_apart(replace(STUDIO_DEFAULTS, method=Method.INSTRUCT)) == (), "nothing is prepared for orders"
