"""How fast a model was is remembered for just what it holds for, and never stands in the way."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.known_speeds import MOST, keep_speeds, speeds_file, speeds_of
from nti_desktop.models.library.catalog import ModelEntry, built_in, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.costs import Conditions, Rates, Speeds
from nti_desktop.recipe.jobs import Figures, Measured
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.other_models import change_model, write_model

HERE = Conditions("Processor, 2 threads", "full precision", 512, 768)
SPEEDS = Speeds(Rates(0.1, 0.15, 0.5, 1.0))


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return find_model(str(write_model(tmp_path / "model")))


def estimates(conditions: Conditions = HERE) -> Estimates:
    return Estimates(Measured(30.0, SPEEDS, conditions.device, conditions=conditions))


def test_what_was_prepared_is_known_the_next_time(entry: ModelEntry) -> None:
    assert speeds_of(entry)(HERE) is None
    first = estimates().with_prepared(InversionSettings("a ball", Method.NULL_TEXT, 50, 2.0), Figures(90.0, 500))
    keep_speeds(fingerprint(entry), first)
    known = speeds_of(entry)(HERE)
    assert known == first.speeds
    assert known is not None
    again = Estimates(Measured(30.0, known, HERE.device, conditions=HERE))
    assert again.preparing(Method.NULL_TEXT, 50) == pytest.approx(90.0)
    assert again.preparing(Method.PINNED, 50) == estimates().preparing(Method.PINNED, 50)


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, device="Graphics card: A"),
        replace(HERE, precision="half precision"),
        replace(HERE, height=768, width=512),
        replace(HERE, width=512),
    ],
)
def test_it_is_known_for_no_other_device_precision_or_size(entry: ModelEntry, other: Conditions) -> None:
    keep_speeds(fingerprint(entry), estimates())
    assert speeds_of(entry)(other) is None


def test_it_is_known_for_no_other_model(entry: ModelEntry) -> None:
    keep_speeds(fingerprint(entry), estimates())
    fingerprint(built_in())
    assert speeds_of(built_in())(HERE) is None
    change_model(Path(entry.id), beta_end=0.0131)
    assert speeds_of(find_model(entry.id))(HERE) is None  # which was not read since it changed


@pytest.mark.parametrize(
    "damage",
    [
        lambda known: b"{",
        lambda known: b"[]",
        lambda known: json.dumps({key: {} for key in known}).encode(),
        lambda known: json.dumps({key: {"rates": [1.0, 2.0], "prepared": {}} for key in known}).encode(),
        lambda known: json.dumps({key: {"rates": [1.0, 2.0, -3.0, 1.0], "prepared": {}} for key in known}).encode(),
        lambda known: json.dumps({key: {"rates": [1.0] * 4, "prepared": {"pinned": "x"}} for key in known}).encode(),
        lambda known: json.dumps({key: {"rates": [1.0] * 4, "prepared": {"pinned": 1e999}} for key in known}).encode(),
        lambda known: b" " * (2 << 20),
    ],
)
def test_a_damaged_cache_is_measured_again_and_written_anew(
    entry: ModelEntry, damage: Callable[[dict[str, object]], bytes]
) -> None:
    keep_speeds(fingerprint(entry), estimates())
    speeds_file().write_bytes(damage(json.loads(speeds_file().read_bytes())))
    assert speeds_of(entry)(HERE) is None
    keep_speeds(fingerprint(entry), estimates())
    assert speeds_of(entry)(HERE) == SPEEDS


def test_a_cache_that_cannot_be_written_is_no_fault(entry: ModelEntry) -> None:
    speeds_file().parent.parent.mkdir(parents=True, exist_ok=True)
    digest = fingerprint(entry)
    speeds_file().mkdir(parents=True)
    keep_speeds(digest, estimates())
    assert speeds_of(entry)(HERE) is None


def test_the_oldest_are_forgotten(entry: ModelEntry) -> None:
    digest = fingerprint(entry)
    for width in range(MOST + 1):
        keep_speeds(digest, estimates(replace(HERE, width=width)))
    assert len(json.loads(speeds_file().read_bytes())) == MOST
    assert speeds_of(entry)(replace(HERE, width=0)) is None
    assert speeds_of(entry)(replace(HERE, width=MOST)) == SPEEDS


def test_nothing_is_kept_of_what_was_not_measured(entry: ModelEntry) -> None:
    keep_speeds(fingerprint(entry), Estimates())
    assert not speeds_file().exists()
