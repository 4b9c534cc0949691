"""The UNet of CompVis' and Stability's openaimodel.UNetModel and attention.SpatialTransformer."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.wild.layers import Tensors, attention, conv, group_norm, layer_norm, linear, numbered, part, upsample
from tests.wild.structure import STRUCTURES, UNET, Structure


def unet_output(
    tensors: Tensors, kind: str, latents: Tensor, t: Tensor | int, context: Tensor, y: Tensor | None = None
) -> Tensor:
    """What the UNet of a whole file's tensors answers, float32 (B, 4, h, w).

    latents: (B, C, h, w); t: one timestep, or one for each of the batch (B,); context: (B, 77, context width);
    y: (B, vector width), for SDXL: see `vector_condition`.
    """
    unet, structure = part(tensors, UNET), STRUCTURES[kind]
    width = unet["time_embed.0.weight"].shape[1]
    t = torch.as_tensor(t).expand(len(latents))
    emb = linear(unet, "time_embed.2", F.silu(linear(unet, "time_embed.0", timestep_embedding(t, width))))
    if y is not None:
        emb = emb + linear(unet, "label_emb.0.2", F.silu(linear(unet, "label_emb.0.0", y)))
    h, skips = latents, []
    for name in numbered(unet, "input_blocks"):
        h = _block(unet, name, h, emb, context, structure)
        skips.append(h)
    h = _block(unet, "middle_block", h, emb, context, structure)
    for name in numbered(unet, "output_blocks"):
        h = _block(unet, name, torch.cat([h, skips.pop()], dim=1), emb, context, structure)
    return conv(unet, "out.2", F.silu(group_norm(unet, "out.0", h, 1e-5)))


def vector_condition(pooled: Tensor, sizes: Tensor) -> Tensor:
    """SDXL's second condition (B, width + 6 * 256).

    pooled: (B, width), of the OpenCLIP encoder; sizes: (B, 6): the original height and width, the crop's top and left,
    the target height and width.
    """
    return torch.cat([pooled, timestep_embedding(sizes.flatten(), 256).reshape(len(sizes), -1)], dim=1)


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """t: (N,) -> (N, width), first the cosines, then the sines."""
    half = width // 2
    angles = t[:, None].float() * torch.exp(-math.log(10000) * torch.arange(half) / half)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def _block(unet: Tensors, name: str, h: Tensor, emb: Tensor, context: Tensor, structure: Structure) -> Tensor:
    """One TimestepEmbedSequential: its layers in turn, each known by the tensors it has."""
    for layer in numbered(unet, name):
        if f"{layer}.in_layers.0.weight" in unet:
            h = _residual(unet, layer, h, emb)
        elif f"{layer}.proj_in.weight" in unet:
            h = _spatial_transformer(unet, layer, h, context, structure)
        elif f"{layer}.op.weight" in unet:
            h = conv(unet, f"{layer}.op", h, stride=2)
        elif f"{layer}.conv.weight" in unet:
            h = conv(unet, f"{layer}.conv", upsample(h))
        else:
            h = conv(unet, layer, h)
    return h


def _residual(unet: Tensors, name: str, x: Tensor, emb: Tensor) -> Tensor:
    h = conv(unet, f"{name}.in_layers.2", F.silu(group_norm(unet, f"{name}.in_layers.0", x, 1e-5)))
    h = h + linear(unet, f"{name}.emb_layers.1", F.silu(emb))[:, :, None, None]
    h = conv(unet, f"{name}.out_layers.3", F.silu(group_norm(unet, f"{name}.out_layers.0", h, 1e-5)))
    return h + (conv(unet, f"{name}.skip_connection", x) if f"{name}.skip_connection.weight" in unet else x)


def _spatial_transformer(unet: Tensors, name: str, x: Tensor, context: Tensor, structure: Structure) -> Tensor:
    heads = structure.heads(x.shape[1])
    h = group_norm(unet, f"{name}.norm", x, 1e-6)
    if structure.linear_projections:
        h = linear(unet, f"{name}.proj_in", h.flatten(2).transpose(1, 2))
    else:
        h = conv(unet, f"{name}.proj_in", h).flatten(2).transpose(1, 2)
    for block in numbered(unet, f"{name}.transformer_blocks"):
        normed = layer_norm(unet, f"{block}.norm1", h)
        h = h + _attention(unet, f"{block}.attn1", normed, normed, heads)
        h = h + _attention(unet, f"{block}.attn2", layer_norm(unet, f"{block}.norm2", h), context, heads)
        value, gate = linear(unet, f"{block}.ff.net.0.proj", layer_norm(unet, f"{block}.norm3", h)).chunk(2, dim=-1)
        h = h + linear(unet, f"{block}.ff.net.2", value * F.gelu(gate))
    if structure.linear_projections:
        return x + linear(unet, f"{name}.proj_out", h).transpose(1, 2).reshape(x.shape)
    return x + conv(unet, f"{name}.proj_out", h.transpose(1, 2).reshape(x.shape))


def _attention(unet: Tensors, name: str, x: Tensor, context: Tensor, heads: int) -> Tensor:
    q = linear(unet, f"{name}.to_q", x)
    k, v = linear(unet, f"{name}.to_k", context), linear(unet, f"{name}.to_v", context)
    return linear(unet, f"{name}.to_out.0", attention(q, k, v, heads))
