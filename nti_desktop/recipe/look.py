"""How a photo looks, in words, and a sentence that takes over the light, the weather and the film of another one."""

from dataclasses import dataclass

from nti_desktop.recipe.kinds import Kind, kind_of, kinds_in
from nti_desktop.recipe.phrases import opening_of, with_opening, with_phrase
from nti_desktop.recipe.words import Word, split_words

PHOTO = "a photo"
LIGHTS = ("on a sunny day", "under a cloudy sky", "at sunset", "at night", "in a studio", "in neon light")
WEATHERS = ("in fog", "after rain", "in pouring rain", "in a snowstorm")
TONED = ("a black and white photo", "a sepia photo")
FILMS = (*TONED, "an oil painting", "a watercolour painting", "a pencil drawing")
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


@dataclass(frozen=True)
class Look:
    """light: one of `LIGHTS`, weather: one of `WEATHERS`, ground: one of `GROUNDS`, film: one of `FILMS`, or PHOTO;
    beside: another thing than the one that is spoken of, "in front of a mug"; colour, material: of the one,
    beside_colour, beside_material: of the other. All but the film are empty where there is nothing to be said.
    """

    light: str = ""
    weather: str = ""
    film: str = PHOTO
    ground: str = ""
    beside: str = ""
    colour: str = ""
    material: str = ""
    beside_colour: str = ""
    beside_material: str = ""

    def __str__(self) -> str:
        """A sentence that says nothing of things, "a sepia photo at sunset in fog"."""
        return " ".join(phrase for phrase in (self.film, self.ground, self.light, self.weather) if phrase)


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
