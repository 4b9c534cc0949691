"""Words -> tokens of this model; the attention mapping that an alignment of words asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.recipe.recipe import Side, WordRef
from nti_desktop.recipe.words import Change, align_words, owner_of, split_words, word_at, word_key

Learned = Mapping[str, range]  # ids of each word's tokens that was learned besides, by `word_key`


@dataclass(frozen=True)
class PromptTokens:
    """A prompt as the text encoder reads it.

    ids: padded to the encoder's length; columns: for each word of the prompt the positions of its tokens; end: position
    of the end token, behind which there is only padding.
    """

    prompt: str
    ids: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]
    end: int


def tokenize(tokenizer: Any, prompt: str, length: int, learned: Learned | None = None) -> PromptTokens:
    """Tokens of a prompt for a text encoder that reads `length` of them. learned: words that its vocabulary lacks.

    Raises RecipeError, naming the words, when the prompt is longer than that.
    """
    words = split_words(prompt)
    columns: list[list[int]] = [[] for _ in words]
    ids: list[int] = [tokenizer.bos_token_id]
    for id, start, stop in _coded(tokenizer, prompt, learned or {}):
        owner = next((w.position for w in words if start < w.end and w.start < stop), None)
        if owner is not None:
            columns[owner].append(len(ids))
        ids.append(id)
    end = len(ids)
    if end >= length:
        cut = [prompt[words[i].start :] for i, of_word in enumerate(columns) if max(of_word, default=0) >= length - 1]
        if not cut:
            raise RecipeError("The sentence is too long for this model by characters that nobody sees; type it again.")
        raise RecipeError(f"The sentence is too long for this model, which would not read “{cut[0]}”; shorten it.")
    padding = (tokenizer.pad_token_id,) * (length - end - 1)
    return PromptTokens(prompt, (*ids, tokenizer.eos_token_id, *padding), tuple(map(tuple, columns)), end)


def _coded(tokenizer: Any, prompt: str, learned: Learned) -> Iterator[tuple[int, int, int]]:
    """Give each token's id, and where in the prompt its text begins and ends: a learned word by itself, and what stands
    between two of them, or as an ending behind an apostrophe, as if nothing stood beside it.
    """
    at = 0
    for word in split_words(prompt) if learned else ():
        own = owner_of(word.text)
        if tokens := learned.get(word_key(own)):
            yield from _plain(tokenizer, prompt[at : word.start], at)
            at = word.start + len(own)
            yield from ((id, word.start, at) for id in tokens)
    yield from _plain(tokenizer, prompt[at:], at)


def _plain(tokenizer: Any, text: str, at: int) -> Iterator[tuple[int, int, int]]:
    # Stable Diffusion 2 pads with "!"; a "!" that somebody wrote is a word like any other, as in the original code.
    coded = tokenizer(text, return_offsets_mapping=True, split_special_tokens=True, verbose=False)
    for id, (start, stop) in list(zip(coded.input_ids, coded.offset_mapping, strict=True))[1:-1]:
        yield id, at + start, at + stop


def attention_mapping(source: PromptTokens, edit: PromptTokens) -> Tensor:
    """Map source columns to the edit columns that take over their attention: (length, length) float32, rows source.

    Kept words one to one; a swapped word's mass spread over its replacement (Hertz et al. 2022, the replacement
    mapper); begin to begin, end to end, k-th pad to k-th pad. A column of zeros is an added one and keeps its own.
    """
    length = len(source.ids)
    mapping = torch.zeros(length, length)
    mapping[0, 0] = 1
    for behind in range(length - max(source.end, edit.end)):
        mapping[source.end + behind, edit.end + behind] = 1
    for pair in align_words(source.prompt, edit.prompt):
        if pair.change not in (Change.KEPT, Change.SWAPPED) or pair.source is None or pair.edit is None:
            continue
        rows, columns = source.columns[pair.source], edit.columns[pair.edit]
        if len(rows) == len(columns):
            mapping[rows, columns] = 1
        else:
            for row in rows:
                mapping[row, columns] = 1 / max(len(columns), 1)
    return mapping


def word_columns(source: PromptTokens, edit: PromptTokens, word: WordRef) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Token positions of a word in the source and in the edit prompt, through the alignment; () where it has none.

    Raises RecipeError with its name when the prompt has no such word at that place.
    """
    prompt = source if word.side is Side.SOURCE else edit
    found = word_at(prompt.prompt, word.position, word.text)
    if found is None:
        raise RecipeError(f"“{word.text}” is not in “{prompt.prompt}”; choose one of its words.")
    for pair in align_words(source.prompt, edit.prompt):
        here = pair.source if word.side is Side.SOURCE else pair.edit
        if here == found.position:
            return (
                source.columns[pair.source] if pair.source is not None else (),
                edit.columns[pair.edit] if pair.edit is not None else (),
            )
    raise AssertionError("every word is in the alignment")
