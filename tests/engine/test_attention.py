"""Inside the attention layers: plain, recorded, substituted; each against an explicit computation."""

from typing import Any

import pytest
import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.engine.methods.denoise import source_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.attention import (
    AttentionEdit,
    Recording,
    SourceStep,
    Substitution,
    attention_edit,
    in_window,
    probabilities,
)
from nti_desktop.engine.sampling.ddim import levels_of
from nti_desktop.recipe.recipe import EditRecipe, Reweighting, WordControl
from tests.engine.trials import EDIT, SOURCE, prepared, some_latents


class Watch:
    """Another control's answers, kept per layer."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.answers: dict[str, Tensor] = {}

    def cross(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.answers[layer] = self.inner.cross(layer, q, k, v)
        return self.answers[layer]

    def itself(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.answers[layer] = self.inner.itself(layer, q, k, v)
        return self.answers[layer]


def recorded(model: DiffusionModel, latents: Tensor, t: int, prompt: str, self_limit: float = 1.0) -> SourceStep:
    recording = Recording(1, latents[0, 0].numel() * self_limit)
    with model.attention.set_to(recording), torch.no_grad():
        output = model.predict(latents, t, model.embed(prompt))
    return recording.step(0, self_limit, output, None)


def edit_of(model: DiffusionModel, recipe: EditRecipe) -> AttentionEdit:
    return attention_edit(model.tokens(SOURCE), model.tokens(recipe.prompt), recipe)


def two_rows(model: DiffusionModel, latents: Tensor, prompt: str, control: Any = None) -> Tensor:
    embeddings = stacked(model.embed(""), model.embed(prompt))
    with torch.no_grad():
        if control is None:
            return model.predict(latents.expand(2, -1, -1, -1), 501, embeddings)
        with model.attention.set_to(control):
            return model.predict(latents.expand(2, -1, -1, -1), 501, embeddings)


@pytest.mark.parametrize("size", [(16, 16), (24, 16)])
def test_the_unet_with_our_layers_equals_the_unet_with_its_own(model: DiffusionModel, size: tuple[int, int]) -> None:
    from diffusers import UNet2DConditionModel

    own = UNet2DConditionModel(**{k: v for k, v in model.unet.config.items() if not k.startswith("_")})
    own.load_state_dict(model.unet.state_dict())
    latents, embedding = some_latents(*size), model.embed(SOURCE)
    with torch.no_grad():
        theirs = own.eval()(latents, torch.tensor(501), encoder_hidden_states=embedding.tokens).sample
        ours = model.predict(latents, 501, embedding)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_on_an_unchanged_recipe_every_controlled_layer_answers_as_the_uncontrolled_one(model: DiffusionModel) -> None:
    latents = some_latents()
    source = recorded(model, latents, 501, SOURCE)
    recipe = EditRecipe(SOURCE, cross_until=1, self_until=1, self_limit=1)
    controlled = Watch(Substitution(edit_of(model, recipe), source, 0.1, latents[0, 0].numel()))
    plain = Watch(Recording(0, 0))
    ours, theirs = two_rows(model, latents, SOURCE, controlled), two_rows(model, latents, SOURCE, plain)
    assert controlled.answers.keys() == plain.answers.keys()
    for layer, answer in plain.answers.items():
        assert torch.allclose(controlled.answers[layer], answer, atol=1e-5), layer
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.allclose(ours, two_rows(model, latents, SOURCE), atol=1e-5)


def test_substituting_queries_and_keys_equals_replacing_the_map(model: DiffusionModel) -> None:
    latents = some_latents()
    source = recorded(model, latents + 0.3, 501, SOURCE)
    recipe = EditRecipe(EDIT, cross_until=0, self_until=1, self_limit=1)

    class ReplacedMap(Substitution):
        def itself(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            p = probabilities(q, k)
            of_source = probabilities(self.source.queries[layer], self.source.keys[layer])
            return torch.cat([p[:-1], of_source[None]]) @ v

    arguments = (edit_of(model, recipe), source, 0.1, latents[0, 0].numel())
    ours = two_rows(model, latents, EDIT, Substitution(*arguments))
    explicit = two_rows(model, latents, EDIT, ReplacedMap(*arguments))
    plain = two_rows(model, latents, EDIT)
    assert torch.allclose(ours, explicit, atol=1e-5)
    assert float((ours - plain).abs().max()) > 1e-4


def test_only_the_conditional_row_of_the_edit_is_controlled(model: DiffusionModel) -> None:
    latents = some_latents()
    source = recorded(model, latents + 0.3, 501, SOURCE)
    recipe = EditRecipe(EDIT, cross_until=1, self_until=1, self_limit=1)
    ours = two_rows(model, latents, EDIT, Substitution(edit_of(model, recipe), source, 0.1, 256))
    plain = two_rows(model, latents, EDIT)
    assert torch.allclose(ours[0], plain[0], atol=1e-5)
    assert float((ours[1] - plain[1]).abs().max()) > 1e-4


def test_what_was_recorded_in_one_batch_equals_what_is_asked_live(model: DiffusionModel) -> None:
    photo = prepared(model)
    together, alone = source_of(model, photo, model.embed("")), source_of(model, photo, model.embed(""))
    together.record(range(5), 1.0, report_nothing, CancelToken())
    for step in range(5):
        kept, live = together.at(step, 1.0), alone.at(step, 1.0)
        assert torch.allclose(kept.conditional, live.conditional, atol=1e-5)
        assert kept.unconditional is not None
        assert live.unconditional is not None
        assert torch.allclose(kept.unconditional, live.unconditional, atol=1e-5)
        for ours, theirs in ((kept.cross, live.cross), (kept.queries, live.queries), (kept.keys, live.keys)):
            assert ours.keys() == theirs.keys()
            assert all(torch.allclose(ours[layer], theirs[layer], atol=1e-4) for layer in ours)


def some_layer(tokens: int = 77, rows: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(3)
    return torch.randn(rows, 4, 9, 8), torch.randn(rows, 4, tokens, 8), torch.randn(rows, 4, tokens, 8)


def substitution(model: DiffusionModel, recipe: EditRecipe, step: int = 0, steps: int = 10) -> Substitution:
    torch.manual_seed(4)
    source_map = torch.rand(4, 9, 77).softmax(-1)
    there = SourceStep(1.0, torch.zeros(1), None, {"layer": source_map}, {}, {})
    return Substitution(edit_of(model, recipe), there, (step + 1) / steps, 256)


def test_inside_the_window_kept_and_swapped_words_follow_the_source_and_added_ones_their_own(
    prototype: DiffusionModel,
) -> None:
    recipe = EditRecipe("a photo of a shiny red ball on green grass on a sunny day", cross_until=0.5)
    q, k, v = some_layer()
    control = substitution(prototype, recipe)
    answer = control.cross("layer", q, k, v)
    own, there = probabilities(q, k)[-1], control.source.cross["layer"]
    expected = torch.empty_like(own)
    added = 5  # "shiny": tokens are one a word in this vocabulary, after the begin token
    for column in range(77):
        came_from = column if column < added else column - 1  # one word was added, everything behind it moved by one
        expected[:, :, column] = own[:, :, column] if column == added else there[:, :, came_from]
    assert torch.allclose(answer[-1], expected @ v[-1], atol=1e-5)
    assert torch.allclose(answer[0], probabilities(q, k)[0] @ v[0], atol=1e-5)
    assert torch.equal(control.own["layer"], own)

    outside = substitution(prototype, recipe, step=5)
    assert torch.allclose(outside.cross("layer", q, k, v), probabilities(q, k) @ v, atol=1e-5)


def test_a_word_can_have_a_window_of_its_own(prototype: DiffusionModel) -> None:
    recipe = EditRecipe(EDIT, cross_until=0.8, words=(WordControl(4, "red", cross_until=0.2),))
    column = prototype.tokens(EDIT).columns[4][0]
    early, late = (substitution(prototype, recipe, step) for step in (1, 2))
    assert early.taken[column]
    assert not late.taken[column]
    assert late.taken.sum() == early.taken.sum() - 1


def test_with_weight_zero_a_words_value_vectors_no_longer_matter(prototype: DiffusionModel) -> None:
    recipe = EditRecipe(EDIT, words=(WordControl(4, "red", 0.0),), reweighting=Reweighting.ATTENTION)
    column = prototype.tokens(EDIT).columns[4][0]
    q, k, v = some_layer()
    other = v.clone()
    other[-1, :, column] += 5
    a, b = (substitution(prototype, recipe, 0).cross("layer", q, k, values)[-1] for values in (v, other))
    plain = substitution(prototype, EditRecipe(EDIT), 0).cross("layer", q, k, other)[-1]
    assert torch.equal(a, b)
    assert not torch.allclose(plain, b)
    behind, alone = (substitution(prototype, r, 9).cross("layer", q, k, other) for r in (recipe, EditRecipe(EDIT)))
    assert torch.equal(behind, alone)  # behind the window a word has its own attention, as in the published code


@pytest.mark.parametrize("weight", [-2.0, -0.5, 0.5, 3.0])
def test_a_weight_multiplies_the_final_probabilities_and_nothing_is_renormalised(
    prototype: DiffusionModel, weight: float
) -> None:
    column = prototype.tokens(EDIT).columns[4][0]
    q, k, v = some_layer()
    added = EDIT.replace("red", "shiny red")  # whose attention is its own inside the window too
    words = (WordControl(4, "shiny", weight),)
    recipe, plain = EditRecipe(added, words=words, reweighting=Reweighting.ATTENTION), EditRecipe(added)
    weighted, p = (substitution(prototype, r, step=0).cross("layer", q, k, v)[-1] for r in (recipe, plain))
    own = probabilities(q, k)[-1][:, :, column : column + 1] * v[-1][:, column : column + 1]
    assert torch.allclose(weighted, p + (weight - 1) * own, atol=1e-5)


def test_weights_on_the_embedding_leave_attention_alone(prototype: DiffusionModel) -> None:
    recipe = EditRecipe(EDIT, words=(WordControl(4, "red", -3.0),))
    q, k, v = some_layer()
    weighted, plain = (substitution(prototype, r, step=0).cross("layer", q, k, v) for r in (recipe, EditRecipe(EDIT)))
    assert torch.equal(weighted, plain)


def test_self_attention_is_left_alone_beyond_its_window_and_above_its_limit(model: DiffusionModel) -> None:
    latents = some_latents()
    source = recorded(model, latents + 0.3, 501, SOURCE)
    recipe = EditRecipe(EDIT, cross_until=0, self_until=0.4, self_limit=0.25)
    edit = edit_of(model, recipe)
    largest, quarter = some_layer_sizes(model, latents)
    inside, behind = (Substitution(edit, source, end, latents[0, 0].numel()) for end in (0.4, 0.5))
    plain = Watch(Recording(0, 0))
    two_rows(model, latents, EDIT, plain)
    assert inside.self_positions == quarter
    assert behind.self_positions == 0
    assert largest > quarter


def some_layer_sizes(model: DiffusionModel, latents: Tensor) -> tuple[int, float]:
    recording = Recording(1, float("inf"))
    with model.attention.set_to(recording), torch.no_grad():
        model.predict(latents, 501, model.embed(SOURCE))
    return max(q.shape[-2] for q in recording.queries.values()), latents[0, 0].numel() / 4


@pytest.mark.parametrize(
    ("until", "steps", "inside"), [(0.8, 50, 40), (0.4, 50, 20), (0, 50, 0), (1, 50, 50), (0.58, 50, 29)]
)
def test_a_window_covers_the_first_part_of_the_steps(until: float, steps: int, inside: int) -> None:
    levels = levels_of({"num_train_timesteps": 1000}, steps)
    assert sum(in_window(levels.progress(step + 1), until) for step in range(steps)) == inside


def test_the_source_is_recorded_at_the_pivot_with_the_label_of_each_step(prototype: DiffusionModel) -> None:
    photo = prepared(prototype)
    levels = levels_of(prototype.scheduler_config, 5)
    source = source_of(prototype, photo)
    source.record(range(5), 1.0, report_nothing, CancelToken())
    for step in range(5):
        with torch.no_grad():
            expected = prototype.predict(photo.pivot[step : step + 1], levels.timesteps[step], prototype.embed(SOURCE))
        assert torch.allclose(source.at(step, 1.0).conditional, expected, atol=1e-5)
