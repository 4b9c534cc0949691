"""Orders: what to change in a scene, in words, and the scene as it should come out."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nti_desktop.studio.captions import caption_pair
from nti_desktop.studio.more_variants import MORE_VARIANTS
from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    Count,
    Film,
    Layout,
    Material,
    Place,
    Pose,
    Scene,
    Thing,
    Weather,
)

# How often each kind is drawn: those more often that are harder to learn.
SHARES: Mapping[str, float] = {
    "colour": 2.5, "shape": 4, "material": 3, "ground": 2, "sky": 2, "weather": 1.5, "film": 1, "pose": 2.5,
    "size": 2.5, "place": 2, "count": 1.5, "light": 3, "added": 2, "removed": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One change. ways: how it can be said, at least one, the plainest first."""

    kind: str
    source: Scene
    target: Scene
    ways: tuple[str, ...]


def draw_order(scene: Scene, rng: random.Random) -> Order:
    """One of the changes that can be asked of a scene, by lot."""
    possible = {kind: found for kind in SHARES if (found := targets(scene, kind))}
    kind = rng.choices(list(possible), [SHARES[kind] for kind in possible])[0]
    return order_of(kind, scene, rng.choice(possible[kind]))


def targets(scene: Scene, kind: str) -> list[Scene]:
    """List what a scene may become by a change of this kind, with shapes only that the weights have seen."""
    return [other for other in MORE_VARIANTS[kind](scene) if all(t.shape in LEARNED_SHAPES for t in other.things)]


def order_of(kind: str, source: Scene, target: Scene) -> Order:
    """The order by which one scene becomes the other; the target's caption is a way to say it too. kind: see SHARES.

    A thing is also called by its colour, where that is to be seen, and one alone “it”.
    """
    if kind == "added":
        said = list(_added(source, target))
    else:
        (asked,) = set(source.things) - set(target.things) if kind == "removed" else source.things[:1]
        said = [way for it in _calls(source, asked) for way in _ways(kind, source, target, it)]
    return Order(kind, source, target, tuple(dict.fromkeys([*said, caption_pair(source, target)[1]])))


def reversed_order(order: Order) -> Order:
    """The order by which the target becomes the source again."""
    kind = {"added": "removed", "removed": "added"}.get(order.kind, order.kind)
    return order_of(kind, order.target, order.source)


def _ways(kind: str, source: Scene, target: Scene, it: str) -> Iterator[str]:
    if kind == "removed":
        yield from (f"remove {it}", f"take {it} away", f"without {it}")
        return
    first, new = source.things[0], target.things[0]
    match kind:
        case "colour":
            yield from (f"make {it} {new.colour}", f"paint {it} {new.colour}", f"turn {it} {new.colour}")
        case "shape":
            article = _article(str(new.shape))
            yield from (f"turn {it} into {article}", f"replace {it} with {article}", f"make {it} {article}")
        case "material":
            yield from (f"make {it} {new.material}", f"change {it} to {new.material}")
            if new.material in (Material.GLASS, Material.METAL):
                yield f"make {it} of {new.material}"
        case "ground":
            yield from (f"put it on {target.ground}", f"change the ground to {target.ground}", f"on {target.ground}")
        case "sky":
            yield from (str(target.sky), f"make it {target.sky}", f"show it {target.sky}")
        case "weather":
            yield from _weather(source.weather, target.weather)
        case "film":
            plain = "a colour photo" if target.film is Film.COLOUR else str(target.film)
            yield from (f"make it {plain}", f"turn it into {plain}", f"as {plain}")
        case "pose":
            yield from _posed(it, new.pose)
        case "size":
            size = new.extent or ("bigger" if new.size > first.size else "smaller")
            yield f"make {it} {size}"
            yield f"make {it} {'bigger' if new.size > first.size else 'smaller'}"
        case "place":
            yield f"move {it} {_WAY[target.place]}"
            yield f"put {it} {target.place or 'elsewhere'}"
        case "count":
            said = f"{target.count} {new.shape}{'' if target.count is Count.ONE else 's'}"
            yield from (f"show {said}", f"make it {said}")
        case "light":
            yield from (str(target.lighting), f"make it {target.lighting}")


_WAY = {
    Place.LEFT: "to the left",
    Place.RIGHT: "to the right",
    Place.MIDDLE: "to the middle",
    Place.NEAR: "closer",
    Place.FAR: "into the distance",
    Place.ANYWHERE: "elsewhere",
}


def _weather(source: Weather, target: Weather) -> Iterator[str]:
    match target:
        case Weather.FOG:
            yield from ("in fog", "add fog", "make it foggy")
        case Weather.RAIN:
            yield from ("after rain", "make it wet", "let it rain")
        case Weather.CLEAR:
            yield from ("without fog", "clear the fog") if source is Weather.FOG else ("without rain", "make it dry")


def _posed(it: str, pose: Pose) -> Iterator[str]:
    if pose is Pose.LYING:
        yield from (f"put {it} on its side", f"lay {it} down", f"lay {it} on its side")
    else:
        yield from (f"stand {it} up", f"put {it} upright")


def _added(source: Scene, target: Scene) -> Iterator[str]:
    (new,) = (thing for thing in target.things if thing not in source.things)
    described = _article(f"{new.colour} {new.shape}")
    if source.things and target.layout is Layout.LEFT:
        side = "left" if new is target.things[0] else "right"
        yield from (f"add {described} on the {side}", f"put {described} on the {side}")
    elif source.things:
        behind = (new is target.things[0]) == (target.layout is Layout.BEHIND)
        yield f"add {described} {'behind it' if behind else 'in front of it'}"
    yield f"add {described}"


def _calls(scene: Scene, thing: Thing) -> tuple[str, ...]:
    """The thing as an order calls it, the plainest first: with its colour where another has its shape, in the plural if
    all are alike.
    """
    if scene.layout is Layout.ROW and len(scene.things) > 1:
        return (f"the {thing.shape}s",)
    plain, coloured = f"the {thing.shape}", f"the {thing.colour} {thing.shape}"
    if sum(other.shape is thing.shape for other in scene.things) > 1:
        return (coloured,)
    seen = (coloured,) if scene.film is Film.COLOUR else ()
    return plain, *seen, *(("it",) if len(scene.things) == 1 else ())


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
