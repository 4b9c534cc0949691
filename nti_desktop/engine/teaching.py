"""Teaching a model a word by a few photos: textual inversion (Gal et al. 2023, arXiv 2208.01618).

    min over the word's vectors of || model(sqrt(alpha) z_0 + sqrt(1 - alpha) n, t, e(sentence)) - v ||^2

over photos z_0 with their sentences, noise n and times t, v what the model was trained to predict. Nothing but the
word's own vectors changes, so that sentences without it mean what they meant, to the bit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.model.additions import add_words
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.engine.sampling.ddim import levels_of, trained_for
from nti_desktop.recipe.methods import PUBLISHED_STEPS
from nti_desktop.recipe.teaching import COPIES, LEARNING, STEPS, VECTORS, Learned, TeachJob
from nti_desktop.recipe.words import word_key

LEARNING_RATE = 2e-2
POSITIONS_AT_ONCE = 4096  # of latents that are learned from in one UNet call: 1 copy of 64x64
KEPT_EVERY = 10.0  # seconds
DONE = "steps"  # that were taken, among what is kept


def taught(
    model: DiffusionModel, job: TeachJob, photos: Sequence[Tensor], report: Report, cancel: CancelToken
) -> tuple[NDArray[np.float32], ...]:
    """Learn the word's vectors, (VECTORS, width) for each text encoder of a model, which has the word from then on.

    photos: latents (1, C, h, w) of the job's examples. The same job gives the same vectors to the bit, also when it was
    interrupted and began where it stood. Where it stands is kept whatever ends it. Raises Cancelled.
    """
    reader, first = _with_word(model, job)
    lesson = _Lesson(model, reader, photos, [each.sentence for each in job.examples])
    leaves = [_start(encoder, first, model.device) for encoder in reader.encoders]
    adam = torch.optim.Adam(leaves, lr=LEARNING_RATE)
    done = _resume(job.begun, leaves, adam)
    kept = monotonic()
    try:
        with _words_read(reader.encoders, first, leaves):
            for step in watched(LEARNING.name, range(STEPS), report, cancel, done):
                gradients = lesson.gradients(step, leaves, cancel)
                for leaf, gradient in zip(leaves, gradients, strict=True):
                    leaf.grad = gradient
                adam.step()
                done = step + 1
                if monotonic() - kept > KEPT_EVERY:
                    job.keep(_standing(done, leaves, adam))
                    kept = monotonic()
    finally:
        job.keep(_standing(done, leaves, adam))
    return tuple(_array(leaf) for leaf in leaves)


def _with_word(model: DiffusionModel, job: TeachJob) -> tuple[PromptReader, int]:
    """Give a model's text encoders the word, which begins as its kind; returns what reads it, and its first id."""
    text, kind = model.text, model.tokens(job.kind)
    ids = [id for of_word in kind.columns for id in of_word]
    rows = torch.tensor([ids[min(i, len(ids) - 1)] for i in range(VECTORS)])
    tables = [encoder.get_input_embeddings().weight for encoder in text.encoders]
    begun = [table[rows.to(table.device)] for table in tables]
    spread = [
        torch.randn(vectors.shape, generator=torch.Generator().manual_seed(0)).to(vectors) * table.std()
        for vectors, table in zip(begun, tables, strict=True)
    ]
    for vectors, lot in zip(begun, spread, strict=True):  # what comes behind the kind's own tokens
        vectors[len(ids) :] = lot[len(ids) :]
    added = add_words(text.encoders, {job.word: begun}, text.tokenizers[0].eos_token_id)
    return replace(text, learned={**text.learned, **added}), added[word_key(job.word)].start


def _start(encoder: Any, first: int, device: torch.device) -> Tensor:
    table: Tensor = encoder.get_input_embeddings().weight
    return table[first : first + VECTORS].detach().float().to(device, copy=True).requires_grad_()


@contextmanager
def _words_read(encoders: Sequence[Any], first: int, leaves: Sequence[Tensor]) -> Iterator[None]:
    """Have text encoders read leaves where they meet the word, whose ids begin at `first`."""

    def read(leaf: Tensor, _table: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        (ids,) = inputs
        own = ids >= first
        return output.masked_scatter(own[..., None], leaf[ids[own] - first].to(output))

    handles = [
        encoder.get_input_embeddings().register_forward_hook(partial(read, leaf))
        for encoder, leaf in zip(encoders, leaves, strict=True)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Lesson:
    """The photos and their sentences, and how the loss slopes at each step."""

    def __init__(
        self, model: DiffusionModel, reader: PromptReader, photos: Sequence[Tensor], sentences: Sequence[str]
    ) -> None:
        self._model, self._reader = model, reader
        self._photos, self._sentences = photos, sentences
        self._levels = levels_of(model.scheduler_config, PUBLISHED_STEPS)
        positions = max(photo[0, 0].numel() for photo in photos)
        self._at_once = min(COPIES, max(1, POSITIONS_AT_ONCE // positions))

    def gradients(self, step: int, leaves: Sequence[Tensor], cancel: CancelToken) -> tuple[Tensor, ...]:
        """Slope of a step's loss, by leaf. Its photo, noise and times depend on the step alone."""
        lot = torch.Generator().manual_seed(step)
        photo = int(torch.randint(len(self._photos), (), generator=lot))
        times = torch.randint(self._levels.steps, (COPIES,), generator=lot)
        shape = (COPIES, *self._photos[photo].shape[1:])
        noise = torch.randn(shape, generator=lot).to(self._model.device)
        told = self._read(photo)
        slopes = [torch.zeros_like(each) for each in _numbers(told)]
        begin = 0
        while begin < COPIES:
            cancel.check()
            asked = partial(self._slope, told, photo, times[begin:], noise[begin:])
            found, rows = self._model.enduring(asked, self._ask_less)
            slopes = [slope + new for slope, new in zip(slopes, found, strict=True)]
            begin += rows
        text = self._reader.encoders
        with self._model.savings.present(*text):
            read = _numbers(self._reader.read_to_learn(self._sentences[photo]))
            return torch.autograd.grad(read, leaves, slopes)

    @torch.no_grad()
    def _read(self, photo: int) -> Embedding:
        with self._model.savings.present(*self._reader.encoders):
            return self._reader.read(self._sentences[photo])

    def _slope(self, told: Embedding, photo: int, times: Tensor, noise: Tensor) -> tuple[tuple[Tensor, ...], int]:
        """Slope of the loss by the embedding, of as many copies as memory has room for; and how many these are."""
        model, levels, latents = self._model, self._levels, self._photos[photo]
        rows = min(self._at_once, len(times))
        which = times[:rows].tolist()
        alpha = torch.tensor([levels.alphas[i] for i in which], device=model.device).view(-1, 1, 1, 1)
        noise = noise[:rows]
        noisy = alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
        wanted = trained_for(latents.expand_as(noise), noise, alpha, levels.prediction)
        timesteps = torch.tensor([int(levels.timesteps[i]) for i in which], device=model.device)
        asked = Embedding(*(each.detach().requires_grad_() for each in _numbers(told)))
        answer = model.predict(noisy, timesteps, asked.for_rows(rows))
        missed = (answer - wanted).square().sum()  # a mean would vanish in half precision
        slopes = torch.autograd.grad(missed, _numbers(asked))
        for slope in slopes:
            model.precision.watch(slope)
        return tuple(slope / (COPIES * latents.numel()) for slope in slopes), rows

    def _ask_less(self) -> bool:
        could = self._at_once > 1
        self._at_once = max(1, self._at_once // 2)
        return could


def _numbers(embedding: Embedding) -> tuple[Tensor, ...]:
    return (embedding.tokens,) if embedding.pooled is None else (embedding.tokens, embedding.pooled)


def _standing(done: int, leaves: Sequence[Tensor], adam: torch.optim.Adam) -> Learned:
    """Say where a learning stands, to go on from there: the steps that were taken, the leaves and Adam's averages."""
    found = {DONE: np.full(1, done, np.float32)}
    for number, leaf in enumerate(leaves):
        found[f"vectors {number}"] = _array(leaf)
        for name, average in adam.state[leaf].items():
            found[f"{name} {number}"] = _array(average)
    return found


def _resume(begun: Learned, leaves: Sequence[Tensor], adam: torch.optim.Adam) -> int:
    """Go on from where a learning stood; returns the steps that were taken."""
    if not begun:
        return 0
    state: dict[int, dict[str, Tensor]] = {}
    for name, array in begun.items():
        what, _, number = name.rpartition(" ")
        if what == "vectors":
            leaves[int(number)].data.copy_(torch.tensor(array))
        elif what:
            state.setdefault(int(number), {})[what] = torch.tensor(array)
    adam.load_state_dict({"state": state, "param_groups": adam.state_dict()["param_groups"]})
    return int(begun[DONE][0])


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy().copy()
    return array
