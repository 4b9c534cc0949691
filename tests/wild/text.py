"""The two text encoders: OpenAI's CLIP in transformers' layout, and OpenCLIP in its own."""

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.wild.layers import Tensors, attention, layer_norm, linear, numbered, part
from tests.wild.structure import HEAD_WIDTH


def clip_last(tensors: Tensors, prefix: str, ids: Tensor) -> tuple[Tensor, Tensor]:
    """CLIP-L's last hidden state behind its final norm (SD 1), and the penultimate one without a norm (SDXL).

    prefix: of the encoder, up to and with `text_model.`; ids: (B, 77) -> twice (B, 77, width).
    """
    clip = part(tensors, prefix)
    h = clip["embeddings.token_embedding.weight"][ids] + clip["embeddings.position_embedding.weight"]
    penultimate = h
    for layer in numbered(clip, "encoder.layers"):
        penultimate = h
        normed = layer_norm(clip, f"{layer}.layer_norm1", h)
        q, k, v = (linear(clip, f"{layer}.self_attn.{side}_proj", normed) for side in "qkv")
        h = h + linear(clip, f"{layer}.self_attn.out_proj", _causal(q, k, v))
        inner = linear(clip, f"{layer}.mlp.fc1", layer_norm(clip, f"{layer}.layer_norm2", h))
        h = h + linear(clip, f"{layer}.mlp.fc2", inner * torch.sigmoid(1.702 * inner))  # QuickGELU
    return layer_norm(clip, "final_layer_norm", h), penultimate


def open_clip(tensors: Tensors, prefix: str, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """OpenCLIP's penultimate hidden state without a norm (SDXL) and with the final norm (SD 2), and its pooled text.

    prefix: of the encoder, up to and with `model.`; ids: (B, 77) -> (B, 77, width), (B, 77, width), (B, width).
    """
    clip = part(tensors, prefix)
    h = clip["token_embedding.weight"][ids] + clip["positional_embedding"]
    penultimate = h
    for block in numbered(clip, "transformer.resblocks"):
        penultimate = h
        normed = layer_norm(clip, f"{block}.ln_1", h)
        qkv = F.linear(normed, clip[f"{block}.attn.in_proj_weight"], clip[f"{block}.attn.in_proj_bias"])
        h = h + linear(clip, f"{block}.attn.out_proj", _causal(*qkv.chunk(3, dim=-1)))
        inner = linear(clip, f"{block}.mlp.c_fc", layer_norm(clip, f"{block}.ln_2", h))
        h = h + linear(clip, f"{block}.mlp.c_proj", F.gelu(inner))
    end = ids.argmax(dim=-1)  # the end token has the highest number
    pooled = layer_norm(clip, "ln_final", h)[torch.arange(len(ids)), end] @ clip["text_projection"]
    return penultimate, layer_norm(clip, "ln_final", penultimate), pooled


def _causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return attention(q, k, v, heads=max(1, q.shape[-1] // HEAD_WIDTH), causal=True)
