"""A window that is killed loses no more than the last two seconds."""

from pathlib import Path

import pytest

from tests.gui.killed import MAY_BE_LOST, kill


@pytest.mark.slow
def test_windows_that_are_killed_under_a_monkey_lose_nothing_but_the_last_moment(tmp_path: Path) -> None:
    killed = kill(8, tmp_path, seed=3)
    assert sum(each.states for each in killed) > 50
    assert max(each.lost for each in killed) <= MAY_BE_LOST
