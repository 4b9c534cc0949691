"""Captioned still lifes: what can stand where, how a scene is drawn by lot, and how a caption puts it in words.

The built-in model was trained on the scenes that `draw` takes one after the other from `random.Random(1000)` and
`random.Random(1001)`, 8,000 from each; the order of the draws below is part of that. Scenes of any other seed are
held out. Colours, captions and their grammar are what the weights know: change them only together with new weights.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

TRAINING_SEEDS = (1000, 1001)


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    PURPLE = "purple"
    ORANGE = "orange"
    WHITE = "white"
    BLACK = "black"


class Shape(StrEnum):
    BALL = "ball"
    CUBE = "cube"
    CONE = "cone"
    CYLINDER = "cylinder"
    RING = "ring"


class Material(StrEnum):
    MATTE = "matte"
    SHINY = "shiny"


class Ground(StrEnum):
    """The value is how captions say it."""

    WOOD = "a wooden table"
    GRASS = "green grass"
    SAND = "sand"
    SNOW = "snow"
    TILES = "a tiled floor"


class Sky(StrEnum):
    """The value is how captions say it."""

    DAY = "on a sunny day"
    SUNSET = "at sunset"
    NIGHT = "at night"
    STUDIO = "in a studio"


@dataclass(frozen=True)
class Thing:
    """One object, standing on the ground. size: about half its height; x to the right, z away from the camera, both in
    units of the world; turn: about the vertical axis, in radians.
    """

    shape: Shape
    colour: Colour
    material: Material
    size: float
    x: float
    z: float
    turn: float


@dataclass(frozen=True)
class Scene:
    """One or two things on a ground under a sky. sun: where it stands, -1 left to 1 right; camera_height and camera_x
    in units of the world; noise: seed of the ground's grain and of the stars.
    """

    things: tuple[Thing, ...]
    ground: Ground
    sky: Sky
    sun: float
    camera_height: float
    camera_x: float
    noise: int


def draw_scene(seed: int) -> Scene:
    """The held-out scene of this seed. Raises ValueError for the seeds of the training scenes."""
    if seed in TRAINING_SEEDS:
        raise ValueError(f"Seed {seed} begins a stream of training scenes; take another.")
    return draw(random.Random(seed))


def draw(rng: random.Random) -> Scene:
    """The next scene of a stream."""
    count = 1 if rng.random() < 0.5 else 2
    colours = rng.sample(list(Colour), 2)
    return Scene(
        things=tuple(_draw_thing(rng, colours[i], i, count) for i in range(count)),
        ground=rng.choice(list(Ground)),
        sky=rng.choice(list(Sky)),
        sun=rng.uniform(-1, 1),
        camera_height=rng.uniform(1.3, 2.0),
        camera_x=rng.uniform(-0.4, 0.4),
        noise=rng.randrange(1 << 30),
    )


def _draw_thing(rng: random.Random, colour: Colour, place: int, count: int) -> Thing:
    """A thing alone stands near the middle; of two, the first stands to the left, the second to the right."""
    alone = count == 1
    return Thing(
        shape=rng.choice(list(Shape)),
        colour=colour,
        material=rng.choice(list(Material)),
        size=rng.uniform(0.62, 0.9) if alone else rng.uniform(0.5, 0.68),
        x=rng.uniform(-0.5, 0.5) if alone else (-0.85, 0.85)[place] + rng.uniform(-0.15, 0.15),
        z=rng.uniform(-0.3, 0.5),
        turn=rng.uniform(0, math.pi),
    )


def caption(scene: Scene, rng: random.Random | None = None, *, say_matte: bool = False) -> str:
    """The scene in words, as the training captions put it ("a orange ball", never "an").

    Without rng always in the same words: "a photo of ...", "matte" unsaid unless say_matte. With rng as in training:
    a matte thing is called so three times in ten, and "a photo of" begins seven captions in ten.
    """
    things = []
    for thing in scene.things:
        named = thing.material is Material.SHINY or say_matte or (rng is not None and rng.random() < 0.3)
        things.append(
            f"a {thing.material} {thing.colour} {thing.shape}" if named else f"a {thing.colour} {thing.shape}"
        )
    words = f"{' and '.join(things)} on {scene.ground} {scene.sky}"
    return f"a photo of {words}" if rng is None or rng.random() < 0.7 else words


def caption_pair(source: Scene, edit: Scene) -> tuple[str, str]:
    """Captions of two scenes that differ in what differs between the scenes alone; materials are said where they do."""
    say_matte = [thing.material for thing in source.things] != [thing.material for thing in edit.things]
    return caption(source, say_matte=say_matte), caption(edit, say_matte=say_matte)


Attribute = TypeVar("Attribute", bound=StrEnum)


def _another(rng: random.Random, kind: type[Attribute], *taken: Attribute) -> Attribute:
    return rng.choice([value for value in kind if value not in taken])


def _first_thing(scene: Scene, thing: Thing) -> Scene:
    return replace(scene, things=(thing, *scene.things[1:]))


def other_colour(scene: Scene, rng: random.Random) -> Scene:
    """The first thing in a colour that nothing in the scene has."""
    colour = _another(rng, Colour, *(thing.colour for thing in scene.things))
    return _first_thing(scene, replace(scene.things[0], colour=colour))


def other_shape(scene: Scene, rng: random.Random) -> Scene:
    """Another shape in the first thing's place; it stands on the ground again."""
    return _first_thing(scene, replace(scene.things[0], shape=_another(rng, Shape, scene.things[0].shape)))


def other_material(scene: Scene, rng: random.Random) -> Scene:
    """The first thing shiny where it was matte, matte where it was shiny."""
    return _first_thing(scene, replace(scene.things[0], material=_another(rng, Material, scene.things[0].material)))


def other_ground(scene: Scene, rng: random.Random) -> Scene:
    """The same things on another ground."""
    return replace(scene, ground=_another(rng, Ground, scene.ground))


def other_sky(scene: Scene, rng: random.Random) -> Scene:
    """The same things under another sky, with its light."""
    return replace(scene, sky=_another(rng, Sky, scene.sky))


# Each changes one attribute alone; everything else, the noise included, stays.
VARIANTS: Mapping[str, Callable[[Scene, random.Random], Scene]] = {
    "colour": other_colour,
    "shape": other_shape,
    "ground": other_ground,
    "sky": other_sky,
    "material": other_material,
}
