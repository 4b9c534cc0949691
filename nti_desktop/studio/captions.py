"""Scenes in words: the caption that edits start from, and the phrasings that training mixes.

A caption is a row of phrases, each of which knows what in the picture it is about.
"""

import random
from dataclasses import dataclass, replace

from nti_desktop.studio.scenes import Count, Film, Layout, Material, Place, Pose, Scene, Thing, Weather

CLOSE_UP = 0.6  # scale of a view
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
    film: bool = True
    sizes: bool = True
    poses: bool = True
    places: bool = False
    lighting: bool = False
    material_first: bool = False  # "a glass red mug"
    close_ups: bool = True


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


def draw_words(rng: random.Random) -> Wording:
    """A wording as people write them: a fifth very short, a third with some of what is to be seen, the rest in full."""
    share = rng.choices((0.1, 0.6, 0.95), (20, 35, 45))[0]

    def said(least: float = 0.0) -> bool:
        return rng.random() < max(share, least)

    openings = ("", "a photo of", "a photograph of", "a picture of")
    return Wording(
        opening=rng.choices(openings, (1 - 0.8 * share, 0.6 * share, 0.15, 0.15))[0],
        joined=rng.randrange(3),
        say_matte=said() and rng.random() < 0.4,
        colours=said(0.6),
        materials=said(0.4),
        ground=said(),
        sky=said(),
        weather=said(),
        light_first=rng.random() < 0.12,
        film=said(0.8),
        sizes=said(0.5),
        poses=said(0.7),
        places=rng.random() < 0.5 * share,
        lighting=rng.random() < 0.4 * share,
        material_first=rng.random() < 0.15,
    )


def caption(scene: Scene, wording: Wording = PLAIN) -> str:
    """The scene in words: "a photo of an orange glass mug and a red ball on sand at sunset in fog"."""
    return " ".join(phrase.text for phrase in phrases(scene, wording))


def phrases(scene: Scene, wording: Wording = PLAIN) -> list[Phrase]:
    """The caption's phrases, in order; joined by blanks they are the caption."""
    wording = replace(wording, sizes=wording.sizes and not scene.view.is_close)
    light = [Phrase(str(scene.sky))] if wording.sky else []
    if wording.weather and scene.weather is not Weather.CLEAR:
        light.append(Phrase(str(scene.weather)))
    if wording.lighting:
        light.append(Phrase(str(scene.lighting)))
    is_close_up = wording.close_ups and scene.view.scale < CLOSE_UP
    opening = "a close-up of" if wording.opening and is_close_up else wording.opening
    if wording.film and scene.film is not Film.COLOUR:
        opening = f"{scene.film} of"
    row = [Phrase(opening)] if opening else []
    row += _things(scene, wording)
    if wording.ground:
        row += [*([Phrase("on")] if scene.things else []), Phrase(str(scene.ground), GROUND)]
    return [*light, *row] if wording.light_first else [*row, *light]


def _things(scene: Scene, wording: Wording) -> list[Phrase]:
    """The things, if any, and how they stand to one another."""
    if not scene.things:
        return []
    if len(scene.things) == 1 or scene.layout is Layout.ROW:
        return _alike(scene, wording)
    first, second = (Phrase(_thing(thing, wording), number) for number, thing in enumerate(scene.things, start=1))
    # Each way: who is named first, and the words between the two.
    ways = {
        Layout.LEFT: [(first, "and", second), (first, "to the left of", second), (second, "to the right of", first)],
        Layout.BEHIND: [(first, "behind", second), (first, "behind", second), (second, "in front of", first)],
        Layout.FRONT: [(first, "in front of", second), (first, "in front of", second), (second, "behind", first)],
    }
    one, between, other = ways[scene.layout][wording.joined]
    return [one, Phrase(between), other]


def _alike(scene: Scene, wording: Wording) -> list[Phrase]:
    """The one thing, or the several that are alike, and where it stands."""
    place = scene.place if wording.places else Place.ANYWHERE
    said = Phrase(_thing(scene.things[0], wording, scene.count), 1)
    return [said, Phrase(str(place))] if place else [said]


def _thing(thing: Thing, wording: Wording, count: Count = Count.ONE) -> str:
    """A thing with its article, or several: "a shiny red ball", "an orange glass mug", "two small red cubes"."""
    said = wording.materials and (thing.material is not Material.MATTE or wording.say_matte)
    material = [str(thing.material)] if said else []
    colour = [str(thing.colour)] if wording.colours else []
    made_of = thing.material in (Material.METAL, Material.GLASS)
    described = colour + material if made_of != wording.material_first else material + colour
    size = [str(thing.extent)] if wording.sizes and thing.extent else []
    several = count is not Count.ONE
    words = " ".join([*size, *described, f"{thing.shape}s" if several else str(thing.shape)])
    article = str(count) if several else "an" if words[0] in "aeiou" else "a"
    lying = wording.poses and thing.pose is Pose.LYING
    pose = "" if not lying else " lying on their sides" if several else f" {Pose.LYING}"
    return f"{article} {words}{pose}"


def caption_pair(source: Scene, edit: Scene) -> tuple[str, str]:
    """Captions of two scenes that differ in what differs between the scenes alone; materials, places and where the
    light comes from are said where they do.
    """
    materials = [[thing.material for thing in scene.things] for scene in (source, edit)]
    alone = len(source.things) == len(edit.things)
    wording = Wording(
        say_matte=alone and materials[0] != materials[1],
        places=alone and source.place != edit.place,
        lighting=source.lighting != edit.lighting,
    )
    return caption(source, wording), caption(edit, wording)
