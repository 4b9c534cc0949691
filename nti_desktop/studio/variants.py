"""The same scene with one attribute changed: what gives an edit its right answer."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from nti_desktop.studio.scenes import Colour, Film, Ground, Material, Scene, Shape, Sky, Thing, Weather

Attribute = TypeVar("Attribute", bound=StrEnum)


def _others(kind: type[Attribute], *taken: Attribute) -> list[Attribute]:
    return [value for value in kind if value not in taken]


def _first_thing(scene: Scene, thing: Thing) -> Scene:
    return replace(scene, things=(thing, *scene.things[1:]))


def other_colours(scene: Scene) -> list[Scene]:
    """The first thing in every colour that nothing in the scene has."""
    colours = _others(Colour, *(thing.colour for thing in scene.things))
    return [_first_thing(scene, replace(scene.things[0], colour=colour)) for colour in colours]


def other_shapes(scene: Scene) -> list[Scene]:
    """Every other shape in the first thing's place; it stands on the ground again."""
    shapes = _others(Shape, scene.things[0].shape)
    return [_first_thing(scene, replace(scene.things[0], shape=shape)) for shape in shapes]


def other_materials(scene: Scene) -> list[Scene]:
    """The first thing made of everything else."""
    materials = _others(Material, scene.things[0].material)
    return [_first_thing(scene, replace(scene.things[0], material=material)) for material in materials]


def other_grounds(scene: Scene) -> list[Scene]:
    """The same things on every other ground."""
    return [replace(scene, ground=ground) for ground in _others(Ground, scene.ground)]


def other_skies(scene: Scene) -> list[Scene]:
    """The same things under every other sky, with its light."""
    return [replace(scene, sky=sky) for sky in _others(Sky, scene.sky)]


def other_weathers(scene: Scene) -> list[Scene]:
    """The same scene in every other weather."""
    return [replace(scene, weather=weather) for weather in _others(Weather, scene.weather)]


def other_films(scene: Scene) -> list[Scene]:
    """The same scene on every other film."""
    return [replace(scene, film=film) for film in _others(Film, scene.film)]


# Each changes one attribute alone; everything else, the noise included, stays.
VARIANTS: Mapping[str, Callable[[Scene], list[Scene]]] = {
    "colour": other_colours,
    "shape": other_shapes,
    "material": other_materials,
    "ground": other_grounds,
    "sky": other_skies,
    "weather": other_weathers,
    "film": other_films,
}


def variant(kind: str, scene: Scene, rng: random.Random) -> Scene:
    """One of the scene's variants of a kind, drawn by lot."""
    return rng.choice(VARIANTS[kind](scene))
