"""The look of a photo in words, its light, its weather and its film, and a sentence that takes it over."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace

from nti_desktop.recipe.kinds import PICTURES, SMALL_WORDS, Kind, kind_of, kinds_in
from nti_desktop.recipe.words import split_words, unlearned_words, word_key

PHOTO = "a photo"
LIGHTS = ("on a sunny day", "under a cloudy sky", "at sunset", "at night", "in a studio", "in neon light")
WEATHERS = ("in fog", "after rain", "in pouring rain", "in a snowstorm")
FILMS = ("a black and white photo", "a sepia photo", "an oil painting", "a watercolour painting", "a pencil drawing")
GROUNDS = (
    "on green grass",
    "on sand",
    "on snow",
    "on grey stone",
    "on a wooden table",
    "on a tiled floor",
    "on a street",
    "in a room",
)
_SAID: dict[str, tuple[str, ...]] = {"ground": GROUNDS, "light": LIGHTS, "weather": WEATHERS, "film": FILMS}

_BEFORE = frozenset(["after", "at", "by", "in", "on", "under", "with"])  # what such a phrase begins with


@dataclass(frozen=True)
class Look:
    """light: one of `LIGHTS`, weather: one of `WEATHERS`, either empty where there is nothing to be said; film: one of
    `FILMS`, or PHOTO; ground: one of `GROUNDS`, said only to tell its colours from those of the light, never taken.
    """

    light: str = ""
    weather: str = ""
    film: str = PHOTO
    ground: str = ""

    def __str__(self) -> str:
        """A sentence that says nothing else, "a sepia photo at sunset in fog"."""
        return " ".join(phrase for phrase in (self.film, self.ground, self.light, self.weather) if phrase)

    def further(self, learned: frozenset[str] | None) -> tuple["Look", ...]:
        """List the looks that say one thing more. learned: words of the model, None when it does not say."""
        return tuple(
            replace(self, **{field.name: phrase})
            for field in fields(self)
            if getattr(self, field.name) == field.default
            for phrase in _SAID[field.name]
            if not unlearned_words(phrase, learned)
        )


def with_look(sentence: str, look: Look) -> str:
    """The sentence with another look: what it says of light, weather and film in phrases of their own gives way.

    A look without a light leaves the sentence's, as nobody knows it; one without a weather is of fair weather. Words
    that describe a thing, "a light blue ball", say nothing of the look and stay.
    """
    if look.light:
        sentence = _with_phrase(sentence, Kind.LIGHT, look.light)
    sentence = _with_phrase(sentence, Kind.WEATHER, look.weather)
    return _with_film(sentence, look.film)


def _with_phrase(sentence: str, kind: Kind, phrase: str) -> str:
    """The phrase in the place of those of its kind, else at the end."""
    cuts = list(_phrases(sentence, kind))
    if not cuts:
        said = sentence.rstrip().rstrip(".")
        return f"{said} {phrase}{sentence[len(said) :]}" if phrase else sentence
    for start, end in reversed(cuts[1:]):
        sentence = sentence[:start].rstrip() + sentence[end:]
    start, end = cuts[0]
    return f"{sentence[:start]}{phrase}{sentence[end:]}" if phrase else sentence[:start].rstrip() + sentence[end:]


def _phrases(sentence: str, kind: Kind) -> Iterator[tuple[int, int]]:
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
        first = next((place for place in range(at - 1, start - 1, -1) if keys[place] in _BEFORE), None)
        begin = at
        while at < len(words) and kinds[at] is kind:
            at += 1
        alone = at == len(words) or words[at].is_punctuation or keys[at] in SMALL_WORDS
        if first is not None and at > begin and alone:
            yield words[first].start, words[at - 1].end
        at = max(at, start + 1)


def _with_film(sentence: str, film: str) -> str:
    """The sentence with another opening; it gets one where it has none and the film is another than a photo's."""
    words, kinds = split_words(sentence), kinds_in(sentence)
    of = next((word.position for word in words if word_key(word.text) == "of"), 0)
    opening = words[:of]
    says_film = [kinds[word.position] is Kind.FILM for word in opening]
    is_opening = any(word_key(word.text) in PICTURES for word in opening) and _all_of_film(kinds[:of])
    if not is_opening:
        small = bool(words) and word_key(words[0].text) in SMALL_WORDS
        return (
            sentence if film == PHOTO else f"{film} of {sentence[:1].lower() if small else sentence[:1]}{sentence[1:]}"
        )
    if film == PHOTO and not any(says_film) and not any(kind_of(word.text) is Kind.FILM for word in opening):
        return sentence
    return film + sentence[opening[-1].end :]


def _all_of_film(kinds: Collection[Kind | None]) -> bool:
    return all(kind in (None, Kind.FILM) for kind in kinds)
