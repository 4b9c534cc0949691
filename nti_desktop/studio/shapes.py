"""How far a point is from each shape: signed distances, below 0 inside, for a shape of size 1 that stands on y = 0.

Points are three arrays x, y, z of one shape: x right, y up, z away from the camera, relative to where the thing stands
and turned with it. Edges are a little round, as they are on real things.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nti_desktop.studio.scenes import Pose, Shape, Thing
from nti_desktop.studio.solids import (
    Numbers,
    box,
    cylinder,
    ellipsoid,
    intersection,
    length,
    melted,
    rod,
    rounded,
    tapered,
    turned,
    union,
)

Distance = Callable[[Numbers, Numbers, Numbers], Numbers]
Points = tuple[Numbers, Numbers, Numbers]  # x, y, z


def _ball(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    return length(x, y - 0.85, z) - 0.85


def _cube(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    return box(x, y - 0.62, z, (0.62, 0.62, 0.62), 0.06)


def _cone(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    return tapered(x, y, z, (0.8, 0.0), (0.04, 1.75))


def _ring(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A torus that stands upright."""
    return length(length(x, y - 0.9) - 0.64, z) - 0.26


def _mug(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """Hollow, with a handle to its right."""
    wall = intersection(cylinder(x, y, z, 0.6, 0.0, 1.3, 0.05), -cylinder(x, y, z, 0.49, 0.12, 2.0, 0.05))
    handle = intersection(length(length(x - 0.6, y - 0.66) - 0.34, z) - 0.09, 0.55 - length(x, z))
    return union(wall, handle)


def _bottle(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A body whose shoulder runs into a neck, with a lip."""
    body = cylinder(x, y, z, 0.44, 0.0, 1.1, 0.1)
    neck = cylinder(x, y, z, 0.15, 0.8, 1.85, 0.03)
    lip = cylinder(x, y, z, 0.2, 1.72, 1.85, 0.04)
    return union(melted(body, neck, 0.4), lip)


def _bowl(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """The lower part of a hollow ball, on a foot."""
    shell = intersection(np.abs(length(x, y - 0.95, z) - 0.86) - 0.05, y - 0.86)
    return melted(shell, cylinder(x, y, z, 0.36, 0.0, 0.12, 0.03), 0.1)


def _lamp(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A shade over a stem on a foot."""
    foot = cylinder(x, y, z, 0.46, 0.0, 0.12, 0.05)
    stem = cylinder(x, y, z, 0.07, 0.05, 1.1, 0.02)
    return union(melted(foot, stem, 0.15), tapered(x, y, z, (0.7, SHADE), (0.38, 1.8)))


SHADE = 0.95  # height at which the lamp's shade begins


def _apple(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """Dented above and below, with a stem and a pointed leaf."""
    flesh = rod(length(x, z), y, np.zeros_like(y), (0.3, 0.57), (0.39, 0.82), (0.57, 0.57))
    stem = rod(x, y, z, (0.0, 1.1), (0.1, 1.62), (0.05, 0.08))
    along, above = turned(x - 0.36, y - 1.54, -0.4)
    leaf = rounded(length(along, np.abs(above) + 0.3) - 0.45, np.abs(z) - 0.04, 0.03)
    return union(flesh, stem, leaf)


def _duck(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A rubber duck that looks to its right."""
    side = np.abs(z)
    body = intersection(ellipsoid(x + 0.1, y - 0.5, z, (0.85, 0.58, 0.64)), -y)
    tail = rod(x, y, z, (-0.7, 0.7), (-1.0, 1.0), (0.25, 0.07))
    head = length(x - 0.36, y - 1.28, z) - 0.44
    wings = rod(x, y, side - 0.5, (-0.5, 0.72), (0.05, 0.62), (0.12, 0.2))
    beak = cylinder(x - 0.8, y, z, 0.26, 1.12, 1.26, 0.07)
    eyes = length(x - 0.62, y - 1.42, side - 0.28) - 0.07
    plump = melted(melted(melted(body, tail, 0.25), head, 0.2), wings, 0.05)
    return union(plump, beak, eyes)


def _house(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """Walls with a door and a window in the gable, a roof that reaches over them, a chimney."""
    below_roof = (y - 1.75) * 0.714 + np.abs(x) * 0.7
    walls = intersection(box(x, y - 0.85, z, (0.66, 0.85, 0.6), 0.02), below_roof + 0.06)
    door = box(x + 0.25, y - 0.2, z + 0.6, (0.16, 0.44, 0.08), 0.01)
    window = box(x - 0.3, y - 0.6, z + 0.6, (0.16, 0.16, 0.08), 0.01)
    roof = rounded(intersection(np.abs(below_roof + 0.06) - 0.06, 0.86 - y), np.abs(z) - 0.72, 0.02)
    chimney = box(x - 0.42, y - 1.4, z - 0.1, (0.13, 0.36, 0.13), 0.02)
    carved = intersection(walls, -union(door, window))
    return union(carved, roof, chimney)


def _chair(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """Four legs, a seat, and a back of two slats between posts."""
    side = np.abs(x) - 0.43
    legs = box(side, y - 0.42, z + 0.43, (0.07, 0.42, 0.07), 0.03)
    posts = box(side, y - 0.9, z - 0.43, (0.07, 0.9, 0.07), 0.03)
    seat = box(x, y - 0.84, z, (0.5, 0.08, 0.5), 0.04)
    slats = box(x, np.abs(y - 1.46) - 0.2, z - 0.43, (0.43, 0.1, 0.04), 0.03)
    return union(legs, posts, seat, slats)


def _mushroom(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A round cap on a stem that bulges near the ground."""
    cap = rounded(length(x, y - 0.8, z) - 0.86, 0.82 - y, 0.1)
    stem = intersection(rod(x, y, z, (0.0, 0.25), (0.0, 1.0), (0.38, 0.24)), -y)
    return melted(cap, stem, 0.1)


def _teapot(x: Numbers, y: Numbers, z: Numbers) -> Numbers:
    """A body with its spout to the right, its handle to the left, and a lid with a knob."""
    body = intersection(ellipsoid(x, y - 0.62, z, (0.76, 0.64, 0.76)), -y)
    foot = cylinder(x, y, z, 0.42, 0.0, 0.1, 0.03)
    spout = rod(x, y, z, (0.5, 0.45), (1.12, 1.08), (0.24, 0.1))
    handle = length(length(x + 0.74, y - 0.7) - 0.33, z) - 0.085
    lid = cylinder(x, y, z, 0.42, 1.12, 1.24, 0.05)
    knob = length(x, y - 1.36, z) - 0.13
    pot = union(melted(body, spout, 0.15), foot, handle)
    return union(pot, lid, knob)


@dataclass(frozen=True)
class Lying:
    """How a shape of size 1 lies. middle: height of its middle; onto, tip: it is turned about its own axis by `onto`,
    then tipped to the left by `tip`; turn: the way it faces then. Angles in radians.
    """

    middle: float
    onto: float = 0.0
    tip: float = math.pi / 2
    turn: float = 0.0


@dataclass(frozen=True)
class Form:
    """A shape of size 1. middle: height of its middle; reach: radius of a ball around that holds all of it; turn: the
    way it faces, in radians about the vertical; lying: the same when it lies.
    """

    distance: Distance
    middle: float
    reach: float
    lying: Lying
    turn: float = 0.0


FORMS: dict[Shape, Form] = {
    Shape.BALL: Form(_ball, 0.85, 0.86, Lying(0.85)),
    Shape.CUBE: Form(_cube, 0.62, 1.03, Lying(0.62, turn=0.6), turn=0.6),
    Shape.CONE: Form(_cone, 0.8, 1.14, Lying(0.416, tip=1.98)),
    Shape.RING: Form(_ring, 0.9, 0.92, Lying(0.26, onto=math.pi / 2), turn=0.45),
    Shape.MUG: Form(_mug, 0.65, 1.12, Lying(0.6, turn=-0.5), turn=0.3),
    Shape.BOTTLE: Form(_bottle, 0.92, 1.03, Lying(0.448, turn=-0.2)),
    Shape.BOWL: Form(_bowl, 0.5, 0.97, Lying(0.906, turn=-0.5)),
    Shape.LAMP: Form(_lamp, 0.92, 1.05, Lying(0.656, tip=1.33)),
    Shape.APPLE: Form(_apple, 0.85, 1.1, Lying(0.96, turn=-0.6)),
    Shape.DUCK: Form(_duck, 0.85, 1.13, Lying(0.738, onto=math.pi / 2, tip=1.35, turn=-1.4), turn=0.5),
    Shape.HOUSE: Form(_house, 0.9, 1.27, Lying(0.886, tip=1.29, turn=0.3), turn=0.5),
    Shape.CHAIR: Form(_chair, 0.9, 1.14, Lying(0.5, turn=-0.75), turn=0.5),
    Shape.MUSHROOM: Form(_mushroom, 0.85, 0.92, Lying(0.731, tip=1.07)),
    Shape.TEAPOT: Form(_teapot, 0.7, 1.3, Lying(0.76, onto=math.pi / 2, turn=-1.1), turn=0.3),
}


def distances_to(thing: Thing, points: Points) -> Numbers:
    """Distances from points in the world to one thing, all of one shape."""
    return FORMS[thing.shape].distance(*own_coordinates(thing, points)) * thing.size


def distance_to(thing: Thing, points: Tensor) -> Tensor:
    """Distances (...) from points (..., 3) in the world to one thing."""
    return torch.from_numpy(distances_to(thing, apart(points)))


def own_coordinates(thing: Thing, points: Points) -> Points:
    """Points in the world as a thing of size 1 that stands at the origin knows them."""
    form = FORMS[thing.shape]
    lying = thing.pose is Pose.LYING
    x, y, z = (each / thing.size for each in points)
    x, z = x - thing.x / thing.size, z - thing.z / thing.size
    x, z = turned(x, z, form.lying.turn if lying else form.turn)
    if lying:
        x, y = turned(x, y - form.lying.middle, -form.lying.tip)
        x, z = turned(x, z, form.lying.onto)
        y = y + form.middle
    return x, y, z


def apart(points: Tensor) -> Points:
    """Points (..., 3) as their coordinates."""
    x, y, z = np.ascontiguousarray(np.moveaxis(points.numpy(), -1, 0))
    return x, y, z


def in_shade(thing: Thing, points: Tensor) -> Tensor:
    """Tell which of the points (..., 3) on a lamp are on its shade."""
    if thing.pose is Pose.UPRIGHT:
        return points[..., 1] > SHADE * thing.size
    height = own_coordinates(thing, apart(points))[1]
    return torch.from_numpy(height > SHADE - 0.01)  # with its flat side below, which is seen now


def surrounding_ball(thing: Thing) -> tuple[Tensor, float]:
    """Centre (3,) and radius of a ball that holds the whole thing."""
    form = FORMS[thing.shape]
    middle = form.lying.middle if thing.pose is Pose.LYING else form.middle
    return torch.tensor([thing.x, middle * thing.size, thing.z]), form.reach * thing.size
