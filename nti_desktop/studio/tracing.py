"""Where rays meet things, found by sphere tracing, and how much light comes there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nti_desktop.studio.camera import unit
from nti_desktop.studio.scenes import Material, Scene, Thing, Weather, is_learned
from nti_desktop.studio.shapes import Points, apart, distance_to, distances_to, surrounding_ball
from nti_desktop.studio.skies import light_of, sun_direction
from nti_desktop.studio.solids import Numbers

TRACING_STEPS = 40
ARRIVED = 5e-5  # units of the world; so near a thing a ray has met it
SKIMMING_STEPS = 120  # for rays that skim past an edge
SHADOW_STEPS = 18


@dataclass(frozen=True, eq=False)
class Look:
    """What a number of rays meet. points, normals, directions: (N, 3)."""

    points: Tensor
    normals: Tensor
    directions: Tensor


def trace(thing: Thing, eye: Tensor, directions: Tensor, depth: Tensor) -> tuple[Tensor, Tensor]:
    """Measure how far the rays (..., 3) go to a thing (N,), and tell which of them meet it, nearer than `depth` (...).

    Only rays through the ball around the thing are followed, from where they enter it.
    """
    centre, radius = surrounding_ball(thing)
    towards = centre - eye
    along = (directions * towards).sum(-1)
    half_chord = radius**2 - ((towards * towards).sum(-1) - along**2)
    seen = (half_chord > 0) & (along > 0)
    starts, rays = apart(eye.expand_as(directions)[seen]), apart(directions[seen])
    chord = half_chord[seen].sqrt()
    reach, farthest = (along[seen] - chord).clamp(min=0).numpy(), (along[seen] + chord + 0.05).numpy()
    under_way = np.arange(len(reach))
    # What is learned stays, to the last pixel, as the weights have seen it.
    for _ in range(TRACING_STEPS if is_learned(thing) else SKIMMING_STEPS):
        clearance = distances_to(thing, _along(starts, rays, reach, under_way))
        reach[under_way] += clearance * 0.95
        under_way = under_way[(np.abs(clearance) > ARRIVED) & (reach[under_way] < farthest[under_way])]
        if not len(under_way):
            break
    close = np.abs(distances_to(thing, _along(starts, rays, reach, np.s_[:]))) < 0.01
    hit = torch.from_numpy(close & (reach < depth[seen].numpy()) & (reach < farthest))
    found = torch.from_numpy(reach)
    seen[seen.clone()] = hit
    return found[hit], seen


def _along(starts: Points, rays: Points, reach: Numbers, of: Any) -> Points:
    """Go along some of the rays, so far."""
    x, y, z = (start[of] + reach[of] * ray[of] for start, ray in zip(starts, rays, strict=True))
    return x, y, z


def look_at(thing: Thing, eye: Tensor, directions: Tensor, reach: Tensor) -> Look:
    """Points and normals where rays meet a thing; the slope of the distance, by differences in four directions."""
    points = eye + reach[:, None] * directions
    corners = torch.tensor([[1.0, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    slope = sum((distance_to(thing, points + c * 2e-3)[:, None] * c for c in corners), torch.zeros(3))
    return Look(points, unit(slope), directions)


def sunlight_at(scene: Scene, points: Tensor, normals: Tensor) -> Tensor:
    """Measure how much of the sun (N,) reaches points (N, 3), 0 to 1: the closer a thing to the way there, the less."""
    sun, sharpness = sun_direction(scene), light_of(scene).sharpness
    if scene.weather is Weather.FOG:
        sharpness = min(sharpness, 3.0)
    light = torch.ones(points.shape[0])
    starts = points + normals * 0.03
    for thing in scene.things:
        centre, radius = surrounding_ball(thing)
        towards = centre - starts
        along = towards @ sun
        wide = radius + along.clamp(min=0) / sharpness
        near = ((towards * towards).sum(-1) - along**2 < wide**2) & (along > -radius)
        if not near.any():
            continue
        begin, way = apart(starts[near]), tuple(map(float, sun))
        travelled = (along[near] - wide[near]).clamp(min=0.03).numpy()
        lit = np.ones_like(travelled)
        for _ in range(SHADOW_STEPS):
            x, y, z = (start + travelled * step for start, step in zip(begin, way, strict=True))
            clearance = distances_to(thing, (x, y, z))
            lit = np.minimum(lit, 0.5 + 0.5 * sharpness * clearance / travelled)
            travelled = travelled + np.minimum(np.maximum(clearance, 0.04), 0.5)
        lit = np.minimum(np.maximum(lit, 0), 1)
        lit = lit * lit * (3 - 2 * lit)
        strength = 0.55 if thing.material is Material.GLASS else 1.0
        light[near] *= torch.from_numpy(1 - strength * (1 - lit))
    return light


def openness_at(scene: Scene, points: Tensor) -> Tensor:
    """Measure how open to the sky (N,) the ground is at points (N, 3), 0 to 1: things close by keep the light out."""
    openness = torch.ones(points.shape[0])
    for thing in scene.things:
        centre, radius = surrounding_ball(thing)
        near = (points - centre).norm(dim=-1) < radius + 0.7
        if near.any():
            closeness = (1 - distance_to(thing, points[near]).clamp(min=0) / 0.6).clamp(min=0)
            openness[near] *= 1 - 0.75 * closeness**2
    return openness
