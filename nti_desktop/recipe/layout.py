"""Edits that ask for another layout of the photo, which sentences seldom bring: they hold where things are.

The list of words is short on purpose, as those of `kinds` are. What sentences bring as often as other ways, things that
are taken away, and what none brings often, poses and sizes, are not told; see resources/help/methods.md.
"""

from collections.abc import Iterator

from nti_desktop.recipe.kinds import Kind, kinds_in
from nti_desktop.recipe.words import Change, align_words, split_words, word_key

_SAID = """
    left right middle centre center near nearer close closer far farther distance top bottom corner
    one two three four five six seven eight nine ten several many
"""
_WORDS = frozenset(_SAID.split())


def asks_for_layout(source: str, edit: str) -> bool:
    """Tell whether an edit changes a word of place or number, or adds a thing."""
    return any(_asked(source, edit))


def _asked(source: str, edit: str) -> Iterator[bool]:
    """Of each word that differs."""
    for pair in align_words(source, edit):
        if pair.change is Change.KEPT:
            continue
        for sentence, place in ((source, pair.source), (edit, pair.edit)):
            if place is not None:
                words = [word_key(word.text) for word in split_words(sentence)]
                towards = words[max(place - 2, 0) : place] == ["from", "the"]  # as light comes “from the left”
                added = pair.change is Change.ADDED and kinds_in(sentence)[place] is Kind.THING
                yield added or (words[place] in _WORDS and not towards)
