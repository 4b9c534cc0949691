"""A model tells the light, the weather and the film of a picture that nobody described."""

from dataclasses import replace
from itertools import count

import pytest
import torch

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import NEVER, CancelToken, Progress, report_nothing
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.look import NOISES, read_look
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.look import NOISE_LEVELS, Look, LookQuestion
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import Film, Ground, Scene, Sky, Weather, draw_scene
from tests.figures.editor import Editor
from tests.figures.looks import measure

QUESTION = LookQuestion(learned=built_in().words)


@pytest.fixture(scope="module")
def studio() -> DiffusionModel:
    return load_model(built_in().files, torch.device("cpu"))


def look_of(model: DiffusionModel, scene: Scene) -> Look:
    return read_look(model, training_picture(scene).image, QUESTION, report_nothing, NEVER)


@pytest.mark.slow
def test_light_and_film_are_told_together(studio: DiffusionModel) -> None:
    scene = replace(draw_scene(730_001), sky=Sky.NIGHT, weather=Weather.CLEAR, film=Film.SEPIA)
    with counted_rows(studio) as rows:
        assert look_of(studio, scene).film == "a sepia photo"
    assert rows.rows <= 60 * len(NOISES)
    assert look_of(studio, replace(scene, film=Film.COLOUR)) == Look("at night")


@pytest.mark.slow
def test_a_model_that_knows_nothing_says_nothing_and_can_be_stopped(sd15: DiffusionModel) -> None:
    image = training_picture(draw_scene(730_001)).image[:64, :64]
    assert isinstance(read_look(sd15, image, LookQuestion(), report_nothing, NEVER), Look)
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        read_look(sd15, image, LookQuestion(), report_nothing, stopped)


@pytest.mark.slow
def test_what_is_around_a_thing_is_told_and_what_was_said_is_not_asked_again(studio: DiffusionModel) -> None:
    drawn = next(scene for scene in map(draw_scene, count(730_001)) if len(scene.things) == 1)
    scene = replace(drawn, sky=Sky.SUNSET, weather=Weather.CLEAR, ground=Ground.SNOW, film=Film.COLOUR)
    image, thing = training_picture(scene).image, scene.things[0]
    question = LookQuestion(f"a {thing.shape}", built_in().words)
    steps: list[Progress] = []
    with counted_rows(studio) as rows:
        look = read_look(studio, image, question, steps.append, NEVER)
    assert look == Look("at sunset", ground="on snow")
    assert rows.rows <= 1.5 * question.calls.rows
    assert [step.step for step in steps] == list(range(len(steps)))
    wrong = LookQuestion(f"a sepia photo of a {thing.shape} on sand at night in fog", built_in().words)
    assert read_look(studio, image, wrong, report_nothing, NEVER) == Look()


def test_forecasts_count_as_many_noise_levels_as_are_asked() -> None:
    assert len(NOISES) == NOISE_LEVELS


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sunset", "fog"])
def test_a_photo_recovers_most_of_the_look_of_another_scene(kind: str) -> None:
    editor = Editor(built_in().files)
    assert sum(measure(editor, kind, seed)[0] for seed in (0, 1)) / 2 > 0.6
