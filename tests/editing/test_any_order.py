"""Whatever two windows on one photo do, and whatever becomes of its files: nothing is lost."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.editing.any_order import AnyOrder

HOUSE = settings(derandomize=True, suppress_health_check=list(HealthCheck))


def test_in_any_order_nothing_is_lost() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(HOUSE, max_examples=10, stateful_step_count=20))


@pytest.mark.slow
def test_in_any_long_order_nothing_is_lost() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(HOUSE, max_examples=200, stateful_step_count=50))
