"""The ladder of savings: equal answers on every rung, and jobs that go on where memory ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from nti_desktop.core.errors import OutOfMemory
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.core.units import decibels
from nti_desktop.engine.memory.savings import TILE, Savings
from nti_desktop.engine.methods import METHODS, null_text
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.attention import Recording, Substitution, attention_edit
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import InvertJob, ModelFiles
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings, Schedule
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import draw_scene
from tests.engine.trials import EDIT, PROTOTYPE, SOURCE, smallest_latents, some_latents

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
STEPS = 3
FULL_CARD = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
FULL_MACHINE = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

Fresh = Callable[[], DiffusionModel]
Undisturbed = Callable[[DiffusionModel, Method], tuple[Prepared, int]]


@pytest.fixture
def prototypes() -> Fresh:
    """Loads a model that nobody else has: what climbs stays there until a job begins."""
    return lambda: load_model(ModelFiles(PROTOTYPE), CPU)


@pytest.fixture
def fresh(model: DiffusionModel, prototype: DiffusionModel, prototypes: Fresh, sd15_folder: Path) -> Fresh:
    """Each of the two models in turn, likewise."""
    return prototypes if model is prototype else lambda: load_model(ModelFiles(sd15_folder), CPU)


@pytest.fixture(scope="module")
def two_inner_steps() -> Iterator[None]:
    """In all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(null_text, "INNER_STEPS", 2)
        patch.setattr(null_text, "good_enough", lambda step: 0.0)
        yield


@pytest.fixture(scope="module")
def undisturbed(two_inner_steps: None) -> Undisturbed:
    """What a method prepares with memory enough, once for all tests of a model, and how often it calls the UNet."""

    @cache
    def done(model: DiffusionModel, method: Method) -> tuple[Prepared, int]:
        with running_out(model, -1, FULL_CARD) as calls:
            return prepared(model, method), len(calls)

    return done


def climbed(model: DiffusionModel, saving: Saving) -> DiffusionModel:
    while model.savings.saving < saving:
        model.savings.climb()
    return model


@contextmanager
def running_out(model: DiffusionModel, call: int, error: BaseException) -> Iterator[list[int]]:
    """The UNet's call of this number, from 0, fails once; yields the numbers of those that were begun."""
    begun: list[int] = []

    def fail(*_: Any) -> None:
        begun.append(len(begun))
        if begun[-1] == call:
            raise error

    handle = model.unet.register_forward_pre_hook(fail)
    try:
        yield begun
    finally:
        handle.remove()


def prepared(model: DiffusionModel, method: Method) -> Prepared:
    settings = InversionSettings(SOURCE, method, STEPS, 3.0, Schedule.REFERENCE)
    found: Prepared = METHODS[method].prepare(model, smallest_latents(model), settings, report_nothing, CancelToken())
    return found


def gradient(model: DiffusionModel, latents: Tensor) -> Tensor:
    leaf = model.embed(SOURCE).tokens.clone().requires_grad_()
    output = model.predict(latents, 501, model.embed(SOURCE).with_tokens(leaf))
    (found,) = torch.autograd.grad(output.square().sum(), leaf)
    return found


def test_a_gradient_is_the_same_on_every_rung_with_and_without_a_kept_prefix(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on those that only a card has."""
    monkeypatch.setattr(Savings, "rungs", tuple(Saving))
    model, latents = fresh(), some_latents()
    expected = gradient(model, latents)
    for saving in Saving:
        climbed(model, saving)
        bound = 0 if saving < Saving.SLICES else 1e-5 * float(expected.abs().max())
        with model.prefix.kept():
            found = [gradient(model, latents) for _ in range(2)]
        for again in (gradient(model, latents), *found):
            assert float((again - expected).abs().max()) <= bound, saving


def test_attention_in_slices_answers_as_fused_attention_plain_recorded_and_substituted(
    fresh: Fresh,
) -> None:
    model, latents = fresh(), some_latents()
    recipe = EditRecipe(EDIT, cross_until=1, self_until=1, self_limit=1)
    edit = attention_edit(model.tokens(SOURCE), model.tokens(EDIT), recipe)
    answers: dict[bool, list[Tensor]] = {}
    embedding = model.embed(EDIT).for_rows(2)
    for sliced in (False, True):
        if sliced:
            climbed(model, Saving.SLICES)
        attend = model.attention.attend
        recording = Recording(1, latents[0, 0].numel(), attend)
        with torch.no_grad():
            plain = model.predict(latents.expand(2, -1, -1, -1), 501, embedding)
            with model.attention.set_to(recording):
                recorded = model.predict(latents + 0.3, 501, model.embed(SOURCE))
            source = recording.step(0, 1.0, recorded, None)
            with model.attention.set_to(Substitution(edit, source, 0.1, latents[0, 0].numel(), attend)):
                substituted = model.predict(latents.expand(2, -1, -1, -1), 501, embedding)
        answers[sliced] = [plain, recorded, substituted]
    for whole, slices in zip(answers[False], answers[True], strict=True):
        assert torch.allclose(whole, slices, atol=1e-5)
    assert not torch.allclose(answers[True][0], answers[True][2], atol=1e-4)


@pytest.mark.parametrize("error", [FULL_CARD, FULL_MACHINE, MemoryError()], ids=["card", "machine", "python"])
def test_a_call_that_runs_out_of_memory_is_asked_again_and_none_before_it(
    model: DiffusionModel, fresh: Fresh, undisturbed: Undisturbed, error: BaseException
) -> None:
    expected, _ = undisturbed(model, Method.PINNED)
    model = fresh()
    with counted_rows(model) as rows, running_out(model, STEPS + 1, error) as begun:
        found = prepared(model, Method.PINNED)
    assert rows.rows == STEPS + 2 * STEPS  # what was finished is not done again
    assert len(begun) == 2 * STEPS + 1
    assert model.savings.saving is Saving.CHECKPOINTS
    assert torch.equal(found.pivot, expected.pivot)
    assert found.reconstruction is not None
    assert expected.reconstruction is not None
    assert torch.equal(found.reconstruction, expected.reconstruction)


@pytest.mark.parametrize("failing", [1, 3, 4, 6, 8])  # on the way up; in each call of a timestep; in the next one
def test_null_text_goes_on_from_the_last_finished_timestep(
    prototype: DiffusionModel, prototypes: Fresh, undisturbed: Undisturbed, failing: int
) -> None:
    expected, calls = undisturbed(prototype, Method.NULL_TEXT)
    model = prototypes()
    with counted_rows(model) as rows, running_out(model, failing, FULL_CARD) as begun:
        found = prepared(model, Method.NULL_TEXT)
    a_timestep = 1 + 2 + 1  # conditional, two inner steps, and where they land
    into = max(0, failing - STEPS) % a_timestep
    alone = failing < STEPS or into in (0, a_timestep - 1)  # a call without gradients is asked again by itself
    assert len(begun) == calls + 1 + (0 if alone else into)
    assert model.savings.saving is Saving.CHECKPOINTS
    assert rows.rows > STEPS * (1 + 1 + 2 * 2 + 1)
    assert torch.equal(found.pivot, expected.pivot)
    assert torch.equal(found.arrays["null_embeddings"], expected.arrays["null_embeddings"])


def test_running_out_in_a_backward_does_the_timestep_again(
    prototype: DiffusionModel, prototypes: Fresh, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = undisturbed(prototype, Method.NULL_TEXT)
    take, calls = torch.autograd.grad, []

    def failing(*arguments: Tensor) -> tuple[Tensor, ...]:
        calls.append(1)
        if len(calls) == 4:
            raise FULL_CARD
        return take(*arguments)

    model = prototypes()
    monkeypatch.setattr(torch.autograd, "grad", failing)
    found = prepared(model, Method.NULL_TEXT)
    assert len(calls) == 2 * STEPS + 2  # the second one of a timestep failed, and its first was done again
    assert torch.equal(found.arrays["null_embeddings"], expected.arrays["null_embeddings"])


@pytest.mark.parametrize("failing", [0, 2, STEPS, STEPS + 2])
def test_an_edit_goes_on_from_the_last_finished_timestep(
    prototype: DiffusionModel, prototypes: Fresh, undisturbed: Undisturbed, failing: int
) -> None:
    """In the recording of the source and in the edit itself, with its unconditional answers recorded one by one."""
    method = METHODS[Method.RESIDUAL]
    photo, _ = undisturbed(prototype, Method.RESIDUAL)
    recipe = EditRecipe(EDIT, self_limit=1.0)
    expected = method.render(Task(prototype, photo, method.source(prototype, photo), recipe))
    model = prototypes()
    with counted_rows(model) as rows, running_out(model, failing, FULL_MACHINE):
        found = method.render(Task(model, photo, method.source(model, photo), recipe))
    assert rows.rows == 2 * STEPS + 2 * STEPS
    assert model.savings.saving is Saving.CHECKPOINTS
    assert torch.equal(found.latents, expected.latents)


def test_a_backward_that_computes_the_forward_again_counts_it(fresh: Fresh) -> None:
    model = fresh()
    for saving, expected in ((Saving.NONE, 2), (Saving.CHECKPOINTS, 3)):
        climbed(model, saving)
        with counted_rows(model) as rows:
            gradient(model, some_latents())
        assert rows.rows == expected


def test_one_rung_is_climbed_at_a_time_and_the_end_of_the_ladder_is_one_sentence() -> None:
    service = EngineService("cpu")
    image = training_picture(draw_scene(4)).image
    job = InvertJob(built_in().files, image, InversionSettings("a ball", Method.PINNED, 2, 2.0))
    service.invert(job)
    model = service._model
    assert model is not None
    seen: list[Saving] = []

    def full(*_: Any) -> None:
        seen.append(model.savings.saving)
        raise FULL_MACHINE

    handle = model.unet.register_forward_pre_hook(full)
    with pytest.raises(OutOfMemory, match="not enough memory for this picture"):
        service.invert(job)
    handle.remove()
    assert seen == [Saving.NONE, Saving.CHECKPOINTS, Saving.TILES, Saving.SLICES]  # weights are at home already
    assert service.invert(job).figures.unet_rows == 2 + 2 + 2 * 2
    assert model.savings.saving is Saving.NONE  # memory has returned
    assert service.invert(replace(job, model=ModelFiles(PROTOTYPE))).figures.unet_rows > 0
    assert service._model is not None
    assert service._model.savings.saving is Saving.NONE  # another model begins below


def test_small_pictures_are_no_tiles_and_large_ones_differ_little() -> None:
    """A scene of the built-in model's world, half a tile larger than one: 44 dB to the picture drawn at once, which is
    about what its autoencoder loses of that scene anyway.
    """
    model = load_model(built_in().files, CPU)
    scene = Image.fromarray(training_picture(draw_scene(4)).image)
    small, large = np.asarray(scene), np.asarray(scene.resize((TILE * 3 // 2, TILE * 3 // 2)))
    whole = [model.decode(model.encode(image)) for image in (small, large)]
    climbed(model, Saving.TILES)
    tiled = [model.decode(model.encode(image)) for image in (small, large)]
    assert np.array_equal(tiled[0], whole[0])
    assert not np.array_equal(tiled[1], whole[1])
    assert decibels(tiled[1], whole[1]) > 40
