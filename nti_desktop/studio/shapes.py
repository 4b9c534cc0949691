"""How far a point is from each shape: signed distances, below 0 inside, for a shape of size 1 that stands on y = 0.

Points are three tensors x, y, z of one shape: x right, y up, z away from the camera, relative to where the thing stands
and turned with it. Edges are a little round, as they are on real things.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nti_desktop.studio.scenes import Shape, Thing

Distance = Callable[[Tensor, Tensor, Tensor], Tensor]


def _length(*components: Tensor) -> Tensor:
    """Euclidean length, kept from 0 so that it has no corner there."""
    return torch.sqrt(sum((c * c for c in components), torch.tensor(1e-9)))


def _rounded(dr: Tensor, dy: Tensor, rounding: float) -> Tensor:
    """A solid that is `dr` from its side and `dy` from its ends, with round edges."""
    dr, dy = dr + rounding, dy + rounding
    return torch.maximum(dr, dy).clamp(max=0) + _length(dr.clamp(min=0), dy.clamp(min=0)) - rounding


def _upright(x: Tensor, y: Tensor, z: Tensor, radius: float, low: float, high: float, rounding: float) -> Tensor:
    """An upright cylinder."""
    return _rounded(_length(x, z) - radius, (y - (low + high) / 2).abs() - (high - low) / 2, rounding)


def _tapered(x: Tensor, y: Tensor, z: Tensor, low: tuple[float, float], high: tuple[float, float]) -> Tensor:
    """An upright cone cut off at both ends, given by (radius, height) below and above."""
    (r0, y0), (r1, y1) = low, high
    slope = (r0 - r1) / (y1 - y0)
    side = (_length(x, z) - (r0 - slope * (y - y0))) / math.sqrt(1 + slope * slope)
    return _rounded(side, (y - (y0 + y1) / 2).abs() - (y1 - y0) / 2, 0.05)


def _melted(one: Tensor, other: Tensor, reach: float) -> Tensor:
    """Both, joined smoothly where they are nearer to one another than `reach`."""
    nearness = (reach - (one - other).abs()).clamp(min=0) / reach
    return torch.minimum(one, other) - nearness * nearness * reach / 4


def _ball(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return _length(x, y - 0.85, z) - 0.85


def _cube(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    dx, dy, dz = x.abs() - 0.56, (y - 0.62).abs() - 0.56, z.abs() - 0.56
    outside = _length(dx.clamp(min=0), dy.clamp(min=0), dz.clamp(min=0))
    return outside + torch.maximum(dx, torch.maximum(dy, dz)).clamp(max=0) - 0.06


def _cone(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return _tapered(x, y, z, (0.8, 0.0), (0.04, 1.75))


def _ring(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """A torus that stands upright."""
    return _length(_length(x, y - 0.9) - 0.64, z) - 0.26


def _mug(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Hollow, with a handle to its right."""
    wall = torch.maximum(_upright(x, y, z, 0.6, 0.0, 1.3, 0.05), -_upright(x, y, z, 0.49, 0.12, 2.0, 0.05))
    handle = torch.maximum(_length(_length(x - 0.6, y - 0.66) - 0.34, z) - 0.09, 0.55 - _length(x, z))
    return torch.minimum(wall, handle)


def _bottle(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """A body whose shoulder runs into a neck, with a lip."""
    body = _upright(x, y, z, 0.44, 0.0, 1.1, 0.1)
    neck = _upright(x, y, z, 0.15, 0.8, 1.85, 0.03)
    lip = _upright(x, y, z, 0.2, 1.72, 1.85, 0.04)
    return torch.minimum(_melted(body, neck, 0.4), lip)


def _bowl(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """The lower part of a hollow ball, on a foot."""
    shell = torch.maximum((_length(x, y - 0.95, z) - 0.86).abs() - 0.05, y - 0.86)
    return _melted(shell, _upright(x, y, z, 0.36, 0.0, 0.12, 0.03), 0.1)


def _lamp(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """A shade over a stem on a foot."""
    foot = _upright(x, y, z, 0.46, 0.0, 0.12, 0.05)
    stem = _upright(x, y, z, 0.07, 0.05, 1.1, 0.02)
    return torch.minimum(_melted(foot, stem, 0.15), _tapered(x, y, z, (0.7, SHADE), (0.38, 1.8)))


SHADE = 0.95  # height at which the lamp's shade begins


@dataclass(frozen=True)
class Form:
    """A shape of size 1. middle: height of its middle; reach: radius of a ball around that holds all of it; turn: the
    way it faces, in radians about the vertical.
    """

    distance: Distance
    middle: float
    reach: float
    turn: float = 0.0


FORMS: dict[Shape, Form] = {
    Shape.BALL: Form(_ball, 0.85, 0.86),
    Shape.CUBE: Form(_cube, 0.62, 1.03, turn=0.6),
    Shape.CONE: Form(_cone, 0.8, 1.14),
    Shape.RING: Form(_ring, 0.9, 0.92, turn=0.45),
    Shape.MUG: Form(_mug, 0.65, 1.12, turn=0.3),
    Shape.BOTTLE: Form(_bottle, 0.92, 1.03),
    Shape.BOWL: Form(_bowl, 0.5, 0.97),
    Shape.LAMP: Form(_lamp, 0.92, 1.05),
}


def distance_to(thing: Thing, points: Tensor) -> Tensor:
    """Distances (...) from points (..., 3) in the world to one thing."""
    form = FORMS[thing.shape]
    x, y, z = (points / thing.size).unbind(-1)
    x, z = x - thing.x / thing.size, z - thing.z / thing.size
    if form.turn:
        cosine, sine = math.cos(form.turn), math.sin(form.turn)
        x, z = x * cosine - z * sine, x * sine + z * cosine
    return form.distance(x, y, z) * thing.size


def surrounding_ball(thing: Thing) -> tuple[Tensor, float]:
    """Centre (3,) and radius of a ball that holds the whole thing."""
    form = FORMS[thing.shape]
    return torch.tensor([thing.x, form.middle * thing.size, thing.z]), form.reach * thing.size
