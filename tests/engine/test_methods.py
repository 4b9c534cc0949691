"""The four methods: what an unchanged prompt gives back, what optimising buys, rows counted by a hook."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch

from nti_desktop.core.errors import Cancelled, RecipeError
from nti_desktop.core.progress import CancelToken, Progress, report_nothing
from nti_desktop.engine.methods import METHODS, null_text
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, denoise, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.kept_arrays import EMBEDDED
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from nti_desktop.recipe.settings import InversionSettings, Schedule
from tests.engine.trials import EDIT, PROTOTYPE, SENTENCES, SOURCE, prepared, rendered, some_latents

Learned = Callable[[DiffusionModel], tuple[Prepared, int]]


@pytest.fixture(scope="module")
def as_published() -> Learned:
    """What null-text learns on a model by the published schedule, and the rows that it asks; once for all tests."""

    @cache
    def learned(model: DiffusionModel) -> tuple[Prepared, int]:
        with counted_rows(model) as rows:
            return prepared(model, Method.NULL_TEXT, steps=4, guidance_scale=7.5), rows.rows

    return learned


@pytest.mark.slow
@pytest.mark.parametrize("visits", [None, 2])
def test_residual_returns_the_pivot_through_the_full_render(model: DiffusionModel, visits: int | None) -> None:
    photo = prepared(model, Method.RESIDUAL, steps=10, guidance_scale=7.5)
    with counted_rows(model) as rows:
        edit = rendered(model, photo, EditRecipe(SOURCE, cross_until=0.8, self_until=0.4, self_limit=1.0), visits)
    steps = visits or 10
    assert rows.rows == 4 * steps  # no shortcut: two rows of the source, two of the edit
    assert torch.allclose(edit.latents, photo.pivot[-1:], atol=1e-4)


@pytest.mark.parametrize("size", [(24, 16), (8, 40)])
def test_a_picture_need_not_be_square(model: DiffusionModel, size: tuple[int, int]) -> None:
    photo = prepared(model, Method.RESIDUAL, some_latents(*size), steps=4)
    edit = rendered(model, photo, EditRecipe(SOURCE, self_limit=1.0))
    assert edit.latents.shape[-2:] == size
    assert torch.allclose(edit.latents, photo.pivot[-1:], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", [method for method in SENTENCES if EMBEDDED not in method.row.keeps])
def test_an_edit_that_changes_nothing_equals_the_reconstruction(
    model: DiffusionModel, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not so the methods that learn the photo's own words: with these, unchanged words return the photo itself."""
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)
    photo = prepared(model, method, steps=4)
    edit = rendered(model, photo, EditRecipe(SOURCE, cross_until=0, self_until=0, self_limit=1.0))
    if method in (Method.RESIDUAL, Method.FLOWEDIT):
        expected: torch.Tensor | None = by_hand(model, photo.settings, photo.pivot, residual=True)
    else:
        expected = photo.reconstruction
    assert expected is not None
    assert torch.allclose(edit.latents, expected, atol=1e-4)


@pytest.mark.parametrize("method", [Method.RESIDUAL, Method.PINNED, Method.NEGATIVE_PROMPT])
def test_the_reconstruction_is_the_guided_branch_alone(model: DiffusionModel, method: Method) -> None:
    """Whatever the method adds to an edit: a residual is no reconstruction."""
    photo = prepared(model, method, steps=4)
    assert photo.reconstruction is not None
    expected = by_hand(model, photo.settings, photo.pivot, residual=False)
    assert torch.allclose(photo.reconstruction, expected, atol=1e-4)
    assert not torch.allclose(photo.reconstruction, photo.pivot[-1:], atol=1e-4)


def by_hand(model: DiffusionModel, settings: InversionSettings, pivot: torch.Tensor, residual: bool) -> torch.Tensor:
    """The guided branch alone, written out step by step for the methods that optimise nothing."""
    levels = levels_of(model.scheduler_config, settings.steps)
    conditional = model.embed(settings.prompt)
    null = conditional if settings.method is Method.NEGATIVE_PROMPT else model.embed("")

    def step(z: torch.Tensor, a: int) -> torch.Tensor:
        with torch.no_grad():
            u, c = (model.predict(z, levels.timesteps[a], e) for e in (null, conditional))
        return step_down(guided(u, c, settings.guidance_scale), z, levels, a, a + 1)

    z = pivot[:1]
    for a in range(settings.steps):
        correction = pivot[a + 1 : a + 2] - step(pivot[a : a + 1], a) if residual else 0
        z = step(z, a) + correction
    return z


@pytest.mark.slow
def test_null_text_controlled_but_unchanged_stays_near_its_reconstruction(prototype: DiffusionModel) -> None:
    photo = prepared(prototype, Method.NULL_TEXT, steps=8)
    assert photo.reconstruction is not None
    edit = rendered(prototype, photo, EditRecipe(SOURCE, cross_until=0.8, self_until=0.4, self_limit=1.0))
    away = (edit.latents - photo.reconstruction).square().mean()
    assert away < 1e-2 * photo.reconstruction.square().mean()


@pytest.mark.slow
def test_null_text_embeddings_differ_from_step_to_step(model: DiffusionModel, as_published: Learned) -> None:
    photo, _ = as_published(model)
    assert photo.arrays["null_embeddings"].dtype == torch.float32
    for a, b in zip(photo.arrays["null_embeddings"], photo.arrays["null_embeddings"][1:], strict=False):
        assert float((a - b).abs().max()) > 1e-4


@pytest.mark.slow
def test_optimising_lowers_the_loss_of_a_step(model: DiffusionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step, with more and more inner steps, lands nearer and nearer to the pivot."""
    monkeypatch.setattr(null_text, "good_enough", lambda step: 0.0)
    misses = []
    for inner in (1, 3, 6):
        monkeypatch.setattr(null_text, "INNER_STEPS", inner)
        photo = prepared(model, Method.NULL_TEXT, steps=2, guidance_scale=7.5)
        assert photo.reconstruction is not None
        assert photo.inner_steps == 2 * inner
        misses.append(float((photo.reconstruction - photo.pivot[-1:]).square().mean()))
    assert misses[0] > misses[1] > misses[2]


@pytest.mark.slow
def test_null_text_rows_are_those_of_the_published_algorithm(model: DiffusionModel, as_published: Learned) -> None:
    photo, rows = as_published(model)
    assert photo.inner_steps is not None
    assert 4 <= photo.inner_steps <= 4 * 10
    # up, conditional, forward and backward of every inner step, and the guided step, whose conditional half is known
    assert rows == 4 + 4 + 2 * photo.inner_steps + 4


def test_what_the_quick_schedule_of_former_programs_kept_still_renders(model: DiffusionModel) -> None:
    """It began with the source's own embedding and kept the first tokens: where it learned nothing, the edit is that of
    negative prompt, and elsewhere what it kept counts.
    """
    negative = prepared(model, Method.NEGATIVE_PROMPT, steps=4)
    own = model.embed(SOURCE).tokens[:, :24].expand(4, -1, -1)
    quick = replace(negative.settings, method=Method.NULL_TEXT, schedule=Schedule.QUICK)
    recipe = EditRecipe(EDIT, self_limit=1.0)
    expected = rendered(model, negative, recipe).latents
    unlearned, learned = (
        Prepared(quick, {"pivot": negative.pivot, "null_embeddings": nulls}, negative.photo)
        for nulls in (own, own + 0.1)
    )
    assert torch.allclose(rendered(model, unlearned, recipe).latents, expected, atol=1e-5)
    assert not torch.allclose(rendered(model, learned, recipe).latents, expected, atol=1e-3)


def test_nothing_new_is_prepared_by_the_quick_schedule(prototype: DiffusionModel) -> None:
    settings = InversionSettings(SOURCE, Method.NULL_TEXT, 3, 3.0, Schedule.QUICK)
    with pytest.raises(RecipeError, match="negative-prompt"):
        METHODS[Method.NULL_TEXT].prepare(prototype, some_latents(), settings, report_nothing, CancelToken())


@pytest.mark.slow
def test_a_preview_of_null_text_returns_the_photo_where_nothing_changed(prototype: DiffusionModel) -> None:
    """Two strides over ten levels: what they miss of the pivot is given back."""
    photo = prepared(prototype, Method.NULL_TEXT, steps=10, guidance_scale=3.0)
    task = Task(prototype, photo, null_text.source(prototype, photo), EditRecipe(SOURCE, self_limit=1.0), visits=2)
    strides = denoise(task, null_text.completed(photo.arrays["null_embeddings"], prototype.embed("")))

    def missed(edit: Edit) -> float:
        return float((edit.latents - photo.pivot[-1:]).square().mean())

    assert missed(null_text.render(task)) < missed(strides) / 2


@pytest.mark.slow
def test_float32_is_kept_under_a_half_precision_unet(
    prototype: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(null_text, "INNER_STEPS", 2)
    half = load_model(ModelFiles(PROTOTYPE), torch.device("cpu"), torch.bfloat16)
    photo = prepared(half, Method.NULL_TEXT, steps=3)
    assert half.unet.dtype == torch.bfloat16
    assert photo.pivot.dtype == torch.float32
    assert photo.arrays["null_embeddings"].dtype == torch.float32
    assert not torch.equal(photo.arrays["null_embeddings"], photo.arrays["null_embeddings"].bfloat16().float())
    edit = rendered(half, photo, EditRecipe(EDIT, self_limit=1.0))
    assert edit.latents.dtype == torch.float32
    whole = prepared(prototype, Method.NULL_TEXT, steps=3)
    assert torch.allclose(photo.pivot, whole.pivot, atol=0.2)


@pytest.mark.slow
def test_a_null_text_edit_at_another_guidance_is_refused_and_others_allow_it(prototype: DiffusionModel) -> None:
    recipe = EditRecipe(EDIT, guidance_scale=5.0)
    with pytest.raises(RecipeError, match="guidance of 3"):
        rendered(prototype, prepared(prototype, Method.NULL_TEXT, steps=2), recipe)
    pinned = prepared(prototype, Method.PINNED, steps=4)
    a, b = rendered(prototype, pinned, EditRecipe(EDIT)), rendered(prototype, pinned, recipe)
    assert not torch.allclose(a.latents, b.latents, atol=1e-2)


@pytest.mark.slow
def test_all_four_controls_work_in_one_recipe(model: DiffusionModel) -> None:
    """Swap, refinement, reweighting below zero, and a local blend with blend and keep words."""
    photo = prepared(model, Method.RESIDUAL, some_latents(24, 16), steps=6)
    prompt = "a photo of a shiny red cube on green grass on a sunny day"
    plain = EditRecipe(prompt, cross_until=0.5, self_until=0.5, self_limit=1.0)
    source = METHODS[Method.RESIDUAL].source(model, photo)
    edits = [rendered(model, photo, plain, source=source)]
    recipe = EditRecipe(
        prompt,
        words=(WordControl(4, "shiny", -2.0), WordControl(5, "red", 2.0, cross_until=0.2)),
        cross_until=0.5,
        self_until=0.5,
        self_limit=1.0,
    )
    edits.append(rendered(model, photo, recipe, source=source))
    for threshold in (0.3, 0.6, 0.8, 0.9, 0.95, 0.99):
        blend = Blend((WordRef(Side.EDIT, 6, "cube"),), (WordRef(Side.EDIT, 9, "grass"),), threshold, positions=1)
        confined = rendered(model, photo, replace(recipe, blend=blend), source=source)
        assert confined.mask is not None
        if confined.mask.any() and not confined.mask.all():
            break
    edits.append(confined)
    for i, a in enumerate(edits):
        assert a.latents.isfinite().all()
        for b in edits[i + 1 :]:
            assert not torch.allclose(a.latents, b.latents, atol=1e-3)
    mask = edits[2].mask
    assert mask is not None
    assert mask.any()
    assert not mask.all()
    outside = ~mask.expand_as(edits[2].latents)
    assert torch.equal(edits[2].latents[outside], photo.pivot[-1:][outside])


def test_the_second_edit_asks_the_source_nothing_again(model: DiffusionModel) -> None:
    photo = prepared(model, Method.RESIDUAL)
    method = METHODS[Method.RESIDUAL]
    source = method.source(model, photo)
    rows_of = []
    for prompt in (EDIT, SOURCE, EDIT):
        with counted_rows(model) as rows:
            method.render(Task(model, photo, source, EditRecipe(prompt)))
        rows_of.append(rows.rows)
    assert rows_of == [20, 10, 10]


def test_without_room_nothing_is_kept_and_the_edit_is_the_same(
    prototype: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = prepared(prototype, Method.PINNED)
    recorded = rendered(prototype, photo, EditRecipe(EDIT, self_limit=1.0))
    monkeypatch.setattr("nti_desktop.engine.sampling.pivot.free_memory", lambda device: 0)
    live = rendered(prototype, photo, EditRecipe(EDIT, self_limit=1.0))
    assert torch.allclose(recorded.latents, live.latents, atol=1e-4)


@pytest.mark.parametrize("method", SENTENCES)
def test_a_cancel_before_any_unet_call_stops_the_job(prototype: DiffusionModel, method: Method) -> None:
    """Cancelled at every step in turn, preparing and rendering stop with Cancelled and leave the model usable."""
    settings = InversionSettings(SOURCE, method, 3, 3.0)
    photo = prepared(prototype, method, steps=3)
    for stop_at in range(3):
        token = CancelToken()

        def report(progress: Progress, token: CancelToken = token, stop_at: int = stop_at) -> None:
            if progress.step == stop_at:
                token.cancel()

        if method.row.preparing:
            with pytest.raises(Cancelled):
                METHODS[method].prepare(prototype, some_latents(), settings, report, token)
        token = CancelToken()
        with pytest.raises(Cancelled):
            METHODS[method].render(
                Task(
                    prototype,
                    photo,
                    METHODS[method].source(prototype, photo),
                    EditRecipe(EDIT),
                    report=lambda progress, token=token, stop_at=stop_at: report(progress, token, stop_at),
                    cancel=token,
                )
            )
        assert prototype.attention.control is None
    assert rendered(prototype, photo, EditRecipe(EDIT)).latents.isfinite().all()


@pytest.mark.parametrize(("steps", "visits", "levels"), [(50, 5, [0, 10, 20, 30, 40, 50]), (4, 9, [0, 1, 2, 3, 4])])
def test_a_preview_visits_levels_spread_evenly(steps: int, visits: int, levels: list[int]) -> None:
    assert visited_levels(steps, visits) == levels
    assert visited_levels(3, None) == [0, 1, 2, 3]
