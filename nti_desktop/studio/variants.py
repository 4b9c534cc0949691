"""The same scene with one attribute changed: what gives an edit its right answer."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TypeVar

from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    Colour,
    Film,
    Ground,
    Layout,
    Material,
    Scene,
    Sky,
    Thing,
    Weather,
)

Attribute = TypeVar("Attribute", bound=StrEnum)


def _others(values: Iterable[Attribute], *taken: Attribute) -> list[Attribute]:
    return [value for value in values if value not in taken]


def with_first(scene: Scene, change: Callable[[Thing], Thing]) -> Scene:
    """The scene with its first thing changed; of several that are alike, all."""
    changed = len(scene.things) if scene.layout is Layout.ROW else 1
    return replace(scene, things=(*map(change, scene.things[:changed]), *scene.things[changed:]))


def other_colours(scene: Scene) -> list[Scene]:
    """The first thing in every colour that nothing in the scene has."""
    colours = _others(Colour, *(thing.colour for thing in scene.things))
    return [with_first(scene, partial(replace, colour=colour)) for colour in colours]


def other_shapes(scene: Scene) -> list[Scene]:
    """Every other shape that the weights have seen in the first thing's place; it stands on the ground again."""
    shapes = _others(LEARNED_SHAPES, scene.things[0].shape)
    return [with_first(scene, partial(replace, shape=shape)) for shape in shapes]


def other_materials(scene: Scene) -> list[Scene]:
    """The first thing made of everything else."""
    materials = _others(Material, scene.things[0].material)
    return [with_first(scene, partial(replace, material=material)) for material in materials]


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
