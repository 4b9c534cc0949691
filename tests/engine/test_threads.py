"""The engine computes with as many threads as there are free cores."""

import itertools
import time
from collections.abc import Iterator

import pytest
import torch

from nti_desktop.core.progress import Progress
from nti_desktop.engine import threads
from nti_desktop.engine.service import EngineService
from nti_desktop.engine.threads import Reading, Threads, free_cores, read
from tests.engine.test_service import invert_job


@pytest.mark.parametrize(
    ("everybody", "own", "free"),
    [
        (0.0, 0.0, 4),
        (40.0, 40.0, 4),  # this program took all that was taken
        (10.0, 0.0, 3),  # another one takes a core
        (36.0, 30.0, 3),
        (33.0, 30.0, 4),  # next to nothing
        (40.0, 0.0, 1),
        (80.0, 0.0, 1),
        (29.0, 30.0, 4),  # clocks that do not quite agree
    ],
)
def test_cores_that_other_programs_take_are_not_free(everybody: float, own: float, free: int) -> None:
    assert free_cores(Reading(100.0, 500.0, 50.0), Reading(110.0, 500.0 + everybody, 50.0 + own), 4) == free


def test_what_this_program_takes_is_its_own() -> None:
    before = read()
    while time.process_time() < before.own + 0.3:
        sum(range(1000))
    after = read()
    assert after.own - before.own >= 0.25
    assert after.everybody - before.everybody >= 0.25
    assert after.clock > before.clock


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A processor of four cores; seconds that others took, to be appended to. A second goes by at every look."""
    taken, before, clock = [0.0], torch.get_num_threads(), itertools.count()
    monkeypatch.setattr(threads, "ALL", 4)
    monkeypatch.setattr(threads, "OFTEN", 0.0)
    monkeypatch.setattr("psutil.cpu_count", lambda: 4)
    monkeypatch.setattr(threads, "read", lambda: Reading(float(next(clock)), sum(taken), 0.0))
    torch.set_num_threads(4)
    yield taken
    torch.set_num_threads(before)


def test_threads_follow_what_others_take_and_come_back(four_cores: list[float]) -> None:
    mine, found = Threads(), []
    for taken in (0.0, 1.0, 3.0, 9.0, 0.2):
        four_cores.append(taken)
        mine.fit()
        found.append(torch.get_num_threads())
    assert found == [4, 3, 1, 1, 4]


@pytest.mark.slow
def test_threads_are_fitted_within_a_job_and_the_picture_stays_the_same(four_cores: list[float]) -> None:
    used: list[int] = []

    def report(progress: Progress) -> None:
        used.append(torch.get_num_threads())
        four_cores.append(float(len(used) % 4))

    job, service = invert_job(), EngineService()
    changing = service.invert(job, report)
    assert len(set(used)) > 1
    torch.set_num_threads(1)
    steady = EngineService().invert(job)
    assert abs(changing.arrays["pivot"] - steady.arrays["pivot"]).max() < 2e-3  # half precision's last digit
    assert abs(changing.reconstruction - steady.reconstruction).max() < 2e-3
