"""Whatever two windows on one photo do, and whatever becomes of its files: nothing is lost."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from nti_desktop.project import merge
from nti_desktop.project.schema import VersionRecord
from tests.editing.any_order import AnyOrder

HOUSE = settings(derandomize=True, suppress_health_check=list(HealthCheck))
Versions = tuple[VersionRecord, ...]
Put = tuple[Versions, Mapping[str, str]]  # together: the versions, and which of them are copies


def test_in_any_order_nothing_is_lost() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(HOUSE, max_examples=10, stateful_step_count=20))


def _without_theirs(put: Put, mine: Versions, _theirs: Versions) -> Put:
    return tuple(version for version in put[0] if version in mine), {}


def _without_mine(put: Put, _mine: Versions, theirs: Versions) -> Put:
    return tuple(version for version in put[0] if version in theirs), {}


def _without_copies(put: Put, _mine: Versions, _theirs: Versions) -> Put:
    return tuple(version for version in put[0] if version.id not in put[1]), {}


@pytest.mark.parametrize("fault", [_without_theirs, _without_mine, _without_copies])
def test_a_merge_that_loses_something_is_noticed(
    fault: Callable[[Put, Versions, Versions], Put], monkeypatch: pytest.MonkeyPatch
) -> None:
    rightly = merge._versions

    def faulty(base: Versions, mine: Versions, theirs: Versions) -> Put:
        return fault(rightly(base, mine, theirs), mine, theirs)

    monkeypatch.setattr(merge, "_versions", faulty)
    found_first = settings(
        HOUSE, phases=[Phase.generate], report_multiple_bugs=False, max_examples=30, stateful_step_count=20
    )
    with pytest.raises(AssertionError, match="lost"):
        run_state_machine_as_test(AnyOrder, settings=found_first)


@pytest.mark.slow
def test_in_any_long_order_nothing_is_lost() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(HOUSE, max_examples=200, stateful_step_count=50))
