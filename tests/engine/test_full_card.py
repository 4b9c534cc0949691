"""A graphics card with a limit, for models of three families: its forecast, and what is done when it is full."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from nti_desktop.core.errors import OutOfMemory
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.memory.forecast import work_of, work_of_edit
from nti_desktop.engine.memory.savings import Savings
from nti_desktop.engine.methods import null_text
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling import pivot
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.engine.sampling.pivot import Source
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import Inversion, InvertJob, ModelFiles, Rendered, RenderJob
from nti_desktop.recipe.memory import Need, Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.fake_card import FakeCard, fake_card
from tests.engine.trials import EDIT, SOURCE
from tests.wild.files import write_original

pytestmark = pytest.mark.slow

FAMILIES = ["sd15", "sd21", "sdxl"]
SIDE, STEPS = 128, 2  # pixels, timesteps
IMAGE = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
SETTINGS = InversionSettings(SOURCE, Method.PINNED, STEPS, 3.0)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelFiles]:
    """One of each family, of the published structure, narrow."""
    folder = tmp_path_factory.mktemp("families")
    files = {kind: write_original(folder / f"{kind}.safetensors", kind, dtype=torch.float16) for kind in FAMILIES}
    return {kind: find_model(str(file)).files for kind, file in files.items()}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCard]:
    """Without a limit yet."""
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)
    with fake_card() as found:
        yield found


def inverted(service: EngineService, files: ModelFiles, method: Method = Method.PINNED) -> Inversion:
    return service.invert(InvertJob(files, IMAGE, replace(SETTINGS, method=method)))


def edited(service: EngineService, files: ModelFiles, inversion: Inversion, photo: str = "one") -> Rendered:
    return service.render(RenderJob(files, photo, inversion.settings, inversion.arrays, EditRecipe(EDIT)))


def loaded(service: EngineService) -> DiffusionModel:
    assert service._model is not None
    return service._model


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("method", [Method.PINNED, Method.NULL_TEXT])
def test_the_forecast_is_within_15_percent_of_what_a_whole_job_takes(
    card: FakeCard, models: dict[str, ModelFiles], monkeypatch: pytest.MonkeyPatch, kind: str, method: Method
) -> None:
    """The model included. Of an edit in many steps, which reads as many at once as it can; here two, of two."""
    monkeypatch.setattr(pivot, "POSITIONS_AT_ONCE", 1)
    service, files = EngineService("cuda"), models[kind]
    inversion = inverted(service, files, method)
    preparing = card.peak
    card.forget_peak()
    edited(service, files, inversion)
    forecaster, model = service._forecaster, loaded(service)
    assert forecaster is not None
    size = SIDE // model.scale, SIDE // model.scale
    recorded = STEPS * forecaster.recorded(size, EditRecipe(EDIT).self_limit)
    assert forecaster.peak(work_of(method), Saving.NONE, size) == pytest.approx(preparing, rel=0.15)
    assert forecaster.peak(work_of_edit(method), Saving.NONE, size) + recorded == pytest.approx(card.peak, rel=0.15)


@pytest.mark.parametrize(("kind", "method"), [("sd15", Method.NULL_TEXT), ("sdxl", Method.PINNED)])
def test_so_it_is_where_weights_visit_the_card(
    card: FakeCard, models: dict[str, ModelFiles], monkeypatch: pytest.MonkeyPatch, kind: str, method: Method
) -> None:
    """Those that set out ahead included."""
    monkeypatch.setattr(Savings, "holds", lambda _savings, _size, saving: saving is Saving.OFFLOAD)
    service = EngineService("cuda")
    inverted(service, models[kind])  # once on the card and off it again
    card.forget_peak()
    inverted(service, models[kind], method)
    forecaster, model = service._forecaster, loaded(service)
    assert forecaster is not None
    assert model.savings.saving is Saving.OFFLOAD
    size = SIDE // model.scale, SIDE // model.scale
    assert forecaster.peak(work_of(method), Saving.OFFLOAD, size) == pytest.approx(card.peak, rel=0.15)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_smaller_card_saves_more_and_the_smallest_says_so_and_works_again(
    card: FakeCard, models: dict[str, ModelFiles], kind: str
) -> None:
    """From ample to nothing: the rungs only rise, what is done is the same, and what is refused is one sentence."""
    service, files = EngineService("cuda"), models[kind]
    plain = inverted(service, files)
    ample, rungs, refused = card.peak, [], []
    for share in (1.5, 0.8, 0.7, 0.02):
        service.choose_device("cpu")  # which gives the card back
        service.choose_device("cuda")
        assert card.now < ample / 20
        card.limit = share * ample
        try:
            found = inverted(service, files)
        except OutOfMemory as error:
            refused.append(str(error))
            continue
        rungs.append(loaded(service).savings.saving)
        np.testing.assert_allclose(found.arrays["pivot"], plain.arrays["pivot"], atol=5e-2)
    assert len(refused) == 1
    assert "not enough memory for this picture" in refused[0]
    assert rungs == sorted(rungs)
    assert (rungs[0], rungs[-1]) == (Saving.NONE, Saving.OFFLOAD)
    card.limit = float("inf")
    inverted(service, files)
    assert loaded(service).savings.saving is Saving.NONE


def test_idle_parts_leave_a_card_that_holds_all_else(card: FakeCard, models: dict[str, ModelFiles]) -> None:
    """SDXL's text encoders are not beside the UNet while it works: so offload is not needed."""
    service, files = EngineService("cuda"), models["sdxl"]
    plain = inverted(service, files)
    model = loaded(service)
    idle = model.weight_bytes - model.savings.resident(Saving.IDLE)
    assert idle > model.weight_bytes / 10
    card.limit = card.peak + 1
    model.savings.begin(Need(0, Saving.IDLE, True))
    model.savings.settle()
    assert card.now < card.limit - 0.9 * idle
    card.taken = idle // 4  # so that what is left holds the autoencoder's turn beside the UNet, and not all at once
    found = inverted(service, files)
    assert model.savings.saving is Saving.IDLE
    assert card.refusals == 0
    np.testing.assert_array_equal(found.arrays["pivot"], plain.arrays["pivot"])
    assert {weight.dtype for weight in model.vae.parameters()} == {torch.float32}
    assert not any(card.holds(weight) for part in model.parts[1:] for weight in part.parameters())
    assert all(card.holds(weight) for weight in model.unet.parameters())


def recording(model: DiffusionModel) -> Source:
    steps = 8
    trajectory = torch.randn(steps + 1, 4, 16, 16, device=model.device)
    return Source(model, trajectory, levels_of(model.scheduler_config, steps), model.embed(SOURCE), None)


def test_recording_asks_for_fewer_rows_before_anything_is_saved(card: FakeCard, models: dict[str, ModelFiles]) -> None:
    service = EngineService("cuda")
    inverted(service, models["sd15"])
    model, rows = loaded(service), []
    model.unet.register_forward_pre_hook(lambda _unet, inputs: rows.append(len(inputs[0])))
    source = recording(model)
    before = card.now
    card.forget_peak()
    source.at(0, 0.0)
    alone = card.peak - before
    card.limit = before + 4 * alone
    rows.clear()
    source.record(range(8), 0.0, report_nothing, CancelToken())
    assert rows[:2] == [1, 7]
    assert rows[2] == 3
    assert card.refusals > 0
    assert model.savings.saving is Saving.NONE


def test_recordings_of_other_photos_go_before_a_rung_is_climbed(card: FakeCard, models: dict[str, ModelFiles]) -> None:
    service, files = EngineService("cuda"), models["sd15"]
    inversion = inverted(service, files)
    for photo in ("one", "two"):
        edited(service, files, inversion, photo)
    model = loaded(service)
    failing = [True, True]

    def full(*_: object) -> None:
        if failing and failing.pop():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    model.unet.register_forward_pre_hook(full)
    edited(service, files, inversion, "two")
    service.render(RenderJob(files, "two", inversion.settings, inversion.arrays, EditRecipe("a photo of a cube")))
    assert list(service._photos) == ["two"]
    assert model.savings.saving is Saving.IDLE  # the second time there was nothing else to give


def test_the_ladder_comes_down_when_memory_returns(card: FakeCard, models: dict[str, ModelFiles]) -> None:
    """Another program takes the card's memory and gives it back."""
    service, files = EngineService("cuda"), models["sd15"]
    inverted(service, files)
    model, ample = loaded(service), card.peak
    card.limit, card.taken = 2 * ample, int(1.3 * ample)
    inverted(service, files)
    assert model.savings.saving is Saving.OFFLOAD
    assert not any(card.holds(weight) for weight in model.unet.parameters())
    card.taken = 0
    inverted(service, files)
    assert model.savings.saving is Saving.NONE
    assert all(card.holds(weight) for part in model.parts for weight in part.parameters())


def test_what_failed_twice_where_it_was_forecast_to_fit_is_tried_again_with_more_room(
    card: FakeCard, models: dict[str, ModelFiles]
) -> None:
    card.limit = 10**9
    service, files = EngineService("cuda"), models["sd15"]
    inverted(service, files)
    savings = loaded(service).savings
    need = Need(10**8, Saving.NONE, True)
    for _ in range(2):
        assert savings.holds(need.size, Saving.NONE)
        savings.begin(need)
        savings.give_up()
    assert not savings.holds(need.size, Saving.NONE)
    assert savings.holds(need.size // 2, Saving.NONE)
    card.limit = 1.3 * 10**9
    assert savings.holds(need.size, Saving.NONE)


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
        "MPS backend out of memory (MPS allocated: 9.00 GB, max allowed: 9.07 GB).",
    ],
)
def test_the_constructor_endures_whatever_a_full_card_says(
    card: FakeCard, models: dict[str, ModelFiles], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the driver promised more than there is."""
    card.limit, card.words = 10**6, words
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (10**12, 10**12))
    model = load_model(models["sd15"], torch.device("cuda:0"))
    assert card.refusals > 0
    assert model.savings.saving is Saving.OFFLOAD
    assert card.now == 0


def test_text_encoders_are_endured(card: FakeCard, models: dict[str, ModelFiles]) -> None:
    service = EngineService("cuda")
    inverted(service, models["sdxl"])
    model = loaded(service)
    expected = model.text.read("a new sentence").tokens.cpu()
    failing = [True]

    def full(*_: object) -> None:
        if failing and failing.pop():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    model.text.encoders[1].register_forward_pre_hook(full)
    assert torch.equal(model.embed("a new sentence").tokens.cpu(), expected)
    assert model.savings.saving is Saving.IDLE
