"""Random tensors under the names and with the shapes of the published modules."""

from functools import lru_cache
from math import prod

import torch
from torch import Tensor

from tests.wild.structure import CHANNELS, CONTEXT_LENGTH, TEXT_WIDTH, VOCABULARY, Structure

RESIDUAL_BLOCKS = 2  # num_res_blocks, of UNet and autoencoder
AUTOENCODER_MULTIPLIERS = (1, 2, 4, 4)
LATENT_CHANNELS = 4
DRAWN = 3  # of each part are remembered: many tests write the same model


class Weights(dict[str, Tensor]):
    """Tensors by name, drawn so that activations keep about their size from layer to layer."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def normal(self, name: str, *shape: int, deviation: float, mean: float = 0.0) -> None:
        self[name] = mean + deviation * torch.randn(shape, generator=self._generator)

    def layer(self, name: str, *shape: int, bias: bool = True) -> None:
        """A linear layer of shape (out, in) or a convolution of shape (out, in, k, k)."""
        self.normal(f"{name}.weight", *shape, deviation=prod(shape[1:]) ** -0.5)
        if bias:
            self.normal(f"{name}.bias", shape[0], deviation=0.1)

    def norm(self, name: str, channels: int) -> None:
        """A norm's affine part, perturbed so that it is no other norm's."""
        self.normal(f"{name}.weight", channels, deviation=0.1, mean=1.0)
        self.normal(f"{name}.bias", channels, deviation=0.1)


@lru_cache(maxsize=DRAWN)
def unet_weights(structure: Structure, in_channels: int, seed: int) -> Weights:
    """The tensors of openaimodel.UNetModel, block by block as its constructor makes them."""
    weights = Weights(seed)
    time_width = 4 * CHANNELS
    weights.layer("time_embed.0", time_width, CHANNELS)
    weights.layer("time_embed.2", time_width, time_width)
    if structure.vector_width:
        weights.layer("label_emb.0.0", time_width, structure.vector_width)
        weights.layer("label_emb.0.2", time_width, time_width)
    weights.layer("input_blocks.0.0", CHANNELS, in_channels, 3, 3)
    width = CHANNELS
    skips = [width]
    last = len(structure.multipliers) - 1
    for level, multiplier in enumerate(structure.multipliers):
        for _ in range(RESIDUAL_BLOCKS):
            block = f"input_blocks.{len(skips)}"
            _unet_residual(weights, f"{block}.0", width, multiplier * CHANNELS)
            width = multiplier * CHANNELS
            if structure.depths[level]:
                _transformer(weights, f"{block}.1", width, structure.depths[level], structure)
            skips.append(width)
        if level < last:
            weights.layer(f"input_blocks.{len(skips)}.0.op", width, width, 3, 3)
            skips.append(width)
    _unet_residual(weights, "middle_block.0", width, width)
    _transformer(weights, "middle_block.1", width, structure.middle_depth, structure)
    _unet_residual(weights, "middle_block.2", width, width)
    index = 0
    for level, multiplier in reversed(list(enumerate(structure.multipliers))):
        for position in range(RESIDUAL_BLOCKS + 1):
            block = f"output_blocks.{index}"
            _unet_residual(weights, f"{block}.0", width + skips.pop(), multiplier * CHANNELS)
            width = multiplier * CHANNELS
            if structure.depths[level]:
                _transformer(weights, f"{block}.1", width, structure.depths[level], structure)
            if level and position == RESIDUAL_BLOCKS:
                weights.layer(f"{block}.{2 if structure.depths[level] else 1}.conv", width, width, 3, 3)
            index += 1
    weights.norm("out.0", width)
    weights.layer("out.2", LATENT_CHANNELS, width, 3, 3)
    return weights


def _unet_residual(weights: Weights, name: str, width_in: int, width: int) -> None:
    weights.norm(f"{name}.in_layers.0", width_in)
    weights.layer(f"{name}.in_layers.2", width, width_in, 3, 3)
    weights.layer(f"{name}.emb_layers.1", width, 4 * CHANNELS)
    weights.norm(f"{name}.out_layers.0", width)
    weights.layer(f"{name}.out_layers.3", width, width, 3, 3)
    if width_in != width:
        weights.layer(f"{name}.skip_connection", width, width_in, 1, 1)


def _transformer(weights: Weights, name: str, width: int, depth: int, structure: Structure) -> None:
    kernel = () if structure.linear_projections else (1, 1)
    weights.norm(f"{name}.norm", width)
    weights.layer(f"{name}.proj_in", width, width, *kernel)
    for index in range(depth):
        block = f"{name}.transformer_blocks.{index}"
        for attention, width_read in (("attn1", width), ("attn2", structure.context_width)):
            weights.layer(f"{block}.{attention}.to_q", width, width, bias=False)
            weights.layer(f"{block}.{attention}.to_k", width, width_read, bias=False)
            weights.layer(f"{block}.{attention}.to_v", width, width_read, bias=False)
            weights.layer(f"{block}.{attention}.to_out.0", width, width)
        weights.layer(f"{block}.ff.net.0.proj", 8 * width, width)
        weights.layer(f"{block}.ff.net.2", width, 4 * width)
        for norm in ("norm1", "norm2", "norm3"):
            weights.norm(f"{block}.{norm}", width)
    weights.layer(f"{name}.proj_out", width, width, *kernel)


@lru_cache(maxsize=DRAWN)
def autoencoder_weights(seed: int) -> Weights:
    """The tensors of autoencoder.AutoencoderKL without its loss; all three kinds have the same."""
    weights = Weights(seed)
    last = len(AUTOENCODER_MULTIPLIERS) - 1
    weights.layer("encoder.conv_in", CHANNELS, 3, 3, 3)
    width = CHANNELS
    for level, multiplier in enumerate(AUTOENCODER_MULTIPLIERS):
        for block in range(RESIDUAL_BLOCKS):
            _vae_residual(weights, f"encoder.down.{level}.block.{block}", width, multiplier * CHANNELS)
            width = multiplier * CHANNELS
        if level < last:
            weights.layer(f"encoder.down.{level}.downsample.conv", width, width, 3, 3)
    _vae_middle(weights, "encoder", width)
    weights.norm("encoder.norm_out", width)
    weights.layer("encoder.conv_out", 2 * LATENT_CHANNELS, width, 3, 3)
    weights.layer("quant_conv", 2 * LATENT_CHANNELS, 2 * LATENT_CHANNELS, 1, 1)
    weights.layer("post_quant_conv", LATENT_CHANNELS, LATENT_CHANNELS, 1, 1)
    weights.layer("decoder.conv_in", width, LATENT_CHANNELS, 3, 3)
    _vae_middle(weights, "decoder", width)
    for level, multiplier in reversed(list(enumerate(AUTOENCODER_MULTIPLIERS))):
        for block in range(RESIDUAL_BLOCKS + 1):
            _vae_residual(weights, f"decoder.up.{level}.block.{block}", width, multiplier * CHANNELS)
            width = multiplier * CHANNELS
        if level:
            weights.layer(f"decoder.up.{level}.upsample.conv", width, width, 3, 3)
    weights.norm("decoder.norm_out", width)
    weights.layer("decoder.conv_out", 3, width, 3, 3)
    return weights


def _vae_middle(weights: Weights, name: str, width: int) -> None:
    _vae_residual(weights, f"{name}.mid.block_1", width, width)
    weights.norm(f"{name}.mid.attn_1.norm", width)
    for projection in ("q", "k", "v", "proj_out"):
        weights.layer(f"{name}.mid.attn_1.{projection}", width, width, 1, 1)
    _vae_residual(weights, f"{name}.mid.block_2", width, width)


def _vae_residual(weights: Weights, name: str, width_in: int, width: int) -> None:
    weights.norm(f"{name}.norm1", width_in)
    weights.layer(f"{name}.conv1", width, width_in, 3, 3)
    weights.norm(f"{name}.norm2", width)
    weights.layer(f"{name}.conv2", width, width, 3, 3)
    if width_in != width:
        weights.layer(f"{name}.nin_shortcut", width, width_in, 1, 1)


@lru_cache(maxsize=DRAWN)
def clip_weights(seed: int, layers: int = 12) -> Weights:
    """The tensors of transformers' CLIPTextModel as of 2022, under the names behind `text_model.`."""
    weights = Weights(seed)
    width = TEXT_WIDTH
    weights["embeddings.position_ids"] = torch.arange(CONTEXT_LENGTH)[None]
    weights.layer("embeddings.token_embedding", VOCABULARY, width, bias=False)
    weights.layer("embeddings.position_embedding", CONTEXT_LENGTH, width, bias=False)
    for index in range(layers):
        layer = f"encoder.layers.{index}"
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            weights.layer(f"{layer}.self_attn.{projection}", width, width)
        weights.norm(f"{layer}.layer_norm1", width)
        weights.layer(f"{layer}.mlp.fc1", 4 * width, width)
        weights.layer(f"{layer}.mlp.fc2", width, 4 * width)
        weights.norm(f"{layer}.layer_norm2", width)
    weights.norm("final_layer_norm", width)
    return weights


@lru_cache(maxsize=DRAWN)
def open_clip_weights(seed: int, layers: int) -> Weights:
    """The tensors of open_clip's CLIP without its visual tower."""
    weights = Weights(seed)
    width = TEXT_WIDTH
    weights.normal("positional_embedding", CONTEXT_LENGTH, width, deviation=width**-0.5)
    weights.normal("text_projection", width, width, deviation=width**-0.5)
    weights["logit_scale"] = torch.tensor(4.6052)
    weights.layer("token_embedding", VOCABULARY, width, bias=False)
    for index in range(layers):
        block = f"transformer.resblocks.{index}"
        weights.norm(f"{block}.ln_1", width)
        weights.normal(f"{block}.attn.in_proj_weight", 3 * width, width, deviation=width**-0.5)
        weights.normal(f"{block}.attn.in_proj_bias", 3 * width, deviation=0.1)
        weights.layer(f"{block}.attn.out_proj", width, width)
        weights.norm(f"{block}.ln_2", width)
        weights.layer(f"{block}.mlp.c_fc", 4 * width, width)
        weights.layer(f"{block}.mlp.c_proj", width, 4 * width)
    weights.norm("ln_final", width)
    return weights
