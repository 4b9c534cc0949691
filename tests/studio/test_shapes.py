"""What shapes are made of: distances that a ray may go, things that rest on the ground, balls that hold them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    Colour,
    Film,
    Ground,
    Layout,
    Material,
    Pose,
    Scene,
    Shape,
    Sky,
    Thing,
    Weather,
)
from nti_desktop.studio.shapes import distance_to, surrounding_ball

CUBE = Thing(Shape.CUBE, Colour.ORANGE, Material.MATTE, size=0.8, x=0.3, z=-0.2)
SCENE = Scene(
    (CUBE,),
    Ground.STONE,
    Sky.DAY,
    Weather.CLEAR,
    Film.COLOUR,
    Layout.LEFT,
    sun=0.5,
    camera_height=1.6,
    noise=7,
)
THINGS = [replace(CUBE, shape=shape, pose=pose) for shape, pose in product(Shape, Pose)]
every_thing = pytest.mark.parametrize("thing", THINGS, ids=lambda thing: f"{thing.shape}, {thing.pose}")


def around(thing: Thing, cells: int = 64) -> Tensor:
    """A grid of points (N, 3) that reaches a good way out of the ball around a thing."""
    centre, radius = surrounding_ball(thing)
    side = torch.linspace(-1.3 * radius, 1.3 * radius, cells)
    return torch.cartesian_prod(side, side, side) + centre


def slope(thing: Thing, points: Tensor) -> Tensor:
    """The gradient (N, 3) of a thing's distance at points (N, 3)."""
    steps = torch.eye(3) * 1e-3
    return torch.stack([(distance_to(thing, points + s) - distance_to(thing, points - s)) / 2e-3 for s in steps], -1)


def surface(thing: Thing) -> Tensor:
    """Points (N, 3) on a thing, moved there from close by."""
    points = around(thing)
    points = points[distance_to(thing, points).abs() < 0.04]
    for _ in range(4):
        down = slope(thing, points)
        points = points - distance_to(thing, points)[:, None] * down / down.square().sum(-1, keepdim=True).clamp(
            min=0.1
        )
    return points[distance_to(thing, points).abs() < 1e-3]


@every_thing
def test_a_thing_touches_the_ground_and_is_nowhere_below(thing: Thing) -> None:
    assert abs(float(surface(thing)[:, 1].min())) < 0.02


@every_thing
def test_a_thing_is_held_by_the_ball_around_it(thing: Thing) -> None:
    """The renderer looks for a thing nowhere else."""
    centre, radius = surrounding_ball(thing)
    points = around(thing)
    inside = distance_to(thing, points) < 0
    assert inside.any()
    assert float((points[inside] - centre).norm(dim=-1).max()) < radius
    assert float((surface(thing) - centre).norm(dim=-1).max()) < radius * 1.01


@every_thing
def test_no_distance_is_much_more_than_what_is_left_to_go(thing: Thing) -> None:
    """A step that is a quarter too long still comes to the surface; a longer one jumps to and fro across it."""
    points = around(thing)
    distances = distance_to(thing, points)
    steepness = slope(thing, points).norm(dim=-1)
    assert float(steepness[distances > 0].max()) < 1.25
    assert float(steepness[distances.abs() < 0.04].median()) == pytest.approx(1, abs=0.02)


@every_thing
def test_a_thing_can_be_seen_and_leaves_room_for_others(thing: Thing) -> None:
    picture = render(replace(SCENE, things=(replace(thing, x=0.0, z=0.0),)), 64)
    assert 0.02 < np.mean(picture.objects > 0) < 0.3


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape not in (Shape.BALL, Shape.CUBE)])
def test_a_lying_thing_looks_different(shape: Shape) -> None:
    upright, lying = (
        render(replace(SCENE, things=(replace(CUBE, shape=shape, pose=pose),)), 64).objects for pose in Pose
    )
    assert np.count_nonzero(upright != lying) > 0.1 * np.count_nonzero(upright)


def test_the_shade_of_a_lying_lamp_glows_and_its_foot_does_not() -> None:
    lamp = replace(CUBE, shape=Shape.LAMP, pose=Pose.LYING, x=0.0)
    picture = render(replace(SCENE, things=(lamp,), sky=Sky.NIGHT), 96)
    columns = np.argwhere(picture.objects > 0)[:, 1]
    middle = (columns.min() + columns.max()) // 2
    brightness = [
        picture.image[:, half][picture.objects[:, half] > 0].mean() for half in (slice(middle), slice(middle, None))
    ]
    assert brightness[0] > 1.5 * brightness[1]


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape not in LEARNED_SHAPES])
@pytest.mark.parametrize("pose", Pose)
def test_edges_before_other_parts_of_a_thing_are_whole(shape: Shape, pose: Pose) -> None:
    """Rays that skim past an edge need many steps to what is behind it; where they got lost, single pixels would be."""
    seen = render(replace(SCENE, things=(replace(CUBE, shape=shape, pose=pose),)), 256).objects > 0
    beside = seen[:-2, 1:-1] & seen[2:, 1:-1] & seen[1:-1, :-2] & seen[1:-1, 2:]
    assert not (beside & ~seen[1:-1, 1:-1]).any()
