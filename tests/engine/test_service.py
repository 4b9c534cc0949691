"""The engine service: jobs in, numpy out; rows, memory, cancelling, and pictures that the model does not know."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nti_desktop.core.errors import Cancelled, EngineError, ModelError, OutOfMemory
from nti_desktop.core.progress import CancelToken, Progress, report_nothing
from nti_desktop.core.units import decibels
from nti_desktop.editing.feedback import is_strange
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.service import EDITS, EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.jobs import Inversion, InvertJob, MeasureJob, ModelFiles, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import inside, rectangle
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.studio.captions import caption
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import draw_scene
from tests.engine.trials import SENTENCES

SCENE = draw_scene(4)
PROMPT = caption(SCENE)
IMAGE = training_picture(SCENE).image
MIDDLE = IMAGE[32:-32, 32:-32].copy()  # where the thing is, for what takes many steps
RECIPE = EditRecipe(PROMPT.replace(SCENE.things[0].colour, "purple"), self_limit=1.0)


@pytest.fixture(scope="module")
def service() -> EngineService:
    return EngineService()


def invert_job(method: Method = Method.RESIDUAL, steps: int = 5, guidance_scale: float = 2.0) -> InvertJob:
    settings = InversionSettings(PROMPT, method, steps, guidance_scale)
    return InvertJob(built_in().files, IMAGE, settings)


Inversions = Callable[..., Inversion]


@pytest.fixture(scope="module")
def inversions(service: EngineService) -> Inversions:
    """What an `invert_job` gives, made once for all tests."""
    return cache(lambda *of, **options: service.invert(invert_job(*of, **options)))


def render_job(inverted: Inversion, recipe: EditRecipe = RECIPE, **changes: Any) -> RenderJob:
    settings = inverted.settings
    found = RenderJob(built_in().files, f"{settings}", settings, inverted.arrays, recipe)
    return replace(found, **changes)


@pytest.fixture(scope="module")
def latents() -> tuple[int, ...]:
    """The form (C, h, w) of the picture's latents."""
    return tuple(load_model(built_in().files).encode(IMAGE)[0].shape)


@pytest.mark.slow
@pytest.mark.parametrize("method", SENTENCES)
def test_an_inversion_and_an_edit_come_back_as_numpy_that_pickles(
    service: EngineService, inversions: Inversions, method: Method, latents: tuple[int, ...]
) -> None:
    inverted = inversions(method)
    assert inverted.arrays["pivot"].shape == (6, *latents)
    assert inverted.arrays["pivot"].dtype == np.float32
    assert ("null_embeddings" in inverted.arrays) == (method is Method.NULL_TEXT)
    assert (inverted.figures.reconstruction_psnr is not None) == bool(method.row.preparing)
    assert inverted.figures.explained is not None
    rendered = service.render(render_job(inverted))
    assert rendered.image.shape == rendered.source.shape == IMAGE.shape
    assert rendered.word_maps.shape[0] == len(PROMPT.split())
    assert rendered.coverage == 1.0
    assert 0 < rendered.changed <= 1
    again = pickle.loads(pickle.dumps(rendered))
    assert np.array_equal(again.image, rendered.image)


@pytest.mark.slow
def test_rows_are_what_the_methods_need(service: EngineService, inversions: Inversions) -> None:
    rows = {}
    for method in SENTENCES:
        inverted = inversions(method)
        job = render_job(inverted, inversion_id=f"rows of {method}")
        first, second = service.render(job), service.render(replace(job, recipe=replace(RECIPE, cross_until=0.2)))
        rows[method] = (inverted.figures.unet_rows, first.figures.unet_rows, second.figures.unet_rows)
        if method is Method.NULL_TEXT:
            assert inverted.figures.inner_steps is not None
            optimised = inverted.figures.unet_rows - (2 + 5 + 5 + 2 * inverted.figures.inner_steps)
            assert 0 <= optimised <= 5  # where one is, its first row is asked again with gradients
    # what the sentence explains, up, and the guided reconstruction; then the source once and two rows a step of an edit
    assert rows[Method.RESIDUAL] == (2 + 5 + 10, 10 + 10, 10)
    assert rows[Method.FLOWEDIT] == (2, 10 + 10, 10)
    assert rows[Method.PINNED] == rows[Method.NEGATIVE_PROMPT] == (2 + 5 + 10, 5 + 10, 10)
    assert rows[Method.NULL_TEXT][1:] == (5 + 10, 10)


@pytest.mark.slow
def test_a_preview_takes_as_many_steps_as_it_is_asked_for(service: EngineService, inversions: Inversions) -> None:
    job = render_job(inversions(steps=10), inversion_id="previewed")
    preview = service.render(replace(job, steps=3))
    assert preview.figures.unet_rows == 3 * 2 + 3 * 2
    assert service.render(job).figures.unet_rows == 7 * 2 + 10 * 2


@pytest.mark.slow
def test_equal_jobs_give_equal_pictures_with_and_without_what_is_remembered(
    service: EngineService, inversions: Inversions
) -> None:
    job = render_job(inversions())
    first, second = service.render(job), service.render(job)
    fresh = EngineService().render(job)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.image, fresh.image)


@pytest.mark.slow
@pytest.mark.parametrize("method", SENTENCES)
def test_less_than_the_whole_edit_is_a_share_of_it_and_takes_no_row(
    service: EngineService, inversions: Inversions, method: Method
) -> None:
    job = render_job(inversions(method), inversion_id=f"faded {method}")
    half = service.render(replace(job, recipe=replace(RECIPE, strength=0.5)))
    whole = service.render(job)
    assert half.figures.unet_rows > 0
    assert whole.figures.unet_rows == 0
    photo = job.arrays["pivot"][-1]
    np.testing.assert_allclose(half.latents, (photo + whole.latents) / 2, atol=1e-5)
    assert half.recipe.strength == 0.5
    none = service.render(replace(job, recipe=replace(RECIPE, strength=0.0)))
    assert none.figures.unet_rows == 0
    assert np.array_equal(none.image, none.source)
    beyond = service.render(replace(job, recipe=replace(RECIPE, strength=1.2)))
    assert beyond.figures.unet_rows == 10
    assert np.square(beyond.image - beyond.source).mean() > np.square(whole.image - whole.source).mean()


@pytest.mark.slow
def test_a_thing_on_its_way_to_another_is_not_seen_twice(service: EngineService, inversions: Inversions) -> None:
    recipe = EditRecipe(PROMPT.replace(str(SCENE.things[0].shape), "bottle"), self_limit=1.0)
    job = render_job(inversions(), recipe, inversion_id="a thing")
    whole, half = service.render(job), service.render(replace(job, recipe=replace(recipe, strength=0.5)))
    assert half.figures.unet_rows == 10
    assert not np.allclose(half.latents, (job.arrays["pivot"][-1] + whole.latents) / 2, atol=1e-2)


@pytest.mark.slow
def test_only_the_newest_whole_edits_are_kept(service: EngineService, inversions: Inversions) -> None:
    job = render_job(inversions(), inversion_id="many edits")
    service.render(job)
    for number in range(EDITS):
        service.render(replace(job, recipe=replace(RECIPE, cross_until=number / EDITS)))
    assert service.render(replace(job, recipe=replace(RECIPE, cross_until=0.5))).figures.unet_rows == 0
    assert service.render(job).figures.unet_rows == 10


@pytest.mark.slow
def test_an_edit_of_fifty_levels_stands_on_half_of_them_and_hardly_differs(service: EngineService) -> None:
    job = render_job(service.invert(replace(invert_job(steps=50), image=MIDDLE)))
    plain = service.render(replace(job, steps=50))  # which records the source
    found = service.render(job)
    assert found.figures.unet_rows == 2 * 25
    assert decibels(found.image, plain.image) > 45
    assert found.changed > 0.01


@pytest.mark.slow
def test_reference_null_text_beats_guided_ddim_by_far(service: EngineService) -> None:
    """At guidance 7.5, unpinned, against the autoencoder's own picture: at least 15 dB better than the empty prompt."""
    job = invert_job(Method.NULL_TEXT, 50, 7.5)
    null_text = service.invert(job).figures.reconstruction_psnr
    guided = service.invert(invert_job(Method.PINNED, 50, 7.5)).figures.reconstruction_psnr
    assert null_text is not None
    assert guided is not None
    assert null_text > guided + 15


@pytest.mark.slow
def test_what_comes_back_is_what_half_precision_can_hold(inversions: Inversions) -> None:
    """So that nothing is lost where the sidecar stores it so."""
    inverted = inversions(Method.NULL_TEXT)
    for array in inverted.arrays.values():
        assert array.dtype == np.float32
        assert np.array_equal(array, array.astype(np.float16))


def test_an_unchanged_prompt_returns_the_photo_as_the_autoencoder_draws_it(
    service: EngineService, inversions: Inversions
) -> None:
    rendered = service.render(render_job(inversions(), EditRecipe(PROMPT, self_limit=1.0)))
    assert decibels(rendered.image, rendered.source) > 100
    assert rendered.changed == 0


def test_a_mask_confines_the_change_and_tells_its_coverage(service: EngineService, inversions: Inversions) -> None:
    word = WordRef(Side.EDIT, PROMPT.split().index(SCENE.things[0].shape), SCENE.things[0].shape)
    blend = Blend((word,), threshold=0.6, positions=built_in().defaults.blend_positions)
    recipe = replace(RECIPE, blend=blend)
    job = render_job(inversions(), recipe)
    rendered = service.render(job)
    assert rendered.mask is not None
    assert rendered.mask.shape == IMAGE.shape[:2]
    assert 0 < rendered.coverage < 1
    assert abs(float(rendered.mask.mean()) - rendered.coverage) < 0.05
    height, width = job.arrays["pivot"].shape[-2:]
    cells = rendered.mask.reshape(height, IMAGE.shape[0] // height, width, IMAGE.shape[1] // width)
    outside = cells.max((1, 3)) == 0
    assert outside.any()
    assert np.array_equal(rendered.latents[:, outside], job.arrays["pivot"][-1][:, outside])


def test_a_place_that_is_marked_confines_any_edit_to_itself(service: EngineService, inversions: Inversions) -> None:
    recipe = replace(RECIPE, within=(rectangle(0.25, 0.25, 0.75, 1.0),))
    rendered, free = (service.render(render_job(inversions(), each)) for each in (recipe, RECIPE))
    marked = inside(recipe.within, *IMAGE.shape[:2])
    assert rendered.mask is not None
    assert np.array_equal(rendered.mask, marked)
    assert np.array_equal(rendered.image[~marked], rendered.source[~marked])
    assert np.array_equal(rendered.image[marked], free.image[marked])
    assert rendered.coverage == pytest.approx(marked.mean())


@pytest.fixture
def cramped(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], EngineService]:
    """Makes a service that has memory for so many whole drawings from then on, and later only for tiles."""
    monkeypatch.setattr("nti_desktop.engine.memory.savings.TILE", IMAGE.shape[0] // 2)

    def made(drawings: int) -> EngineService:
        service = EngineService()
        model = service._load(built_in().files, report_nothing, CancelToken())
        whole: list[int] = []

        def full(*_: Any) -> None:
            if not model.savings.in_tiles:
                whole.append(1)
                torch.empty(1 << 60 if len(whole) > drawings else 1)  # what PyTorch itself raises on the processor

        model.vae.post_quant_conv.register_forward_pre_hook(full)
        return service

    return made


@pytest.mark.parametrize("drawings", [1, 2])
def test_edit_and_photo_are_drawn_alike_where_memory_gets_short_between_them(
    cramped: Callable[[int], EngineService], inversions: Inversions, drawings: int
) -> None:
    service, job = cramped(drawings), render_job(inversions(), replace(RECIPE, strength=0.0))
    first, second = service.render(job), service.render(job)
    assert np.array_equal(first.image, first.source)
    assert np.array_equal(second.image, second.source)
    assert np.array_equal(first.source, second.source) == (drawings == 1)


def test_the_reconstruction_is_judged_by_a_photo_drawn_alike(cramped: Callable[[int], EngineService]) -> None:
    in_tiles, in_part = (cramped(drawings).invert(invert_job()).figures.reconstruction_psnr for drawings in (0, 1))
    assert in_part == in_tiles


@pytest.mark.slow
def test_the_autoencoder_is_judged_and_the_unet_timed(service: EngineService) -> None:
    measured = service.measure(MeasureJob(built_in().files, IMAGE))
    noise = np.random.default_rng(0).integers(0, 255, IMAGE.shape).astype(np.uint8)
    assert not is_strange(built_in(), measured)
    assert is_strange(built_in(), service.measure(MeasureJob(built_in().files, noise)))
    rates = measured.speeds.rates
    assert all(0 < each < 60 for each in (rates.single, rates.double, rates.learned, rates.drawing))
    assert measured.device in {device.name for device in measured.devices}


@pytest.mark.slow
def test_a_cancel_stops_at_any_phase_and_the_next_job_works(service: EngineService) -> None:
    phases: list[str] = []
    job = invert_job(Method.NULL_TEXT, steps=2)
    service.invert(job, lambda p: phases.append(p.phase))
    for phase in dict.fromkeys(phases):
        token = CancelToken()

        def stop(progress: Progress, phase: str = phase, token: CancelToken = token) -> None:
            if progress.phase == phase:
                token.cancel()

        with pytest.raises(Cancelled):
            service.invert(job, stop, token)
    assert len(set(phases)) >= 2
    assert service.invert(invert_job()).figures.unet_rows > 0


def test_loading_can_be_asked_to_stop_and_leaves_a_model_that_works() -> None:
    service, token = EngineService(), CancelToken()
    with pytest.raises(Cancelled):
        service.invert(invert_job(), lambda progress: token.cancel(), token)
    assert service.invert(invert_job()).figures.unet_rows > 0


@pytest.fixture
def starved(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A device that has no memory left for the UNet."""
    from diffusers import UNet2DConditionModel

    def too_much(*_: Any, **__: Any) -> None:
        torch.empty(1 << 60)  # what PyTorch itself raises on the processor

    with monkeypatch.context() as patch:
        patch.setattr(UNet2DConditionModel, "forward", too_much)
        yield


def test_too_little_memory_is_one_sentence(service: EngineService, starved: None) -> None:
    with pytest.raises(OutOfMemory, match="not enough memory"):
        service.invert(invert_job())


def test_after_running_out_of_memory_the_next_job_works(service: EngineService) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nti_desktop.engine.methods.pinned.invert_exactly", lambda *_: torch.empty(1 << 60))
        with pytest.raises(OutOfMemory):
            service.invert(invert_job())
    assert service.invert(invert_job()).figures.unet_rows > 0


@pytest.mark.slow
def test_the_memory_of_an_edit_is_forecast_for_the_latents_in_whatever_order_a_file_has_its_arrays(
    inversions: Inversions, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = render_job(inversions(Method.NULL_TEXT))
    sizes = []

    def forecast(_service: EngineService, _model: object, _work: object, size: tuple[int, int], _photo: str) -> None:
        sizes.append(size)

    monkeypatch.setattr(EngineService, "_save_memory", forecast)
    for names in (sorted(job.arrays), sorted(job.arrays, reverse=True)):
        EngineService().render(replace(job, arrays={name: job.arrays[name] for name in names}))
    assert sizes == [job.arrays["pivot"].shape[-2:]] * 2


@pytest.mark.slow
def test_arrays_of_another_model_are_refused(service: EngineService, inversions: Inversions) -> None:
    job = render_job(inversions(Method.NULL_TEXT))
    pivot, learned = job.arrays["pivot"], job.arrays["null_embeddings"]
    for number, arrays in enumerate(
        (
            {"pivot": pivot[:-1], "null_embeddings": learned},
            {"pivot": pivot[:, :3], "null_embeddings": learned},
            {"pivot": pivot, "null_embeddings": learned[:, :, :-1]},
            {"pivot": pivot},
        )
    ):
        with pytest.raises(EngineError, match="another model"):
            service.render(replace(job, inversion_id=f"{number}", arrays=arrays))


def test_a_model_that_lacks_weights_is_refused_before_it_draws_nonsense(tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "lacking"
    shutil.copytree(built_in().files.folder, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors.pop("conv_out.weight")
    save_file(tensors, weights)
    with pytest.raises(ModelError, match="lacks weights"):
        EngineService().measure(MeasureJob(ModelFiles(folder), IMAGE))


def test_a_damaged_model_is_one_sentence(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "damaged"
    shutil.copytree(built_in().files.folder, folder)
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="“damaged”"):
        EngineService().measure(MeasureJob(ModelFiles(folder), IMAGE))
