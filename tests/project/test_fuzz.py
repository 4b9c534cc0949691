"""Whatever a sidecar holds, it opens and can be saved, or is refused; `tests.project.fuzz` says how it is damaged."""

from pathlib import Path

import pytest

from tests.project.fuzz import fuzz


@pytest.mark.parametrize("rounds", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_damage_at_random_is_refused_or_harmless(tmp_path: Path, rounds: int) -> None:
    found = fuzz(rounds, seed=rounds, folder=tmp_path)
    assert not found.faults
    assert sum(found.outcomes.values()) == rounds
    assert found.grown < 50
