"""What happens inside every attention layer: nothing, a recording of the source, or Prompt-to-Prompt's substitution.

The step is passed by whoever runs it, never counted in attention calls (Hertz et al. 2022; DESIGN: Prompt-to-Prompt).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from nti_desktop.core.errors import RecipeError
from nti_desktop.engine.sampling.tokens import PromptTokens, attention_mapping
from nti_desktop.recipe.recipe import EditRecipe, Reweighting

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]  # softmax(q k^T / sqrt(width)) v


def all_at_once(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Fused attention, which never has the whole map in memory where the device knows how."""
    return F.scaled_dot_product_attention(q, k, v)


def in_slices(attend: Attend, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The same head by head, in a backward too: at most one head's map is in memory."""
    heads = [
        checkpoint(attend, *one, use_reentrant=False, preserve_rng_state=False)
        if torch.is_grad_enabled() and any(x.requires_grad for x in one)
        else attend(*one)
        for row in zip(q.split(1), k.split(1), v.split(1), strict=True)
        for one in zip(*(x.split(1, dim=1) for x in row), strict=True)
    ]
    return torch.cat(heads, dim=1).reshape(q.shape)


class SeenPicture(Protocol):
    """What is seen of a picture beside the words: q as below, the answer shaped as q."""

    def seen(self, layer: str, q: Tensor, attend: Attend) -> Tensor: ...


class AttentionControl(Protocol):
    """Answers an attention layer. q, k, v: (B, heads, positions or tokens, width); returned shaped as q."""

    def cross(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor: ...
    def itself(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor: ...


@dataclass
class AttentionSwitch:
    """The one place that says what the UNet's attention layers do now, and how; no control is plain attention. picture:
    is seen beside the words, `weight` times.
    """

    control: AttentionControl | None = None
    picture: SeenPicture | None = None
    weight: float = 1.0
    fused: Attend = all_at_once
    sliced: bool = False

    @property
    def attend(self) -> Attend:
        """The layer's attention as it is now."""
        return partial(in_slices, self.fused) if self.sliced else self.fused

    @contextmanager
    def set_to(self, control: AttentionControl) -> Iterator[None]:
        """Hand the layers to `control` for the UNet calls inside."""
        self.control = control
        try:
            yield
        finally:
            self.control = None

    @contextmanager
    def showing(self, picture: SeenPicture | None, weight: float) -> Iterator[None]:
        """Let the layers see a picture beside the words for the UNet calls inside."""
        self.picture, self.weight = picture, weight
        try:
            yield
        finally:
            self.picture = None


class SwitchedAttention:
    """The forward of one layer of a UNet's transformer blocks: plain attention, unless the switch has a control.

    It stands in the layer itself, not as diffusers' processor: that one's signature is inspected at every call, which
    costs a small model a thirtieth of its time.
    """

    def __init__(self, layer: str, attn: Any, switch: AttentionSwitch) -> None:
        self.layer = layer
        self.attn = attn
        self.switch = switch

    def __call__(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        attn = self.attn
        words = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = (
            x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for x in (attn.to_q(hidden_states), attn.to_k(words), attn.to_v(words))
        )
        control = self.switch.control
        if control is None:
            out = self.switch.attend(q, k, v)
        elif encoder_hidden_states is None:
            out = control.itself(self.layer, q, k, v)
        else:
            wide = attn.upcast_attention  # Stable Diffusion 2's scores leave the range of half precision
            out = control.cross(self.layer, q.float() if wide else q, k.float() if wide else k, v)
        if self.switch.picture is not None and encoder_hidden_states is not None:
            out = out + self.switch.weight * self.switch.picture.seen(self.layer, q, self.switch.attend)
        projected: Tensor = attn.to_out[1](attn.to_out[0](out.transpose(1, 2).flatten(2).to(q.dtype)))
        return projected


def install_switch(unet: Any) -> AttentionSwitch:
    """Replace what all the UNet's attention layers do; returns the switch they obey."""
    switch = AttentionSwitch()
    layers: list[tuple[str, Any]] = [(name, m) for name, m in unet.named_modules() if isinstance(m, Attention)]
    for name, layer in layers:
        layer.forward = SwitchedAttention(name, layer, switch)
    return switch


def probabilities(q: Tensor, k: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(width)): (B, heads, positions, tokens)."""
    scores: Tensor = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # scaled first: half precision ends at 65,504
    return scores.softmax(-1)


@dataclass(frozen=True, eq=False)
class SourceStep:
    """What the source did at one step: its attention, and the UNet's raw answers.

    cross: per layer (heads, positions, tokens); queries, keys: per self-attention layer of at most `self_limit` of the
    latent positions, (heads, positions, width); conditional, unconditional: (1, C, h, w), the latter only if asked for.
    """

    self_limit: float
    conditional: Tensor
    unconditional: Tensor | None
    cross: dict[str, Tensor]
    queries: dict[str, Tensor]
    keys: dict[str, Tensor]

    @property
    def dtype(self) -> torch.dtype:
        """What the UNet computed in."""
        return next(iter(self.cross.values())).dtype

    def bytes(self) -> int:
        """Memory that its attention takes."""
        kept = (self.cross, self.queries, self.keys)
        return sum(t.numel() * t.element_size() for layers in kept for t in layers.values())

    def to(self, device: torch.device) -> "SourceStep":
        """The same with its attention on another device."""
        cross, queries, keys = (
            {layer: x.to(device) for layer, x in kept.items()} for kept in (self.cross, self.queries, self.keys)
        )
        return replace(self, cross=cross, queries=queries, keys=keys)


class Recording:
    """Plain attention that keeps what the last `rows` rows of the batch did, one source step a row."""

    def __init__(self, rows: int, positions: float, attend: Attend = all_at_once) -> None:
        self.rows = rows
        self.positions = positions  # the most positions of a self-attention layer worth keeping
        self.attend = attend
        self.maps: dict[str, Tensor] = {}
        self.queries: dict[str, Tensor] = {}
        self.keys: dict[str, Tensor] = {}

    def cross(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Keep the probabilities (rows, heads, positions, tokens)."""
        p = probabilities(q, k).to(v.dtype)
        self.maps[layer] = p[-self.rows :]
        return p @ v

    def itself(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Keep queries and keys of layers that are small enough."""
        if q.shape[-2] <= self.positions:
            self.queries[layer], self.keys[layer] = q[-self.rows :], k[-self.rows :]
        return self.attend(q, k, v)

    def step(self, row: int, self_limit: float, conditional: Tensor, unconditional: Tensor | None) -> SourceStep:
        """The source step of one recorded row."""
        cross, queries, keys = (
            {layer: x[row].clone() for layer, x in kept.items()} for kept in (self.maps, self.queries, self.keys)
        )
        return SourceStep(self_limit, conditional, unconditional, cross, queries, keys)


@dataclass(frozen=True, eq=False)
class AttentionEdit:
    """What an edit does to the attention of its conditional row.

    mapping: (tokens, tokens), see attention_mapping; until: (tokens,) the fraction of the steps until which each edit
    column takes over the source's attention, 0 for added ones; weights: (tokens,) factors on the probabilities, and
    weighted_until: (tokens,) the fraction of the steps until which they hold; self_until, self_limit: see EditRecipe.
    """

    mapping: Tensor
    until: Tensor
    weights: Tensor
    weighted_until: Tensor
    self_until: float
    self_limit: float

    def to(self, device: torch.device) -> "AttentionEdit":
        """The same on a device."""
        mapping, until, weights, weighted_until = (
            x.to(device) for x in (self.mapping, self.until, self.weights, self.weighted_until)
        )
        return replace(self, mapping=mapping, until=until, weights=weights, weighted_until=weighted_until)


def attention_edit(source: PromptTokens, edit: PromptTokens, recipe: EditRecipe) -> AttentionEdit:
    """The attention that a recipe asks for, from the alignment of the two prompts.

    Weights that act on the embedding leave it alone; see `engine.sampling.weighting`.
    """
    mapping = attention_mapping(source, edit)
    until = torch.full((len(edit.ids),), recipe.cross_until)
    weights = torch.ones(len(edit.ids))
    for control in recipe.words:
        columns = list(edit.columns[control.position])
        if not columns:
            raise RecipeError(f"This model does not read “{control.text}”; set it back or take it out.")
        if recipe.reweighting is Reweighting.ATTENTION:
            weights[columns] = control.weight
        if control.cross_until is not None:
            until[columns] = control.cross_until
    weighted_until = until.clone()
    until[mapping.sum(0) == 0] = 0
    return AttentionEdit(mapping, until, weights, weighted_until, recipe.self_until, recipe.self_limit)


def in_window(end: float, until: float) -> bool:
    """Tell whether a step that ends at progress `end` is in the first `until` of the way; 0.4 of 50: steps 0 to 19."""
    return end <= until + 1e-9


def _within(until: Tensor, end: float) -> Tensor:
    """Of each column whether a step that ends at this progress lies in its window: (tokens,) bool."""
    return until >= end - 1e-9


class Substitution:
    """Prompt-to-Prompt inside one step: acts on the last row of the batch, the edit's conditional one.

    Weights multiply the probabilities within the word's window and are not renormalised, as in the published code
    (Hertz et al. 2022, attention re-weighting): outside it the row's attention is its own.

    end: the progress that the step ends at, see Levels; positions: of the latents.

    Keeps that row's own cross-attention in `own`, before substitution and weighting: per layer (heads, positions,
    tokens).
    """

    def __init__(
        self, edit: AttentionEdit, source: SourceStep, end: float, positions: int, attend: Attend = all_at_once
    ) -> None:
        self.source = source
        self.attend = attend
        self.mapping = edit.mapping
        self.taken = _within(edit.until, end)
        self.weights = torch.where(_within(edit.weighted_until, end), edit.weights, 1.0)
        self.self_positions = positions * edit.self_limit if in_window(end, edit.self_until) else 0
        self.own: dict[str, Tensor] = {}

    def cross(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The source's probabilities, carried through the alignment, replace the edit's within their windows."""
        p = probabilities(q, k).to(v.dtype)
        own = self.own[layer] = p[-1]
        carried = self.source.cross[layer].to(own) @ self.mapping.to(own)
        final = torch.where(self.taken, carried, own) * self.weights.to(own)
        return torch.cat([p[:-1], final[None]]) @ v

    def itself(self, layer: str, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The source's queries and keys take the place of the edit's within the window; the values are the edit's."""
        if q.shape[-2] <= self.self_positions:
            q = torch.cat([q[:-1], self.source.queries[layer].to(q)[None]])
            k = torch.cat([k[:-1], self.source.keys[layer].to(k)[None]])
        return self.attend(q, k, v)
