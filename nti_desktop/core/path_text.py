"""Paths as plain text: percent-encoded, as a file's name may hold line ends and need not be UTF-8."""

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes


def encoded(path: Path) -> str:
    """Write an absolute path in characters of ASCII without blanks."""
    return quote_from_bytes(os.fsencode(path.absolute()))


def decoded(text: str | bytes) -> Path:
    """Read what `encoded` has written."""
    return Path(os.fsdecode(unquote_to_bytes(text)))
