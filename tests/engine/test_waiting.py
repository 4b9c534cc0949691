"""How often the processor waits for a number of the card, which then has nothing to do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods import METHODS, embedding, imagic, null_text
from nti_desktop.engine.methods.denoise import Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.fake_card import FakeCard, fake_card
from tests.engine.trials import EDIT, PROTOTYPE, SOURCE, some_latents
from tests.inpaint_models import make_inpainting_model
from tests.instruct_models import make_orders_model

pytestmark = pytest.mark.slow
INNER_STEPS = 2


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCard]:
    monkeypatch.setattr(null_text, "INNER_STEPS", INNER_STEPS)
    for method in (embedding, imagic):
        monkeypatch.setattr(method, "STEPS", 1)
    with fake_card() as found:
        yield found


def waits(card: FakeCard, model: DiffusionModel, method: Method, steps: int) -> tuple[int, int]:
    """While preparing in so many steps, and in an edit of that."""
    latents, described = some_latents(8, 8).to(model.device), SOURCE if method.row.described else ""
    for prompt in ("", described, EDIT):  # a sentence is looked at once
        model.embed(prompt)
    before, settings = card.waits, InversionSettings(described, method, steps, 3.0)
    photo = METHODS[method].prepare(model, latents, settings, report_nothing, CancelToken())
    preparing, before = card.waits - before, card.waits
    blend = Blend(words=(WordRef(Side.EDIT, 4, "red"),)) if method.row.looks else None
    photo = replace(photo, image=np.zeros((8 * model.scale, 8 * model.scale, 3), np.uint8))
    recipe = EditRecipe(EDIT, blend=blend, within=(rectangle(0, 0, 0.5, 1),))
    task = Task(model, photo, METHODS[method].source(model, photo), recipe)
    METHODS[method].render(task)
    return preparing, card.waits - before


@pytest.mark.parametrize("method", list(Method))
def test_no_step_waits_for_the_card(card: FakeCard, method: Method, tmp_path: Path) -> None:
    """In the widest type, where nothing can overflow: only null-text, as published, looks at its loss at each inner
    step, to leave it.
    """
    makers = {Sees.PHOTO: make_orders_model, Sees.SURROUNDINGS: make_inpainting_model}
    folder = PROTOTYPE if method.row.described else makers[method.row.sees](PROTOTYPE, tmp_path / "model")
    model = load_model(ModelFiles(folder), torch.device("cuda:0"), torch.float32)
    with torch.no_grad():  # its first answer is looked at
        model.predict(some_latents(8, 8).to(model.device), 1, model.embed(SOURCE))
    few, many = (waits(card, model, method, steps) for steps in (2, 4))
    losses = INNER_STEPS if method is Method.NULL_TEXT else 0
    assert many[0] - few[0] <= 2 * losses
    assert many[1] == few[1] == 0


def test_in_half_precision_a_call_waits_once_at_its_end(card: FakeCard) -> None:
    model = load_model(ModelFiles(PROTOTYPE), torch.device("cuda:0"), torch.float16)
    few, many = (waits(card, model, Method.PINNED, steps) for steps in (2, 4))
    assert many[0] - few[0] == 2 * 2  # a step up and one down
    assert many[1] - few[1] == 2 * 1  # the recorded ones are asked together
