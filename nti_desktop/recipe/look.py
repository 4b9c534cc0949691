"""The look of a photo in words, its ground, its light, its weather and its film: what may be asked of a model, and a
sentence that takes another photo's over or is completed by its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nti_desktop.recipe.costs import Calls
from nti_desktop.recipe.kinds import Kind, kind_of, kinds_in
from nti_desktop.recipe.phrases import AROUND, BEFORE, opening_of, with_around, with_opening, with_phrase
from nti_desktop.recipe.words import Word, split_words, unlearned_words, word_key

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
_LOOK = frozenset((*AROUND, Kind.FILM))
NOISE_LEVELS = 6  # that each sentence is tried at
_ASKED_AGAIN = 2  # times each phrase is tried, as far as it goes
_PLAIN = frozenset(["image", "photo", "photograph", "picture"])  # which say nothing of how a picture was made
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_ONE_HUE = 0.01  # of the range of values; above, a picture's colours are not those of one tone


@dataclass(frozen=True)
class Look:
    """light: one of `LIGHTS`, weather: one of `WEATHERS`, ground: one of `GROUNDS`, each empty where there is nothing
    to be said; film: one of `FILMS`, or PHOTO.
    """

    light: str = ""
    weather: str = ""
    film: str = PHOTO
    ground: str = ""

    def __str__(self) -> str:
        """A sentence that says nothing else, "a sepia photo at sunset in fog"."""
        return " ".join(phrase for phrase in (self.film, self.ground, self.light, self.weather) if phrase)


@dataclass(frozen=True)
class LookQuestion:
    """What a model is asked to tell of a picture.

    sentence: what is said of it already and stays, empty where nobody described it; learned: words of the model, None
    when it does not say.
    """

    sentence: str = ""
    learned: frozenset[str] | None = None

    def choices(self, image: NDArray[np.uint8]) -> Mapping[str, tuple[str, ...]]:
        """List what may be said, by field of `Look`: of that which the sentence leaves out, in words that the model
        knows. image: (height, width, 3); one of many hues is on no toned film.
        """
        return self._choices([film for film in FILMS if film not in TONED or is_of_one_hue(image)])

    @property
    def calls(self) -> Calls:
        """What asking usually takes: some rounds, in which much is known from those before."""
        count = sum(len(phrases) for phrases in self._choices(FILMS[len(TONED) :]).values())
        return Calls(single=NOISE_LEVELS * _ASKED_AGAIN * count)

    def _choices(self, films: Sequence[str]) -> dict[str, tuple[str, ...]]:
        said = _said_in(self.sentence)
        all_of_them = {"ground": GROUNDS, "light": LIGHTS, "weather": WEATHERS, "film": films}
        known = {
            field: tuple(phrase for phrase in phrases if not unlearned_words(phrase, self.learned))
            for field, phrases in all_of_them.items()
            if field not in said
        }
        return {field: phrases for field, phrases in known.items() if phrases}

    def told(self, look: Look) -> str:
        """The sentence with this look."""
        return _told(self.sentence, look) if self.sentence else str(look)


def is_of_one_hue(image: NDArray[np.uint8]) -> bool:
    """Tell whether a picture (height, width, 3) has no colours but shades of one, as toned ones and grey ones have."""
    pixels = image.reshape(-1, 3).astype(np.float32) / 255
    colours = pixels - (pixels @ np.array(_LUMA, np.float32))[:, None]
    mean = colours.mean(0)
    hue = mean / max(float(np.linalg.norm(mean)), 1e-6)
    beside = colours - np.clip(colours @ hue, 0, None)[:, None] * hue
    return float(np.sqrt((beside**2).sum(1).mean())) < _ONE_HUE


def completed(sentence: str, look: Look) -> str:
    """The sentence with what it leaves out of the look: “a red cube at night” is “a photo of a red cube on sand at
    night” by a look on sand. Where the look is empty it stays as it is.
    """
    return sentence if look == Look() else _told(sentence, look)


def _told(sentence: str, look: Look) -> str:
    said = _said_in(sentence)
    phrases = {kind: getattr(look, kind) for kind in AROUND if kind not in said and getattr(look, kind)}
    told = with_around(sentence, phrases)
    begins = next((word_key(word.text) for word in split_words(sentence)), "")
    plain = look.film == PHOTO and (bool(opening_of(sentence)) or begins in BEFORE)
    return told if Kind.FILM in said or plain else with_opening(told, look.film)


def can_be_completed(sentence: str) -> bool:
    """Tell whether a sentence describes something and leaves out something of the look."""
    return bool(sentence.strip()) and bool(_LOOK - _said_in(sentence))


def _said_in(sentence: str) -> frozenset[Kind]:
    """Tell which fields of a look a sentence says."""
    opening = opening_of(sentence)
    drawn = bool(opening) and not {word_key(word.text) for word in split_words(opening)} & _PLAIN
    said = {kind for kind in kinds_in(sentence) if kind in _LOOK}
    return frozenset(said | {Kind.FILM} if drawn else said)


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
