"""What stands in a scene, what its caption says, and what a variant changes."""

import random
from collections import Counter
from dataclasses import fields, replace
from itertools import pairwise

import pytest

from nti_desktop.studio.captions import GROUND, PLAIN, Wording, caption, caption_pair, draw_wording, phrases
from nti_desktop.studio.scenes import (
    LEARNED_SHAPES,
    PAIRS,
    TRAINING_SEEDS,
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
    draw_scene,
)
from nti_desktop.studio.variants import VARIANTS, variant

BALL = Thing(Shape.BALL, Colour.ORANGE, Material.MATTE, size=0.7, x=-0.8, z=0.0)
MUG = Thing(Shape.MUG, Colour.BLUE, Material.GLASS, size=0.6, x=0.8, z=0.0)
SCENE = Scene(
    (BALL, MUG),
    Ground.WOOD,
    Sky.SUNSET,
    Weather.FOG,
    Film.COLOUR,
    Layout.LEFT,
    sun=0.5,
    camera_height=1.5,
    noise=1,
)
SEEDS = range(40)


def test_a_seed_always_draws_the_same_scene() -> None:
    assert draw_scene(3) == draw_scene(3)
    assert draw_scene(3) != draw_scene(4)


@pytest.mark.parametrize("seed", [TRAINING_SEEDS[0], TRAINING_SEEDS[-1]])
def test_the_seeds_of_training_are_not_held_out(seed: int) -> None:
    with pytest.raises(ValueError, match="training"):
        draw_scene(seed)


def test_many_scenes_show_everything_there_is() -> None:
    scenes = [draw_scene(seed) for seed in range(300)]
    things = [thing for scene in scenes for thing in scene.things]
    assert {len(scene.things) for scene in scenes} == {1, 2}
    assert {scene.layout for scene in scenes} == set(PAIRS)
    for kind in (Ground, Sky, Weather, Film):
        assert {getattr(scene, kind.__name__.lower()) for scene in scenes} == set(kind)
    for kind in (Colour, Material):
        assert {getattr(thing, kind.__name__.lower()) for thing in things} == set(kind)
    assert {thing.shape for thing in things} == set(LEARNED_SHAPES)


def test_scenes_show_only_what_the_weights_have_seen() -> None:
    assert " ".join(LEARNED_SHAPES) == "ball cube cone ring mug bottle bowl lamp"
    for scene in map(draw_scene, range(100)):
        for shown in (scene, *VARIANTS["shape"](scene)):
            assert all(t.shape in LEARNED_SHAPES and t.pose is Pose.UPRIGHT for t in shown.things)


def test_the_world_is_as_rich_as_promised() -> None:
    assert [len(kind) for kind in (LEARNED_SHAPES, Colour, Material, Ground, Sky)] == [8, 10, 4, 6, 5]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_things_differ_in_colour_and_stand_as_the_layout_says(seed: int) -> None:
    scene = draw_scene(seed)
    if len(scene.things) == 1:
        return
    first, second = scene.things
    assert first.colour is not second.colour
    if scene.layout is Layout.LEFT:
        assert first.x < second.x
    else:
        assert (first.z > second.z) == (scene.layout is Layout.BEHIND)


def test_the_caption_says_what_is_there() -> None:
    assert caption(SCENE) == "a photo of an orange ball and a blue glass mug on a wooden table at sunset in fog"
    said = caption(SCENE, Wording(say_matte=True))
    assert said.startswith("a photo of a matte orange ball and a blue glass mug on")
    black_and_white = replace(SCENE, film=Film.BLACK_AND_WHITE, weather=Weather.CLEAR)
    assert caption(black_and_white).startswith("a black and white photo of an orange ball")
    assert caption(black_and_white).endswith("at sunset")


@pytest.mark.parametrize(
    ("layout", "joined", "words"),
    [
        (Layout.LEFT, 1, "ball to the left of a blue glass mug"),
        (Layout.LEFT, 2, "mug to the right of an orange ball"),
        (Layout.BEHIND, 0, "ball behind a blue glass mug"),
        (Layout.BEHIND, 2, "mug in front of an orange ball"),
        (Layout.FRONT, 0, "ball in front of a blue glass mug"),
        (Layout.FRONT, 2, "mug behind an orange ball"),
    ],
)
def test_captions_say_how_two_things_stand(layout: Layout, joined: int, words: str) -> None:
    assert words in caption(replace(SCENE, layout=layout), Wording(joined=joined))


def test_every_article_fits_the_word_after_it() -> None:
    rng = random.Random(0)
    for seed in range(400):
        words = caption(draw_scene(seed), draw_wording(rng)).split()
        for article, word in pairwise(words):
            if article in ("a", "an"):
                assert (article == "an") == (word[0] in "aeiou"), words


def test_phrasings_vary_and_sometimes_leave_things_out() -> None:
    rng = random.Random(0)
    texts = [caption(SCENE, draw_wording(rng)) for _ in range(1000)]
    assert len(set(texts)) > 50
    for word, least in (("orange", 0.85), ("glass", 0.8), ("table", 0.85), ("sunset", 0.85), ("fog", 0.9)):
        said = sum(word in text.split() for text in texts) / 1000
        assert least < said < 1


def test_each_phrase_knows_what_it_is_about() -> None:
    about = {phrase.text: phrase.about for phrase in phrases(SCENE, PLAIN)}
    assert about["an orange ball"] == 1
    assert about["a blue glass mug"] == 2
    assert about["a wooden table"] == GROUND
    assert about["at sunset"] is None
    turned = {phrase.text: phrase.about for phrase in phrases(SCENE, Wording(joined=2))}
    assert (turned["an orange ball"], turned["a blue glass mug"]) == (1, 2)


def test_there_is_a_variant_for_each_attribute() -> None:
    assert set(VARIANTS) == {"colour", "shape", "material", "ground", "sky", "weather", "film"}


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_variant_changes_one_attribute_alone(kind: str, seed: int) -> None:
    source = draw_scene(seed)
    for edit in VARIANTS[kind](source):
        changed = [f.name for f in fields(Scene) if getattr(source, f.name) != getattr(edit, f.name)]
        if kind in ("colour", "shape", "material"):
            assert changed == ["things"]
            assert edit.things[1:] == source.things[1:]
            before, after = source.things[0], edit.things[0]
            assert [f.name for f in fields(Thing) if getattr(before, f.name) != getattr(after, f.name)] == [kind]
        else:
            assert changed == [kind]


def test_the_variants_are_all_other_values() -> None:
    colours = [scene.things[0].colour for scene in VARIANTS["colour"](SCENE)]
    assert sorted(colours) == sorted(set(Colour) - {Colour.ORANGE, Colour.BLUE})
    assert [scene.sky for scene in VARIANTS["sky"](SCENE)] == [sky for sky in Sky if sky is not Sky.SUNSET]
    assert variant("sky", SCENE, random.Random(1)) in VARIANTS["sky"](SCENE)


@pytest.mark.parametrize("kind", VARIANTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_captions_of_a_pair_differ_in_that_attributes_words_alone(kind: str, seed: int) -> None:
    source = draw_scene(seed)
    edit = variant(kind, source, random.Random(seed))
    before, after = (Counter(text.split()) for text in caption_pair(source, edit))
    gone, come = list((before - after).elements()), list((after - before).elements())
    thing = kind in ("colour", "shape", "material")
    for words, scene in ((gone, source), (come, edit)):
        value = getattr(scene.things[0] if thing else scene, kind)
        assert set(words) <= {*value.split(), "a", "an"}
    assert gone or come
