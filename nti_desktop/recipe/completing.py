"""Completing a description: what a model may be asked about a photo, and the sentence that says its answer too."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nti_desktop.recipe.costs import Calls
from nti_desktop.recipe.kinds import Kind, kinds_in, words_of
from nti_desktop.recipe.look import FILMS, GROUNDS, LIGHTS, PHOTO, TONED, WEATHERS, Look
from nti_desktop.recipe.phrases import AROUND, BEFORE, opening_of, with_around, with_opening
from nti_desktop.recipe.things import describing, things_in, with_article, with_describing
from nti_desktop.recipe.words import same_word, split_words, unlearned_words, word_key

RELATIONS = ("and", "in front of", "behind")
COLOURS = (
    "red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "white", "grey",
)  # fmt: skip
MATERIALS = ("shiny", "metal", "glass", "ceramic", "plastic", "leather")
_DESCRIBED = {"colour": COLOURS, "material": MATERIALS}
NOISE_LEVELS = 4  # that each sentence is tried at
_ASKED_AGAIN = 2  # times each phrase is tried, as far as it goes
_PLAIN = frozenset(["image", "photo", "photograph", "picture"])  # which say nothing of how a picture was made
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_ONE_HUE = 0.01  # of the range of values; above, a picture's colours are not those of one tone


@dataclass(frozen=True)
class LookQuestion:
    """What a model is asked to tell of a picture.

    sentence: what is said of it already and stays, empty where nobody described it; learned: words of the model, None
    when it does not say. Of things only a model is asked that says which ones it knows: they are few then.
    """

    sentence: str = ""
    learned: frozenset[str] | None = None

    def choices(self, image: NDArray[np.uint8] | None = None) -> Mapping[str, tuple[str, ...]]:
        """List what may be said, by field of `Look`: of that which the sentence leaves out, in words that the model
        knows. image: (height, width, 3), None before it is known; one of many hues is on no toned film,
        and one of a single hue shows no colours.
        """
        said, unseen = _said_in(self.sentence), () if image is None else COLOURS if is_of_one_hue(image) else TONED
        around = {"ground": GROUNDS, "light": LIGHTS, "weather": WEATHERS, "film": FILMS}
        asked = {field: phrases for field, phrases in around.items() if field not in said} | self._of_things()
        seen = {
            field: tuple(
                phrase for phrase in phrases if phrase not in unseen and not unlearned_words(phrase, self.learned)
            )
            for field, phrases in asked.items()
        }
        return {field: phrases for field, phrases in seen.items() if phrases}

    def _of_things(self) -> dict[str, tuple[str, ...]]:
        """List what may be said of the first thing, and of another one where the sentence has one only."""
        things = things_in(self.sentence)
        if self.learned is None or not things:
            return {}
        described = {kind for _, kind in describing(self.sentence, things[0])}
        one = {kind: words for kind, words in _DESCRIBED.items() if kind not in described}
        if len(things) > 1:
            return one
        names = [name for name in words_of(Kind.THING) if not unlearned_words(name, self.learned)]
        beside = tuple(with_article(f"{how} a ", name) + name for how in RELATIONS for name in names)
        return {"beside": beside} | one | {f"beside_{kind}": words for kind, words in _DESCRIBED.items()}

    @property
    def calls(self) -> Calls:
        """What asking usually takes: some rounds, in which much is known from those before."""
        return Calls(single=NOISE_LEVELS * _ASKED_AGAIN * sum(map(len, self.choices().values())))

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
    told = with_around(_with_things(sentence, look), phrases)
    begins = next((word_key(word.text) for word in split_words(sentence)), "")
    plain = look.film == PHOTO and (bool(opening_of(sentence)) or begins in BEFORE)
    return told if Kind.FILM in said or plain else with_opening(told, look.film)


def _with_things(sentence: str, look: Look) -> str:
    """The sentence with what is told of its first thing, and of another one beside that."""
    things = things_in(sentence)
    if not things:
        return sentence
    first = split_words(sentence)[things[0]]
    if look.beside and not _names(sentence, look.beside):
        other = look.beside
        for word in (look.beside_colour, look.beside_material):
            other = with_describing(other, things_in(other)[-1], word) if word else other
        sentence = f"{sentence[: first.end]} {other}{sentence[first.end :]}"
    described = {kind for _, kind in describing(sentence, things[0])}
    for kind, word in ((Kind.COLOUR, look.colour), (Kind.MATERIAL, look.material)):
        if word and kind not in described:
            sentence = with_describing(sentence, things_in(sentence)[0], word)
    return sentence


def _names(sentence: str, phrase: str) -> bool:
    """Tell whether a sentence of several things names that of a phrase."""
    name, words = split_words(phrase)[-1].text, split_words(sentence)
    named = [words[place].text for place in things_in(sentence)]
    return len(named) > 1 and any(same_word(text, name) for text in named)


def _said_in(sentence: str) -> frozenset[Kind]:
    """Tell what of ground, light, weather and film a sentence says."""
    opening = opening_of(sentence)
    drawn = bool(opening) and not {word_key(word.text) for word in split_words(opening)} & _PLAIN
    said = {kind for kind in kinds_in(sentence) if kind in (*AROUND, Kind.FILM)}
    return frozenset(said | {Kind.FILM} if drawn else said)
