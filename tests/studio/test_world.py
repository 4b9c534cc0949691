"""The second world: what its scenes hold, what can be changed in them, how they are said and drawn."""

import random
from collections import Counter
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from nti_desktop.studio.camera import extent, framed
from nti_desktop.studio.captions import caption, caption_pair, draw_words
from nti_desktop.studio.more_variants import MORE_VARIANTS
from nti_desktop.studio.render import drawn, render
from nti_desktop.studio.scenes import (
    Colour,
    Film,
    Ground,
    Layout,
    Lighting,
    Material,
    Place,
    Pose,
    Scene,
    Shape,
    Size,
    Sky,
    Thing,
    View,
    Weather,
)
from nti_desktop.studio.truth import visible_difference
from nti_desktop.studio.world import ASPECTS, TRAINING_SEEDS, draw_scene

pytestmark = pytest.mark.slow

SCENES = [draw_scene(seed) for seed in range(10_000, 10_600)]
SIDE = 64  # pixels


def of_kind(kind: str, count: int) -> list[tuple[Scene, Scene]]:
    """Scenes in which something of the kind can be changed, and all that it can be changed to."""
    pairs = [(scene, other) for scene in SCENES for other in MORE_VARIANTS[kind](scene)]
    return random.Random(kind).sample(pairs, count)


def what_is_there(scene: Scene) -> dict[str, object]:
    """All that is said of a scene, with the things' attributes one by one."""
    said: dict[str, object] = {field.name: getattr(scene, field.name) for field in fields(scene)}
    things = said.pop("things")
    assert isinstance(things, tuple)
    said |= {f"{field.name} {n}": getattr(t, field.name) for n, t in enumerate(things) for field in fields(t)}
    return said


def test_a_seed_always_draws_the_same_scene_and_those_of_training_are_not_held_out() -> None:
    assert draw_scene(5) == draw_scene(5) != draw_scene(6)
    for seed in (TRAINING_SEEDS[0], TRAINING_SEEDS[-1]):
        with pytest.raises(ValueError, match="training scenes"):
            draw_scene(seed)


def test_many_scenes_show_everything_there_is() -> None:
    things = [thing for scene in SCENES for thing in scene.things]
    assert {thing.shape for thing in things} == set(Shape)
    assert {thing.colour for thing in things} == set(Colour)
    assert {thing.material for thing in things} == set(Material)
    assert {thing.pose for thing in things} == set(Pose)
    assert {thing.extent for thing in things} == set(Size)
    assert {scene.place for scene in SCENES} == set(Place)
    assert {scene.lighting for scene in SCENES} == set(Lighting)
    assert {scene.layout for scene in SCENES} == set(Layout)
    assert {scene.view.aspect for scene in SCENES} == set(ASPECTS)
    counts = Counter(len(scene.things) for scene in SCENES)
    assert all(counts[count] > 20 for count in (1, 2, 3))


def test_what_stands_in_a_row_is_alike_and_two_other_things_differ_in_colour() -> None:
    for scene in SCENES:
        kinds = {(thing.shape, thing.colour, thing.material, thing.pose, thing.size) for thing in scene.things}
        colours = {thing.colour for thing in scene.things}
        assert len(kinds) == (1 if scene.layout is Layout.ROW else len(scene.things))
        assert len(colours) == (1 if scene.layout is Layout.ROW else len(scene.things))


@pytest.mark.parametrize("aspect", [1.0, 1.5, 1 / 1.5, 4 / 3, 16 / 9])
def test_pictures_of_all_formats_have_about_the_same_area_and_form(aspect: float) -> None:
    height, width = extent(View(aspect=aspect), 256)
    assert abs(height * width / 256**2 - 1) < 0.06
    assert abs(width / height / aspect - 1) < 0.06
    picture = drawn(replace(SCENES[0], view=View(aspect=1.5)), 128)
    assert picture.image.shape == (*picture.objects.shape, 3) == (*extent(View(aspect=1.5), 128), 3)


def test_the_usual_formats_are_squeezed_by_at_most_three_per_cent() -> None:
    for aspect in ASPECTS:
        height, width = extent(View(aspect=aspect), 256)
        assert abs(width / height / aspect - 1) <= 0.03


@pytest.mark.parametrize("seed", range(10_000, 10_003))
def test_edges_are_smoother_than_of_one_ray_a_pixel(seed: int) -> None:
    scene = replace(draw_scene(seed), view=View())
    many = drawn(scene, 4 * SIDE).image.astype(float).reshape(SIDE, 4, SIDE, 4, 3).mean((1, 3))
    few, one = drawn(scene, SIDE).image, render(scene, SIDE).image
    assert np.square(few - many).mean() < 0.8 * np.square(one - many).mean()


@pytest.mark.parametrize("seed", range(10_000, 10_006))
def test_a_view_of_a_thing_shows_it_large_and_in_the_middle(seed: int) -> None:
    scene = draw_scene(seed)
    scene = replace(scene, things=scene.things[:1])
    near = drawn(replace(scene, view=framed(scene, scene.things[0], 1.0, 0.0, 0.0, 1.2)), SIDE).objects == 1
    far = drawn(replace(scene, view=View()), SIDE).objects == 1
    assert near.mean() > max(0.12, far.mean())
    rows, columns = np.nonzero(near)
    assert abs(rows.mean() / SIDE - 0.5) < 0.15
    assert abs(columns.mean() / SIDE - 0.5) < 0.15


def test_light_from_behind_throws_shadows_towards_the_camera() -> None:
    ball = Thing(Shape.BALL, Colour.RED, Material.MATTE, 0.8, 0.0, 0.0)
    scene = Scene(
        (ball,), Ground.SAND, Sky.DAY, Weather.CLEAR, Film.COLOUR, Layout.LEFT, sun=0.6, camera_height=1.6, noise=1
    )
    front, behind = (drawn(replace(scene, backlit=lit), SIDE) for lit in (False, True))
    lowest = np.nonzero(front.objects)[0].max()
    nearer = np.s_[lowest + 2 : lowest + 8]
    assert np.percentile(behind.image[nearer], 5) < 0.75 * np.percentile(front.image[nearer], 5)


ALONE = {
    "pose": {"pose"},
    "size": {"size"},
    "place": {"x", "z"},
    "light": {"sun", "backlit"},
    "shape": {"shape"},
    "colour": {"colour"},
    "material": {"material"},
}


@pytest.mark.parametrize("kind", ALONE)
def test_a_variant_changes_one_attribute_alone(kind: str) -> None:
    for source, other in of_kind(kind, 40):
        before, after = what_is_there(source), what_is_there(other)
        assert before.keys() == after.keys()
        changed = {name.split()[0] for name in before if before[name] != after[name]}
        assert changed
        assert changed <= ALONE[kind]


def test_counted_added_and_removed_things_leave_the_rest_alone() -> None:
    for source, other in of_kind("count", 40):
        assert len(source.things) != len(other.things)
        assert {(t.shape, t.colour, t.material) for t in (*source.things, *other.things)} == {
            (source.things[0].shape, source.things[0].colour, source.things[0].material)
        }
    for source, other in of_kind("added", 40):
        assert set(source.things) < set(other.things)
        assert len(other.things) == 2
        assert other.things[0].x < other.things[1].x
    for source, other in of_kind("removed", 40):
        assert set(other.things) < set(source.things)
        assert len(other.things) == len(source.things) - 1


@pytest.mark.parametrize("kind", MORE_VARIANTS)
def test_every_change_can_be_said_and_seen(kind: str) -> None:
    seen = 0
    for source, other in of_kind(kind, 4):
        before, after = caption_pair(source, other)
        assert before != after
        pictures = [drawn(scene, SIDE).image / 255 for scene in (source, other)]
        seen += bool(visible_difference(pictures[1], pictures[0]).mean() > 0.01)
    assert seen >= 3


def test_the_captions_of_a_pair_differ_in_the_words_of_the_change_alone() -> None:
    for source, other in of_kind("size", 20):
        before, after = (set(text.split()) for text in caption_pair(source, other))
        assert before ^ after <= {"small", "big", "a", "an"}
    for source, other in of_kind("light", 20):
        before, after = (set(text.split()) for text in caption_pair(source, other))
        assert before ^ after <= {"the", "left", "right", "behind"}
    for source, other in of_kind("pose", 20):
        before, after = caption_pair(source, other)
        assert "lying on" in before + after
        assert len(before) != len(after)


def test_wordings_are_short_and_long_and_the_articles_are_right() -> None:
    rng = random.Random(3)
    said = [caption(scene, draw_words(rng)) for scene in SCENES for _ in range(3)]
    lengths = np.array([len(text.split()) for text in said])
    assert np.mean(lengths <= 5) > 0.06
    assert np.mean(lengths > 9) > 0.4
    for words in map(str.split, said):
        for article, word in pairwise(words):
            if article in ("a", "an"):
                assert (article == "an") == (word[0] in "aeiou"), words
            if article in ("two", "three"):
                assert any(each.endswith("s") for each in words)
    assert any("lying on their sides" in text for text in said)
    assert any(text.startswith("a close-up of") for text in said)
