"""The contest in small: whose turn it is, what a row is, and an edit by each method as the window makes it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nti_desktop.engine.methods import embedding, imagic, null_text
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, find_model
from nti_desktop.recipe.jobs import InvertJob, ModelFiles
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.benchmarks import yardstick
from tests.benchmarks.contestants import (
    FIRST,
    FROZEN,
    LATER,
    NEGATIVE_PROMPT,
    PLAIN,
    PREPARATION,
    PREVIEW,
    PUBLISHED,
    REFERENCE,
    Arena,
    Photo,
    edits,
    held_out_photos,
    inversions,
    load_arena,
)
from tests.benchmarks.costs import Contestant, Outcome, counted_rows, standings, take_turns
from tests.figures.editor import Editor
from tests.figures.measuring import Measurement, Places, measure
from tests.figures.trials import WORLDS, seeds, trial
from tests.instruct_models import make_orders_model

pytestmark = pytest.mark.slow

PROTOTYPE = Path(__file__).parents[0] / "data" / "prototype"
STEPS = 2
BLACK = np.zeros((2, 2, 3), np.float32)


@pytest.fixture(scope="module")
def arena() -> Arena:
    defaults = replace(STUDIO_DEFAULTS, method=Method.RESIDUAL, preview_steps=1)
    return load_arena(replace(find_model(str(PROTOTYPE)), defaults=defaults), STEPS)


@pytest.fixture(scope="module")
def photo() -> Photo:
    (photo,) = held_out_photos(1, 64)
    return photo


def test_everyone_takes_turns_and_what_makes_ready_comes_just_before() -> None:
    said: list[tuple[str, int]] = []

    def named(name: str) -> Contestant:
        def run(turn: int) -> Outcome:
            said.append((name, turn))
            return Outcome(BLACK)

        return Contestant(name, run, lambda turn: said.append((f"{name} ready", turn)))

    costs = take_turns([named("a"), named("b")], rounds=2)
    assert said == [(name, turn) for turn in range(3) for name in ("a ready", "a", "b ready", "b")]
    assert {name: len(found.seconds) for name, found in costs.items()} == {"a": 2, "b": 2}


@pytest.mark.parametrize(("learn", "backward"), [(True, 2), (False, 1)])
def test_a_backward_counts_two_rows_where_it_makes_the_weights_gradients(
    arena: Arena, learn: bool, backward: int
) -> None:
    unet = arena.pipeline.unet.requires_grad_(learn)
    words = arena.pipeline.embed("a photo").repeat(3, 1, 1).requires_grad_()
    with counted_rows() as rows:
        answer = unet(torch.zeros(3, 4, 8, 8), 1, encoder_hidden_states=words).sample
        answer.square().sum().backward()
    unet.zero_grad(set_to_none=True)
    assert rows == [3, 3 * backward]
    unet(torch.zeros(3, 4, 8, 8), 1, encoder_hidden_states=words)
    assert len(rows) == 2


@pytest.fixture
def _few_inner_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yardstick, "INNER_STEPS", 2)


@pytest.mark.usefixtures("_few_inner_steps")
def test_the_published_inversion_costs_the_rows_of_the_papers(arena: Arena, photo: Photo) -> None:
    found = {c.name: c for c in inversions(arena, photo, 7.5)}
    assert list(found) == [PUBLISHED, FROZEN, REFERENCE, NEGATIVE_PROMPT, PREPARATION]
    costs = take_turns([found[PUBLISHED], found[FROZEN], found[PREPARATION]], rounds=0)
    inner = costs[PUBLISHED].outcome.inner_steps
    assert inner is not None
    assert costs[PUBLISHED].rows == 4 * STEPS + 3 * inner
    assert costs[FROZEN].rows == 4 * STEPS + 2 * inner
    np.testing.assert_allclose(costs[PUBLISHED].outcome.picture, costs[FROZEN].outcome.picture, atol=1e-3)
    assert costs[PREPARATION].outcome.reconstruction_psnr is not None
    assert costs[PREPARATION].rows < costs[FROZEN].rows


def test_the_engine_counts_its_rows_as_they_are_counted_here(arena: Arena, photo: Photo) -> None:
    settings = InversionSettings(photo.prompts[0], Method.RESIDUAL, STEPS, 1.5)
    with counted_rows() as rows:
        inverted = arena.service.invert(InvertJob(ModelFiles(PROTOTYPE), photo.image, settings))
    assert inverted.figures.unet_rows == sum(rows)


@pytest.mark.usefixtures("_few_inner_steps")
def test_a_later_edit_costs_less_than_the_first_a_preview_less_than_both_and_first_and_later_are_one_picture(
    arena: Arena, photo: Photo
) -> None:
    costs = take_turns(edits(arena, photo), rounds=1)
    found = standings([costs], PLAIN)
    rows = {name: standing.rows[0] for name, standing in found.items()}
    assert rows[PUBLISHED] == 4 * STEPS
    assert rows[FIRST] > rows[LATER] > rows[PREVIEW]
    assert found[PLAIN].psnr_to_plain is None
    assert found[LATER].psnr_to_plain == (150.0,)  # at as many steps it is the plain edit
    np.testing.assert_array_equal(costs[FIRST].outcome.picture, costs[LATER].outcome.picture)
    assert found[PREVIEW].psnr_to_plain != (150.0,)


@pytest.mark.usefixtures("_few_inner_steps")
@pytest.mark.parametrize("method", [method for method in Method if not method.row.fills])  # no trial marks a place
def test_an_edit_is_made_by_each_method_as_the_window_makes_it(
    method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (null_text, embedding, imagic):
        for name in ("STEPS", "INNER_STEPS"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, 1)
    folder = PROTOTYPE if method.row.described else make_orders_model(PROTOTYPE, tmp_path / "orders")
    world = WORLDS["every change"]
    editor = Editor(ModelFiles(folder), world)
    settings = replace(STUDIO_DEFAULTS, method=method, steps=STEPS)
    asked = trial("removed", next(seeds("removed", world=world)), world)
    measurement = Measurement("method", "removed", asked.seed, settings)
    found = measure(editor, measurement, Places(tmp_path))[str(method)]
    assert found["editing rows"]
    assert found["recovered"] is not None
    assert bool(found["preparing rows"]) == bool(found["stored"]) == method.row.prepares
    assert (tmp_path / measurement.strip_name()).exists()
    said = asked.captions[1] if method.row.described else asked.order
    assert said.startswith("remove ") == (not method.row.described)
