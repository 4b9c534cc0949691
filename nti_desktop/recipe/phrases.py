"""What a sentence says around its things: phrases of ground, light and weather, and how it opens."""

from collections.abc import Iterator, Mapping

from nti_desktop.recipe.kinds import PICTURES, SMALL_WORDS, Kind, kinds_in
from nti_desktop.recipe.words import split_words, word_key

AROUND = (Kind.GROUND, Kind.LIGHT, Kind.WEATHER)  # as sentences have them, one after the other
BEFORE = frozenset(["after", "at", "by", "in", "on", "under", "with"])  # what such a phrase begins with


def with_phrase(sentence: str, kind: Kind, phrase: str) -> str:
    """The phrase in the place of those of its kind, else at the end."""
    cuts = list(phrases_of(sentence, kind))
    if not cuts:
        said = sentence.rstrip().rstrip(".")
        return f"{said} {phrase}{sentence[len(said) :]}" if phrase else sentence
    for start, end in reversed(cuts[1:]):
        sentence = sentence[:start].rstrip() + sentence[end:]
    start, end = cuts[0]
    return f"{sentence[:start]}{phrase}{sentence[end:]}" if phrase else sentence[:start].rstrip() + sentence[end:]


def phrases_of(sentence: str, kind: Kind) -> Iterator[tuple[int, int]]:
    """Find where phrases of a kind begin and end, "under a cloudy sky": small words with a preposition, then words of
    the kind, which describe nothing behind them.
    """
    words, kinds = split_words(sentence), kinds_in(sentence)
    keys = [word_key(word.text) for word in words]
    at = 0
    while at < len(words):
        start = at
        while at < len(words) and keys[at] in SMALL_WORDS:
            at += 1
        first = next((place for place in range(at - 1, start - 1, -1) if keys[place] in BEFORE), None)
        begin = at
        while at < len(words) and kinds[at] is kind:
            at += 1
        alone = at == len(words) or words[at].is_punctuation or keys[at] in SMALL_WORDS
        if first is not None and at > begin and alone:
            yield words[first].start, words[at - 1].end
        at = max(at, start + 1)


def with_around(sentence: str, phrases: Mapping[Kind, str]) -> str:
    """The sentence with phrases of ground, light and weather that it does not have, each before those that are usually
    said after it.
    """
    for place, kind in enumerate(AROUND):
        behind = [start for later in AROUND[place + 1 :] for start, _ in phrases_of(sentence, later)]
        end = min(behind, default=len(sentence.rstrip(" .")))
        if phrases.get(kind):
            sentence = f"{sentence[:end].rstrip()} {phrases[kind]} {sentence[end:].lstrip()}".replace(
                " .", "."
            ).rstrip()
    return sentence


def opening_of(sentence: str) -> str:
    """Return what kind of picture a sentence begins with, "a sepia photo"; empty where it says none."""
    words, kinds = split_words(sentence), kinds_in(sentence)
    of = next((word.position for word in words if word_key(word.text) == "of"), 0)
    pictured = any(word_key(word.text) in PICTURES for word in words[:of])
    return sentence[: words[of - 1].end] if pictured and all(kind in (None, Kind.FILM) for kind in kinds[:of]) else ""


def with_opening(sentence: str, opening: str) -> str:
    """The sentence with another opening, see `opening_of`, or with one where it has none."""
    if before := opening_of(sentence):
        return opening + sentence[len(before) :]
    words = split_words(sentence)
    small = bool(words) and word_key(words[0].text) in SMALL_WORDS
    return f"{opening} of {sentence[:1].lower() if small else sentence[:1]}{sentence[1:]}"
