"""Half precision that overflows: what is done again in which type, and how near that is to having begun so."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor

from nti_desktop.core.errors import EngineError
from nti_desktop.core.progress import CancelToken, Progress, Report, report_nothing
from nti_desktop.engine.memory.precision import Overflow, Precision, network_dtype, wider
from nti_desktop.engine.methods import METHODS, null_text
from nti_desktop.engine.methods.denoise import Prepared, Task
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings, Schedule
from tests.engine.trials import EDIT, PROTOTYPE, SOURCE, some_latents

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
TOO_MUCH = 2.0**17  # powers of two change no bit of a mantissa


def loaded(dtype: torch.dtype) -> DiffusionModel:
    """In this type, with the weights that half precision holds."""
    model = load_model(ModelFiles(PROTOTYPE), CPU, torch.float16)
    model.precision.dtype = model.precision.chosen = dtype
    model.unet.to(dtype)
    return model


@torch.no_grad()
def overdrive(model: DiffusionModel) -> None:
    """Make the numbers in a residual block so large that half precision does not hold them, and the normalisation
    behind them as much smaller: what the model answers stays.
    """
    block: ResnetBlock2D = model.unet.mid_block.resnets[0]
    for layer in (block.conv1, block.time_emb_proj):
        for weight in layer.parameters():
            weight.mul_(TOO_MUCH)


def overdriven(dtype: torch.dtype) -> DiffusionModel:
    model = loaded(dtype)
    overdrive(model)
    return model


def small_latents() -> Tensor:
    return some_latents(8, 8)


def learned(model: DiffusionModel, report: Report = report_nothing, steps: int = 3) -> Prepared:
    settings = InversionSettings(SOURCE, Method.NULL_TEXT, steps, 3.0, Schedule.REFERENCE)
    return null_text.prepare(model, small_latents(), settings, report, CancelToken())


@pytest.fixture(autouse=True)
def two_inner_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)
    monkeypatch.setattr(null_text, "good_enough", lambda step: 0.0)


def test_types_are_chosen_by_device_and_widened_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [network_dtype(torch.device(kind)) for kind in ("cuda", "mps", "cpu")] == [
        torch.float16,
        torch.float32,
        torch.float32,
    ]
    for supported, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, supported=supported: supported)
        assert wider(torch.float16, torch.device("cuda")) == expected
    assert wider(torch.bfloat16, torch.device("cuda")) == torch.float32
    assert wider(torch.float16, torch.device("mps")) == torch.float32


def test_the_type_is_told_in_words() -> None:
    precision = Precision(torch.float16)
    assert str(precision) == "half precision"
    precision.widen(torch.device("mps"))
    assert str(precision) == "full precision, because half precision overflowed"


@torch.no_grad()
def test_a_call_that_overflows_is_asked_again_in_the_next_type_and_all_later_ones_too() -> None:
    half, wide = overdriven(torch.float16), overdriven(torch.bfloat16)
    embedding = half.embed(SOURCE)
    with counted_rows(half) as rows:
        answers = [half.predict(small_latents(), t, embedding) for t in (801, 401)]
    assert rows.rows == 3  # the first of them twice
    assert half.precision.dtype == half.unet.dtype == torch.bfloat16
    for answer, t in zip(answers, (801, 401), strict=True):
        assert torch.equal(answer, wide.predict(small_latents(), t, embedding))


def test_null_text_goes_on_in_the_wider_type_as_if_it_had_begun_so() -> None:
    half, wide = overdriven(torch.float16), overdriven(torch.bfloat16)
    found, expected = learned(half), learned(wide)
    assert half.precision.dtype == torch.bfloat16
    assert torch.equal(found.pivot, expected.pivot)
    assert torch.equal(found.arrays["null_embeddings"], expected.arrays["null_embeddings"])


def at(phase: str, step: int, act: Callable[[], None]) -> Report:
    """Act once, when a phase comes to a step."""

    def report(progress: Progress) -> None:
        if (progress.phase, progress.step) == (phase, step):
            act()

    return report


@pytest.mark.parametrize(("phase", "step"), [("Following the photo", 1), ("Learning the photo", 1)])
def test_an_overflow_in_the_middle_does_one_timestep_again_and_keeps_the_others(phase: str, step: int) -> None:
    """What was done in half precision stays; the whole lies within its rounding of a run in bfloat16 alone."""
    half, wide = loaded(torch.float16), loaded(torch.bfloat16)
    with counted_rows(half) as rows:
        found = learned(half, at(phase, step, lambda: overdrive(half)))
    with counted_rows(wide) as undisturbed:
        expected = learned(wide, at(phase, step, lambda: overdrive(wide)))
    assert rows.rows == undisturbed.rows + 1  # the call that overflowed; the timestep had no finished one
    assert half.precision.dtype == torch.bfloat16
    for ours, theirs in (
        (found.pivot, expected.pivot),
        (found.arrays["null_embeddings"], expected.arrays["null_embeddings"]),
    ):
        assert ours is not None
        assert theirs is not None
        assert float((ours - theirs).square().mean()) < 1e-3 * float(theirs.square().mean())


def test_a_gradient_that_overflows_does_its_timestep_again(monkeypatch: pytest.MonkeyPatch) -> None:
    half, wide = loaded(torch.float16), loaded(torch.bfloat16)
    gradient = torch.autograd.grad

    def overflowing(*arguments: Tensor) -> tuple[Tensor, ...]:
        (found,) = gradient(*arguments)
        return (found * (torch.inf if half.precision.dtype == torch.float16 else 1),)

    with monkeypatch.context() as patch:
        patch.setattr(torch.autograd, "grad", overflowing)
        found = learned(half)
    assert half.precision.dtype == torch.bfloat16
    assert found.arrays["null_embeddings"].isfinite().all()
    expected = learned(wide).arrays["null_embeddings"]
    assert expected is not None
    assert float((found.arrays["null_embeddings"] - expected).square().mean()) < 1e-3 * float(expected.square().mean())


def test_what_was_recorded_of_the_source_serves_the_edit_in_the_wider_type() -> None:
    half, full = loaded(torch.float16), loaded(torch.float32)
    settings = InversionSettings(SOURCE, Method.PINNED, 3, 3.0)
    method = METHODS[Method.PINNED]
    photo = method.prepare(full, small_latents(), settings, report_nothing, CancelToken())
    edits = []
    for model, report in ((half, at("Editing", 1, lambda: overdrive(half))), (full, report_nothing)):
        source = method.source(model, photo)
        with counted_rows(model) as rows:
            task = Task(model, photo, source, EditRecipe(EDIT, self_limit=1.0), report=report)
            edits.append(method.render(task).latents)
    assert rows.rows == 9
    assert half.precision.dtype == torch.bfloat16
    assert float((edits[0] - edits[1]).square().mean()) < 1e-2 * float(edits[1].square().mean())


@pytest.mark.parametrize("step", [0, 1])
def test_an_unchanged_prompt_returns_the_photo_though_the_source_was_recorded_in_another_type(step: int) -> None:
    model = loaded(torch.float16)
    settings = InversionSettings(SOURCE, Method.RESIDUAL, 3, 7.5)
    method = METHODS[Method.RESIDUAL]
    photo = method.prepare(model, small_latents(), settings, report_nothing, CancelToken())
    task = Task(model, photo, method.source(model, photo), EditRecipe(SOURCE, self_limit=1.0))
    rows = []
    for report in (report_nothing, at("Editing", step, lambda: overdrive(model)), report_nothing, report_nothing):
        with counted_rows(model) as counted:
            found = method.render(replace(task, report=report)).latents
        assert torch.allclose(found, photo.photo, atol=1e-5)
        rows.append(counted.rows)
    assert model.precision.dtype == torch.bfloat16
    assert rows[0] == 3 * 2 + 3 * 2
    assert rows[-1] == 3 * 2  # what is asked anew is kept


@torch.no_grad()
def test_what_was_kept_before_the_first_word_is_forgotten() -> None:
    half, wide = loaded(torch.float16), loaded(torch.bfloat16)
    latents, embedding = small_latents(), half.embed(SOURCE)
    with half.prefix.kept():
        half.predict(latents, 501, embedding)
        for model in (half, wide):
            overdrive(model)
        assert torch.equal(half.predict(latents, 501, embedding), wide.predict(latents, 501, embedding))


def test_a_model_without_numbers_is_one_sentence() -> None:
    model = loaded(torch.float32)
    with torch.no_grad():
        model.unet.conv_out.bias.fill_(torch.nan)
        with pytest.raises(EngineError, match="no usable numbers") as raised:
            model.predict(small_latents(), 501, model.embed(SOURCE))
    assert isinstance(raised.value, Overflow)
    half = loaded(torch.float16)
    with torch.no_grad():
        half.unet.conv_out.bias.fill_(torch.nan)
    with pytest.raises(EngineError, match="no usable numbers"):
        learned(half)
    assert half.precision.dtype == torch.float32
