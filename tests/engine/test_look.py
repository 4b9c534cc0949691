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
from nti_desktop.recipe.completing import NOISE_LEVELS, LookQuestion
from nti_desktop.recipe.look import PHOTO, Look
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


def told(model: DiffusionModel, scene: Scene, sentence: str) -> Look:
    question = LookQuestion(sentence, built_in().words)
    return read_look(model, training_picture(scene).image, question, report_nothing, NEVER)


def drawn(things: int) -> Scene:
    """A held-out scene of so many things, on grass at sunset."""
    scene = next(scene for scene in map(draw_scene, count(730_001)) if len(scene.things) == things)
    return replace(scene, sky=Sky.SUNSET, weather=Weather.CLEAR, ground=Ground.GRASS, film=Film.COLOUR)


@pytest.mark.slow
def test_what_a_description_leaves_out_is_told_in_steps_and_rows_that_were_forecast(studio: DiffusionModel) -> None:
    scene = drawn(things=1)
    question = LookQuestion(f"a {scene.things[0].shape}", built_in().words)
    steps: list[Progress] = []
    with counted_rows(studio) as rows:
        look = read_look(studio, training_picture(scene).image, question, steps.append, NEVER)
    assert (look.light, look.weather, look.film, look.ground) == ("at sunset", "", PHOTO, "on green grass")
    assert (look.beside, look.colour) == ("", scene.things[0].colour)
    assert rows.rows <= 1.5 * question.calls.rows
    assert [step.step for step in steps] == list(range(len(steps)))


@pytest.mark.slow
def test_another_thing_is_told_where_there_is_one(studio: DiffusionModel) -> None:
    scene = drawn(things=2)
    one, other = scene.things
    look = told(studio, scene, f"a {one.colour} {one.shape}")
    assert look.beside.split()[-1] == other.shape
    assert look.colour == ""
    assert (look.light, look.ground) == ("at sunset", "on green grass")


@pytest.mark.slow
def test_what_was_said_is_not_asked_again_though_it_is_wrong(studio: DiffusionModel) -> None:
    look = told(
        studio, drawn(things=1), "a sepia photo of a red glass ball and a blue metal cone on sand at night in fog"
    )
    assert look == Look()


def test_forecasts_count_as_many_noise_levels_as_are_asked() -> None:
    assert len(NOISES) == NOISE_LEVELS


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sunset", "fog"])
def test_a_photo_recovers_most_of_the_look_of_another_scene(kind: str) -> None:
    editor = Editor(built_in().files)
    assert sum(measure(editor, kind, seed)[0] for seed in (0, 1)) / 2 > 0.6
