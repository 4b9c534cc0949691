"""Teaching a model a word: nothing but the word changes, and an interrupted learning ends where another does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nti_desktop.core.errors import Cancelled
from nti_desktop.core.progress import CancelToken, Progress, report_nothing
from nti_desktop.engine import teaching
from nti_desktop.engine.memory.device import find_device
from nti_desktop.engine.memory.savings import Savings
from nti_desktop.engine.model.additions import add_words
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.sampling.ddim import levels_of, trained_for
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.memory import Saving
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.teaching import VECTORS, Example, Learned, Taught, TeachJob
from tests.engine.test_offload import Border
from tests.wild.folders import write_folder

SENTENCES = ("a photo of my_mug on sand", "my_mug at night", "a photo of my_mug")
SIZES = ((64, 64), (64, 64), (64, 96))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "STEPS", 4)
    monkeypatch.setattr(teaching, "KEPT_EVERY", 0.0)


@pytest.fixture
def small(tmp_path: Path) -> ModelFiles:
    return find_model(str(write_folder(tmp_path / "model", "sd15"))).files


def pictures() -> list[NDArray[np.uint8]]:
    lot = np.random.default_rng(0)
    return [np.broadcast_to(lot.integers(0, 255, 3, dtype=np.uint8), (*size, 3)) for size in SIZES]


class Lesson:
    """A job, and what it was told to keep."""

    def __init__(self, files: ModelFiles, begun: Learned | None = None) -> None:
        self.kept: list[Learned] = []
        examples = tuple(Example(image, said) for image, said in zip(pictures(), SENTENCES, strict=True))
        self.job = TeachJob(files, "my_mug", "mug", examples, begun or {}, self.kept.append)

    def taught(self, cancel: CancelToken | None = None) -> Taught:
        return EngineService("cpu").teach(self.job, cancel=cancel)


def loss(model: DiffusionModel, files: ModelFiles, told: Taught | None) -> float:
    """How far the model is from the photos, on other noise than what it learned from."""
    if told is not None:
        vectors = [torch.tensor(each) for each in told.vectors]
        words = add_words(model.text.encoders, {told.word: vectors}, model.text.tokenizers[0].eos_token_id)
        reader = replace(model.text, learned=words)
    else:
        reader = model.text
    levels, lot, missed = levels_of(model.scheduler_config, PUBLISHED_STEPS), torch.Generator().manual_seed(77), 0.0
    for image, sentence in zip(pictures(), SENTENCES, strict=True):
        embedding = reader.read(sentence if told else sentence.replace("my_mug", "mug mug"))
        latents = model.encode(image)
        for level in range(0, levels.steps, 5):
            noise, alpha = torch.randn(latents.shape, generator=lot), torch.tensor(levels.alphas[level])
            with torch.no_grad():
                answer = model.predict(
                    alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise, levels.timesteps[level], embedding
                )
            missed += float((answer - trained_for(latents, noise, alpha, levels.prediction)).square().mean())
    return missed


@pytest.mark.slow
def test_a_learned_word_explains_the_photos_better_than_its_kind(
    small: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "STEPS", 30)
    told = Lesson(small).taught()
    assert [vectors.shape[0] for vectors in told.vectors] == [VECTORS]
    plain = load_model(small, find_device("cpu"))
    before = loss(plain, small, None)
    assert loss(plain, small, told) < before


@pytest.mark.slow
def test_an_interrupted_learning_goes_on_and_ends_at_the_same_vectors(small: ModelFiles) -> None:
    whole = Lesson(small).taught()
    cancel, first = CancelToken(), Lesson(small)
    keep = first.kept.append

    def interrupt(standing: Learned) -> None:
        keep(standing)
        if len(first.kept) == 2:
            cancel.cancel()

    first.job = replace(first.job, keep=interrupt)
    with pytest.raises(Cancelled):
        first.taught(cancel)
    second = Lesson(small, first.kept[-1])
    reported: list[Progress] = []
    gone_on = EngineService("cpu").teach(second.job, reported.append)
    assert all(np.array_equal(*pair) for pair in zip(whole.vectors, gone_on.vectors, strict=True))
    assert min(each.step for each in reported if each.phase == teaching.LEARNING.name) == 2
    assert gone_on.figures.unet_rows == whole.figures.unet_rows / 2


@pytest.mark.slow
def test_one_that_was_done_but_not_kept_takes_no_step_again(small: ModelFiles) -> None:
    first = Lesson(small)
    told = first.taught()
    again = Lesson(small, first.kept[-1]).taught()
    assert again.figures.unet_rows == 0
    assert np.array_equal(told.vectors[0], again.vectors[0])


@pytest.mark.slow
def test_what_was_learned_before_it_was_stopped_is_kept_at_every_stage(small: ModelFiles) -> None:
    for stage in ("Loading the model", teaching.LEARNING.name):
        cancel, lesson = CancelToken(), Lesson(small)

        def stop(progress: Progress, stage: str = stage, cancel: CancelToken = cancel) -> None:
            if progress.phase == stage:
                cancel.cancel()

        with pytest.raises(Cancelled):
            EngineService("cpu").teach(lesson.job, stop, cancel)
        assert [int(kept[teaching.DONE][0]) for kept in lesson.kept] == ([] if stage != teaching.LEARNING.name else [0])


@pytest.mark.slow
def test_sentences_without_the_word_mean_what_they_meant_to_the_bit(small: ModelFiles) -> None:
    plain, taught = (load_model(small, find_device("cpu")) for _ in range(2))
    lesson = Lesson(small)
    teaching.taught(taught, lesson.job, [taught.encode(image) for image in pictures()], lambda _: None, CancelToken())
    assert torch.equal(plain.embed("a mug on sand").tokens, taught.embed("a mug on sand").tokens)
    for one, other in zip(plain.unet.parameters(), taught.unet.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_the_copies_go_through_the_unet_one_by_one_where_memory_is_short(
    small: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = Lesson(small).taught()
    monkeypatch.setattr(teaching, "POSITIONS_AT_ONCE", 1)
    one_by_one = Lesson(small).taught()
    assert np.allclose(at_once.vectors[0], one_by_one.vectors[0], atol=1e-3)
    assert at_once.figures.unet_rows == one_by_one.figures.unet_rows


@pytest.mark.slow
def test_a_word_for_two_text_encoders_is_learned_in_both(tmp_path: Path) -> None:
    files = find_model(str(write_folder(tmp_path / "model", "sdxl"))).files
    model = load_model(files, find_device("cpu"))
    starts = [encoder.get_input_embeddings().weight[model.tokens("mug").ids[1]] for encoder in model.text.encoders]
    told = Lesson(files).taught()
    assert len(told.vectors) == 2
    for vectors, start in zip(told.vectors, starts, strict=True):
        assert np.abs(vectors[0] - start.numpy()).max() > 1e-3


@pytest.mark.slow
def test_a_word_is_learned_alike_where_all_weights_wait_elsewhere(
    small: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learned(model: DiffusionModel) -> NDArray[np.float32]:
        photos = [model.encode(image) for image in pictures()]
        (vectors,) = teaching.taught(model, Lesson(small).job, photos, report_nothing, CancelToken())
        return vectors

    border = Border()
    resident, visiting = (load_model(small, find_device("cpu")) for _ in range(2))
    visiting.savings._copies = border.copies
    monkeypatch.setattr(Savings, "rungs", tuple(Saving))
    visiting.savings.climb_to(Saving.OFFLOAD)
    expected, found = learned(resident), learned(visiting)
    assert border.crossed > 100
    assert np.allclose(expected, found, atol=1e-3)
