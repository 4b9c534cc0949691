"""Whatever happens to an open photo, and whenever the power fails then, nothing is lost but the last moment."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nti_desktop.core import disk
from tests.editing.sequences import Enumeration, enumerate_all, in_memory, with_an_area

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are watched by their handles")


@pytest.fixture
def root() -> Iterator[Path]:
    with in_memory() as root:
        yield root


def assert_nothing_lost(enumeration: Enumeration) -> None:
    assert enumeration.lost == []
    assert enumeration.count.disks > enumeration.count.sequences


@pytest.mark.slow
def test_a_power_cut_at_any_moment_of_any_event_loses_nothing(root: Path) -> None:
    assert_nothing_lost(enumerate_all(1, root))


@pytest.mark.slow
def test_a_power_cut_at_any_moment_of_any_two_events_loses_nothing(root: Path) -> None:
    assert_nothing_lost(enumerate_all(2, root))


@pytest.mark.slow
@pytest.mark.parametrize("call", ["fsync", "sync_folder"])
def test_the_enumeration_notices_a_program_that_does_not_sync(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(disk, call, lambda _file: None)
    lost = enumerate_all(1, root, [with_an_area], ["edit", "save"]).lost
    assert [each.split(": ")[1] for each in lost] == ["edit", "save"]
