"""Solids that shapes are made of: signed distances, below 0 inside, from points given as three tensors x, y, z of one
shape. No distance is more than what is left to go, so that a ray may go that far.
"""

import math

import torch
from torch import Tensor


def length(*components: Tensor) -> Tensor:
    """Euclidean length, kept from 0 so that it has no corner there."""
    return torch.sqrt(sum((c * c for c in components), torch.tensor(1e-9)))


def rounded(dr: Tensor, dy: Tensor, rounding: float) -> Tensor:
    """A solid that is `dr` from its side and `dy` from its ends, with round edges."""
    dr, dy = dr + rounding, dy + rounding
    return torch.maximum(dr, dy).clamp(max=0) + length(dr.clamp(min=0), dy.clamp(min=0)) - rounding


def cylinder(x: Tensor, y: Tensor, z: Tensor, radius: float, low: float, high: float, rounding: float) -> Tensor:
    """An upright cylinder."""
    return rounded(length(x, z) - radius, (y - (low + high) / 2).abs() - (high - low) / 2, rounding)


def tapered(x: Tensor, y: Tensor, z: Tensor, low: tuple[float, float], high: tuple[float, float]) -> Tensor:
    """An upright cone cut off at both ends, given by (radius, height) below and above."""
    (r0, y0), (r1, y1) = low, high
    slope = (r0 - r1) / (y1 - y0)
    side = (length(x, z) - (r0 - slope * (y - y0))) / math.sqrt(1 + slope * slope)
    return rounded(side, (y - (y0 + y1) / 2).abs() - (y1 - y0) / 2, 0.05)


def melted(one: Tensor, other: Tensor, reach: float) -> Tensor:
    """Both, joined smoothly where they are nearer to one another than `reach`."""
    nearness = (reach - (one - other).abs()).clamp(min=0) / reach
    return torch.minimum(one, other) - nearness * nearness * reach / 4


def box(x: Tensor, y: Tensor, z: Tensor, half: tuple[float, float, float], rounding: float) -> Tensor:
    """A box around the origin, given by half its width, height and depth."""
    dx, dy, dz = x.abs() - (half[0] - rounding), y.abs() - (half[1] - rounding), z.abs() - (half[2] - rounding)
    outside = length(dx.clamp(min=0), dy.clamp(min=0), dz.clamp(min=0))
    return outside + torch.maximum(dx, torch.maximum(dy, dz)).clamp(max=0) - rounding


def ellipsoid(x: Tensor, y: Tensor, z: Tensor, radii: tuple[float, float, float]) -> Tensor:
    """A ball around the origin stretched along the axes; nearly a distance (Quilez, "Ellipsoid - distance")."""
    x, y, z = x / radii[0], y / radii[1], z / radii[2]
    stretched = length(x, y, z)
    return stretched * (stretched - 1) / length(x / radii[0], y / radii[1], z / radii[2])


def rod(
    x: Tensor, y: Tensor, z: Tensor, start: tuple[float, float], end: tuple[float, float], radii: tuple[float, float]
) -> Tensor:
    """A rod with round ends in the plane z = 0, from one (x, y) to another; its radius goes from one to the other."""
    across, up = end[0] - start[0], end[1] - start[1]
    squared, grows = across * across + up * up, radii[1] - radii[0]
    share = (((x - start[0]) * across + (y - start[1]) * up) / squared).clamp(0, 1)
    from_axis = length(x - start[0] - across * share, y - start[1] - up * share, z)
    return (from_axis - radii[0] - grows * share) / math.sqrt(1 + grows * grows / squared)


def turned(x: Tensor, z: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Two coordinates turned by an angle in radians, the first towards the second."""
    if not angle:
        return x, z
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine - z * sine, x * sine + z * cosine
