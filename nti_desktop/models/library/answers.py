"""What models answered when they were asked what they predict, where nothing in their files says so.

It is remembered in the user's cache folder, by path, size and time of change of the file, as fingerprints are.
"""

import json
from pathlib import Path

import platformdirs

from nti_desktop.core import atomic, disk

MOST = 200  # that are remembered, the newest
_LARGEST = 1 << 20  # bytes of the cache
ANSWERS = ("epsilon", "v_prediction")


def answers_file() -> Path:
    """Name the file in which the answers are remembered."""
    return platformdirs.user_cache_path("nti-desktop", appauthor=False) / "predictions.json"


def answer_of(file: Path) -> str | None:
    """Look up what the model in this file answered; None where it was not asked since the file has changed."""
    try:
        return _read().get(_key(file))
    except OSError:
        return None


def keep_answer(file: Path, prediction: str) -> None:
    """Remember an answer, one of ANSWERS; a cache that cannot be written asks again."""
    try:
        kept = {**_read(), _key(file): prediction}
        answers_file().parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(answers_file(), json.dumps(dict(list(kept.items())[-MOST:])).encode())
    except OSError:
        pass


def _key(file: Path) -> str:
    stat = file.stat()
    return f"{file.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}"


def _read() -> dict[str, str]:
    """Read the answers by file; none where the cache is damaged."""
    try:
        if answers_file().stat().st_size > _LARGEST:
            return {}
        content = json.loads(disk.read_bytes(answers_file()).decode())
    except (OSError, ValueError, RecursionError):
        return {}
    whole = isinstance(content, dict) and all(answer in ANSWERS for answer in content.values())
    return content if whole else {}
