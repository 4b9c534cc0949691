"""Still lifes: what can stand where, and how a scene is drawn by lot.

The built-in model was trained on the scenes that `draw` takes one after the other from `random.Random(seed)` for the
seeds of TRAINING_SEEDS; the order of the draws below is part of that. Scenes of any other seed are held out. What can
be seen is what the weights know: change it only together with new weights.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

TRAINING_SEEDS = range(2000, 2064)


class Colour(StrEnum):
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
    BALL = "ball"
    CUBE = "cube"
    CONE = "cone"
    RING = "ring"
    MUG = "mug"
    BOTTLE = "bottle"
    BOWL = "bowl"
    LAMP = "lamp"


class Material(StrEnum):
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


class Layout(StrEnum):
    """How two things stand to one another, seen from the first one named."""

    LEFT = "left of"
    BEHIND = "behind"
    FRONT = "in front of"


@dataclass(frozen=True)
class Thing:
    """One object, standing on the ground. size: about half its height; x to the right, z away from the camera, both in
    units of the world. Which way a thing faces goes with its shape, so that another shape's right turn is known.
    """

    shape: Shape
    colour: Colour
    material: Material
    size: float
    x: float
    z: float


@dataclass(frozen=True)
class Scene:
    """One or two things on a ground under a sky. sun: where it stands, -1 left to 1 right; camera_height in units of
    the world; noise: seed of what differs between two grounds of a kind, of the clouds, the hills and the stars; fog:
    how dense fog is where there is any, 1 as usual; evening: how far a sunny day has gone towards sunset, 0 to 1.
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


def draw_scene(seed: int) -> Scene:
    """The held-out scene of this seed. Raises ValueError for the seeds of the training scenes."""
    if seed in TRAINING_SEEDS:
        raise ValueError(f"Seed {seed} begins a stream of training scenes; take another.")
    return draw(random.Random(seed))


def draw(rng: random.Random) -> Scene:
    """The next scene of a stream."""
    count = 1 if rng.random() < 0.5 else 2
    layout = rng.choices(list(Layout), (2, 1, 1))[0]
    colours = rng.sample(list(Colour), 2)
    places = _alone(rng) if count == 1 else _together(rng, layout)
    return Scene(
        things=tuple(
            Thing(rng.choice(list(Shape)), colours[i], rng.choice(list(Material)), *places[i]) for i in range(count)
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


Place = tuple[float, float, float]  # a thing's size, x and z


def _alone(rng: random.Random) -> list[Place]:
    """A thing alone stands near the middle."""
    return [(rng.uniform(0.72, 0.92), rng.uniform(-0.45, 0.45), rng.uniform(-0.3, 0.4))]


def _together(rng: random.Random, layout: Layout) -> list[Place]:
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
