"""Orders: every kind is said so that one can carry it out, and the target is what carrying it out gives."""

import random
from dataclasses import replace

import pytest

from nti_desktop.studio.orders import SHARES, Order, draw_order, order_of, reversed_order, targets
from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    Film,
    Ground,
    Layout,
    Material,
    Scene,
    Shape,
    Sky,
    Weather,
    draw_scene,
)

SEEDS = range(700_000, 700_120)


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    lot = random.Random(1)
    return [draw_order(draw_scene(seed), lot) for seed in SEEDS]


def test_every_kind_is_drawn_and_changes_the_scene(orders: list[Order]) -> None:
    assert {order.kind for order in orders} == set(SHARES)
    for order in orders:
        assert order.source != order.target
        assert all(thing.shape in LEARNED_SHAPES for thing in order.target.things)
        assert len(order.ways) >= 2
        assert all(way == way.strip() and way for way in order.ways)


def test_an_order_turned_round_leads_back(orders: list[Order]) -> None:
    for order in orders:
        back = reversed_order(order)
        assert (back.source, back.target) == (order.target, order.source)
        assert reversed_order(back).kind == order.kind


def scene(*shapes: Shape) -> Scene:
    for seed in range(800_000, 810_000):
        found = draw_scene(seed)
        if tuple(thing.shape for thing in found.things) == shapes and found.film is Film.COLOUR:
            return found
    raise AssertionError


def test_a_thing_alone_is_also_called_it_and_one_of_two_never() -> None:
    alone, two = scene(Shape.MUG), scene(Shape.MUG, Shape.CONE)
    assert "make it blue" in {
        way for target in targets(alone, "colour") for way in order_of("colour", alone, target).ways
    }
    for kind in ("colour", "shape", "material", "pose", "size"):
        for target in targets(two, kind):
            said = order_of(kind, two, target).ways[:-1]  # the last is the target's caption
            assert not [way for way in said if " it " in f" {way} "]


@pytest.mark.parametrize(
    ("kind", "chosen", "said"),
    [
        ("colour", lambda s: s.things[0].colour == "blue", "make the mug blue"),
        ("shape", lambda s: s.things[0].shape is Shape.CUBE, "turn the mug into a cube"),
        ("material", lambda s: s.things[0].material is Material.GLASS, "make the mug glass"),
        ("ground", lambda s: s.ground is Ground.SNOW, "put it on snow"),
        ("sky", lambda s: s.sky is Sky.NIGHT, "at night"),
        ("weather", lambda s: s.weather is Weather.FOG, "in fog"),
        ("film", lambda s: s.film is Film.SEPIA, "make it a sepia photo"),
        ("pose", lambda s: True, "put the mug on its side"),
        ("count", lambda s: len(s.things) == 3, "show three mugs"),
    ],
)
def test_the_plainest_way_says_what_to_do(kind: str, chosen: object, said: str) -> None:
    source = next(
        found
        for seed in range(800_000, 810_000)
        if (found := draw_scene(seed)).things[0].shape is Shape.MUG
        and len(found.things) == 1
        and found.film is Film.COLOUR
        and found.weather is Weather.CLEAR
        and found.sky is not Sky.NIGHT
        and found.ground is not Ground.SNOW
        and found.things[0].colour != "blue"
        and found.things[0].material is Material.MATTE
    )
    target = next(other for other in targets(source, kind) if chosen(other))  # type: ignore[operator]
    assert order_of(kind, source, target).ways[0] == said


def test_of_two_alike_things_the_colour_is_said(orders: list[Order]) -> None:
    source = next(
        found
        for seed in range(800_000, 830_000)
        if len((found := draw_scene(seed)).things) == 2 and found.things[0].shape is found.things[1].shape
    )
    gone = next(other for other in targets(source, "removed") if other.things == source.things[1:])
    first = source.things[0]
    assert order_of("removed", source, gone).ways[0] == f"remove the {first.colour} {first.shape}"


def test_a_thing_alone_is_taken_away_and_put_there_again() -> None:
    alone = scene(Shape.MUG)
    (empty,) = targets(alone, "removed")
    assert not empty.things
    colour = alone.things[0].colour
    taken = order_of("removed", alone, empty)
    assert {"remove the mug", f"remove the {colour} mug", "remove it"} <= set(taken.ways)
    assert taken.ways[-1].startswith(f"a photo of {alone.ground}")
    added = reversed_order(taken)
    assert added.ways[0] == f"add {'an' if colour[0] in 'aeiou' else 'a'} {colour} mug"
    assert added.target == alone


def test_a_thing_is_called_by_its_colour_too_where_that_is_seen() -> None:
    mug = scene(Shape.MUG)
    grey = replace(mug, film=Film.BLACK_AND_WHITE)
    coloured = f"the {mug.things[0].colour} mug"
    for source, said in ((mug, True), (grey, False)):
        (empty,) = targets(source, "removed")
        assert any(coloured in way for way in order_of("removed", source, empty).ways) == said


def test_what_is_added_is_named_with_its_side() -> None:
    source = next(found for seed in range(800_000, 810_000) if targets(found := draw_scene(seed), "added"))
    for target in targets(source, "added"):
        assert target.layout is Layout.LEFT
        (new,) = (thing for thing in target.things if thing not in source.things)
        way = order_of("added", source, target).ways[0]
        assert f"{new.colour} {new.shape} on the {'left' if new is target.things[0] else 'right'}" in way
