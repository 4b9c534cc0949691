"""The autoencoder of CompVis' autoencoder.AutoencoderKL and diffusionmodules.model."""

import torch.nn.functional as F
from torch import Tensor

from tests.wild.layers import Tensors, attention, conv, group_norm, numbered, part, upsample
from tests.wild.structure import VAE


def encode_mean(tensors: Tensors, image: Tensor) -> Tensor:
    """The mean of the posterior, unscaled: image (B, 3, H, W) in [-1, 1] -> (B, 4, H/8, W/8)."""
    vae = part(tensors, VAE)
    h = conv(vae, "encoder.conv_in", image)
    for level in numbered(vae, "encoder.down"):
        h = _residuals(vae, f"{level}.block", h)
        if f"{level}.downsample.conv.weight" in vae:
            h = conv(vae, f"{level}.downsample.conv", F.pad(h, (0, 1, 0, 1)), stride=2, padding=0)
    h = _middle(vae, "encoder.mid", h)
    h = conv(vae, "encoder.conv_out", F.silu(group_norm(vae, "encoder.norm_out", h, 1e-6)))
    mean, _logvar = conv(vae, "quant_conv", h).chunk(2, dim=1)
    return mean


def decode(tensors: Tensors, latents: Tensor) -> Tensor:
    """The decoder's picture, unclamped: unscaled latents (B, 4, h, w) -> (B, 3, 8h, 8w), about [-1, 1]."""
    vae = part(tensors, VAE)
    h = conv(vae, "decoder.conv_in", conv(vae, "post_quant_conv", latents))
    h = _middle(vae, "decoder.mid", h)
    for level in reversed(numbered(vae, "decoder.up")):
        h = _residuals(vae, f"{level}.block", h)
        if f"{level}.upsample.conv.weight" in vae:
            h = conv(vae, f"{level}.upsample.conv", upsample(h))
    return conv(vae, "decoder.conv_out", F.silu(group_norm(vae, "decoder.norm_out", h, 1e-6)))


def _residuals(vae: Tensors, name: str, h: Tensor) -> Tensor:
    for block in numbered(vae, name):
        h = _residual(vae, block, h)
    return h


def _residual(vae: Tensors, name: str, x: Tensor) -> Tensor:
    h = conv(vae, f"{name}.conv1", F.silu(group_norm(vae, f"{name}.norm1", x, 1e-6)))
    h = conv(vae, f"{name}.conv2", F.silu(group_norm(vae, f"{name}.norm2", h, 1e-6)))
    return h + (conv(vae, f"{name}.nin_shortcut", x) if f"{name}.nin_shortcut.weight" in vae else x)


def _middle(vae: Tensors, name: str, h: Tensor) -> Tensor:
    h = _residual(vae, f"{name}.block_1", h)
    normed = group_norm(vae, f"{name}.attn_1.norm", h, 1e-6)
    q, k, v = (conv(vae, f"{name}.attn_1.{layer}", normed).flatten(2).transpose(1, 2) for layer in "qkv")
    h = h + conv(vae, f"{name}.attn_1.proj_out", attention(q, k, v, heads=1).transpose(1, 2).reshape(h.shape))
    return _residual(vae, f"{name}.block_2", h)
