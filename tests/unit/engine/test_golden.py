"""Against values made by the published null-text and Prompt-to-Prompt code on the built-in weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nti_desktop.engine.attention import AttentionEdit
from nti_desktop.engine.ddim import guided, levels_of, step_down
from nti_desktop.engine.embedding import Embedding, stacked
from nti_desktop.engine.methods import null_text
from nti_desktop.engine.methods.denoise import Prepared, Task, denoise
from nti_desktop.engine.model import DiffusionModel
from nti_desktop.engine.pivot import Source
from nti_desktop.engine.workbench import decibels
from nti_desktop.jobs import CancelToken, report_nothing
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings, Method, Schedule
from tests.published import refinement_mapping

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
FACTS: dict[str, Any] = json.loads((GOLDEN / "published.json").read_text("utf-8"))
SETTINGS = InversionSettings(FACTS["source"], Method.NULL_TEXT, FACTS["steps"], FACTS["guidance"], Schedule.REFERENCE)


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN / "published.npz") as arrays:
        return {name: torch.tensor(arrays[name]) for name in arrays.files}


@pytest.fixture(scope="module")
def ours(prototype: DiffusionModel, golden: dict[str, Tensor]) -> Prepared:
    return null_text.prepare(prototype, golden["z0"], SETTINGS, report_nothing, CancelToken())


def test_the_timesteps_are_the_published_ones(prototype: DiffusionModel, golden: dict[str, Tensor]) -> None:
    assert list(levels_of(prototype.scheduler_config, FACTS["steps"]).timesteps) == golden["timesteps"].tolist()


def test_the_pivot_is_the_published_one(ours: Prepared, golden: dict[str, Tensor]) -> None:
    assert float((ours.pivot - golden["pivot"].flip(0)).abs().max()) < 1e-4


def test_reference_null_text_takes_the_published_inner_steps(ours: Prepared, golden: dict[str, Tensor]) -> None:
    assert ours.inner_steps == pytest.approx(int(golden["inner_total"]), rel=0.02)


def test_reference_null_text_reconstructs_as_the_published_code(
    prototype: DiffusionModel, ours: Prepared, golden: dict[str, Tensor]
) -> None:
    assert ours.reconstruction is not None
    found = decibels(prototype.decode(ours.reconstruction), prototype.decode(golden["z0"]))
    assert found == pytest.approx(FACTS["recon_psnr"], abs=0.1)


# Windows of the published run, found by trying: 40/20 of 50 for the colour, 20/10 for the sunset.
EDITS = [
    ("refine_color", "color", 0.8, 0.4, False),
    ("replace_color", "color", 0.8, 0.4, False),
    ("reweight_color_x2", "color", 0.8, 0.4, True),
    ("refine_sunset", "sunset", 0.4, 0.2, False),
]


@pytest.mark.parametrize(("name", "prompt", "cross", "itself", "reweighted"), EDITS, ids=[e[0] for e in EDITS])
@pytest.mark.parametrize("source_row", ["pinned", "run"])
def test_edits_by_the_published_alignment_are_the_published_pictures(
    prototype: DiffusionModel,
    golden: dict[str, Tensor],
    name: str,
    prompt: str,
    cross: float,
    itself: float,
    reweighted: bool,
    source_row: str,
) -> None:
    """Within 45 dB with the source pinned, as it is here; far nearer where the source row is run, as published."""
    photo = Prepared(SETTINGS, golden["pivot"].flip(0), golden["null_embeddings"])
    source, edit = prototype.tokens(FACTS["source"]), prototype.tokens(FACTS[prompt])
    mapping = torch.eye(77) if name.startswith("replace") else refinement_mapping(source, edit)
    weights = torch.ones(77)
    if reweighted:
        weights[list(edit.columns[FACTS[prompt].split().index(FACTS["reweighted"])])] = 2
    attention = AttentionEdit(mapping, torch.where(mapping.sum(0) > 0, cross, 0.0), weights, itself, 1.0)
    levels = levels_of(prototype.scheduler_config, FACTS["steps"])
    path = photo.pivot if source_row == "pinned" else unpinned_path(prototype, photo)
    source_branch = Source(prototype, path, levels, prototype.embed(FACTS["source"]), None)
    task = Task(prototype, photo, source_branch, EditRecipe(FACTS[prompt], self_limit=1.0))
    rendered = denoise(task, Embedding(golden["null_embeddings"]), attention=attention)
    found = decibels(prototype.decode(rendered.latents), prototype.decode(golden[name]))
    # The published reweighting ends with the cross-attention window; here it holds at every step.
    assert found >= (45 if source_row == "pinned" or reweighted else 100)


def unpinned_path(prototype: DiffusionModel, photo: Prepared) -> Tensor:
    """Where the published source row goes: the guided branch with the optimised embeddings."""
    levels = levels_of(prototype.scheduler_config, photo.settings.steps)
    conditional = prototype.embed(photo.settings.prompt)
    assert photo.null_embeddings is not None
    path = [photo.pivot[:1]]
    for a in range(levels.steps):
        with torch.no_grad():
            both = prototype.predict(
                path[-1].expand(2, -1, -1, -1),
                levels.timesteps[a],
                stacked(Embedding(photo.null_embeddings[a : a + 1]), conditional),
            )
        path.append(step_down(guided(both[:1], both[1:], photo.settings.guidance_scale), path[-1], levels, a, a + 1))
    return torch.cat(path)
