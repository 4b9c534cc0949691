"""How fast models were here, so that it is known the next time: by fingerprint, device, precision and picture size.

It is remembered in the user's cache folder, once a photo was prepared.
"""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

from nti_desktop.core import atomic, disk
from nti_desktop.editing.estimates import Estimates
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.fingerprints import known_fingerprint
from nti_desktop.recipe.costs import Conditions, Rates, Speeds

MOST = 200  # that are remembered, the newest
_LARGEST = 1 << 20  # bytes of the cache


def speeds_file() -> Path:
    """Name the file in which speeds are remembered."""
    return platformdirs.user_cache_path("nti-desktop", appauthor=False) / "speeds.json"


def speeds_of(entry: ModelEntry) -> Callable[[Conditions], Speeds | None]:
    """Look up how fast a model was under some conditions, None where that is not known; asked where a job is done, as
    its files may lie on a slow drive.
    """

    def known(conditions: Conditions) -> Speeds | None:
        fingerprint = known_fingerprint(entry)
        return None if fingerprint is None else _read().get(_key(fingerprint, conditions))

    return known


def keep_speeds(fingerprint: str, estimates: Estimates) -> None:
    """Remember what is known of a model's speed, if anything; where that cannot be written it is measured again."""
    measured, speeds = estimates.measured, estimates.speeds
    if measured is None or measured.conditions is None or speeds is None:
        return
    key = _key(fingerprint, measured.conditions)
    kept = {**{known: each for known, each in _read().items() if known != key}, key: speeds}
    content = {key: _as_json(each) for key, each in list(kept.items())[-MOST:]}
    try:
        speeds_file().parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(speeds_file(), json.dumps(content).encode())
    except OSError:
        pass


def _key(fingerprint: str, conditions: Conditions) -> str:
    where = f"{conditions.device}, {conditions.precision}"
    return f"{fingerprint} {conditions.height}x{conditions.width} {where}"


def _as_json(speeds: Speeds) -> dict[str, object]:
    rates = speeds.rates
    return {
        "rates": [rates.single, rates.double, rates.learned, rates.drawing],
        "prepared": {str(method): slowness for method, slowness in speeds.prepared},
    }


def _read() -> dict[str, Speeds]:
    """Read the speeds by key, the newest last; none where the cache is damaged."""
    try:
        if speeds_file().stat().st_size > _LARGEST:
            return {}
        content = json.loads(disk.read_bytes(speeds_file()).decode())
        return {key: _speeds(each["rates"], each["prepared"].items()) for key, each in content.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _speeds(rates: Iterable[object], prepared: Iterable[tuple[str, object]]) -> Speeds:
    single, double, learned, drawing = map(_positive, rates)
    return Speeds(Rates(single, double, learned, drawing), tuple((name, _positive(each)) for name, each in prepared))


def _positive(value: object) -> float:
    if not isinstance(value, float) or not 0 < value < math.inf:
        raise ValueError("no time")
    return value
