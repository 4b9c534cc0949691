"""A model on the meta device: its tensors have shapes and no numbers, and what lives of them at once is counted."""

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nti_desktop.engine.memory.precision import Precision
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.preview_decoder import PreviewNetwork
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.recipe.memory import Saving

META = torch.device("meta")


def as_meta_model(model: DiffusionModel, saving: Saving) -> DiffusionModel:
    """A model's UNet, autoencoder and preview decoder without their numbers, with these savings."""
    preview = model.preview_decoder
    with META:
        unet, vae = (type(part).from_config(part.config) for part in (model.unet, model.vae))
        preview_decoder = None if preview is None else PreviewNetwork(preview.structure)
    meta = DiffusionModel(
        unet=unet,
        vae=vae,
        text=PromptReader((), ()),
        scheduler_config=model.scheduler_config,
        device=META,
        precision=_NothingToCheck(model.precision.dtype),
        move=lambda weight, _device: torch.empty_like(weight),
        preview_decoder=preview_decoder,
    )
    meta.savings.climb_to(saving)
    if fuses(model.device):
        meta.attention.fused = _fused_attention  # forwards that a backward computes again know no modes
    return meta


def fuses(device: torch.device) -> bool:
    """Tell whether a device computes attention without having its maps in memory."""
    return device.type != "mps"


def peak_bytes(work: Callable[[], object], weights: Iterable[Tensor], fused: bool) -> int:
    """The most that lives at once of what `work` makes on the meta device, beside the weights. fused: see `fuses`."""
    with _Living(weights) as living, _Fused(fused):
        work()
    peak: int = living.peak
    return peak


class _NothingToCheck(Precision):
    def watch(self, numbers: Tensor) -> None:
        """There are no numbers."""


def _group_norm(x: Tensor, _w: Any, _b: Any, rows: int, _c: int, _p: int, groups: int, _e: float) -> tuple[Tensor, ...]:
    return torch.empty_like(x), x.new_empty(rows, groups), x.new_empty(rows, groups)


def _layer_norm(x: Tensor, shape: Sequence[int], *_: Any) -> tuple[Tensor, ...]:
    of_each = x.shape[: x.dim() - len(shape)]
    return torch.empty_like(x), x.new_empty(of_each), x.new_empty(of_each)


def _norm_backward(gradient: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
    return torch.empty_like(gradient), None, None  # weights are frozen


# What PyTorch's own shape functions take half of all the time for.
_SHAPES: dict[Any, Callable[..., tuple[Tensor | None, ...]]] = {
    torch.ops.aten.native_group_norm.default: _group_norm,
    torch.ops.aten.native_layer_norm.default: _layer_norm,
    torch.ops.aten.native_group_norm_backward.default: _norm_backward,
    torch.ops.aten.native_layer_norm_backward.default: _norm_backward,
}


class _Living(TorchDispatchMode):
    """Counts the bytes of all storages that operations make, from their making until nobody has them any more."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.peak = 0
        self._met: set[int] = {tensor.untyped_storage()._cdata for tensor in known}

    def __torch_dispatch__(
        self, operation: Any, types: Any, inputs: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        made = _SHAPES.get(operation, operation)(*inputs, **(options or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._meet(tensor.untyped_storage())
        return made

    def _meet(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._met:
            return
        self._met.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._leave, key, size).atexit = False

    def _leave(self, key: int, size: int) -> None:
        self._met.discard(key)
        self.now -= size


class _Fused(TorchFunctionMode):
    """Fused attention as devices have it; on the meta device PyTorch would compute it with whole maps."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self._fused = fused

    def __torch_function__(
        self, function: Any, types: Any, inputs: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        if self._fused and function is F.scaled_dot_product_attention:
            return _fused_attention(*inputs[:3])
        return function(*inputs, **(options or {}))


def _fused_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    answer: Tensor = _FusedAttention.apply(q, k, v)  # type: ignore[no-untyped-call]
    return answer


class _FusedAttention(torch.autograd.Function):
    """What fused attention keeps for a backward: its inputs and its answer."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        answer = torch.empty_like(q)
        ctx.save_for_backward(q, k, v, answer)
        return answer

    @staticmethod
    def backward(ctx: Any, _gradient: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.empty_like(kept) for kept in ctx.saved_tensors[:3])
