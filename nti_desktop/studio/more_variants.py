"""What can be changed alone in scenes of the second world, besides what `variants` changes in those of the first."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from nti_desktop.studio.scenes import Colour, Layout, Lighting, Material, Place, Pose, Scene, Shape, Size, Thing
from nti_desktop.studio.variants import VARIANTS, with_first
from nti_desktop.studio.world import UNTURNED

SIZES = {Size.SMALL: 0.44, Size.USUAL: 0.78, Size.BIG: 1.07}
ROWS = {1: (1.0, 0.0), 2: (0.62, 1.6), 3: (0.46, 1.16)}  # most size of so many things in a row, and how far apart
COMPANY = 1.4  # from a thing to the one that is put beside it
ADDED_SIZE = 0.6


def any_other_shapes(scene: Scene) -> list[Scene]:
    """Every other shape in the place of the first thing, or of the several that are alike."""
    return [with_first(scene, partial(replace, shape=shape)) for shape in Shape if shape is not scene.things[0].shape]


def other_poses(scene: Scene) -> list[Scene]:
    """The first thing, or the several that are alike, laid down or stood up."""
    thing = scene.things[0]
    if thing.shape in UNTURNED:
        return []
    return [with_first(scene, partial(replace, pose=pose)) for pose in Pose if pose is not thing.pose]


def other_sizes(scene: Scene) -> list[Scene]:
    """The first thing small, as usual or big; several that are alike have their size from their number."""
    if scene.layout is Layout.ROW or scene.view.is_close:
        return []
    extent = scene.things[0].extent
    return [with_first(scene, partial(replace, size=size)) for name, size in SIZES.items() if name is not extent]


def other_places(scene: Scene) -> list[Scene]:
    """A thing alone everywhere else."""
    if not _is_alone(scene):
        return []
    (thing,) = scene.things
    aside = max(0.65, _wide(scene) * (1.12 - 0.35 * thing.size))
    stands = {
        Place.LEFT: (-aside, 0.2),
        Place.MIDDLE: (0.0, 0.1),
        Place.RIGHT: (aside, 0.2),
        Place.NEAR: (0.0, -1.05),
        Place.FAR: (0.3, 1.8),
    }
    return [
        replace(scene, things=(replace(thing, x=x, z=z),))
        for place, (x, z) in stands.items()
        if place is not scene.place
    ]


def other_counts(scene: Scene) -> list[Scene]:
    """One, two or three of a kind."""
    if scene.view.is_close or (len(scene.things) > 1 and scene.layout is not Layout.ROW):
        return []
    thing = scene.things[0]
    found = []
    for count, (most, apart) in ROWS.items():
        if count != len(scene.things):
            places = [(number - (count - 1) / 2) * apart * _wide(scene) for number in range(count)]
            alike = tuple(replace(thing, size=min(thing.size, most), x=x, z=0.0) for x in places)
            found.append(replace(scene, things=alike, layout=Layout.ROW))
    return found


def other_lightings(scene: Scene) -> list[Scene]:
    """The light from every other side."""
    sun = abs(scene.sun)
    lit = {
        Lighting.LEFT: replace(scene, sun=-sun, backlit=False),
        Lighting.RIGHT: replace(scene, sun=sun, backlit=False),
        Lighting.BEHIND: replace(scene, backlit=True),
    }
    return [other for lighting, other in lit.items() if lighting is not scene.lighting]


def with_another(scene: Scene) -> list[Scene]:
    """A thing alone with one of each shape beside it, in colours that it does not have, on the side where there is more
    room.
    """
    if not _is_alone(scene) or scene.place in (Place.NEAR, Place.FAR):
        return []
    (thing,) = scene.things
    colours = [colour for colour in Colour if colour is not thing.colour]
    side = -1 if thing.x > 0 else 1
    found = []
    for number, shape in enumerate(Shape):
        colour = colours[(scene.noise + number) % len(colours)]
        new = Thing(shape, colour, Material.MATTE, ADDED_SIZE, thing.x + side * COMPANY * _wide(scene), thing.z)
        found.append(replace(scene, things=(new, thing) if side < 0 else (thing, new), layout=Layout.LEFT))
    return found


def without_one(scene: Scene) -> list[Scene]:
    """Either of two things alone, where it stood; nothing at all where a thing was alone."""
    if len(scene.things) > 1 and scene.layout is Layout.ROW:
        return []
    things = scene.things
    return [replace(scene, things=(*things[:gone], *things[gone + 1 :])) for gone in reversed(range(len(things)))]


def _is_alone(scene: Scene) -> bool:
    return len(scene.things) == 1 and not scene.view.is_close


def _wide(scene: Scene) -> float:
    """Return the share of the usual width that a picture shows, at most 1: a tall picture shows less to the sides."""
    return min(1.0, math.sqrt(scene.view.aspect))


# Each changes one attribute alone; none where a scene has nothing of the kind to be changed.
MORE_VARIANTS: Mapping[str, Callable[[Scene], list[Scene]]] = {
    **VARIANTS,
    "shape": any_other_shapes,
    "pose": other_poses,
    "size": other_sizes,
    "place": other_places,
    "count": other_counts,
    "light": other_lightings,
    "added": with_another,
    "removed": without_one,
}
