"""An engine that has worked here before: the built-in model is read from its files, and a model's speed at one size is
measured, once in a process. Who loads the model gets networks of their own that share the weights, which no job writes
into.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from nti_desktop.core.progress import CancelToken
from nti_desktop.engine import service
from nti_desktop.engine.model import loading
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.rates import measured_rates
from nti_desktop.models.library.catalog import built_in
from nti_desktop.recipe.costs import Rates
from nti_desktop.recipe.jobs import ModelFiles

_read = loading._load_part
_parts: dict[tuple[str, torch.dtype], Any] = {}
_writes: dict[tuple[str, torch.dtype], int] = {}  # by which each part was made
_measured: dict[tuple[int, torch.Size, bool], Rates] = {}


@contextmanager
def warm_engine() -> Iterator[None]:
    """Load and measure this way. Raises AssertionError when something has written into the weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_load_part", _part)
        patch.setattr(service, "measured_rates", _rates)
        yield
    written = [name for (name, dtype), part in _parts.items() if _written(part) > _writes[name, dtype]]
    if written:
        _parts.clear()
    assert not written, f"weights that others share were written into: {written}"


def _part(files: ModelFiles, name: str, dtype: torch.dtype) -> Any:
    if files != built_in().files:
        return _read(files, name, dtype)
    key = name, dtype
    if key not in _parts:
        _parts[key] = _read(files, name, dtype).to(memory_format=torch.channels_last)
        _writes[key] = _written(_parts[key])
    own = {id(weight): torch.nn.Parameter(weight.detach(), False) for weight in _parts[key].parameters()}
    return copy.deepcopy(_parts[key], own)


def _rates(model: DiffusionModel, latents: torch.Tensor, tries_learning: bool, cancel: CancelToken) -> Rates:
    key = model.weight_bytes, latents.shape, tries_learning
    if key not in _measured:
        _measured[key] = measured_rates(model, latents, tries_learning, cancel)
    cancel.check()
    return _measured[key]


def _written(part: Any) -> int:
    """How many writes the weights have seen, through whichever network."""
    return sum(weight._version for weight in part.parameters())
