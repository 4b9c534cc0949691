"""The classifier that judges generated pictures, on pictures small enough to learn in seconds."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from nti_desktop.studio import render, world
from nti_desktop.studio.classifier import (
    ATTRIBUTES,
    MORE_ATTRIBUTES,
    UNSEEN,
    attributes_of,
    labels_of,
    train_classifier,
    verdict,
)
from nti_desktop.studio.scenes import Colour, Film, Layout, Scene, View, draw_scene
from tests.figures.trials import one_thing_seeds

SCENE = draw_scene(one_thing_seeds(1)[0])


def with_colour(colour: Colour) -> Scene:
    return replace(SCENE, things=(replace(SCENE.things[0], colour=colour),), film=Film.COLOUR)


@pytest.mark.slow
def test_two_colours_are_told_apart_after_a_few_pictures() -> None:
    rng = np.random.default_rng(0)
    paints = {Colour.RED: (200, 40, 40), Colour.BLUE: (40, 40, 200)}

    def picture(colour: Colour) -> np.ndarray:
        image = rng.integers(60, 120, (32, 32, 3), dtype=np.uint8)
        top, left = rng.integers(0, 16, 2)
        image[top : top + 12, left : left + 12] = paints[colour]
        return image

    colours = [Colour.RED, Colour.BLUE] * 64
    images = np.stack([picture(colour) for colour in colours])
    classifier = train_classifier(images, labels_of([with_colour(c) for c in colours]), epochs=8)
    right = [verdict(classifier, picture(colour) / 255)["colour"] == colour for colour in colours[:40]]
    assert np.mean(right) > 0.95


def test_colour_is_unseen_where_the_film_has_none() -> None:
    for film in Film:
        assert (attributes_of(replace(SCENE, film=film))["colour"] is None) == (film is not Film.COLOUR)
    labels = labels_of([replace(with_colour(Colour.GREEN), film=film) for film in Film])
    assert labels[:, 0].tolist() == [1, UNSEEN, UNSEEN]
    assert labels[:, list(ATTRIBUTES).index("film")].tolist() == [0, 1, 2]


def test_pictures_without_colour_teach_no_colour_and_break_nothing() -> None:
    images = np.zeros((4, 32, 32, 3), np.uint8)
    classifier = train_classifier(images, labels_of([replace(SCENE, film=Film.SEPIA)] * 4), epochs=1)
    assert all(torch.isfinite(value).all() for value in classifier.state_dict().values())


def test_the_second_world_is_asked_for_more_and_what_cannot_be_seen_is_not() -> None:
    scenes = [scene for scene in map(world.draw_scene, range(300)) if len(scene.things) == 1 or scene.count != "one"]
    said = [attributes_of(scene, MORE_ATTRIBUTES) for scene in scenes]
    for name, values in MORE_ATTRIBUTES.items():
        assert {row[name] for row in said} - {None} == set(values)
    for scene, row in zip(scenes, said, strict=True):
        assert (row["count"] is None) == scene.view.is_close
        assert row["size"] is None or scene.count == "one"
        assert row["place"] is None or not scene.view.is_close
    assert labels_of(scenes, MORE_ATTRIBUTES).shape == (len(scenes), len(MORE_ATTRIBUTES))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_places_and_counts_of_renders_are_told_after_a_few_hundred() -> None:
    """Matte things alone or in a row, seen small: far from what the judge of a model learns, and soon learned."""
    kinds = {name: MORE_ATTRIBUTES[name] for name in ("place", "count")}
    drawn = (world.draw_scene(seed) for seed in itertools.count(50_000))
    scenes = list(itertools.islice((s for s in drawn if not s.view.is_close and (s.place or s.count != "one")), 900))
    images = np.stack([render.drawn(replace(scene, view=View()), 48).image for scene in scenes])
    classifier = train_classifier(images[:800], labels_of(scenes[:800], kinds), epochs=10, attributes=kinds)
    told = [verdict(classifier, image / 255) for image in images[800:]]
    for name in kinds:
        asked = [attributes_of(scene, kinds)[name] for scene in scenes[800:]]
        right = [row[name] == value for row, value in zip(told, asked, strict=True) if value is not None]
        assert np.mean(right) > 0.75, name


def test_two_things_are_not_judged() -> None:
    with pytest.raises(ValueError, match="too many"):
        attributes_of(replace(SCENE, things=SCENE.things * 2, layout=Layout.LEFT))
