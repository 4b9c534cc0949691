"""Still lifes: what can stand where, and how a scene is drawn by lot.

The built-in model was trained on the scenes that `draw` takes one after the other from `random.Random(seed)` for the
seeds of TRAINING_SEEDS, and then on those of `studio.train.formats`; the order of the draws below is part of that.
Scenes of any other seed are held out. What can be seen is what the weights know: change it only together with new
weights.
"""

import math
import random
from dataclasses import dataclass, replace
from enum import StrEnum

TRAINING_SEEDS = range(2000, 2064)


class Colour(StrEnum):
    """Of a thing, by name."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    PURPLE = "purple"
    ORANGE = "orange"
    PINK = "pink"
    TURQUOISE = "turquoise"
    WHITE = "white"
    BLACK = "black"


class Shape(StrEnum):
    """Things of the first world."""

    BALL = "ball"
    CUBE = "cube"
    CONE = "cone"
    RING = "ring"
    MUG = "mug"
    BOTTLE = "bottle"
    BOWL = "bowl"
    LAMP = "lamp"
    APPLE = "apple"
    DUCK = "duck"
    HOUSE = "house"
    CHAIR = "chair"
    MUSHROOM = "mushroom"
    TEAPOT = "teapot"


LEARNED_SHAPES = tuple(Shape)[:8]  # what the shipped weights have seen, all of it upright


class Pose(StrEnum):
    """How a thing stands. The value is how captions say it."""

    UPRIGHT = "upright"
    LYING = "lying on its side"


class Material(StrEnum):
    """What a thing is made of."""

    MATTE = "matte"
    SHINY = "shiny"
    METAL = "metal"
    GLASS = "glass"


class Ground(StrEnum):
    """The value is how captions say it."""

    WOOD = "a wooden table"
    GRASS = "green grass"
    SAND = "sand"
    SNOW = "snow"
    TILES = "a tiled floor"
    STONE = "grey stone"


class Sky(StrEnum):
    """What is behind the things, and the light that comes with it. The value is how captions say it."""

    DAY = "on a sunny day"
    CLOUDS = "under a cloudy sky"
    SUNSET = "at sunset"
    NIGHT = "at night"
    STUDIO = "in a studio"


class Weather(StrEnum):
    """The value is how captions say it; nothing where it is clear."""

    CLEAR = ""
    FOG = "in fog"
    RAIN = "after rain"


class Film(StrEnum):
    """The value is how captions begin."""

    COLOUR = "a photo"
    BLACK_AND_WHITE = "a black and white photo"
    SEPIA = "a sepia photo"


class Lighting(StrEnum):
    """Where the light comes from. The value is how captions say it."""

    LEFT = "lit from the left"
    RIGHT = "lit from the right"
    BEHIND = "lit from behind"


class Layout(StrEnum):
    """How two things stand to one another, seen from the first one named; in a row stand several that are alike."""

    LEFT = "left of"
    BEHIND = "behind"
    FRONT = "in front of"
    ROW = "beside"


PAIRS = (Layout.LEFT, Layout.BEHIND, Layout.FRONT)


class Size(StrEnum):
    """How large a thing is for one of its kind. The value is how captions say it; nothing where it is as usual."""

    SMALL = "small"
    USUAL = ""
    BIG = "big"


class Count(StrEnum):
    """How many of a kind there are. The value is how captions say it."""

    ONE = "one"
    TWO = "two"
    THREE = "three"


class Place(StrEnum):
    """Where a thing stands that is alone. The value is how captions say it; nothing where that is hard to say."""

    LEFT = "on the left"
    MIDDLE = "in the middle"
    RIGHT = "on the right"
    NEAR = "close by"
    FAR = "in the distance"
    ANYWHERE = ""


SMALL, BIG = 0.52, 0.98  # sizes; what lies between is as usual
MIDDLE, ASIDE = 0.3, 0.6  # to the side; what is nearer is in the middle, what is farther on one side
CLOSE = 0.9  # scale of a view
NEAR, FAR = -0.75, 1.2  # away from the camera; what is nearer is close by, what is farther in the distance


@dataclass(frozen=True)
class Thing:
    """One object on the ground. size: about half its height; x to the right, z away from the camera, both in
    units of the world. Which way a thing faces goes with its shape, so that another shape's right turn is known.
    """

    shape: Shape
    colour: Colour
    material: Material
    size: float
    x: float
    z: float
    pose: Pose = Pose.UPRIGHT

    @property
    def extent(self) -> Size:
        """How large it is for one of its kind."""
        if SMALL < self.size < BIG:
            return Size.USUAL
        return Size.SMALL if self.size <= SMALL else Size.BIG


@dataclass(frozen=True)
class View:
    """What a picture shows of the plane that the camera sees: all, or an area, as when one is drawn around a thing.

    x, y: its middle, to the right and up, from -1 to 1 in the square picture of all; scale: half the side of a square
    of its area, 1 for all; aspect: width by height.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    aspect: float = 1.0

    @property
    def is_close(self) -> bool:
        """Whether it shows too little to see how large a thing is and where it stands."""
        return self.scale < CLOSE


def is_learned(thing: Thing) -> bool:
    """Tell whether the shipped weights have seen such a thing."""
    return thing.shape in LEARNED_SHAPES and thing.pose is Pose.UPRIGHT


@dataclass(frozen=True)
class Scene:
    """Things on a ground under a sky. sun: where it stands, -1 left to 1 right; camera_height in units of the world;
    noise: seed of what differs between two grounds of a kind, of the clouds, the hills and the stars; fog: how dense
    fog is where there is any, 1 as usual; evening: how far a sunny day has gone towards sunset, 0 to 1; backlit:
    whether the sun stands behind the things.
    """

    things: tuple[Thing, ...]
    ground: Ground
    sky: Sky
    weather: Weather
    film: Film
    layout: Layout
    sun: float
    camera_height: float
    noise: int
    fog: float = 1.0
    evening: float = 0.0
    backlit: bool = False
    view: View = View()

    @property
    def count(self) -> Count:
        """How many there are of the first thing's kind."""
        return list(Count)[len(self.things) - 1] if self.layout is Layout.ROW else Count.ONE

    @property
    def place(self) -> Place:
        """Where its only thing stands."""
        if len(self.things) != 1 or self.view.is_close:
            return Place.ANYWHERE
        x, z = self.things[0].x, self.things[0].z
        if z > FAR or z < NEAR:
            return Place.FAR if z > FAR else Place.NEAR
        if abs(x) < MIDDLE:
            return Place.MIDDLE
        if abs(x) > ASIDE:
            return Place.LEFT if x < 0 else Place.RIGHT
        return Place.ANYWHERE

    @property
    def lighting(self) -> "Lighting":
        """Where the light comes from."""
        if self.backlit:
            return Lighting.BEHIND
        return Lighting.LEFT if self.sun < 0 else Lighting.RIGHT


def draw_scene(seed: int) -> Scene:
    """The held-out scene of this seed. Raises ValueError for the seeds of the training scenes."""
    if seed in TRAINING_SEEDS:
        raise ValueError(f"Seed {seed} begins a stream of training scenes; take another.")
    return draw(random.Random(seed))


def draw(rng: random.Random) -> Scene:
    """The next scene of a stream."""
    count = 1 if rng.random() < 0.5 else 2
    layout = rng.choices(PAIRS, (2, 1, 1))[0]
    colours = rng.sample(list(Colour), 2)
    places = _alone(rng) if count == 1 else _together(rng, layout)
    return Scene(
        things=tuple(
            Thing(rng.choice(LEARNED_SHAPES), colours[i], rng.choice(list(Material)), *places[i]) for i in range(count)
        ),
        ground=rng.choice(list(Ground)),
        sky=rng.choice(list(Sky)),
        weather=rng.choices(list(Weather), (3, 1, 1))[0],
        film=rng.choices(list(Film), (8, 1, 1))[0],
        layout=layout,
        sun=rng.choice((-1, 1)) * rng.uniform(0.35, 1),
        camera_height=rng.uniform(1.4, 1.9),
        noise=rng.randrange(1 << 30),
    )


def in_format(scene: Scene, aspect: float, scale: float = 1.0) -> Scene:
    """A scene of the first world seen in another format; in a tall one, which shows less to the sides, its things stand
    closer together.
    """
    wide = min(1.0, math.sqrt(aspect))
    things = tuple(replace(thing, x=thing.x * wide) for thing in scene.things)
    return replace(scene, things=things, view=View(scale=scale, aspect=aspect))


Stand = tuple[float, float, float]  # a thing's size, x and z


def _alone(rng: random.Random) -> list[Stand]:
    """A thing alone stands near the middle."""
    return [(rng.uniform(0.72, 0.92), rng.uniform(-0.45, 0.45), rng.uniform(-0.3, 0.4))]


def _together(rng: random.Random, layout: Layout) -> list[Stand]:
    """Of two things the one to the left comes first, or the two stand one behind the other, a little to the side."""
    if layout is Layout.LEFT:
        return [
            (rng.uniform(0.55, 0.72), side * 0.82 + rng.uniform(-0.12, 0.12), rng.uniform(-0.3, 0.3))
            for side in (-1, 1)
        ]
    side = rng.choice((-1, 1))
    back = (rng.uniform(0.62, 0.78), side * rng.uniform(0.6, 0.8), rng.uniform(0.7, 1.0))
    front = (rng.uniform(0.55, 0.7), -side * rng.uniform(0.4, 0.6), rng.uniform(-0.6, -0.3))
    return [back, front] if layout is Layout.BEHIND else [front, back]
