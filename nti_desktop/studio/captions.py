"""Scenes in words: the caption that edits start from, and the phrasings that training mixes.

A caption is a row of phrases, each of which knows what in the picture it is about.
"""

import random
from dataclasses import dataclass

from nti_desktop.studio.scenes import Film, Layout, Material, Scene, Thing, Weather

GROUND = 0  # what a phrase about the ground is about; things count from 1


@dataclass(frozen=True)
class Phrase:
    """Some words; about: the number of a thing, GROUND, or None for the light, the film and small words."""

    text: str
    about: int | None = None


@dataclass(frozen=True)
class Wording:
    """Which of the ways to say a scene: what is named, and how."""

    opening: str = "a photo of"
    joined: int = 0  # which of the ways to say how two things stand
    say_matte: bool = False
    colours: bool = True
    materials: bool = True
    ground: bool = True
    sky: bool = True
    weather: bool = True
    light_first: bool = False


PLAIN = Wording()


def draw_wording(rng: random.Random) -> Wording:
    """A wording as training draws them: things are mostly said, sometimes left out."""
    return Wording(
        opening=rng.choices(("a photo of", "a photograph of", ""), (6, 2, 2))[0],
        joined=rng.randrange(3),
        say_matte=rng.random() < 0.4,
        colours=rng.random() > 0.08,
        materials=rng.random() > 0.12,
        ground=rng.random() > 0.08,
        sky=rng.random() > 0.08,
        weather=rng.random() > 0.05,
        light_first=rng.random() < 0.12,
    )


def caption(scene: Scene, wording: Wording = PLAIN) -> str:
    """The scene in words: "a photo of an orange glass mug and a red ball on sand at sunset in fog"."""
    return " ".join(phrase.text for phrase in phrases(scene, wording))


def phrases(scene: Scene, wording: Wording = PLAIN) -> list[Phrase]:
    """The caption's phrases, in order; joined by blanks they are the caption."""
    light = [Phrase(str(scene.sky))] if wording.sky else []
    if wording.weather and scene.weather is not Weather.CLEAR:
        light.append(Phrase(str(scene.weather)))
    opening = wording.opening if scene.film is Film.COLOUR else f"{scene.film} of"
    row = [Phrase(opening)] if opening else []
    row += _things(scene, wording)
    if wording.ground:
        row += [Phrase("on"), Phrase(str(scene.ground), GROUND)]
    return [*light, *row] if wording.light_first else [*row, *light]


def _things(scene: Scene, wording: Wording) -> list[Phrase]:
    """The things and how they stand to one another."""
    named = [Phrase(_thing(thing, wording), number) for number, thing in enumerate(scene.things, start=1)]
    if len(named) == 1:
        return named
    first, second = named
    # Each way: who is named first, and the words between the two.
    ways = {
        Layout.LEFT: [(first, "and", second), (first, "to the left of", second), (second, "to the right of", first)],
        Layout.BEHIND: [(first, "behind", second), (first, "behind", second), (second, "in front of", first)],
        Layout.FRONT: [(first, "in front of", second), (first, "in front of", second), (second, "behind", first)],
    }
    one, between, other = ways[scene.layout][wording.joined]
    return [one, Phrase(between), other]


def _thing(thing: Thing, wording: Wording) -> str:
    """A thing with its article: "a shiny red ball", "an orange glass mug"."""
    said = wording.materials and (thing.material is not Material.MATTE or wording.say_matte)
    material = [str(thing.material)] if said else []
    colour = [str(thing.colour)] if wording.colours else []
    made_of = thing.material in (Material.METAL, Material.GLASS)
    words = " ".join([*(colour + material if made_of else material + colour), str(thing.shape)])
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def caption_pair(source: Scene, edit: Scene) -> tuple[str, str]:
    """Captions of two scenes that differ in what differs between the scenes alone; materials are said where they do."""
    materials = [[thing.material for thing in scene.things] for scene in (source, edit)]
    wording = Wording(say_matte=materials[0] != materials[1])
    return caption(source, wording), caption(edit, wording)
