"""The look of a photo in words, its light, its weather and its film, and a sentence that takes it over."""

from dataclasses import dataclass, fields, replace

from nti_desktop.recipe.kinds import Kind, kind_of, kinds_in
from nti_desktop.recipe.phrases import opening_of, with_opening, with_phrase
from nti_desktop.recipe.words import Word, split_words, unlearned_words

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
        sentence = with_phrase(sentence, Kind.LIGHT, look.light)
    sentence = with_phrase(sentence, Kind.WEATHER, look.weather)
    opening = opening_of(sentence)
    said = look.film != PHOTO or any(Kind.FILM in (kind_of(word.text), kind) for word, kind in _read(opening))
    return with_opening(sentence, look.film) if said else sentence


def _read(text: str) -> list[tuple[Word, Kind | None]]:
    return list(zip(split_words(text), kinds_in(text), strict=True))
