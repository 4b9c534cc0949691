"""The renderer draws the world the built-in weights were trained on, at any size."""

import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.studio.captions import caption, draw_wording
from nti_desktop.studio.render import TRAINING_SIZE, render, training_picture
from nti_desktop.studio.scenes import (
    Colour,
    Film,
    Ground,
    Layout,
    Material,
    Scene,
    Shape,
    Sky,
    Thing,
    Weather,
    draw,
    draw_scene,
)
from nti_desktop.studio.surfaces import COLOURS
from nti_desktop.studio.variants import VARIANTS

KNOWN = Path(__file__).parents[1] / "data" / "studio" / "training.npz"
BALL = Thing(Shape.BALL, Colour.RED, Material.MATTE, size=0.8, x=0.0, z=0.0)
SCENE = Scene(
    (BALL,),
    Ground.SAND,
    Sky.DAY,
    Weather.CLEAR,
    Film.COLOUR,
    Layout.LEFT,
    sun=0.5,
    camera_height=1.6,
    noise=7,
)


def shrunk(image: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    blocks = image.astype(np.float64).reshape(size, image.shape[0] // size, size, image.shape[1] // size, 3)
    average: NDArray[np.float64] = blocks.mean((1, 3))
    return average


@pytest.mark.parametrize("seed", [2000, 2063, 7])
def test_pictures_and_captions_are_those_the_weights_were_trained_with(seed: int) -> None:
    """The file holds four pictures and captions of each stream, made by the renderer that drew the training set."""
    with np.load(KNOWN) as known:
        pictures, captions = known[f"pictures_{seed}"], known["captions"].tolist()
    rng = random.Random(seed)
    for number, picture in enumerate(pictures):
        scene = draw(rng)
        assert caption(scene, draw_wording(random.Random(number))) in captions
        difference = np.abs(training_picture(scene).image.astype(int) - picture)
        assert np.count_nonzero(difference > 1) <= 0.002 * difference.size  # rounding at an edge, on another processor


@pytest.mark.slow
@pytest.mark.parametrize("shape", Shape)
def test_every_material_can_be_told_from_every_other(shape: Shape) -> None:
    """In levels of 255, on the pixels of the thing, in the mean."""
    pictures = [
        training_picture(replace(SCENE, things=(replace(BALL, shape=shape, material=material),)))
        for material in Material
    ]
    seen = pictures[0].objects == 1
    for one, other in combinations(pictures, 2):
        assert np.abs(one.image[seen].astype(float) - other.image[seen]).mean() > 6


def test_the_same_scene_gives_the_same_picture() -> None:
    np.testing.assert_array_equal(render(SCENE, 32).image, render(SCENE, 32).image)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_pictures_and_maps_have_the_size_asked_for(size: int) -> None:
    picture = render(SCENE, size, rays=2)
    assert picture.image.shape == (size, size, 3)
    assert picture.image.dtype == np.uint8
    assert picture.objects.shape == picture.ground.shape == (size, size)
    assert not (picture.ground & (picture.objects > 0)).any()


@pytest.mark.parametrize("sky", Sky)
@pytest.mark.parametrize("ground", Ground)
def test_a_large_picture_averaged_is_the_training_picture(ground: Ground, sky: Sky) -> None:
    scene = replace(SCENE, ground=ground, sky=sky)
    large, small = shrunk(render(scene, 2 * TRAINING_SIZE).image, TRAINING_SIZE), training_picture(scene).image
    error = np.mean((large - small) ** 2)
    assert 10 * np.log10(255**2 / error) > 30


def test_the_object_map_shows_each_thing_where_it_stands() -> None:
    second = replace(BALL, shape=Shape.CUBE, colour=Colour.BLUE, size=0.6, x=0.85)
    scene = replace(SCENE, things=(replace(BALL, size=0.6, x=-0.85), second))
    picture = render(scene, 64)
    assert set(np.unique(picture.objects)) == {0, 1, 2}
    left, right = (np.argwhere(picture.objects == number)[:, 1].mean() for number in (1, 2))
    assert left < 32 < right
    red, blue = (picture.image[picture.objects == number].mean(0) for number in (1, 2))
    assert red.argmax() == 0
    assert blue.argmax() == 2


def test_a_thing_in_front_hides_the_one_behind() -> None:
    behind = replace(BALL, colour=Colour.BLUE, z=1.5)
    picture = render(replace(SCENE, things=(behind, BALL)), 64)
    alone = render(replace(SCENE, things=(behind,)), 64)
    assert np.count_nonzero(picture.objects == 1) < np.count_nonzero(alone.objects == 1) / 2


@pytest.mark.parametrize("shape", Shape)
def test_every_shape_stands_on_the_ground_and_covers_some_of_the_frame(shape: Shape) -> None:
    picture = render(replace(SCENE, things=(replace(BALL, shape=shape),)), 64)
    assert 0.02 < np.mean(picture.objects > 0) < 0.3
    lowest = np.argwhere(picture.objects > 0)[:, 0].max()
    assert picture.ground[lowest + 1 :, 32].all()


@pytest.mark.parametrize("colour", Colour)
def test_a_thing_has_the_hue_of_its_colour(colour: Colour) -> None:
    scene = replace(SCENE, things=(replace(BALL, colour=colour),), sky=Sky.STUDIO, ground=Ground.STONE)
    picture = render(scene, 64)
    seen = (picture.image[picture.objects == 1].mean(0) / 255) ** 2.2
    distances = {name: np.linalg.norm(seen / seen.max() - np.array(rgb) / max(rgb)) for name, rgb in COLOURS.items()}
    if colour in (Colour.BLACK, Colour.WHITE):
        assert seen.max() - seen.min() < 0.1
        assert (seen.max() < 0.2) == (colour is Colour.BLACK)
    else:
        assert min(distances, key=lambda name: distances[name]) is colour


def test_a_shiny_thing_reflects_what_a_matte_one_does_not() -> None:
    matte = render(SCENE, 64)
    shiny = render(replace(SCENE, things=(replace(BALL, material=Material.SHINY),)), 64)
    thing = matte.objects == 1
    assert float(shiny.image[thing][:, 2].max()) > float(matte.image[thing][:, 2].max()) + 40  # the sky, in a red ball
    np.testing.assert_array_equal(shiny.image[~thing], matte.image[~thing])


def test_glass_lets_the_light_through() -> None:
    """The ground's joints show through it, and its shadow is lighter."""
    tiles = replace(SCENE, ground=Ground.TILES)
    matte = render(tiles, 64)
    glass = render(replace(tiles, things=(replace(BALL, material=Material.GLASS),)), 64)
    thing = matte.objects == 1
    assert glass.image[thing][:, 1].std() > matte.image[thing][:, 1].std()
    shade = matte.ground & (np.abs(glass.image.astype(int) - matte.image).max(-1) > 20)
    assert glass.image[shade].mean() > matte.image[shade].mean()


def test_night_is_dark_and_has_stars() -> None:
    day, night = render(SCENE, 128).image, render(replace(SCENE, sky=Sky.NIGHT), 128).image
    assert night.mean() < day.mean() / 2
    assert np.count_nonzero(night[:20].min(-1) > 90) > 3


def test_fog_takes_contrast_from_what_is_far() -> None:
    clear, fog = render(SCENE, 64), render(replace(SCENE, weather=Weather.FOG), 64)
    assert fog.image[:32].std() < clear.image[:32].std() / 2
    np.testing.assert_array_equal(clear.objects, fog.objects)


def test_wet_ground_mirrors_the_thing_upon_it() -> None:
    stone = replace(SCENE, ground=Ground.STONE)
    dry, wet = (render(replace(stone, weather=weather), 64) for weather in (Weather.CLEAR, Weather.RAIN))
    below = np.argwhere(dry.objects > 0)[:, 0].max() + 4
    redness = [float((p.image[below, 30:34] @ np.array([1.0, -0.5, -0.5])).mean()) for p in (dry, wet)]
    assert redness[1] > redness[0] + 8


def test_black_and_white_has_no_colour_and_sepia_one() -> None:
    grey = render(replace(SCENE, film=Film.BLACK_AND_WHITE), 64).image.astype(int)
    assert (grey.max(-1) == grey.min(-1)).all()
    sepia = render(replace(SCENE, film=Film.SEPIA), 64).image.astype(int)
    assert (sepia[..., 0] >= sepia[..., 1]).all()
    assert (sepia[..., 1] >= sepia[..., 2]).all()


def test_another_noise_seed_changes_the_ground_and_not_the_things() -> None:
    grass = replace(SCENE, ground=Ground.GRASS)
    one, other = render(grass, 64), render(replace(grass, noise=8), 64)
    np.testing.assert_array_equal(one.objects, other.objects)
    np.testing.assert_array_equal(one.image[one.objects > 0], other.image[one.objects > 0])
    assert (one.image != other.image).any()


@pytest.mark.parametrize("kind", VARIANTS)
def test_every_attribute_can_be_seen(kind: str) -> None:
    source = training_picture(SCENE).image.astype(int)
    for edit in VARIANTS[kind](SCENE):
        assert np.mean(np.abs(training_picture(edit).image - source).max(-1) > 8) > 0.01, edit


def test_no_two_held_out_scenes_are_alike() -> None:
    pictures = [training_picture(draw_scene(seed)).image for seed in range(6)]
    assert len({picture.tobytes() for picture in pictures}) == 6
