"""What the table of methods says that preparing and editing ask of a UNet is what they ask, phase by phase."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Progress
from nti_desktop.engine.methods import METHODS, edict, embedding, imagic, null_text
from nti_desktop.engine.methods.denoise import Prepared
from nti_desktop.engine.model import rates
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.sampling.learning import COPIES
from nti_desktop.engine.service import EngineService
from nti_desktop.recipe.costs import LEARNING, Calls, Conditions, Speeds
from nti_desktop.recipe.jobs import MeasureJob, ModelFiles
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import EDIT, PROTOTYPE, SOURCE, rendered, smallest_latents

Counts = dict[str, dict[str, int]]  # by phase, then by kind of call
PREPARED = [method for method in Method if method.row.prepares]
SLOW = pytest.mark.slow


class Watch:
    """Counts the calls of a UNet by the phase that was told of last, and by what each is: see Calls."""

    def __init__(self) -> None:
        self.counts: Counts = defaultdict(lambda: defaultdict(int))
        self._phase = ""

    def report(self, progress: Progress) -> None:
        self._phase = progress.phase

    @contextmanager
    def on(self, model: DiffusionModel) -> Iterator[None]:
        def count(_unet: Any, _inputs: Any, output: Any) -> None:
            sample: Tensor = output.sample
            kind = "learned" if sample.requires_grad else {1: "single", 2: "double"}[len(sample)]
            self.counts[self._phase][kind] += 1

        handle = model.unet.register_forward_hook(count)
        try:
            yield
        finally:
            handle.remove()

    def calls(self, phase: str) -> Calls:
        return Calls(**self.counts[phase])


def watched(model: DiffusionModel, method: Method, steps: int) -> tuple[Prepared, Watch]:
    watch, settings = Watch(), InversionSettings(SOURCE, method, steps, 3.0)
    latents = smallest_latents(model)
    with watch.on(model):
        found: Prepared = METHODS[method].prepare(model, latents, settings, watch.report, CancelToken())
    return found, watch


@pytest.mark.parametrize("method", [pytest.param(m, marks=SLOW) if m.row.learns else m for m in PREPARED])
def test_each_phase_asks_the_calls_that_the_table_says(
    prototype: DiffusionModel, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(null_text, "good_enough", lambda _: 0.0)  # no step is left early
    monkeypatch.setattr(embedding, "STEPS", 3)
    monkeypatch.setattr(imagic, "STEPS", 3)
    steps = 5  # four of which are EDICT's
    _, watch = watched(prototype, method, steps)
    assert [phase for phase in watch.counts if phase] == [phase.name for phase in method.row.preparing]
    for phase in method.row.preparing:
        once = Calls(learned=3 * COPIES) if phase.once.learned else Calls()
        every = phase.each_step.times(steps)
        assert watch.calls(phase.name) == Calls(every.single, every.double, every.learned + once.learned)


def test_what_is_learned_once_takes_the_calls_that_the_table_says() -> None:
    for method in (Method.EMBEDDING, Method.IMAGIC):
        once = sum(phase.once.learned for phase in method.row.preparing)
        assert once == {Method.EMBEDDING: 1, Method.IMAGIC: 2}[method] * 60 * COPIES


def test_null_text_asks_less_where_a_step_is_good_enough_before(
    prototype: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(null_text, "good_enough", lambda _: 1e9)
    _, watch = watched(prototype, Method.NULL_TEXT, 4)
    assert watch.calls(LEARNING) == Calls(single=2 * 4, learned=1 * 4)  # the table says how many at most


@pytest.mark.slow
@pytest.mark.parametrize("method", [method for method in PREPARED if not method.row.lots])  # those draw a share anew
def test_an_edit_whose_source_is_recorded_asks_the_calls_that_the_table_says(
    prototype: DiffusionModel, method: Method
) -> None:
    steps = 26 if method in (Method.RESIDUAL, Method.FLOWEDIT) else 5
    photo = longer(prototype, method, steps)
    source = METHODS[method].source(prototype, photo)
    rendered(prototype, photo, EditRecipe(EDIT), source=source)
    watch = Watch()
    with watch.on(prototype):
        rendered(prototype, photo, EditRecipe(SOURCE), source=source)
    assert watch.calls("") == method.row.editing.times(method.row.levels_of_edit(steps))


@pytest.mark.parametrize("method", [Method.PINNED, Method.NEGATIVE_PROMPT, Method.RESAMPLE])
def test_less_noise_and_no_guidance_ask_no_more_than_they_need(prototype: DiffusionModel, method: Method) -> None:
    steps = 5
    photo, _ = watched(prototype, method, steps)
    source = METHODS[method].source(prototype, photo)
    for edit in (EditRecipe(EDIT, noise=0.4), EditRecipe(EDIT, noise=1, guidance_scale=1)):
        nearly = replace(edit, guidance_scale=(edit.guidance_scale or photo.settings.guidance_scale) + 1e-6)
        near = rendered(prototype, photo, nearly, source=source)
        watch = Watch()
        with watch.on(prototype):
            found = rendered(prototype, photo, edit, source=source)
        assert watch.calls("") == method.row.calls_of_edit(edit, steps, photo.settings.guidance_scale)
        assert torch.allclose(found.latents, near.latents, atol=1e-3)
    assert method.row.calls_of_edit(None, steps, 1).rows <= steps
    said = EditRecipe(EDIT, noise=1)
    assert method.row.calls_of_edit(said, steps, 1) == Calls(single=steps)
    assert method.row.calls_of_edit(said, steps) == Calls(double=steps)


def longer(model: DiffusionModel, method: Method, steps: int) -> Prepared:
    """A preparation of so many steps, at least five, in its shapes only."""
    found, _ = watched(model, method, 5)
    settings = InversionSettings(SOURCE, method, steps, 3.0)
    arrays = {
        name: torch.cat([array[:1].repeat(steps - 5, 1, 1, 1), array]) if name == PIVOT.name else array
        for name, array in found.arrays.items()
    }
    return Prepared(settings, arrays, found.photo)


def test_the_calls_of_each_kind_are_timed(prototype: DiffusionModel) -> None:
    watch = Watch()
    with watch.on(prototype):
        found = rates.measured_rates(prototype, smallest_latents(prototype), True, CancelToken())
    assert set(watch.counts[""]) == {"single", "double", "learned"}
    assert all(1 <= count <= rates.TIMED_CALLS for count in watch.counts[""].values())
    assert min(found.single, found.double, found.learned, found.drawing) > 0


@pytest.mark.parametrize("there_is_memory", [True, False])
def test_where_a_gradient_finds_no_memory_it_is_told_from_the_way_there(
    prototype: DiffusionModel, there_is_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    given_back: list[bool] = []
    monkeypatch.setattr(torch.autograd, "grad", full)
    monkeypatch.setattr(rates, "give_back_memory", lambda: given_back.append(True))
    found = rates.measured_rates(prototype, smallest_latents(prototype), there_is_memory, CancelToken())
    assert found.learned == rates.THERE_AND_BACK * found.single
    assert prototype.savings.saving == 0
    assert given_back == [True] * there_is_memory


def test_edict_stands_on_the_share_of_levels_that_the_table_says() -> None:
    assert all(5 * n - edict.first_level(5 * n) == 4 * n for n in range(1, 20))


def test_what_is_known_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Conditions] = []
    known = Speeds(rates.Rates(1.0, 2.0, 3.0))

    def look_up(conditions: Conditions) -> Speeds:
        asked.append(conditions)
        return known

    monkeypatch.setattr("nti_desktop.engine.service.measured_rates", lambda *_: pytest.fail("it was measured"))
    image = np.zeros((64, 96, 3), np.uint8)
    measured = EngineService("cpu").measure(MeasureJob(ModelFiles(PROTOTYPE), image, known=look_up))
    assert measured.speeds == known
    assert asked == [measured.conditions] == [Conditions(measured.device, measured.precision, 64, 96)]
