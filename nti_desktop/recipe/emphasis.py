"""Emphasis typed as text, as users of other programs write it: "(fog:1.2)", "((fog))", "[fog]", "(old wall)--"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nti_desktop.recipe.parameters import WEIGHT
from nti_desktop.recipe.words import split_words

_LEVEL = {"(": 1.1, "[": 1 / 1.1}  # of brackets in Stable Diffusion WebUI
_SIGN = {"+": 1.1, "-": 0.9}  # of compel
_FEW = 3  # words; more of them in plain brackets are prose
_DEEPEST = 50  # levels; weights have reached their limit long before
_MOST_SIGNS = 100  # that count, likewise

_MARK = re.compile(
    r"""(?P<escaped>\\[()\[\]])
    |(?P<face>(?<!\S)(?:[:;=]['^-]?[()\[\]]+|[()\[\]]+['^-]?[:;=])(?!\S))
    |(?P<open>[(\[])
    |(?P<close>\]|\)(?:(?:\++|-+)(?![\w+-]))?)
    |(?P<word>[^\s()\[\]\\,;]{1,60}?)(?P<signs>\+{2,}|-{2,})(?![\w+-])
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"\s*:\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*$")
_RATIO = re.compile(r"(?<!\S)[\d.,:/]+$")  # before a colon: “3:2” and “10:30” are no weights


@dataclass(frozen=True)
class Emphasis:
    """A sentence and the weights typed into it. prompt: without their marks; weights: (position among its words,
    weight) in order, rounded to two digits, within the range of WEIGHT.
    """

    prompt: str
    weights: tuple[tuple[int, float], ...] = ()


@dataclass
class _Marked:
    """A pair of brackets and what it holds, a word with signs, or an escaped bracket.

    text: as it was typed; opening, closing: the marks; glued: whether a letter stands directly before or behind;
    doubled: whether the brackets hold just such brackets, or are held by them.
    """

    opening: str
    closing: str = ""
    text: str = ""
    glued: bool = False
    doubled: bool = False
    inside: "list[str | _Marked]" = field(default_factory=list)


_Parts = Sequence[str | _Marked]


def read_emphasis(text: str, known: str = "") -> Emphasis:
    """The sentence that a text with marks of emphasis means.

    Brackets that do not balance leave the text as it is. Plain brackets around more than a few words, or with
    punctuation inside, are prose; so is all that stands in `known`, the sentence as it was. A backslash makes a bracket
    text.
    """
    parts = _parsed(text)
    if parts is None:
        return Emphasis(text)
    writer = _Writer(frozenset(_texts(_parsed(known) or ())))
    writer.write_all(parts, None)
    words = [word for word in split_words(writer.prompt) if not word.is_punctuation]
    found = ((word.position, writer.factors[word.start]) for word in words)
    return Emphasis(writer.prompt, tuple((position, _rounded(f)) for position, f in found if f is not None))


def _rounded(weight: float) -> float:
    return round(max(WEIGHT.low, min(WEIGHT.high, weight)), 2)


def _parsed(text: str) -> _Parts | None:
    """None where brackets do not balance."""
    whole = _Marked("")
    around, starts, done = [whole], [0], 0
    for mark in _MARK.finditer(text):
        around[-1].inside.append(text[done : mark.start()])
        done = mark.end()
        if mark["open"]:
            group = _Marked(mark["open"], glued=text[max(mark.start() - 1, 0) : mark.start()].isalnum())
            around[-1].inside.append(group)
            around.append(group)
            starts.append(mark.start())
            if len(around) > _DEEPEST:
                return None
        elif mark["close"]:
            group = around.pop()
            if group.opening + mark["close"][0] not in ("()", "[]"):
                return None
            group.closing, group.text = mark["close"], text[starts.pop() : mark.end()]
            group.glued = group.glued or text[mark.end() : mark.end() + 1].isalnum()
            group.inside = [part for part in group.inside if part]
            (only, *more) = group.inside or [""]
            if isinstance(only, _Marked) and not more and only.opening == group.opening:
                group.doubled = only.doubled = True
        elif mark["word"]:
            around[-1].inside.append(_Marked("", mark["signs"], mark.group(), inside=[mark["word"]]))
        elif mark["escaped"]:
            around[-1].inside.append(_Marked("\\", "", mark.group(), inside=[mark.group()[1:]]))
        else:
            around[-1].inside.append(mark.group())
    whole.inside.append(text[done:])
    return whole.inside if len(around) == 1 else None


def _texts(parts: _Parts) -> Iterator[str]:
    """List how each mark among the parts was typed, those inside other marks included."""
    for part in parts:
        if isinstance(part, _Marked):
            yield part.text
            yield from _texts(part.inside)


def _plain(parts: _Parts) -> str:
    return "".join(part if isinstance(part, str) else _plain(part.inside) for part in parts)


class _Writer:
    """Writes the sentence without its marks.

    known: marks that are text; factors: of each letter, None outside marks.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self.prompt = ""
        self.factors: list[float | None] = []
        self._known = known
        self._behind_mark = False

    def write_all(self, parts: _Parts, factor: float | None) -> None:
        for part in parts:
            if isinstance(part, str):
                self._write(part, factor)
                continue
            weight, inside = (None, part.inside) if part.text in self._known else _meant(part)
            if weight is None:
                self._write(part.opening, factor)
                self.write_all(inside, factor)
                self._write(part.closing, factor)
            else:
                self._behind_mark = True
                self.write_all(inside, factor if part.opening == "\\" else weight * (1 if factor is None else factor))
                self._behind_mark = part.opening != "\\"

    def _write(self, text: str, factor: float | None) -> None:
        """Words do not grow together where a mark was, nor do blanks meet."""
        if self._behind_mark and text:
            behind = self.prompt[-1:] or " "
            if behind.isspace():
                text = text.lstrip()
            elif behind.isalnum() and text[0].isalnum():
                text = f" {text}"
            self._behind_mark = not text
        self.prompt += text
        self.factors.extend([factor] * len(text))


def _meant(part: _Marked) -> tuple[float | None, _Parts]:
    """The weight that a mark gives to what it holds, and that; None where the mark is text."""
    inside: _Parts = part.inside
    if part.opening == "\\":
        return 1.0, inside
    signs = part.closing.lstrip(")]")
    weight = _SIGN[signs[0]] ** min(len(signs), _MOST_SIGNS) if signs else None
    if not part.opening:
        word = _plain(inside)
        letters = [letter for letter in word if letter.isalnum()]
        return (weight if len(letters) > 1 and any(map(str.isalpha, letters)) else None), inside
    last = part.inside[-1] if part.inside else ""
    number = _NUMBER.search(last) if part.opening == "(" and isinstance(last, str) else None
    if number and isinstance(last, str) and not _RATIO.search(last[: number.start()]):
        weight = float(number[1]) * (1 if weight is None else weight)
        inside = [*part.inside[:-1], last[: number.start()]]
    held = _plain(inside)
    words = [word for word in split_words(held) if not word.is_punctuation]
    if not words:
        return None, part.inside
    if weight is None and (part.doubled or _is_short(held, len(words), part.glued)):
        weight = _LEVEL[part.opening]
    return weight, inside if weight is not None else part.inside


def _is_short(held: str, words: int, glued: bool) -> bool:
    """Tell whether plain brackets hold what somebody may want to emphasise rather than prose, a number or an ending.

    held: the text between them; words: how many it has; glued: see _Marked.
    """
    return (
        words <= _FEW
        and not glued
        and not re.search(r"[:;.!?|<>/\\]", held)
        and any(letter.isalpha() for letter in held)
    )
