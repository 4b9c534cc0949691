"""Right answers for an edit that is half done."""

from dataclasses import replace

import numpy as np
import pytest

from nti_desktop.studio.betweens import between
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import Colour, Film, Scene, Shape, Sky, Weather, draw_scene

pytestmark = pytest.mark.slow

SCENE = replace(draw_scene(3), sky=Sky.DAY, weather=Weather.CLEAR, film=Film.COLOUR)


def recoloured(scene: Scene, colour: Colour) -> Scene:
    return replace(scene, things=(replace(scene.things[0], colour=colour), *scene.things[1:]))


CHANGES = {
    "colour": (recoloured(SCENE, Colour.RED), recoloured(SCENE, Colour.BLUE)),
    "fog": (SCENE, replace(SCENE, weather=Weather.FOG)),
    "sunset": (SCENE, replace(SCENE, sky=Sky.SUNSET)),
    "sepia": (SCENE, replace(SCENE, film=Film.SEPIA)),
}


@pytest.mark.parametrize("change", list(CHANGES))
@pytest.mark.parametrize("backwards", [False, True])
def test_the_way_leads_from_one_scene_to_the_other(change: str, backwards: bool) -> None:
    source, target = CHANGES[change][:: -1 if backwards else 1]
    ends = [training_picture(scene).image.astype(int) for scene in (source, target)]
    way = [between(source, target, share).astype(int) for share in (0, 0.25, 0.5, 0.75, 1)]
    visible = 8 if change == "fog" else 1  # fog of no density lacks the breath of haze and has soft shadows
    assert np.quantile(np.abs(way[0] - ends[0]), 0.9) <= visible
    assert np.quantile(np.abs(way[-1] - ends[1]), 0.9) <= visible
    distances = [float(np.square(step - ends[0]).mean()) for step in way]
    assert distances == sorted(distances)
    assert distances[0] < 0.3 * distances[2] < distances[4]


def test_colours_mix_in_linear_light() -> None:
    source, target = CHANGES["colour"]
    half = between(source, target, 0.5).astype(float)
    one, other = (training_picture(scene).image.astype(float) for scene in (source, target))
    changed = np.abs(one - other).max(-1) > 60
    assert changed.any()
    assert half[changed].mean() > ((one + other) / 2)[changed].mean()  # brighter than mixed on the screen


def test_between_things_of_another_shape_there_is_no_way() -> None:
    other = replace(SCENE, things=(replace(SCENE.things[0], shape=Shape.BALL), *SCENE.things[1:]))
    assert SCENE.things[0].shape is not Shape.BALL
    with pytest.raises(ValueError, match="no way"):
        between(SCENE, other, 0.5)


def test_the_evening_of_a_sunny_day_ends_at_sunset() -> None:
    evening = replace(SCENE, evening=1.0)
    assert np.array_equal(training_picture(evening).image, training_picture(replace(SCENE, sky=Sky.SUNSET)).image)
