"""The renderer draws the world the built-in weights were trained on, at any size."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.studio.render import COLOURS, render, training_picture
from nti_desktop.studio.scenes import Colour, Ground, Material, Scene, Shape, Sky, Thing, caption, draw, draw_scene

KNOWN = Path(__file__).parents[1] / "data" / "studio" / "training.npz"
BALL = Thing(Shape.BALL, Colour.RED, Material.MATTE, size=0.8, x=0.0, z=0.0, turn=0.4)
SCENE = Scene((BALL,), Ground.SAND, Sky.DAY, sun=0.3, camera_height=1.6, camera_x=0.0, noise=7)


def shrunk(image: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    blocks = image.astype(np.float64).reshape(size, image.shape[0] // size, size, image.shape[1] // size, 3)
    average: NDArray[np.float64] = blocks.mean((1, 3))
    return average


@pytest.mark.parametrize("seed", [1000, 1001, 7, 8])
def test_pictures_and_captions_are_those_the_weights_were_trained_with(seed: int) -> None:
    """The file holds five pictures and captions of each stream, made by the renderer that drew the training set."""
    with np.load(KNOWN) as known:
        pictures, captions = known[f"pictures_{seed}"], known["captions"].tolist()
    rng = random.Random(seed)
    for i, picture in enumerate(pictures):
        scene = draw(rng)
        assert caption(scene, random.Random(i)) in captions
        difference = np.abs(training_picture(scene).image.astype(int) - picture)
        assert np.count_nonzero(difference > 1) <= 0.002 * difference.size  # rounding at an edge, on another processor


def test_the_same_scene_gives_the_same_picture() -> None:
    np.testing.assert_array_equal(render(SCENE, 32).image, render(SCENE, 32).image)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_pictures_and_object_maps_have_the_size_asked_for(size: int) -> None:
    picture = render(SCENE, size, rays=2)
    assert picture.image.shape == (size, size, 3)
    assert picture.image.dtype == np.uint8
    assert picture.objects.shape == (size, size)


@pytest.mark.parametrize("sky", Sky)
@pytest.mark.parametrize("ground", Ground)
def test_a_large_picture_averaged_is_the_training_picture(ground: Ground, sky: Sky) -> None:
    scene = replace(SCENE, ground=ground, sky=sky)
    large, small = shrunk(render(scene, 256).image, 64), training_picture(scene).image
    error = np.mean((large - small) ** 2)
    assert 10 * np.log10(255**2 / error) > 26


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


@pytest.mark.parametrize("shape", Shape)
def test_every_shape_stands_on_the_ground_and_covers_some_of_the_frame(shape: Shape) -> None:
    covered = np.mean(render(replace(SCENE, things=(replace(BALL, shape=shape),)), 64).objects > 0)
    assert 0.02 < covered < 0.25


@pytest.mark.parametrize("colour", Colour)
def test_a_thing_has_the_hue_of_its_colour(colour: Colour) -> None:
    scene = replace(SCENE, things=(replace(BALL, colour=colour),), sky=Sky.STUDIO)
    picture = render(scene, 64)
    seen = picture.image[picture.objects == 1].mean(0) / 255
    distances = {name: np.linalg.norm(seen - np.array(value) ** 0.8 * seen.max()) for name, value in COLOURS.items()}
    if colour is Colour.BLACK:
        assert seen.max() < 0.15
    else:
        assert min(distances, key=lambda name: distances[name]) is colour


def test_a_shiny_thing_reflects_what_a_matte_one_does_not() -> None:
    matte = render(SCENE, 64)
    shiny = render(replace(SCENE, things=(replace(BALL, material=Material.SHINY),)), 64)
    thing = matte.objects == 1
    assert float(shiny.image[thing][:, 2].max()) > float(matte.image[thing][:, 2].max()) + 50  # the sky, in a red ball
    np.testing.assert_array_equal(shiny.image[~thing], matte.image[~thing])


def test_night_is_dark_and_has_stars() -> None:
    day, night = render(SCENE, 128).image, render(replace(SCENE, sky=Sky.NIGHT), 128).image
    assert night.mean() < day.mean() / 2
    assert np.count_nonzero(night[:20].min(-1) > 150) > 3


def test_another_noise_seed_changes_the_grain_and_nothing_else() -> None:
    grass = replace(SCENE, ground=Ground.GRASS)
    one, other = render(grass, 64), render(replace(grass, noise=8), 64)
    np.testing.assert_array_equal(one.objects, other.objects)
    np.testing.assert_array_equal(one.image[one.objects > 0], other.image[one.objects > 0])
    assert (one.image != other.image).any()


def test_no_two_held_out_scenes_are_alike() -> None:
    pictures = [training_picture(draw_scene(seed)).image for seed in range(6)]
    assert len({picture.tobytes() for picture in pictures}) == 6
