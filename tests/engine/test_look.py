"""A model tells the light, the weather and the film of a picture that nobody described."""

from dataclasses import replace

import pytest
import torch

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import NEVER, CancelToken, report_nothing
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.look import NOISES, read_look
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.look import Look
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import Film, Scene, Sky, Weather, draw_scene
from tests.engine.trials import some_latents
from tests.figures.editor import Editor
from tests.figures.looks import measure


@pytest.fixture(scope="module")
def studio() -> DiffusionModel:
    return load_model(built_in().files, torch.device("cpu"))


def look_of(model: DiffusionModel, scene: Scene) -> Look:
    return read_look(model, model.encode(training_picture(scene).image), built_in().words, report_nothing, NEVER)


@pytest.mark.slow
def test_light_and_film_are_told_together(studio: DiffusionModel) -> None:
    scene = replace(draw_scene(730_001), sky=Sky.NIGHT, weather=Weather.CLEAR, film=Film.SEPIA)
    with counted_rows(studio) as rows:
        assert look_of(studio, scene).film == "a sepia photo"
    assert rows.rows <= 60 * len(NOISES)
    assert look_of(studio, replace(scene, film=Film.COLOUR)) == Look("at night")


@pytest.mark.slow
def test_a_model_that_knows_nothing_says_nothing_and_can_be_stopped(sd15: DiffusionModel) -> None:
    assert isinstance(read_look(sd15, some_latents(), None, report_nothing, NEVER), Look)
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        read_look(sd15, some_latents(), None, report_nothing, stopped)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sunset", "fog"])
def test_a_photo_recovers_most_of_the_look_of_another_scene(kind: str) -> None:
    editor = Editor(built_in().files)
    assert sum(measure(editor, kind, seed)[0] for seed in (0, 1)) / 2 > 0.6
