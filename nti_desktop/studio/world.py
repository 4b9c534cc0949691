"""The second world: how its scenes are drawn by lot. Richer than the one that the shipped weights have seen.

Of one thing, of two that stand to one another in some way, of several that are alike; upright or lying, small or big,
to one side, near or far; lit from three sides; square, broad and tall pictures, some of them close to a thing.
"""

import math
import random
from dataclasses import replace

from nti_desktop.studio.camera import framed
from nti_desktop.studio.scenes import (
    PAIRS,
    Colour,
    Film,
    Ground,
    Layout,
    Material,
    Pose,
    Scene,
    Shape,
    Sky,
    Stand,
    Thing,
    View,
    Weather,
)

TRAINING_SEEDS = range(3000, 3640)
ASPECTS = (1.0, 1.5, 1 / 1.5)  # width by height
UNTURNED = (Shape.BALL, Shape.CUBE)  # look the same whichever way they lie
LYING = 0.2  # of the things
BACKLIT = 0.2  # of the scenes
CLOSE = 0.3  # of the pictures of one thing show little else


def draw_scene(seed: int) -> Scene:
    """The held-out scene of this seed. Raises ValueError for the seeds of the training scenes."""
    if seed in TRAINING_SEEDS:
        raise ValueError(f"Seed {seed} begins a stream of training scenes; take another.")
    return draw(random.Random(seed))


def draw(rng: random.Random) -> Scene:
    """The next scene of a stream."""
    aspect = rng.choices(ASPECTS, (2, 1, 1))[0]
    kind = rng.choices(("one", "two", "alike"), (55, 30, 15))[0]
    layout = Layout.ROW if kind == "alike" else rng.choices(PAIRS, (2, 1, 1))[0]
    scene = Scene(
        things=_draw_things(rng, kind, layout, aspect),
        ground=rng.choice(list(Ground)),
        sky=rng.choice(list(Sky)),
        weather=rng.choices(list(Weather), (3, 1, 1))[0],
        film=rng.choices(list(Film), (8, 1, 1))[0],
        layout=layout,
        sun=rng.choice((-1, 1)) * rng.uniform(0.5, 1),
        camera_height=rng.uniform(1.3, 2.0),
        noise=rng.randrange(1 << 30),
        backlit=rng.random() < BACKLIT,
        view=View(scale=rng.uniform(0.92, 1.15), aspect=aspect),
    )
    if kind == "one" and rng.random() < CLOSE:
        return close_to(scene, rng)
    return scene


def close_to(scene: Scene, rng: random.Random) -> Scene:
    """The scene, of which little else than its first thing is to be seen."""
    aside, above, room = rng.uniform(-0.25, 0.25), rng.uniform(-0.25, 0.25), rng.uniform(1.05, 1.7)
    return replace(scene, view=framed(scene, scene.things[0], scene.view.aspect, aside, above, room))


def _draw_things(rng: random.Random, kind: str, layout: Layout, aspect: float) -> tuple[Thing, ...]:
    wide = min(1.0, math.sqrt(aspect))  # a tall picture shows less to the sides
    if kind == "alike":
        count = rng.choice((2, 3))
        thing = _draw_thing(rng, rng.choice(list(Colour)), (0.0, 0.0, 0.0))
        return tuple(replace(thing, size=size, x=x * wide, z=z) for size, x, z in _row(rng, count))
    colours = rng.sample(list(Colour), 2)
    stands = _alone(rng, wide) if kind == "one" else _together(rng, layout, wide)
    return tuple(_draw_thing(rng, colour, stand) for colour, stand in zip(colours, stands, strict=False))


def _draw_thing(rng: random.Random, colour: Colour, stand: Stand) -> Thing:
    shape, material = rng.choice(list(Shape)), rng.choice(list(Material))
    lying = rng.random() < LYING and shape not in UNTURNED
    return Thing(shape, colour, material, *stand, pose=Pose.LYING if lying else Pose.UPRIGHT)


def draw_size(rng: random.Random) -> float:
    """Small, as usual or big, with nothing in between."""
    low, high = rng.choices(((0.4, 0.48), (0.68, 0.88), (1.02, 1.12)), (1, 3, 1))[0]
    return rng.uniform(low, high)


def draw_place(rng: random.Random, size: float, wide: float) -> tuple[float, float]:
    """x and z of a thing alone: on one side, in the middle, near or far."""
    where = rng.choices(("left", "right", "middle", "near", "far"), (2, 2, 4, 1, 1))[0]
    if where == "far":
        return rng.uniform(-0.8, 0.8) * wide, rng.uniform(1.5, 2.1)
    if where == "near":
        return rng.uniform(-0.25, 0.25), rng.uniform(-1.2, -0.95)
    if where == "middle":
        return rng.uniform(-0.22, 0.22), rng.uniform(-0.3, 0.5)
    side = -1 if where == "left" else 1
    return side * max(0.65, wide * (1.12 - 0.35 * size) * rng.uniform(0.92, 1.05)), rng.uniform(-0.1, 0.6)


def _alone(rng: random.Random, wide: float) -> list[Stand]:
    size = draw_size(rng)
    return [(size, *draw_place(rng, size, wide))]


def _together(rng: random.Random, layout: Layout, wide: float) -> list[Stand]:
    """Of two things the one to the left comes first, or the two stand one behind the other, a little to the side."""
    if layout is Layout.LEFT:
        return [
            (rng.uniform(0.55, 0.7), (side * 0.82 + rng.uniform(-0.1, 0.1)) * max(wide, 0.9), rng.uniform(-0.3, 0.4))
            for side in (-1, 1)
        ]
    side = rng.choice((-1, 1))
    back = (rng.uniform(0.62, 0.78), side * rng.uniform(0.6, 0.8) * wide, rng.uniform(0.7, 1.1))
    front = (rng.uniform(0.55, 0.68), -side * rng.uniform(0.4, 0.6) * wide, rng.uniform(-0.6, -0.3))
    return [back, front] if layout is Layout.BEHIND else [front, back]


def _row(rng: random.Random, count: int) -> list[Stand]:
    """Several beside each other, from left to right."""
    size = rng.uniform(0.42, 0.5) if count == 3 else rng.uniform(0.55, 0.66)
    apart = 1.16 if count == 3 else 1.6
    return [
        (size, (number - (count - 1) / 2) * apart * rng.uniform(0.95, 1.05), rng.uniform(-0.3, 0.3))
        for number in range(count)
    ]
