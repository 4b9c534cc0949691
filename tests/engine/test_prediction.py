"""Whether a model's own answers tell what it predicts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.prediction import explained, likely_prediction
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.models.library.samples import samples
from nti_desktop.recipe.jobs import ModelFiles
from tests.engine.trials import PROTOTYPE, SOURCE, some_latents


@pytest.mark.parametrize("stated", ["epsilon", "v_prediction", "sample"])
def test_it_is_the_weights_that_tell_and_not_the_settings(stated: str) -> None:
    # Models of its own: one that is told otherwise takes the UNet's attention over.
    prototype, studio = (load_model(files, torch.device("cpu")) for files in (ModelFiles(PROTOTYPE), built_in().files))
    with Image.open(samples()[0].path) as picture:
        sample = studio.encode(np.asarray(picture.resize((128, 128))))
    for model, latents, right in ((prototype, some_latents(), "epsilon"), (studio, sample, "v_prediction")):
        told = replace(model, scheduler_config={**model.scheduler_config, "prediction_type": stated})
        assert likely_prediction(told, latents, told.embed(SOURCE)) == right


def test_weights_that_learned_nothing_are_like_no_prediction(sd15: DiffusionModel) -> None:
    assert likely_prediction(sd15, some_latents(), sd15.embed(SOURCE)) is None


def test_a_sentence_explains_as_much_as_it_says_of_the_picture() -> None:
    studio, sample = load_model(built_in().files, torch.device("cpu")), samples()[0]
    with Image.open(sample.path) as picture:
        latents = studio.encode(np.asarray(picture.resize((128, 128))))
    with counted_rows(studio) as rows:
        whole = explained(studio, latents, sample.caption)
    assert rows.rows == 2
    short, wrong = (explained(studio, latents, said) for said in ("a cube", "a green lamp on snow at night"))
    enough = STUDIO_DEFAULTS.explaining
    assert enough is not None
    assert 1 > whole > enough > short > wrong
    assert explained(studio, latents, "") == 0
