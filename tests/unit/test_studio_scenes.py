"""What stands in a scene, what its caption says, and what a variant changes."""

import random
from collections import Counter
from dataclasses import fields

import pytest

from nti_desktop.studio.scenes import (
    TRAINING_SEEDS,
    VARIANTS,
    Colour,
    Ground,
    Material,
    Scene,
    Shape,
    Sky,
    Thing,
    caption,
    caption_pair,
    draw_scene,
)

BALL = Thing(Shape.BALL, Colour.RED, Material.MATTE, size=0.7, x=0.0, z=0.0, turn=0.0)
CUBE = Thing(Shape.CUBE, Colour.BLUE, Material.SHINY, size=0.6, x=0.8, z=0.0, turn=0.0)
SCENE = Scene((BALL, CUBE), Ground.WOOD, Sky.SUNSET, sun=0.0, camera_height=1.5, camera_x=0.0, noise=1)
SEEDS = range(40)


def test_a_seed_always_draws_the_same_scene() -> None:
    assert draw_scene(3) == draw_scene(3)
    assert draw_scene(3) != draw_scene(4)


@pytest.mark.parametrize("seed", TRAINING_SEEDS)
def test_the_seeds_of_training_are_not_held_out(seed: int) -> None:
    with pytest.raises(ValueError, match="training"):
        draw_scene(seed)


def test_many_scenes_show_everything_there_is() -> None:
    scenes = [draw_scene(seed) for seed in range(200)]
    things = [thing for scene in scenes for thing in scene.things]
    assert {len(scene.things) for scene in scenes} == {1, 2}
    assert {scene.ground for scene in scenes} == set(Ground)
    assert {scene.sky for scene in scenes} == set(Sky)
    assert {thing.shape for thing in things} == set(Shape)
    assert {thing.colour for thing in things} == set(Colour)
    assert {thing.material for thing in things} == set(Material)


def test_two_things_never_have_the_same_colour() -> None:
    for seed in SEEDS:
        colours = [thing.colour for thing in draw_scene(seed).things]
        assert len(colours) == len(set(colours))


def test_the_caption_says_what_is_there() -> None:
    assert caption(SCENE) == "a photo of a red ball and a shiny blue cube on a wooden table at sunset"
    assert caption(SCENE, say_matte=True).startswith("a photo of a matte red ball and a shiny blue cube on")


def test_captions_by_lot_say_matte_three_times_in_ten_and_a_photo_seven() -> None:
    rng = random.Random(0)
    captions = [caption(SCENE, rng) for _ in range(2000)]
    assert 0.27 < sum("matte" in text for text in captions) / 2000 < 0.33
    assert 0.67 < sum(text.startswith("a photo of a") for text in captions) / 2000 < 0.73
    assert all("shiny blue cube" in text for text in captions)


def test_there_is_a_variant_for_each_attribute() -> None:
    assert set(VARIANTS) == {"colour", "shape", "ground", "sky", "material"}


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_variant_changes_one_attribute_alone(kind: str, seed: int) -> None:
    source = draw_scene(seed)
    edit = VARIANTS[kind](source, random.Random(seed))
    changed = [f.name for f in fields(Scene) if getattr(source, f.name) != getattr(edit, f.name)]
    if kind in ("ground", "sky"):
        assert changed == [kind]
    else:
        assert changed == ["things"]
        assert edit.things[1:] == source.things[1:]
        before, after = source.things[0], edit.things[0]
        assert [f.name for f in fields(Thing) if getattr(before, f.name) != getattr(after, f.name)] == [kind]


def test_a_variant_is_another_value_each_time_and_every_value_comes() -> None:
    colours = {VARIANTS["colour"](SCENE, random.Random(seed)).things[0].colour for seed in range(200)}
    assert colours == set(Colour) - {Colour.RED, Colour.BLUE}
    skies = {VARIANTS["sky"](SCENE, random.Random(seed)).sky for seed in range(100)}
    assert skies == set(Sky) - {Sky.SUNSET}


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_captions_of_a_pair_differ_in_that_attributes_words_alone(kind: str, seed: int) -> None:
    source = draw_scene(seed)
    edit = VARIANTS[kind](source, random.Random(seed))
    before, after = (Counter(text.split()) for text in caption_pair(source, edit))
    gone, come = " ".join((before - after).elements()), " ".join((after - before).elements())
    if kind in ("ground", "sky"):
        for words, value in ((gone, getattr(source, kind)), (come, getattr(edit, kind))):
            assert words
            assert set(words.split()) <= set(value.split())
    else:
        assert (gone, come) == (getattr(source.things[0], kind), getattr(edit.things[0], kind))
