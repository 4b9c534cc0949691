"""What a sentence says of its things: which they are, and the words that describe them."""

from itertools import pairwise

from nti_desktop.recipe.kinds import Kind, kind_of, kinds_in
from nti_desktop.recipe.words import split_words, word_key

_DESCRIBING = frozenset({Kind.COLOUR, Kind.MATERIAL, Kind.OTHER})
_SURFACES = frozenset({"glossy", "matte", "polished", "shiny"})  # said before colours, other materials behind them


def things_in(sentence: str) -> list[int]:
    """List the positions of words that name things: those known as such, and the last of a run of no known kind."""
    kinds = (*kinds_in(sentence), None)
    return [
        at
        for at, (kind, following) in enumerate(pairwise(kinds))
        if kind is Kind.THING or (kind is Kind.OTHER and following is None)
    ]


def describing(sentence: str, position: int) -> list[tuple[str, Kind]]:
    """List the words right before a thing that describe it, with their kinds."""
    words, kinds = split_words(sentence), kinds_in(sentence)
    found: list[tuple[str, Kind]] = []
    for word in reversed(words[:position]):
        kind = kinds[word.position]
        if kind is None or kind not in _DESCRIBING:
            break
        found.insert(0, (word.text, kind))
    return found


def with_article(begin: str, described: str) -> str:
    """Let “a” or “an” be the one that suits what comes after it."""
    for article in ("a ", "an ", "A ", "An "):
        if begin == article or begin.endswith(f" {article}"):
            right = "an " if described[0] in "aeiouAEIOU" else "a "
            return begin[: -len(article)] + (right.capitalize() if article[0] == "A" else right)
    return begin


def with_describing(sentence: str, position: int, word: str) -> str:
    """Say one thing more of the thing at a position, where it is usual: "a shiny lamp" is "a shiny red metal lamp"."""
    words, own = split_words(sentence), describing(sentence, position)
    before = sum(_place(text) <= _place(word) for text, _ in own)
    start = words[position - len(own) + before].start
    begin = sentence[:start]
    return (begin if before else with_article(begin, word)) + f"{word} {sentence[start:]}"


def _place(word: str) -> int:
    if word_key(word) in _SURFACES:
        return 0
    return 2 if kind_of(word) is Kind.MATERIAL else 1
