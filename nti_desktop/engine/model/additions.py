"""What users' files add to a model when it is loaded: LoRAs, merged into its weights, and words that were learned. An
IP-Adapter adds nothing then, see image_prompt.

A LoRA (Hu et al. 2021, arXiv 2106.09685) is W + m (alpha / r) up down, as kohya's scripts merge it. It is taken out
again by loading the model's own weights, never by subtracting.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.memory.faults import is_device_fault, ran_out_of_memory
from nti_desktop.engine.model.lora_names import LoraKey, layers_by_path, lora_key
from nti_desktop.recipe.jobs import Addition
from nti_desktop.recipe.words import word_key


@dataclass
class _Matrices:
    """Of one layer: what the file has of it. written: the layer as the file's settings name it."""

    written: str
    sides: dict[str, Tensor] = field(default_factory=dict)


def add_all(parts: Mapping[str, Any], additions: Sequence[Addition], end: int) -> dict[str, range]:
    """Add LoRAs and learned words to the networks of a model that was just loaded.

    parts: the UNet and the text encoders, by lora_names.PARTS; end: id of the token that ends a sentence. Returns the
    ids of each learned word's tokens, by `word_key`. Raises ModelError in one sentence that names the file.
    """
    for addition in additions:
        if not addition.word and addition.image_encoder is None:
            with faults_named(addition.file):
                _merge(parts, addition)
    encoders = [network for part, network in parts.items() if part != "unet"]
    widths = [encoder.get_input_embeddings().weight.shape[1] for encoder in encoders]
    words = {}
    for addition in additions:
        if addition.word:
            with faults_named(addition.file):
                words[addition.word] = _vectors(addition.file, widths)
    return add_words(encoders, words, end)


@contextmanager
def faults_named(file: Path) -> Iterator[None]:
    """Raise what is wrong with a file as a ModelError that names it, but not what is wrong with the device."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the file is somebody else's; the cause is kept for the log
        if ran_out_of_memory(error) or is_device_fault(error):
            raise
        if not os.path.exists(file):
            raise ModelError(
                f"“{file}” is not there; plug in its drive, or take it out of the model's additions."
            ) from error
        raise ModelError(
            f"“{file.name}” cannot be added to this model; get it again, or take it out of the model's additions."
        ) from error


@torch.no_grad()
def _merge(parts: Mapping[str, Any], addition: Addition) -> None:
    """Merge a LoRA whole or, with an error, not to be used: weights that are of no layer are never left out."""
    name, layers = addition.file.name, layers_by_path(parts)
    alphas = dict(addition.alphas)
    for key, matrices in _read(addition.file).items():
        layer, sides = layers.get(key), matrices.sides
        if layer is None:
            raise ModelError(
                f"“{name}” adds to “{matrices.written}”, which this model does not have; take it out of the model's "
                "additions, as it is made for another."
            )
        if not {"down", "up"} <= sides.keys():
            raise ModelError(f"“{name}” has half of what it adds to “{matrices.written}”; get it again.")
        down, up = sides["down"].float(), sides["up"].float()
        _check_shapes(layer.weight, down, up, matrices.written, name)
        rank = down.shape[0]
        alpha = float(sides["alpha"]) if "alpha" in sides else _said(alphas, matrices.written)
        change = addition.weight * ((alpha or rank) / rank) * _product(up, down).reshape(layer.weight.shape)
        if not change.isfinite().all():
            raise ModelError(f"“{name}” holds numbers without bounds for “{matrices.written}”; get it again.")
        layer.weight.copy_(layer.weight.float() + change)


def _read(file: Path) -> dict[tuple[str, str], _Matrices]:
    found: dict[tuple[str, str], _Matrices] = {}
    with safe_open(file, framework="pt") as opened:
        names = opened.keys()
        for name in names:
            key: LoraKey | None = lora_key(name)
            if key is None:
                raise ModelError(
                    f"“{file.name}” holds “{name}”, which this program cannot add to a model; choose a plain LoRA."
                )
            matrices = found.setdefault((key.part, key.path), _Matrices(key.written))
            if key.side in matrices.sides:
                raise ModelError(f"“{file.name}” adds to “{key.written}” twice; get another version of it.")
            matrices.sides[key.side] = opened.get_tensor(name)
    return found


def _said(alphas: Mapping[str, float], written: str) -> float | None:
    """Find what the file's settings say of a layer: of itself, of layers that are called so, of its part or of all."""
    part, _, layer = written.partition(".")
    ends = (alpha for key, alpha in alphas.items() if f".{layer}".endswith(f".{key.removeprefix(f'{part}.')}"))
    return next(ends, alphas.get(part, alphas.get("")))


def _check_shapes(weight: Tensor, down: Tensor, up: Tensor, written: str, name: str) -> None:
    fits = (
        down.ndim in (2, 4)
        and up.ndim in (2, 4)
        and up.shape[0] == weight.shape[0]
        and up.shape[1] == down.shape[0]
        and down.shape[1] == weight.shape[1]
        and up[0, 0].numel() == 1
        and down[0, 0].numel() == weight[0, 0].numel()
    )
    if not fits:
        raise ModelError(
            f"“{name}” does not fit the size of “{written}” in this model; take it out of the model's additions, as it "
            "is made for another."
        )


def _product(up: Tensor, down: Tensor) -> Tensor:
    """(out, rank[, 1, 1]) and (rank, in[, k, k]) -> (out, in * k * k): one convolution after the other is one."""
    return up.flatten(1) @ down.flatten(1)


@torch.no_grad()
def add_words(encoders: Sequence[Any], words: Mapping[str, Sequence[Tensor]], end: int) -> dict[str, range]:
    """Put words behind the vocabularies of these text encoders, which no other model shares.

    words: (n, width) for each encoder, by word; end: see `add_all`. Returns the ids of each word's tokens, by
    `word_key`.
    """
    if not words:
        return {}
    tables = [encoder.get_input_embeddings() for encoder in encoders]
    first = max(len(table.weight) for table in tables)
    rows: list[list[Tensor]] = [[F.pad(table.weight, (0, 0, 0, first - len(table.weight)))] for table in tables]
    learned: dict[str, range] = {}
    for word, vectors in words.items():
        for known, new in zip(rows, vectors, strict=True):
            known.append(new.to(known[0]))
        learned[word_key(word)] = range(first, first + len(vectors[0]))
        first += len(vectors[0])
    for encoder, table, known in zip(encoders, tables, rows, strict=True):
        table.weight = nn.Parameter(torch.cat(known), requires_grad=False)
        table.num_embeddings = first
        # The published configurations name another end token, and then the highest of a sentence is taken for it.
        getattr(encoder, "text_model", encoder).eos_token_id = end
    return learned


def _vectors(file: Path, widths: Sequence[int]) -> list[Tensor]:
    """Read a learned word, (n, width) for each text encoder in their order. Raises ModelError."""
    with safe_open(file, framework="pt") as opened:
        found = [opened.get_tensor(name) for name in sorted(opened.keys(), key=_encoder_number)]
    vectors = [(tensor[None] if tensor.ndim == 1 else tensor).float() for tensor in found]
    if [tensor.shape[1] for tensor in vectors] != list(widths):
        raise ModelError(
            f"“{file.name}” does not fit the text encoders of this model; take it out of the model's additions, as "
            "it is made for another."
        )
    if not all(tensor.isfinite().all() for tensor in vectors):
        raise ModelError(f"“{file.name}” holds numbers without bounds; get it again.")
    return vectors


def _encoder_number(name: str) -> int:
    return int(name in ("clip_g", "text_encoders_1"))
