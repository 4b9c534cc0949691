"""How much a project.json may hold, told before it is parsed; the same when it is read and when it is written, so that
whatever opens can be saved.

Generous: a thousand versions with two areas and six weighted words each are within.
"""

import re
from collections.abc import Iterable

MAX_BYTES = 2**23
MAX_VALUES = 150_000  # objects, lists and what is in them
MAX_DEPTH = 32  # of objects and lists within one another; today's records need 9
MAX_LETTERS = 200_000  # of the sentences of all edits, which are split into words to be checked

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # possessive, so that no text takes long or much memory
_BRACKET = re.compile(rb"[\[\]{}]")


class TooMuch(ValueError):
    """A project holds more than one may."""

    def __init__(self) -> None:
        super().__init__("it holds far more than a project can")


def check_extent(data: bytes) -> None:
    """Count the values and the depth of JSON without parsing it. Raises TooMuch."""
    if len(data) > MAX_BYTES:
        raise TooMuch
    bare = _TEXT.sub(b"", data)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MAX_VALUES:
        raise TooMuch
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise TooMuch


def check_sentences(sentences: Iterable[str]) -> None:
    """Add up the sentences of all edits. Raises TooMuch."""
    if sum(map(len, sentences)) > MAX_LETTERS:
        raise TooMuch
