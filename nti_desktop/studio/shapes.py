"""How far a point is from each shape: signed distances in units of the world, below 0 inside.

Points are (..., 3) float32, x right, y up, z away from the camera, relative to the thing's centre and turned with it.
Cubes and cylinders have rounded edges.
"""

import math

import torch
from torch import Tensor

from nti_desktop.studio.scenes import Shape, Thing

CUBE_ROUNDING = 0.03
CYLINDER_ROUNDING = 0.02


def distance_to(thing: Thing, points: Tensor) -> Tensor:
    """Distances (...) from points (..., 3) in the world to one thing that stands on the ground y = 0."""
    centre = torch.tensor([thing.x, height_of_centre(thing), thing.z])
    x, y, z = (points - centre).unbind(-1)
    cosine, sine = math.cos(thing.turn), math.sin(thing.turn)
    x, z = x * cosine - z * sine, x * sine + z * cosine
    match thing.shape:
        case Shape.BALL:
            return _length(x, y, z) - thing.size
        case Shape.CUBE:
            return _cube(x, y, z, 0.8 * thing.size)
        case Shape.CONE:
            return _cone(x, y, z, thing.size)
        case Shape.CYLINDER:
            return _cylinder(x, y, z, thing.size)
        case Shape.RING:
            return _ring(x, y, z, thing.size)


def height_of_centre(thing: Thing) -> float:
    """The centre's height over the ground on which the thing stands."""
    match thing.shape:
        case Shape.BALL | Shape.CONE:
            return thing.size
        case Shape.CUBE:
            return 0.8 * thing.size + CUBE_ROUNDING
        case Shape.CYLINDER:
            return 0.9 * thing.size + CYLINDER_ROUNDING
        case Shape.RING:
            return 0.98 * thing.size


def _length(*components: Tensor) -> Tensor:
    """Euclidean length, kept from 0 so that it has no corner there."""
    return torch.sqrt(sum((c * c for c in components), torch.tensor(0.0)) + 1e-9)


def _cube(x: Tensor, y: Tensor, z: Tensor, half: float) -> Tensor:
    dx, dy, dz = x.abs() - half, y.abs() - half, z.abs() - half
    outside = _length(dx.clamp(min=0), dy.clamp(min=0), dz.clamp(min=0))
    inside = torch.maximum(dx, torch.maximum(dy, dz)).clamp(max=0)
    return outside + inside - CUBE_ROUNDING


def _cylinder(x: Tensor, y: Tensor, z: Tensor, size: float) -> Tensor:
    """Upright, 0.7 of the size in radius, 0.9 in half height."""
    dr, dy = _length(x, z) - 0.7 * size, y.abs() - 0.9 * size
    inside = torch.maximum(dr, dy).clamp(max=0)
    return inside + _length(dr.clamp(min=0), dy.clamp(min=0)) - CYLINDER_ROUNDING


def _cone(x: Tensor, y: Tensor, z: Tensor, size: float) -> Tensor:
    """Base at -size, tip at +size, 0.8 of the size in radius."""
    slope = 0.8 * size / (2 * size)
    side = (_length(x, z) - slope * (size - y)) / math.sqrt(1 + slope * slope)
    return torch.maximum(side, -size - y)


def _ring(x: Tensor, y: Tensor, z: Tensor, size: float) -> Tensor:
    """A torus that stands upright."""
    from_circle = _length(x, y) - 0.68 * size
    return _length(from_circle, z) - 0.3 * size
