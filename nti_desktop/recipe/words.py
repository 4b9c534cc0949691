"""Words of a prompt, the alignment of two prompts, and the diff that panels draw."""

import re
from dataclasses import dataclass
from enum import StrEnum

from nti_desktop.errors import RecipeError

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]+")


@dataclass(frozen=True)
class Word:
    """One word or run of punctuation: its index among the prompt's words, and prompt[start:end]."""

    position: int
    text: str
    start: int
    end: int

    @property
    def is_punctuation(self) -> bool:
        return not any(c.isalnum() for c in self.text)


class Change(StrEnum):
    """What became of a word between two prompts."""

    KEPT = "kept"
    SWAPPED = "swapped"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class WordPair:
    """A step of the alignment: positions in the source and the edit prompt; None where one side has no word."""

    source: int | None
    edit: int | None
    change: Change


def split_words(prompt: str) -> tuple[Word, ...]:
    """The words and runs of punctuation of a prompt, in order; "dog's" is one word, "sun-lit" is three."""
    return tuple(Word(i, m.group(), m.start(), m.end()) for i, m in enumerate(_WORD.finditer(prompt)))


def find_word(prompt: str, name: str) -> Word:
    """The word called `name`, whatever its case; "ball#2" is the second ball.

    Raises RecipeError with the name when the prompt has no such word.
    """
    text, mark, count = name.rpartition("#")
    if not mark or not text or not count.isdecimal():
        text, count = name, "1"
    found = [w for w in split_words(prompt) if w.text.casefold() == text.casefold()]
    if not 1 <= int(count) <= len(found):
        which = f"“{text}” number {count}" if int(count) != 1 else f"“{text}”"
        raise RecipeError(f"{which} is not in “{prompt}”; use one of its words as it is written there.")
    return found[int(count) - 1]


def unlearned_words(prompt: str, learned: frozenset[str] | None) -> tuple[Word, ...]:
    """The words of a prompt, in order, that are not among those a model learned, whatever their case.

    learned: folded to lower case; None when the model does not say, so that no word is held against it.
    """
    if learned is None:
        return ()
    return tuple(w for w in split_words(prompt) if not w.is_punctuation and w.text.casefold() not in learned)


def align_words(source: str, edit: str) -> tuple[WordPair, ...]:
    """Align two prompts by words (Needleman-Wunsch): most words kept first, then most swapped, gaps elsewhere.

    Ties pair from the right, so "cat" -> "fluffy dog" swaps cat for dog and adds fluffy. A word never swaps with a
    punctuation mark. Pairs come in the order of both prompts.
    """
    a, b = split_words(source), split_words(edit)
    # (words kept, words swapped) of the best alignment of the first i source and the first j edit words
    best: list[list[tuple[int, int]]] = [[(0, 0)] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            best[i][j] = max(best[i - 1][j], best[i][j - 1], _paired(best[i - 1][j - 1], a[i - 1], b[j - 1]))

    pairs: list[WordPair] = []
    i, j = len(a), len(b)
    while i or j:
        if i and j and best[i][j] == _paired(best[i - 1][j - 1], a[i - 1], b[j - 1]) and _can_pair(a[i - 1], b[j - 1]):
            i, j = i - 1, j - 1
            pairs.append(WordPair(i, j, Change.KEPT if _same(a[i], b[j]) else Change.SWAPPED))
        elif j and best[i][j] == best[i][j - 1]:
            j -= 1
            pairs.append(WordPair(None, j, Change.ADDED))
        else:
            i -= 1
            pairs.append(WordPair(i, None, Change.REMOVED))
    return tuple(reversed(pairs))


def _same(a: Word, b: Word) -> bool:
    return a.text.casefold() == b.text.casefold()


def _can_pair(a: Word, b: Word) -> bool:
    return a.is_punctuation == b.is_punctuation


def _paired(before: tuple[int, int], a: Word, b: Word) -> tuple[int, int]:
    if _same(a, b):
        return before[0] + 1, before[1]
    return (before[0], before[1] + 1) if _can_pair(a, b) else before
