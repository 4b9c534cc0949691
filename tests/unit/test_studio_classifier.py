"""The classifier that judges generated pictures, on pictures small enough to learn in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nti_desktop.studio.classifier import ATTRIBUTES, UNSEEN, attributes_of, labels_of, train_classifier, verdict
from nti_desktop.studio.scenes import Colour, Film, Scene, draw_scene
from tests.figures.trials import one_thing_seeds

SCENE = draw_scene(one_thing_seeds(1)[0])


def with_colour(colour: Colour) -> Scene:
    return replace(SCENE, things=(replace(SCENE.things[0], colour=colour),), film=Film.COLOUR)


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


def test_two_things_are_not_judged() -> None:
    with pytest.raises(ValueError, match="too many"):
        attributes_of(replace(SCENE, things=SCENE.things * 2))
