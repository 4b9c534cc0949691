"""Solids that shapes are made of: signed distances, below 0 inside, from points given as three arrays x, y, z of one
shape. No distance is more than what is left to go, so that a ray may go that far.

In NumPy, whose functions begin sooner than PyTorch's: most arrays here are the few rays that have not arrived yet.
"""

import math
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]  # of single precision


def length(first: Numbers, *others: Numbers) -> Numbers:
    """Euclidean length, kept from 0 so that it has no corner there."""
    squared = first * first
    squared += 1e-9
    for each in others:
        squared += each * each
    return np.sqrt(squared, out=squared)


def union(first: Numbers, *others: Numbers) -> Numbers:
    """Put all of them together."""
    return reduce(np.minimum, others, first)


def intersection(first: Numbers, *others: Numbers) -> Numbers:
    """Cut away what not all of them hold."""
    return reduce(np.maximum, others, first)


def outside(distance: Numbers) -> Numbers:
    """Take from a distance what lies outside; 0 inside."""
    return np.maximum(distance, 0)


def rounded(dr: Numbers, dy: Numbers, rounding: float) -> Numbers:
    """A solid that is `dr` from its side and `dy` from its ends, with round edges."""
    dr, dy = dr + rounding, dy + rounding
    return np.minimum(np.maximum(dr, dy), 0) + length(outside(dr), outside(dy)) - rounding


def cylinder(x: Numbers, y: Numbers, z: Numbers, radius: float, low: float, high: float, rounding: float) -> Numbers:
    """An upright cylinder."""
    return rounded(length(x, z) - radius, np.abs(y - (low + high) / 2) - (high - low) / 2, rounding)


def tapered(x: Numbers, y: Numbers, z: Numbers, low: tuple[float, float], high: tuple[float, float]) -> Numbers:
    """An upright cone cut off at both ends, given by (radius, height) below and above."""
    (r0, y0), (r1, y1) = low, high
    slope = (r0 - r1) / (y1 - y0)
    side = (length(x, z) - (r0 - slope * (y - y0))) / math.sqrt(1 + slope * slope)
    return rounded(side, np.abs(y - (y0 + y1) / 2) - (y1 - y0) / 2, 0.05)


def melted(one: Numbers, other: Numbers, reach: float) -> Numbers:
    """Both, joined smoothly where they are nearer to one another than `reach`."""
    nearness = outside(reach - np.abs(one - other)) / reach
    return np.minimum(one, other) - nearness * nearness * reach / 4


def box(x: Numbers, y: Numbers, z: Numbers, half: tuple[float, float, float], rounding: float) -> Numbers:
    """A box around the origin, given by half its width, height and depth."""
    dx, dy, dz = (np.abs(each) - (side - rounding) for each, side in zip((x, y, z), half, strict=True))
    inside = np.minimum(np.maximum(dx, np.maximum(dy, dz)), 0)
    return length(outside(dx), outside(dy), outside(dz)) + inside - rounding


def ellipsoid(x: Numbers, y: Numbers, z: Numbers, radii: tuple[float, float, float]) -> Numbers:
    """A ball around the origin stretched along the axes; nearly a distance (Quilez, "Ellipsoid - distance")."""
    x, y, z = x / radii[0], y / radii[1], z / radii[2]
    stretched = length(x, y, z)
    return stretched * (stretched - 1) / length(x / radii[0], y / radii[1], z / radii[2])


def rod(
    x: Numbers, y: Numbers, z: Numbers, start: tuple[float, float], end: tuple[float, float], radii: tuple[float, float]
) -> Numbers:
    """A rod with round ends in the plane z = 0, from one (x, y) to another; its radius goes from one to the other."""
    across, up = end[0] - start[0], end[1] - start[1]
    squared, grows = across * across + up * up, radii[1] - radii[0]
    share = np.minimum(outside(((x - start[0]) * across + (y - start[1]) * up) / squared), 1)
    from_axis = length(x - start[0] - across * share, y - start[1] - up * share, z)
    return (from_axis - radii[0] - grows * share) / math.sqrt(1 + grows * grows / squared)


def turned(x: Numbers, z: Numbers, angle: float) -> tuple[Numbers, Numbers]:
    """Two coordinates turned by an angle in radians, the first towards the second."""
    if not angle:
        return x, z
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine - z * sine, x * sine + z * cosine
