"""Words of a prompt, the alignment of two prompts, and the diff that panels draw.

Words compare as people read them: capitals, the form in which an accent is stored, straight or curly quotes, the kind
of hyphen and characters that nobody sees make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from nti_desktop.core.errors import RecipeError

_WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]+")
_WORD_OF_FORMAT_1 = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]+")  # took accents and invisible characters for punctuation

# Soft hyphens, joiners, marks of direction, variation selectors; a joiner before a symbol makes another emoji.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0100-\U000e01ef]|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)
_HALF = re.compile("[\ud800-\udfff]")  # of a pair; alone it stands for a byte that could not be read as text
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ＇", "'"))
_QUOTES = str.maketrans(dict.fromkeys("“”„‟", '"'))
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011–\ufe63\uff0d", "-"))
_AS_READ = {**_APOSTROPHES, **_QUOTES, **_HYPHENS, ord("…"): "..."}
_SILENT = frozenset(".,;:!?\"'()[]{}-—«»‹›¿¡、。，．：；！？「」『』")  # as_read


MOST_LETTERS = 2_000  # of a sentence; models read some three hundred


@dataclass(frozen=True)
class Word:
    """One word or run of punctuation: its index among the prompt's words, and prompt[start:end]."""

    position: int
    text: str
    start: int
    end: int

    @property
    def is_punctuation(self) -> bool:
        """Whether it says nothing by itself."""
        return not any(c.isalnum() for c in as_read(self.text))


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


def is_too_long(sentence: str) -> bool:
    """Tell whether a sentence is far too long to be one."""
    return len(sentence) > MOST_LETTERS


def check_sentence(sentence: str) -> None:
    """Raises RecipeError for a sentence that is far too long to be one, or that is no text."""
    if is_too_long(sentence):
        raise RecipeError(
            f"A sentence of {len(sentence)} letters is too long; shorten it to {MOST_LETTERS}, of which models read "
            "only the beginning."
        )
    if _HALF.search(sentence):
        raise RecipeError("The sentence holds something that is no text; type it again.")


def as_read(text: str) -> str:
    """The text as people read it and models should: composed, with plain quotes and hyphens, without what is invisible.

    It has the same words as the text, at the same positions; their offsets may differ.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).translate(_AS_READ)


@lru_cache(maxsize=4096)
def word_key(text: str) -> str:
    """Return the form by which words are compared: the same for two words that people read as the same one."""
    return unicodedata.normalize("NFC", as_read(text).casefold())


def same_word(a: str, b: str) -> bool:
    """Tell whether people read two words as the same one."""
    return word_key(a) == word_key(b)


@lru_cache(maxsize=256)
def split_words(prompt: str) -> tuple[Word, ...]:
    """The words and runs of punctuation of a prompt, in order; "dog's" is one word, "sun-lit" is three."""
    return tuple(Word(i, prompt[start:end], start, end) for i, (start, end) in enumerate(_places(prompt)))


def _places(prompt: str) -> Iterator[tuple[int, int]]:
    """Find where each word and each run of punctuation in a prompt begins and ends."""
    if prompt.isascii():
        yield from (match.span() for match in _WORD.finditer(prompt))
        return
    letters: list[str] = []
    begins: list[int] = []  # of each letter in the prompt
    ends: list[int] = []  # with the invisible characters behind it
    unseen = {place for match in _INVISIBLE.finditer(prompt) for place in range(*match.span())}
    for place, letter in enumerate(prompt):
        if place not in unseen:
            # an accent of its own belongs to the letter before it
            accent = unicodedata.category(letter).startswith("M") and letters and re.match(r"\w", letters[-1])
            letters.append("_" if accent else letter.translate(_APOSTROPHES))
            begins.append(place)
            ends.append(place + 1)
        elif ends and not prompt[begins[-1]].isspace():
            ends[-1] = place + 1
    for match in _WORD.finditer("".join(letters)):
        yield begins[match.start()], ends[match.end() - 1]


def owner_of(text: str) -> str:
    """Return what of a word stands before its apostrophe, of "dog's" the dog; all of a word without one."""
    return text[: len(text.translate(_APOSTROPHES).partition("'")[0])]


def gap_before(prompt: str, word: Word) -> str:
    """Return what stands between a word of a prompt and the one before it; a space where it is the first."""
    return prompt[split_words(prompt)[word.position - 1].end : word.start] if word.position else " "


def put_together(pieces: Iterable[tuple[str, str]]) -> str:
    """Write words one after another, each behind its own gap, or behind a space where it would be read as one with what
    stands before it. pieces: gap and word; the first gap does not count.
    """
    text = ""
    for gap, word in pieces:
        if text and not gap and split_words(text + word)[-1].text != word:
            gap = " "
        text += (gap if text else "") + word
    return text


def find_words(prompt: str, name: str) -> tuple[Word, ...]:
    """The words called `name` in a prompt, at least one; "dark-blue" is two of them; "ball#2" is the second ball.

    Raises RecipeError with the name when the prompt has no such words.
    """
    text, mark, count = name.rpartition("#")
    if not mark or not text or not count.isdecimal():
        text, count = name, "1"
    words, named = split_words(prompt), [word_key(word.text) for word in split_words(text)]
    keys = [word_key(word.text) for word in words]
    found = [i for i in range(len(words)) if named and keys[i : i + len(named)] == named]
    if not 1 <= int(count) <= len(found):
        which = f"“{text}” number {count}" if int(count) != 1 else f"“{text}”"
        raise RecipeError(f"{which} is not in “{prompt}”; use one of its words as it is written there.")
    start = found[int(count) - 1]
    run = words[start : start + len(named)]
    return tuple(word for word in run if not word.is_punctuation) or run


def word_at(prompt: str, position: int, text: str) -> Word | None:
    """The word that is kept as `text` at `position`; None when the prompt has no such word there.

    Positions of format 1, which split off accents and invisible characters, are understood too.
    """
    words = split_words(prompt)
    if position < len(words) and same_word(words[position].text, text):
        return words[position]
    before = _places_of_format_1(prompt)
    if position < len(before) and prompt[slice(*before[position])] == text:
        return next((word for word in words if word.start <= before[position][0] < word.end), None)
    return None


@lru_cache(maxsize=16)
def _places_of_format_1(prompt: str) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for match in _WORD_OF_FORMAT_1.finditer(prompt))


def unlearned_words(prompt: str, learned: frozenset[str] | None) -> tuple[Word, ...]:
    """The words of a prompt, in order, that are not among those a model learned, whatever their case.

    learned: as `word_key` gives them; None when the model does not say, so that no word is held against it.
    """
    if learned is None:
        return ()
    return tuple(w for w in split_words(prompt) if not w.is_punctuation and word_key(w.text) not in learned)


def ask_the_same(source: str, edit: str) -> bool:
    """Tell whether two sentences ask for the same: they differ at most in capitals, spaces and punctuation."""
    return _asked(source) == _asked(edit)


def _asked(prompt: str) -> list[str]:
    text = as_read(prompt)
    return [
        word_key(word.text)
        for word in split_words(text)
        if not _SILENT.issuperset(word.text) or text[word.end : word.end + 1].isdecimal()  # “-5” and “3.5” are numbers
    ]


@lru_cache(maxsize=256)
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
    return same_word(a.text, b.text)


def _can_pair(a: Word, b: Word) -> bool:
    return a.is_punctuation == b.is_punctuation


def _paired(before: tuple[int, int], a: Word, b: Word) -> tuple[int, int]:
    if _same(a, b):
        return before[0] + 1, before[1]
    return (before[0], before[1] + 1) if _can_pair(a, b) else before
